/**
 * A log with a rolling hash over everything from index 1 on, so that "equal up to here" is one comparison. The simulated
 * disk keeps one, and so does the record of what a member has handed to its disk.
 */

import { mixHash } from "../../seeded/chance.js";
import type { Entry } from "../types.js";

export interface LogBase {
  readonly index: number;
  readonly term: number;
  /** The rolling hash of everything up to `index`. */
  readonly hash: number;
}

export class HashedLog {
  #base: LogBase;
  #entries: Entry[];
  #hashes: number[];

  constructor(base: LogBase, entries: readonly Entry[] = []) {
    this.#base = base;
    this.#entries = [];
    this.#hashes = [];
    for (const entry of entries) this.put(entry);
  }

  get base(): LogBase {
    return this.#base;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  get lastIndex(): number {
    return this.#base.index + this.#entries.length;
  }

  copy(): HashedLog {
    const copy = new HashedLog(this.#base);
    copy.#entries = [...this.#entries];
    copy.#hashes = [...this.#hashes];
    return copy;
  }

  entryAt(index: number): Entry | undefined {
    return this.#entries[index - this.#base.index - 1];
  }

  termAt(index: number): number | undefined {
    return index === this.#base.index ? this.#base.term : this.entryAt(index)?.term;
  }

  /** The rolling hash up to `index`; undefined below the base and above the end. */
  hashAt(index: number): number | undefined {
    return index === this.#base.index ? this.#base.hash : this.#hashes[index - this.#base.index - 1];
  }

  /** Writes the entry at its index and forgets what stood there and above. Returns whether something was forgotten. */
  put(entry: Entry): boolean {
    const position = entry.index - this.#base.index - 1;
    if (position < 0 || position > this.#entries.length) {
      throw new Error(`entry ${entry.index} leaves a gap in a log ${this.#base.index}..${this.lastIndex}`);
    }
    const truncates = position < this.#entries.length;
    this.#entries.length = position;
    this.#hashes.length = position;
    this.#hashes.push(mixHash(this.hashAt(entry.index - 1) as number, entryHash(entry)));
    this.#entries.push(entry);
    return truncates;
  }

  compact(index: number): void {
    if (index <= this.#base.index) return;
    const base = { index, term: this.termAt(index) as number, hash: this.hashAt(index) as number };
    const count = index - this.#base.index;
    this.#entries.splice(0, count);
    this.#hashes.splice(0, count);
    this.#base = base;
  }

  /** Starts over behind a snapshot. */
  restart(base: LogBase): void {
    this.#base = base;
    this.#entries = [];
    this.#hashes = [];
  }
}

export function entryHash(entry: Entry): number {
  let hash = mixHash(entry.index, entry.term);
  hash = mixHash(hash, entry.type === "command" ? 1 : 2);
  for (const byte of entry.data) hash = mixHash(hash, byte);
  return hash;
}
