/**
 * Where one watch stands in the history. Pure: the responses of the server go in, what they mean comes out. All that makes a
 * watch lose nothing and repeat nothing is here: the next revision, the joining of fragments, and the dropping of repeats.
 */
import type { Event, WatchResponse } from "@kvorum/proto";
import { serverReason } from "../reasons.js";

export type CursorStep =
  | { readonly kind: "nothing" }
  /** The server has the watch. Every change after `revision` will be reported. */
  | { readonly kind: "created"; readonly revision: bigint }
  | { readonly kind: "events"; readonly events: readonly Event[] }
  /** Every change up to `revision` has been reported. */
  | { readonly kind: "progress"; readonly revision: bigint }
  /** `compactRevision` is 0 where the server only says so in words. */
  | { readonly kind: "compacted"; readonly compactRevision: bigint; readonly requested: bigint }
  /** The server ended this watch; an empty reason is its way to say that the start revision cannot be had. */
  | { readonly kind: "canceled"; readonly reason: string };

const NOTHING: CursorStep = { kind: "nothing" };

export class WatchCursor {
  /**
   * The smallest revision that is not reported in full yet; undefined until a watch from now on is created.
   *
   * Invariant: it never goes down.
   */
  #next: bigint | undefined;
  #fragments: Event[] = [];

  constructor(startRevision?: bigint) {
    this.#next = startRevision;
  }

  /** What to ask for when the watch is created (again). 0 is "from now on". */
  get startRevision(): bigint {
    return this.#next ?? 0n;
  }

  /** Every change up to here has been reported. 0 while that is not known. */
  get reported(): bigint {
    return (this.#next ?? 1n) - 1n;
  }

  accept(response: WatchResponse): CursorStep {
    const headerRevision = response.header?.revision ?? 0n;
    if (response.canceled) return this.#canceled(response);
    if (response.created) return this.#created(headerRevision);
    if (response.events.length === 0 && !response.fragment && this.#fragments.length === 0) {
      return this.#progress(headerRevision);
    }
    this.#fragments.push(...response.events);
    // A part may end inside a revision, so nothing is given out before the last one.
    if (response.fragment) return NOTHING;
    return this.#events();
  }

  /** The stream broke: half a set of fragments is worth nothing, it will be sent again. */
  disconnected(): void {
    this.#fragments = [];
  }

  /** Everything before `revision` has been made up for in another way. */
  skipTo(revision: bigint): void {
    this.#fragments = [];
    this.#advance(revision);
  }

  #created(headerRevision: bigint): CursorStep {
    // An explicit start stays what it is: the header says how far the store is, not how far this watch has been served.
    const next = this.#next ?? headerRevision + 1n;
    this.#next = next;
    return { kind: "created", revision: next - 1n };
  }

  #canceled(response: WatchResponse): CursorStep {
    this.#fragments = [];
    if (response.compactRevision !== 0n || serverReason(response.cancelReason) === "compacted") {
      return { kind: "compacted", compactRevision: response.compactRevision, requested: this.startRevision };
    }
    return { kind: "canceled", reason: response.cancelReason };
  }

  #progress(revision: bigint): CursorStep {
    // A watch that starts in the future is told how far the store is, too; that is no progress of its own.
    if (this.#next === undefined || revision + 1n < this.#next) return NOTHING;
    this.#advance(revision + 1n);
    return { kind: "progress", revision };
  }

  #events(): CursorStep {
    const next = this.#next ?? 0n;
    // After a resume the server may start at a revision that was reported before the stream broke.
    const events = this.#fragments.filter((event) => (event.kv?.modRevision ?? 0n) >= next);
    this.#fragments = [];
    const last = events.at(-1)?.kv?.modRevision;
    if (last === undefined) return NOTHING;
    // Only the events count here. The header of a catch-up response is ahead of what it brings.
    this.#advance(last + 1n);
    return { kind: "events", events };
  }

  #advance(next: bigint): void {
    if (this.#next === undefined || next > this.#next) this.#next = next;
  }
}
