/**
 * What a machine's disk says of its member, apart from what the member says of itself: the write-ahead log as a recovery
 * would take it after a power loss at this moment. It reads the bytes that survive one, a frame at a time as they become
 * durable, so that looking again costs nothing while nothing was synced.
 *
 * Relies on the format of `io/wal` (`frame.ts`, `segment-header.ts`); the rules are those of `replay.ts`: the last writer of an
 * index wins, and a mark replaces what does not agree with it.
 */
import { crc32 } from "node:zlib";
import type { Entry } from "../../../src/core/raft/types.js";
import { mixHash } from "../../../src/core/seeded/chance.js";
import { FrameType, frameBytes, readFrameHeader, readFramePayload } from "../../../src/io/wal/frame.js";
import {
  decodeSegmentHeader,
  headerSeed,
  parseSegmentName,
  SEGMENT_HEADER_BYTES,
} from "../../../src/io/wal/segment-header.js";
import { decodeEntries, decodeHardState, decodeSnapshotMark } from "../../../src/io/wire/entry.js";

/** What survives a power loss. */
export interface DurableBytes {
  durablePaths(): Iterable<string>;
  durable(path: string): Uint8Array | undefined;
}

export interface DurablePosition {
  readonly index: number;
  readonly term: number;
  /** Of the entry alone. */
  readonly content: number;
  /** Of the entry and all before it; undefined when what lies before is not known. */
  readonly prefix: number | undefined;
}

export interface DurableLogOptions {
  readonly disk: DurableBytes;
  /** Prefix hash of the committed log at an index, for a log that begins there. */
  readonly prefixAt: (index: number) => number | undefined;
  /** Prefix hash of an entry that has been seen on any disk before. */
  readonly prefixOf: (index: number, term: number) => number | undefined;
  readonly onEntry: (position: DurablePosition) => void;
  readonly onBallot: (before: Ballot, now: Ballot) => void;
}

export interface Ballot {
  readonly term: number;
  readonly vote: bigint;
}

interface Place {
  readonly seq: number;
  readonly path: string;
  readonly seed: number;
  offset: number;
  chainCrc: number;
}

export class DurableLog {
  readonly disk: DurableBytes;
  readonly #options: DurableLogOptions;
  #memberId: bigint | undefined;
  #ballot: Ballot = { term: 0, vote: 0n };
  #commit = 0;
  #base = { index: 0, term: 0, prefix: 0 as number | undefined };
  #replacement = 0;
  #entries: DurablePosition[] = [];
  /** Indexes of the conf changes among the entries. */
  #confChanges: number[] = [];
  #place: Place | undefined;
  #sealed = false;

  constructor(options: DurableLogOptions) {
    this.#options = options;
    this.disk = options.disk;
  }

  /** Whose log it is; undefined while there is none. */
  get memberId(): bigint | undefined {
    return this.#memberId;
  }

  get ballot(): Ballot {
    return this.#ballot;
  }

  /** The commit index that the log has noted. */
  get commit(): number {
    return this.#commit;
  }

  /** Everything up to here is the backend's: the snapshot mark, or where the first segment begins. */
  get baseIndex(): number {
    return this.#base.index;
  }

  /** The highest index that the backend was announced to be replaced at. */
  get replacement(): number {
    return this.#replacement;
  }

  get lastIndex(): number {
    return this.#base.index + this.#entries.length;
  }

  /** How far the log has been read: comparable within one disk. */
  get end(): { readonly seq: number; readonly offset: number } {
    return this.#place ?? { seq: 0, offset: 0 };
  }

  /** Behind the last whole frame something was written that is none. Dear: to be asked at a start, before any repair. */
  get endsTorn(): boolean {
    const bytes = this.#place && this.disk.durable(this.#place.path);
    if (this.#place === undefined || bytes === undefined || this.#sealed) return false;
    for (let i = this.#place.offset; i < bytes.length; i++) if (bytes[i] !== 0) return true;
    return false;
  }

  at(index: number): DurablePosition | undefined {
    return this.#entries[index - this.#base.index - 1];
  }

  /** The term of an entry, also of the one that the mark is at. */
  termAt(index: number): number | undefined {
    return index === this.#base.index ? this.#base.term : this.at(index)?.term;
  }

  /**
   * Whether the disk holds the log up to the position: the very entry, or a mark that covers it. Where the past of an entry was
   * not known when it was read, another disk with the entry may have told it since.
   */
  holds(index: number, prefix: number | undefined): boolean {
    if (index <= this.#base.index) return true;
    const position = this.at(index);
    if (position === undefined) return false;
    const own = position.prefix ?? this.#options.prefixOf(index, position.term);
    return prefix === undefined || own === prefix;
  }

  /** Indexes of the conf changes that no mark covers, ascending. */
  get confChanges(): readonly number[] {
    return this.#confChanges;
  }

  /** Index before the first entry that the oldest segment may hold: what was released. 0 without a segment. */
  released(): number {
    const indexes = segmentsOf(this.disk).map(({ firstIndex }) => firstIndex - 1);
    return indexes.length === 0 ? 0 : Math.min(...indexes);
  }

  /** Reads on to the end of what is durable by now. */
  refresh(): void {
    do {
      if ((this.#place === undefined || this.#sealed) && !this.#open()) return;
      this.#read();
    } while (this.#sealed);
  }

  /** Goes to the first segment, or to the one after a sealed one. */
  #open(): boolean {
    const segments = segmentsOf(this.disk).sort((a, b) => a.seq - b.seq);
    const before = this.#place;
    const next = before === undefined ? segments[0] : segments.find(({ seq }) => seq === before.seq + 1);
    const bytes = next && this.disk.durable(next.path);
    const header = bytes && decodeSegmentHeader(bytes.subarray(0, SEGMENT_HEADER_BYTES));
    if (next === undefined || header === undefined) return false;
    if (before === undefined) {
      const index = next.firstIndex - 1;
      // Not what is committed there by now: the segment may begin behind entries that were overwritten later.
      this.#base = { index, term: 0, prefix: index === 0 ? 0 : undefined };
    }
    this.#memberId = header.memberId;
    this.#sealed = false;
    const { seq, path } = next;
    this.#place = { seq, path, seed: headerSeed(header), offset: SEGMENT_HEADER_BYTES, chainCrc: header.chainCrc };
    return true;
  }

  #read(): void {
    const place = this.#place as Place;
    const bytes = this.disk.durable(place.path);
    if (bytes === undefined) return;
    while (!this.#sealed) {
      const header = readFrameHeader(bytes, place.offset, place.seed);
      const payload = header && readFramePayload(bytes, place.offset, header, place.chainCrc);
      if (header === undefined || payload === undefined) return;
      place.offset += frameBytes(payload.length);
      place.chainCrc = header.chainCrc;
      this.#add(header.type, payload);
    }
  }

  #add(type: FrameType, payload: Uint8Array): void {
    if (type === FrameType.entries) for (const entry of decodeEntries(payload)) this.#addEntry(entry);
    else if (type === FrameType.hardState) this.#addHardState(payload);
    else if (type === FrameType.snapshotMark) this.#addMark(payload);
    else if (type === FrameType.replacement) {
      this.#replacement = Math.max(this.#replacement, decodeSnapshotMark(payload).index);
    } else if (type === FrameType.seal) this.#sealed = true;
  }

  #addEntry(entry: Entry): void {
    if (entry.index <= this.#base.index) return;
    this.#entries.length = Math.min(this.#entries.length, entry.index - this.#base.index - 1);
    const before = this.#entries.length === 0 ? this.#base.prefix : this.#entries.at(-1)?.prefix;
    const content = contentHash(entry);
    const position = {
      ...{ index: entry.index, term: entry.term, content },
      prefix: before === undefined ? this.#options.prefixOf(entry.index, entry.term) : mixHash(before, content),
    };
    this.#entries.push(position);
    while ((this.#confChanges.at(-1) ?? 0) >= entry.index) this.#confChanges.pop();
    if (entry.type === "conf-change") this.#confChanges.push(entry.index);
    this.#options.onEntry(position);
  }

  #addHardState(payload: Uint8Array): void {
    const { term, vote, commit } = decodeHardState(payload);
    const before = this.#ballot;
    this.#ballot = { term, vote };
    this.#commit = commit;
    this.#options.onBallot(before, this.#ballot);
  }

  #addMark(payload: Uint8Array): void {
    const { index, term } = decodeSnapshotMark(payload);
    if (index <= this.#base.index) return;
    const own = this.at(index);
    this.#entries = own?.term === term ? this.#entries.slice(index - this.#base.index) : [];
    const prefix = own?.term === term ? own.prefix : this.#options.prefixAt(index);
    this.#confChanges = own?.term === term ? this.#confChanges.filter((change) => change > index) : [];
    this.#base = { index, term, prefix };
  }
}

export function contentHash({ type, term, data }: Entry): number {
  return crc32(data, (term * 2 + (type === "command" ? 0 : 1)) >>> 0);
}

function segmentsOf(
  disk: DurableBytes,
): { readonly seq: number; readonly firstIndex: number; readonly path: string }[] {
  const segments = [];
  for (const path of disk.durablePaths()) {
    const name = parseSegmentName(path.slice(path.lastIndexOf("/") + 1));
    if (name !== undefined) segments.push({ seq: name.seq, firstIndex: name.firstIndex, path });
  }
  return segments;
}
