/**
 * The calls and returns that have no place in the order yet, as a doubly linked list in the order of time. Giving a call its
 * place takes both of its entries out; taking the choice back puts them in again, which costs nothing since each entry still
 * knows its neighbours. The list is that of Wing and Gong (1993) as Lowe made it quick (2017).
 */
import type { Call } from "./calls.js";
import type { CallEvent } from "./windows.js";

export interface Entry {
  readonly kind: "call" | "return";
  readonly call: Call;
  /** Of the call, in a bitset. */
  readonly index: number;
  /** Where it stands among all. */
  readonly position: number;
  readonly return: Entry | undefined;
}

interface Link extends Entry {
  return: Link | undefined;
  previous: Link | undefined;
  next: Link | undefined;
}

export class CallList {
  #first: Link | undefined;

  /** The pending calls first, then the events of the window; those that `skip` names are left out, calls and returns. */
  constructor(
    pending: readonly Call[],
    events: readonly CallEvent[],
    indexOf: (call: Call) => number,
    skip: ReadonlySet<Call>,
  ) {
    let last: Link | undefined;
    const callLinks = new Map<Call, Link>();
    const append = (kind: Entry["kind"], call: Call, position: number): void => {
      if (skip.has(call)) return;
      const entry: Link = {
        ...{ kind, call, index: indexOf(call), position },
        ...{ return: undefined, previous: last, next: undefined },
      };
      if (last === undefined) this.#first = entry;
      else last.next = entry;
      last = entry;
      const invocation = callLinks.get(call);
      if (kind === "call") callLinks.set(call, entry);
      else if (invocation !== undefined) invocation.return = entry;
    };
    for (const [at, call] of pending.entries()) append("call", call, at);
    for (const [at, { kind, call }] of events.entries()) append(kind, call, pending.length + at);
  }

  /** The calls that may be next: those invoked before the first return of a call without a place. */
  *available(): Generator<Entry> {
    let entry = this.#first;
    for (; entry?.kind === "call"; entry = entry.next) yield entry;
  }

  /** The first return, whose call is the next that must have its place. */
  get firstReturn(): Entry | undefined {
    let entry = this.#first;
    while (entry?.kind === "call") entry = entry.next;
    return entry;
  }

  lift(entry: Entry): void {
    const link = entry as Link;
    this.#unlink(link);
    if (link.return !== undefined) this.#unlink(link.return);
  }

  /** Undoes the last `lift` that has not been undone. */
  unlift(entry: Entry): void {
    const link = entry as Link;
    if (link.return !== undefined) this.#link(link.return);
    this.#link(link);
  }

  #unlink({ previous, next }: Link): void {
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next !== undefined) next.previous = previous;
  }

  #link(link: Link): void {
    if (link.previous === undefined) this.#first = link;
    else link.previous.next = link;
    if (link.next !== undefined) link.next.previous = link;
  }
}
