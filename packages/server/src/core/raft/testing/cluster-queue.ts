/** What is going to happen in the simulated cluster, earliest first; at equal times in the order of planning. */
import type { Message } from "../types.js";

/** `snapshot-report` tells the sender what became of a snapshot; `drain` is the driver coming round to ask Raft. */
export type EventKind =
  | "tick"
  | "deliver"
  | "disk"
  | "apply"
  | "drain"
  | "start"
  | "snapshot-report"
  | "client"
  | "fault";

export interface PlannedEvent {
  readonly time: number;
  readonly kind: EventKind;
  /** The member it happens to; 0 for clients and faults. */
  readonly to: bigint;
  /** The life of the member it was planned for; undefined where any will do. */
  readonly life: number | undefined;
  readonly message: Message | undefined;
  /** For a report: whether the snapshot arrived. */
  readonly arrived: boolean;
}

interface Queued {
  readonly event: PlannedEvent;
  readonly order: number;
}

export class EventQueue {
  #heap: Queued[] = [];
  #order = 0;

  push(event: PlannedEvent): void {
    const heap = this.#heap;
    let at = heap.push({ event, order: this.#order++ }) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  pop(): PlannedEvent | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return undefined;
    if (heap.length > 0) {
      heap[0] = last;
      this.#sink();
    }
    return first.event;
  }

  #sink(): void {
    const size = this.#heap.length;
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < size && this.#isBefore(child, least)) least = child;
      }
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [left, right] = [this.#heap[a] as Queued, this.#heap[b] as Queued];
    const difference = left.event.time - right.event.time;
    return difference < 0 || (difference === 0 && left.order < right.order);
  }

  #swap(a: number, b: number): void {
    const kept = this.#heap[a] as Queued;
    this.#heap[a] = this.#heap[b] as Queued;
    this.#heap[b] = kept;
  }
}
