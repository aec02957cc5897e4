/**
 * The replicated log in memory, and how far each stage has come with it. Positions only ever keep this order:
 *
 *     base ≤ applied ≤ applying ≤ min(committed, durable)      durable ≤ handed ≤ lastIndex
 *
 * - `base`: compacted away; its term is kept for the consistency check of the first entry that is left
 * - `applied` / `applying`: recorded by the state machine / handed to it
 * - `committed`: will never change (paper §5.3)
 * - `durable` / `handed`: survives a power loss here / handed to storage for writing
 *
 * A snapshot lets the log start anew at its mark. Until storage has it in place `applied` lies below `base`, nothing of the
 * new log counts as durable, and so nothing of it is handed to the state machine.
 *
 * Storage completes writes in order. A truncation (paper §5.3, a conflicting entry of a newer leader) may happen while a
 * write of the truncated entries is still on its way; each write therefore remembers how far it still speaks for the log.
 */
import { invariant } from "../invariant.js";
import type { Entry, SnapshotMark } from "./types.js";

/** Bytes an entry counts for in limits: its data, and a little for being an entry at all. */
const ENTRY_OVERHEAD_BYTES = 16;

export interface RaftLogOptions {
  /** Everything up to here is compacted; index 0 for a log from its beginning. */
  readonly base: { readonly index: number; readonly term: number };
  /** Durable entries, the first one at `base.index + 1`. */
  readonly entries: readonly Entry[];
  readonly committed: number;
  readonly applied: number;
}

/** One write on its way to storage. */
interface Write {
  readonly sequence: number;
  /** The last index that this write makes durable; lowered when a truncation takes its entries back. */
  lastIndex: number;
  /** Index of the snapshot that this write puts in place; 0 for entries. */
  readonly installs: number;
}

export class RaftLog {
  readonly #entries: Entry[];
  readonly #writes: Write[] = [];
  #baseIndex: number;
  #baseTerm: number;
  #committed: number;
  #applying: number;
  #applied: number;
  #durable: number;
  #handed: number;
  /** Accepted and not yet handed to storage. */
  #snapshot: SnapshotMark | undefined;
  /** The newest snapshot's index: what the state machine still applies below it is of no account. */
  #restoredTo = 0;

  constructor(options: RaftLogOptions) {
    const { base, entries, committed, applied } = options;
    this.#entries = [...entries];
    this.#baseIndex = base.index;
    this.#baseTerm = base.term;
    entries.forEach((entry, i) => {
      invariant(entry.index === base.index + 1 + i, `log entry ${entry.index} stands at ${base.index + 1 + i}`);
    });
    this.#durable = this.lastIndex;
    this.#handed = this.lastIndex;
    invariant(base.index <= applied, `applied index ${applied} lies below the log's base ${base.index}`);
    invariant(applied <= committed, `applied index ${applied} lies above the commit index ${committed}`);
    invariant(committed <= this.lastIndex, `commit index ${committed} lies above the last index ${this.lastIndex}`);
    this.#committed = committed;
    this.#applying = applied;
    this.#applied = applied;
  }

  /** The lowest index whose entry is still here. */
  get firstIndex(): number {
    return this.#baseIndex + 1;
  }

  get lastIndex(): number {
    return this.#baseIndex + this.#entries.length;
  }

  get lastTerm(): number {
    return this.#entries.at(-1)?.term ?? this.#baseTerm;
  }

  get committed(): number {
    return this.#committed;
  }

  get applied(): number {
    return this.#applied;
  }

  get durable(): number {
    return this.#durable;
  }

  get handed(): number {
    return this.#handed;
  }

  /** A snapshot is accepted and not in place yet. */
  get restoring(): boolean {
    return this.#applied < this.#baseIndex;
  }

  /** Names the write of entries that storage has owed for the longest time. */
  get oldestWrite(): number | undefined {
    return this.#writes[0]?.sequence;
  }

  /** Undefined for an index that is compacted away or not there yet. */
  termAt(index: number): number | undefined {
    return index === this.#baseIndex ? this.#baseTerm : this.#entryAt(index)?.term;
  }

  /** Paper §5.4.1: the later last term wins, at equal terms the longer log. */
  isUpToDate(lastIndex: number, lastTerm: number): boolean {
    return lastTerm > this.lastTerm || (lastTerm === this.lastTerm && lastIndex >= this.lastIndex);
  }

  /** The same, compared with the committed part of this log alone. */
  coversCommitted(lastIndex: number, lastTerm: number): boolean {
    const term = this.termAt(this.#committed) as number;
    return lastTerm > term || (lastTerm === term && lastIndex >= this.#committed);
  }

  /** Entries from `from` on, at most `maxBytes` of them but at least one if there is one. */
  slice(from: number, maxBytes: number, maxEntries: number = Number.POSITIVE_INFINITY): readonly Entry[] {
    invariant(from > this.#baseIndex, `entry ${from} is compacted away`);
    const start = from - this.#baseIndex - 1;
    let end = start;
    let bytes = 0;
    while (end < this.#entries.length && end - start < maxEntries) {
      bytes += entryBytes(this.#entries[end] as Entry);
      if (bytes > maxBytes && end > start) break;
      end++;
    }
    return this.#entries.slice(start, end);
  }

  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      invariant(entry.index === this.lastIndex + 1, `entry ${entry.index} does not follow ${this.lastIndex}`);
      this.#entries.push(entry);
    }
  }

  /**
   * A follower's append (paper §5.3): undefined when the log does not hold `prevIndex` with `prevTerm`, otherwise the last
   * index that is now known to match the leader's log. Only a real conflict truncates; a late duplicate never does.
   */
  appendAfter(prevIndex: number, prevTerm: number, entries: readonly Entry[]): number | undefined {
    if (this.termAt(prevIndex) !== prevTerm) return undefined;
    const firstNew = entries.findIndex((entry) => this.termAt(entry.index) !== entry.term);
    if (firstNew !== -1) {
      this.#truncateFrom((entries[firstNew] as Entry).index);
      this.append(entries.slice(firstNew));
    }
    return prevIndex + entries.length;
  }

  /** The highest index `≤ from` whose term is `≤ term`: where a leader's and a follower's logs may meet. */
  lastIndexWithin(from: number, term: number): number {
    let index = Math.min(from, this.lastIndex);
    while (index > this.#baseIndex && (this.termAt(index) as number) > term) index--;
    return index;
  }

  commitTo(index: number): void {
    invariant(index <= this.lastIndex, `commit index ${index} lies above the last index ${this.lastIndex}`);
    if (index > this.#committed) this.#committed = index;
  }

  /** Paper §7: the log starts anew at the mark, whatever it held. */
  restore(mark: SnapshotMark): void {
    invariant(mark.index > this.#committed, `snapshot ${mark.index} is not above the commit index ${this.#committed}`);
    this.#entries.length = 0;
    this.#baseIndex = mark.index;
    this.#baseTerm = mark.term;
    this.#committed = mark.index;
    this.#applying = mark.index;
    this.#handed = mark.index;
    this.#durable = 0;
    this.#snapshot = mark;
    this.#restoredTo = mark.index;
    for (const write of this.#writes) write.lastIndex = 0;
  }

  hasUnwritten(): boolean {
    return this.#snapshot !== undefined || this.#handed < this.lastIndex;
  }

  /** The snapshot that storage is to put in place before it writes anything that follows. */
  takeSnapshot(sequence: number): SnapshotMark | undefined {
    const mark = this.#snapshot;
    this.#snapshot = undefined;
    if (mark !== undefined) this.#writes.push({ sequence, lastIndex: mark.index, installs: mark.index });
    return mark;
  }

  /** Everything not yet handed to storage; `sequence` names the write in a later `written()`. */
  takeUnwritten(sequence: number): readonly Entry[] {
    const entries = this.#entries.slice(this.#handed - this.#baseIndex);
    this.#handed = this.lastIndex;
    if (entries.length > 0) this.#writes.push({ sequence, lastIndex: this.#handed, installs: 0 });
    return entries;
  }

  /** Storage finished the write `sequence` and with it every earlier one. */
  written(sequence: number): void {
    while (this.#writes.length > 0 && (this.#writes[0] as Write).sequence <= sequence) {
      const write = this.#writes.shift() as Write;
      this.#durable = Math.max(this.#durable, write.lastIndex);
      this.#applied = Math.max(this.#applied, write.installs);
    }
  }

  hasUnapplied(): boolean {
    return this.#applying < Math.min(this.#committed, this.#durable);
  }

  /** Committed entries that are durable here and not yet handed out, within the limits. */
  takeUnapplied(maxBytes: number, maxEntries: number): readonly Entry[] {
    const available = Math.min(this.#committed, this.#durable) - this.#applying;
    const entries = this.slice(this.#applying + 1, maxBytes, Math.min(available, maxEntries));
    this.#applying += entries.length;
    return entries;
  }

  appliedTo(index: number): void {
    if (index <= this.#restoredTo) return;
    invariant(index >= this.#applied, `applied index goes back from ${this.#applied} to ${index}`);
    invariant(index <= this.#applying, `applied index ${index} was never handed out`);
    this.#applied = index;
  }

  /** Forgets entries up to `index`; nothing when they are gone already. */
  compact(index: number): void {
    invariant(index <= this.#applied, `compaction at ${index} lies above the applied index ${this.#applied}`);
    if (index <= this.#baseIndex) return;
    this.#baseTerm = this.termAt(index) as number;
    this.#entries.splice(0, index - this.#baseIndex);
    this.#baseIndex = index;
  }

  /** True when a committed entry that is not applied yet passes the test. */
  someUnapplied(test: (entry: Entry) => boolean): boolean {
    for (let index = this.#applied + 1; index <= this.#committed; index++) {
      if (test(this.#entryAt(index) as Entry)) return true;
    }
    return false;
  }

  /** Bytes that the proposals among the entries `from < index ≤ to` count for; a leader's own empty entries do not. */
  proposedBytesBetween(from: number, to: number): number {
    let bytes = 0;
    for (let index = from + 1; index <= to; index++) bytes += proposedBytes(this.#entryAt(index) as Entry);
    return bytes;
  }

  /** Writes are named by how many came after them: absolute numbers would tell equal states apart. */
  inspect(newestSequence: number): unknown {
    const writes = this.#writes.map(({ sequence, ...write }) => ({ ...write, newer: newestSequence - sequence }));
    const positions = { baseIndex: this.#baseIndex, baseTerm: this.#baseTerm, committed: this.#committed };
    const stages = { applying: this.#applying, applied: this.#applied, durable: this.#durable, handed: this.#handed };
    const snapshot = { snapshot: this.#snapshot, restoredTo: this.#restoredTo };
    return { ...positions, ...stages, ...snapshot, entries: this.#entries, writes };
  }

  #truncateFrom(index: number): void {
    invariant(index > this.#committed, `entry ${index} is committed (${this.#committed}) and cannot be replaced`);
    this.#entries.length = index - this.#baseIndex - 1;
    this.#handed = Math.min(this.#handed, index - 1);
    this.#durable = Math.min(this.#durable, index - 1);
    // What such a write brings to disk at `index` and above is no longer this log's content, even if an entry of the same
    // index and term comes back later; the entry's own, newer write speaks for it.
    for (const write of this.#writes) write.lastIndex = Math.min(write.lastIndex, index - 1);
  }

  #entryAt(index: number): Entry | undefined {
    return this.#entries[index - this.#baseIndex - 1];
  }
}

export function entryBytes(entry: Pick<Entry, "data">): number {
  return entry.data.length + ENTRY_OVERHEAD_BYTES;
}

/** An empty entry is a leader's own: it must get through where proposals are refused, so it counts for nothing. */
export function proposedBytes(entry: Pick<Entry, "data">): number {
  return entry.data.length === 0 ? 0 : entryBytes(entry);
}
