/**
 * What a watch has received and its consumer has not yet taken, one revision at a time. It says when it is full and when it
 * has room again; the watch then lets the server hold the rest. One consumer.
 */
import type { Event } from "@kvorum/proto";

export type BufferEntry =
  /** All events of one revision. */
  | { readonly kind: "events"; readonly revision: bigint; readonly events: readonly Event[] }
  | { readonly kind: "progress"; readonly revision: bigint }
  | { readonly kind: "compacted"; readonly compactRevision: bigint };

export const DEFAULT_BUFFER_EVENTS = 1_024;
export const BUFFER_BYTES_MAX: number = 16 * 1_024 * 1_024;
/** A full buffer takes events again once it is this empty. */
const LOW_WATER = 0.25;
/** Places at the front that were taken, after which the others move up. Moving one at a time would be quadratic. */
const TAKEN_MAX = 1_024;

interface Held {
  readonly entry: BufferEntry;
  readonly events: number;
  readonly bytes: number;
}

export class WatchBuffer {
  readonly #eventsMax: number;
  readonly #bytesMax: number;
  #held: (Held | undefined)[] = [];
  /** How many at the front of `held` are taken. */
  #taken = 0;
  #events = 0;
  #bytes = 0;
  #end: { readonly error: unknown } | "ended" | undefined;
  #wake: (() => void) | undefined;

  constructor(eventsMax: number = DEFAULT_BUFFER_EVENTS, bytesMax: number = BUFFER_BYTES_MAX) {
    this.#eventsMax = eventsMax;
    this.#bytesMax = bytesMax;
  }

  get isFull(): boolean {
    return this.#events >= this.#eventsMax || this.#bytes >= this.#bytesMax;
  }

  get hasRoom(): boolean {
    return this.#events <= this.#eventsMax * LOW_WATER && this.#bytes <= this.#bytesMax * LOW_WATER;
  }

  /** Events that wait for the consumer. */
  get lag(): number {
    return this.#events;
  }

  /** Takes the events of one response, which come in the order of their revisions. */
  pushEvents(events: readonly Event[]): void {
    let start = 0;
    for (let end = 1; end <= events.length; end++) {
      const revision = revisionOf(events[start]);
      if (end < events.length && revisionOf(events[end]) === revision) continue;
      this.push({ kind: "events", revision, events: events.slice(start, end) });
      start = end;
    }
  }

  push(entry: BufferEntry): void {
    if (this.#end !== undefined) return;
    // Only the newest progress says anything; an idle watch must not collect them.
    if (entry.kind === "progress" && this.#newest?.kind === "progress") this.#held.pop();
    const events = entry.kind === "events" ? entry.events : [];
    const held = { entry, events: events.length, bytes: events.reduce((sum, event) => sum + eventBytes(event), 0) };
    this.#held.push(held);
    this.#events += held.events;
    this.#bytes += held.bytes;
    this.#notify();
  }

  /** The consumer gets what is buffered, then this error, once. */
  fail(error: unknown): void {
    this.#end ??= { error };
    this.#notify();
  }

  /** The consumer gets nothing more. */
  end(): void {
    this.#end = "ended";
    this.#clear();
    this.#events = 0;
    this.#bytes = 0;
    this.#notify();
  }

  /** The oldest entry, waiting for one; undefined at the end. */
  async take(): Promise<BufferEntry | undefined> {
    for (;;) {
      const held = this.#held[this.#taken];
      if (held !== undefined) return this.#take(held);
      if (this.#end !== undefined) {
        const end = this.#end;
        this.#end = "ended";
        if (end !== "ended") throw end.error;
        return undefined;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  get #newest(): BufferEntry | undefined {
    return this.#taken < this.#held.length ? this.#held.at(-1)?.entry : undefined;
  }

  #take({ entry, events, bytes }: Held): BufferEntry {
    this.#events -= events;
    this.#bytes -= bytes;
    this.#held[this.#taken] = undefined;
    this.#taken += 1;
    if (this.#taken === this.#held.length) this.#clear();
    else if (this.#taken === TAKEN_MAX) {
      this.#held = this.#held.slice(this.#taken);
      this.#taken = 0;
    }
    return entry;
  }

  #clear(): void {
    this.#held = [];
    this.#taken = 0;
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

function revisionOf(event: Event | undefined): bigint {
  return event?.kv?.modRevision ?? 0n;
}

/** What an event weighs: its keys and values and something for the objects around them. */
function eventBytes(event: Event): number {
  const { kv, prevKv } = event;
  return 128 + (kv ? kv.key.length + kv.value.length : 0) + (prevKv ? prevKv.key.length + prevKv.value.length : 0);
}
