/**
 * What a client asks for who appends to lists: it reads a list, then writes it with one element more, provided that nobody
 * has written it since. Elements are unique, so the order in which appends took effect can be read off every list, without
 * believing a revision (Elle's list-append).
 */
import { pick } from "../support/random.js";
import type { KeyValue, Operation, Response } from "./checker/history.js";
import type { Action, TrafficSource } from "./traffic.js";

export interface ListTrafficOptions {
  readonly client: number;
  readonly random: () => number;
}

/** Lists that are appended to at a time: `a/0000`, `a/0001`, … */
const LISTS = 3;

/** A list of so many elements is left alone, and the next one is begun. */
const ELEMENTS_MAX = 60;

/** Between elements. */
const SEPARATOR = " ";

export class ListTraffic implements TrafficSource {
  readonly #options: ListTrafficOptions;
  readonly #known = new Map<string, KeyValue>();
  /** The list that was just read and waits for its append. */
  #read: string | undefined;
  #elements = 0;
  #first = 0;

  constructor(options: ListTrafficOptions) {
    this.#options = options;
  }

  next(): Action {
    const read = this.#read;
    this.#read = undefined;
    if (read !== undefined) return { kind: "call", request: this.#append(read) };
    const key = this.#key();
    // Not always followed by an append, so that reads outnumber them.
    if (this.#options.random() < 0.8) this.#read = key;
    return { kind: "call", request: { kind: "range", key } };
  }

  granted(): void {}

  observe({ request, outcome }: Operation): void {
    if (outcome.status !== "acknowledged") {
      this.#read = undefined;
      return;
    }
    if (request.kind !== "range" || request.rangeEnd !== undefined) return;
    const [kv] = pairsOf(outcome.response);
    if (kv === undefined) {
      this.#known.delete(request.key);
      return;
    }
    this.#known.set(kv.key, kv);
    if (kv.key === name(this.#first) && kv.value.split(SEPARATOR).length >= ELEMENTS_MAX) {
      this.#first += 1;
      this.#read = undefined;
    }
  }

  #append(key: string): Extract<Action, { kind: "call" }>["request"] {
    const known = this.#known.get(key);
    const element = `${this.#options.client}.${++this.#elements}`;
    const value = known === undefined ? element : `${known.value}${SEPARATOR}${element}`;
    return {
      kind: "txn",
      // An absent key has mod revision 0.
      compare: [{ key, target: "mod", result: "equal", given: known?.modRevision ?? 0 }],
      success: [{ kind: "put", key, value }],
      failure: [{ kind: "range", key }],
    };
  }

  #key(): string {
    return name(
      this.#first +
        pick(
          this.#options.random,
          Array.from({ length: LISTS }, (_, i) => i),
        ),
    );
  }
}

function name(list: number): string {
  return `a/${String(list).padStart(4, "0")}`;
}

function pairsOf(response: Response): readonly KeyValue[] {
  return response.kind === "range" ? response.kvs : [];
}
