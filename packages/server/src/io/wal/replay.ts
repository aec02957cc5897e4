/**
 * What the records of a log add up to: entries in order, the last hard state, the last snapshot mark. For equal indexes
 * the last writer wins and everything behind it goes, as a follower's log does when a leader overwrites it (Raft paper,
 * figure 2, AppendEntries step 3). A gap is refused.
 */
import { type Entry, type HardState, NO_MEMBER, type SnapshotMark } from "../../core/raft/types.js";
import { decodeEntries, decodeHardState, decodeSnapshotMark } from "../wire/entry.js";
import { type Frame, FrameType } from "./frame.js";

/** The log's content after a restart. */
export interface RecoveredLog {
  /** Its term is never below that of the log's last entry. Undefined while the log has answered for nothing yet. */
  readonly hardState: HardState | undefined;
  /** Contiguous, from the index after `snapshot` (or 1). */
  readonly entries: readonly Entry[];
  /** Whatever the backend was replaced by is in it, too, even if a crash came before the log could say so. */
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
  /** Announced, and not yet covered by a mark: the backend may hold any of them. */
  #replacements: SnapshotMark[] = [];

  /** `firstIndex` is the first segment's: what was before it is gone. */
  constructor(firstIndex: number) {
    this.#released = firstIndex - 1;
    this.#base = this.#released;
  }

  get lastIndex(): number {
    return this.#base + this.#entries.length;
  }

  /** Throws when the payload does not decode or does not continue the log. */
  add({ type, payload }: Frame): void {
    if (type === FrameType.entries) this.#addEntries(decodeEntries(payload));
    else if (type === FrameType.hardState) this.#hardState = payload;
    else if (type === FrameType.snapshotMark) this.#addMark(decodeSnapshotMark(payload));
    else if (type === FrameType.replacement) this.#replacements.push(decodeSnapshotMark(payload));
  }

  /**
   * A crash between the replacement of the backend and its mark leaves a log that may end before what the backend holds, or
   * hold other entries in its place. What was announced and is in the backend is as good as the mark. (Should the backend
   * have come to that index by the log after all, the mark is just as true, and the log agrees with it.)
   */
  completeReplacement(backendAppliedIndex: number): void {
    const done = this.#replacements.find(({ index }) => index === backendAppliedIndex);
    if (done !== undefined) this.#addMark(done);
  }

  /** Throws when the last hard state does not decode, or when released entries are not covered by a snapshot mark. */
  finish(): RecoveredLog {
    if (this.#released > (this.#snapshot?.index ?? 0)) {
      throw new Error(`entries up to ${this.#released} are gone and no snapshot mark covers them`);
    }
    return { hardState: this.#boundedHardState(), entries: this.#entries, snapshot: this.#snapshot };
  }

  /**
   * The commit index is a hint that may run ahead of the entries by what a tear took; never beyond the log's end. The term
   * may lag behind what it stood after in a torn flush, or behind a replacement: nothing was answered for in between, a
   * vote in the higher term least of all, so the term alone is made up for.
   */
  #boundedHardState(): HardState | undefined {
    const recorded = this.#hardState && decodeHardState(this.#hardState);
    if (recorded === undefined && this.#snapshot === undefined) return undefined;
    const { term, vote, commit } = recorded ?? { term: 0, vote: NO_MEMBER, commit: 0 };
    const lastTerm = this.#entries.at(-1)?.term ?? this.#snapshot?.term ?? 0;
    return {
      term: Math.max(term, lastTerm),
      vote: term < lastTerm ? NO_MEMBER : vote,
      commit: Math.min(Math.max(commit, this.#snapshot?.index ?? 0), this.lastIndex),
    };
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
    this.#replacements = this.#replacements.filter(({ index }) => index > mark.index);
    if (mark.index <= this.#base) return;
    const agrees = this.#entries[mark.index - this.#base - 1]?.term === mark.term;
    this.#entries = agrees ? this.#entries.slice(mark.index - this.#base) : [];
    this.#base = mark.index;
  }
}
