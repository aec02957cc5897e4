/**
 * What a watch has received and its consumer has not yet taken. It says when it is full and when it has room again; the watch
 * then lets the server hold the rest. One consumer.
 */
import type { Event } from "@kvorum/proto";

export type BufferEntry =
  | { readonly kind: "events"; readonly events: readonly Event[] }
  | { readonly kind: "progress"; readonly revision: bigint }
  | { readonly kind: "compacted"; readonly compactRevision: bigint };

export const DEFAULT_BUFFER_EVENTS = 1_024;
export const BUFFER_BYTES_MAX: number = 16 * 1_024 * 1_024;
/** A full buffer takes events again once it is this empty. */
const LOW_WATER = 0.25;

export class WatchBuffer {
  readonly #eventsMax: number;
  readonly #bytesMax: number;
  #entries: BufferEntry[] = [];
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

  push(entry: BufferEntry): void {
    if (this.#end !== undefined) return;
    const newest = this.#entries.at(-1);
    // Only the newest progress says anything; an idle watch must not collect them.
    if (entry.kind === "progress" && newest?.kind === "progress") this.#entries.pop();
    this.#entries.push(entry);
    this.#count(entry, 1);
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
    this.#entries = [];
    this.#events = 0;
    this.#bytes = 0;
    this.#notify();
  }

  /** The oldest entry, waiting for one; undefined at the end. */
  async take(): Promise<BufferEntry | undefined> {
    for (;;) {
      const entry = this.#entries.shift();
      if (entry !== undefined) {
        this.#count(entry, -1);
        return entry;
      }
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

  #count(entry: BufferEntry, sign: 1 | -1): void {
    if (entry.kind !== "events") return;
    this.#events += sign * entry.events.length;
    for (const event of entry.events) this.#bytes += sign * eventBytes(event);
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

/** What an event weighs: its keys and values and something for the objects around them. */
function eventBytes(event: Event): number {
  const { kv, prevKv } = event;
  return 128 + (kv ? kv.key.length + kv.value.length : 0) + (prevKv ? prevKv.key.length + prevKv.value.length : 0);
}
