/**
 * What the records of a log add up to: entries in order, the last hard state, the last snapshot mark. For equal indexes
 * the last writer wins and everything behind it goes, as a follower's log does when a leader overwrites it (Raft paper,
 * figure 2, AppendEntries step 3). A gap is refused.
 */
import type { Entry, HardState, SnapshotMark } from "../../core/raft/types.js";
import { decodeEntries, decodeHardState, decodeSnapshotMark } from "../wire/entry.js";
import { type Frame, FrameType } from "./frame.js";

/** The log's content after a restart. */
export interface RecoveredLog {
  readonly hardState: HardState | undefined;
  /** Contiguous, from the index after `snapshot` (or 1). */
  readonly entries: readonly Entry[];
  readonly snapshot: SnapshotMark | undefined;
}

export class Replay {
  /** Undecoded: of the thousands that a log holds only the last one counts. */
  #hardState: Uint8Array | undefined;
  #snapshot: SnapshotMark | undefined;
  #entries: Entry[] = [];
  /** Index before the first entry kept. */
  #base: number;
  /** Entries up to here were released with their segments; a mark must make up for them. */
  readonly #released: number;
  #replacementIndex = 0;

  /** `firstIndex` is the first segment's: what was before it is gone. */
  constructor(firstIndex: number) {
    this.#released = firstIndex - 1;
    this.#base = this.#released;
  }

  get lastIndex(): number {
    return this.#base + this.#entries.length;
  }

  /** The highest index the backend may hold without the log knowing its entries. */
  get explainedIndex(): number {
    return Math.max(this.lastIndex, this.#replacementIndex);
  }

  /** Throws when the payload does not decode or does not continue the log. */
  add({ type, payload }: Frame): void {
    if (type === FrameType.entries) this.#addEntries(decodeEntries(payload));
    else if (type === FrameType.hardState) this.#hardState = payload;
    else if (type === FrameType.snapshotMark) this.#addMark(decodeSnapshotMark(payload));
    else if (type === FrameType.replacement) this.#replacementIndex = decodeSnapshotMark(payload).index;
  }

  /** Throws when the last hard state does not decode, or when released entries are not covered by a snapshot mark. */
  finish(): RecoveredLog {
    if (this.#released > (this.#snapshot?.index ?? 0)) {
      throw new Error(`entries up to ${this.#released} are gone and no snapshot mark covers them`);
    }
    return { hardState: this.#boundedHardState(), entries: this.#entries, snapshot: this.#snapshot };
  }

  /** The commit index is a hint that may run ahead of the entries by what a tear took; never beyond the log's end. */
  #boundedHardState(): HardState | undefined {
    const state = this.#hardState && decodeHardState(this.#hardState);
    return state && { ...state, commit: Math.min(state.commit, this.lastIndex) };
  }

  #addEntries(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.index > this.lastIndex + 1) {
        throw new Error(`entry ${entry.index} follows entry ${this.lastIndex}`);
      }
      if (entry.index <= this.#base) continue;
      this.#entries.length = entry.index - this.#base - 1;
      this.#entries.push(entry);
    }
  }

  /** Raft paper §7: entries after the mark stay if the log agrees with it, else the mark replaces the whole log. */
  #addMark(mark: SnapshotMark): void {
    this.#snapshot = mark;
    if (mark.index <= this.#base) return;
    const agrees = this.#entries[mark.index - this.#base - 1]?.term === mark.term;
    this.#entries = agrees ? this.#entries.slice(mark.index - this.#base) : [];
    this.#base = mark.index;
  }
}
