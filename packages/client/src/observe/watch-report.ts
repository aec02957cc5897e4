/** What is told of one watch, in words that do not depend on how its parts happen to call each other. */
import type { WireRange } from "../keyspace.js";
import type { WatchSubject } from "./messages.js";
import type { Observer } from "./observer.js";

type Phase = "new" | "up" | "down" | "parked" | "closed";

export class WatchReport {
  readonly #observer: Observer;
  readonly #subject: WatchSubject;
  #phase: Phase = "new";

  constructor(observer: Observer, { key, rangeEnd }: WireRange) {
    this.#observer = observer;
    this.#subject = { key, rangeEnd };
  }

  /** A server has it. */
  created(revision: bigint): void {
    const event = this.#phase === "new" ? "created" : "resumed";
    if (this.#enter("up")) this.#observer.watch(this.#subject, { event, revision });
  }

  /** No server has it any more, for whatever reason. */
  disconnected(): void {
    if (this.#phase !== "up") return;
    this.#phase = "down";
    this.#observer.watch(this.#subject, { event: "disconnected" });
  }

  events(count: number, lag: number): void {
    if (this.#observer.countsEvents) this.#observer.watch(this.#subject, { event: "events", count, lag });
  }

  parked(lag: number): void {
    if (this.#enter("parked")) this.#observer.watch(this.#subject, { event: "parked", lag });
  }

  compacted(compactRevision: bigint, requested: bigint): void {
    if (this.#enter("down")) this.#observer.watch(this.#subject, { event: "compacted", compactRevision, requested });
  }

  /** `error` is undefined where its owner wanted it. */
  closed(error?: unknown): void {
    if (this.#enter("closed")) this.#observer.watch(this.#subject, { event: "closed", error });
  }

  #enter(phase: Phase): boolean {
    if (this.#phase === "closed") return false;
    this.#phase = phase;
    return true;
  }
}
