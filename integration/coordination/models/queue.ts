/**
 * A queue as it may be seen from outside, with or without priorities: items with names, any number of producers and consumers. A
 * producer notes an item before it enqueues it and again with the revision that the answer gives; a consumer notes when it
 * starts a take and what it got.
 *
 * The sentences, each of which has a history that breaks it in `queue.test.ts`:
 * 1. Nothing comes out that nobody put in, and nothing comes out twice.
 * 2. Nothing is lost: what was acknowledged as put in has come out when the queue has been emptied.
 * 3. Order: when a take had begun after an item was in, and was over before the take of that item began, it took nothing that
 *    stands behind the item: less urgent, or as urgent and put in at a later revision.
 */
import { type Happening, type Model, Violation } from "../model.js";

export type QueueEvent = QueueEnqueue | QueueStart | QueueTake;

export interface QueueEnqueue extends Happening {
  /** `enqueuing`: about to; whether it comes to that is open until `enqueued`. */
  readonly kind: "enqueuing" | "enqueued";
  readonly item: string;
  /** Of the put; 0 while it is not known. */
  readonly revision: bigint;
  /** The lower, the more urgent. */
  readonly priority: number;
}

export interface QueueStart extends Happening {
  readonly kind: "taking";
}

export interface QueueTake extends Happening {
  readonly kind: "taken";
  readonly item: string;
}

export interface QueueState {
  readonly length: number;
  /** All events, the last one first. */
  readonly last: Noted | undefined;
}

interface Noted {
  readonly event: QueueEvent;
  readonly before: Noted | undefined;
}

export const queueModel: Model<QueueState, QueueEvent> = {
  name: "queue",
  initial: { length: 0, last: undefined },
  step: ({ last, length }, event) => ({ length: length + 1, last: { event, before: last } }),
  atRest: judgeQueue,
};

interface Take {
  readonly item: string;
  readonly worker: string;
  readonly from: number;
  readonly to: number;
}

interface Known {
  readonly item: string;
  readonly revision: bigint;
  readonly priority: number;
  /** The event from which on it was in. */
  readonly since: number;
}

/** Moments are the places of the events in the history. */
function judgeQueue({ last, length }: QueueState): Violation | undefined {
  const events = new Array<QueueEvent>(length);
  for (let at = length, noted = last; noted !== undefined; noted = noted.before) events[--at] = noted.event;
  const [named, known, started] = [new Set<string>(), new Map<string, Known>(), new Map<string, number>()];
  const takes = new Map<string, Take>();
  for (const [at, event] of events.entries()) {
    if (event.kind === "enqueuing") named.add(event.item);
    else if (event.kind === "enqueued") known.set(event.item, { ...event, since: at });
    else if (event.kind === "taking") started.set(event.worker, at);
    else {
      const { item, worker } = event;
      const earlier = takes.get(item);
      if (!named.has(item)) return new Violation(`${worker} took ${item}, which nobody had put in`);
      if (earlier !== undefined) return new Violation(`${worker} took ${item}, which ${earlier.worker} had taken`);
      takes.set(item, { item, worker, from: started.get(worker) ?? at, to: at });
    }
  }
  for (const { item } of known.values()) {
    if (!takes.has(item)) return new Violation(`${item} was put in and has never come out`);
  }
  return judgeOrder([...takes.values()], known);
}

function judgeOrder(takes: readonly Take[], known: ReadonlyMap<string, Known>): Violation | undefined {
  for (const late of takes) {
    const item = known.get(late.item);
    if (item === undefined) continue;
    for (const early of takes) {
      const other = known.get(early.item);
      if (other === undefined || early.to >= late.from || early.from <= item.since) continue;
      if (other.priority > item.priority || (other.priority === item.priority && other.revision > item.revision)) {
        return new Violation(`${early.worker} took ${early.item} before ${item.item}, which stood in front of it`);
      }
    }
  }
  return undefined;
}
