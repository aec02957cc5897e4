/**
 * Reads a snapshot file (`format.ts`) as it comes in and trusts nothing in it: every length is checked against what can
 * still follow, every chunk against its checksum before a record in it is looked at, and all of it against the digest at
 * the end. In memory are one chunk and one record. The second half of the pair that `encode.ts` begins.
 */
import { createHash, type Hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { type BackendEntry, KEY_BYTES_MAX, type Table } from "../../core/mvcc/backend.js";
import { decodeSnapshotMark } from "../wire/entry.js";
import { toSafeNumber } from "../wire/numbers.js";
import { ByteFeed, type Parser } from "./byte-feed.js";
import {
  ALIGNMENT,
  CHUNK_BYTES_MAX,
  CHUNK_HEAD_BYTES,
  DIGEST_BYTES,
  FORMAT,
  HEADER_BYTES_MAX,
  HEADER_FIXED_BYTES,
  MAGIC,
  RECORD_HEAD_BYTES,
  SnapshotError,
  type SnapshotHeader,
  TABLE_NUMBERS,
} from "./format.js";

export type SnapshotEntry = BackendEntry & { readonly table: Table };

export interface DecodedSnapshot {
  readonly header: SnapshotHeader;
  /** Entries as they were stored, table by table. */
  readonly entries: readonly SnapshotEntry[];
}

type FieldReader = Generator<number, Uint8Array, Uint8Array>;

/** Bytes of a value that nobody wants are passed over in fields of this size. */
const SKIPPED_BYTES = 64 * 1024;

const TABLE_OF: ReadonlyMap<number, Table> = new Map(
  Object.entries(TABLE_NUMBERS).map(([table, number]) => [number, table as Table]),
);

/** Decodes a whole file with its digest. Errors: `SnapshotError` naming what is wrong and at which offset. */
export function decodeSnapshot(file: Uint8Array): DecodedSnapshot {
  const entries: SnapshotEntry[] = [];
  const decoder = new SnapshotDecoder(file.length, (entry) => entries.push(entry));
  decoder.push(file);
  return { header: decoder.finish(), entries };
}

export interface DecoderOptions {
  /** False passes over a digest that does not match; chunks are checked in any case. Default true. */
  readonly checkDigest?: boolean;
}

export class SnapshotDecoder {
  readonly #fileBytes: number;
  readonly #checkDigest: boolean;
  readonly #take: ((entry: SnapshotEntry) => void) | undefined;
  readonly #digest: Hash = createHash("sha256");
  readonly #file: ByteFeed;
  #pushed = 0;
  /** Bytes of the file that are read, digest aside. */
  #offset = 0;
  #header: SnapshotHeader | undefined;
  #contentOffset = 0;
  /** Where in the content the next record begins. */
  #recordOffset = 0;

  /**
   * `take` is given each entry, the bytes its own to keep, once its chunks hold; whether the digest does, only `finish`
   * says. Without it records are checked and not kept. Throws when no file has `fileBytes` bytes.
   */
  constructor(fileBytes: number, take?: (entry: SnapshotEntry) => void, { checkDigest = true }: DecoderOptions = {}) {
    if (fileBytes <= DIGEST_BYTES || fileBytes % ALIGNMENT !== DIGEST_BYTES) {
      throw new SnapshotError(`${fileBytes} bytes are no whole snapshot file`);
    }
    this.#fileBytes = fileBytes;
    this.#checkDigest = checkDigest;
    this.#take = take;
    this.#file = new ByteFeed(this.#readFile());
  }

  /** Undefined until enough of the file is there. */
  get header(): SnapshotHeader | undefined {
    return this.#header;
  }

  /** Takes the file's next bytes. After a `SnapshotError` the decoder is of no further use. */
  push(bytes: Uint8Array): void {
    this.#pushed += bytes.length;
    if (this.#pushed > this.#fileBytes) {
      throw new SnapshotError(`the file goes on behind the ${this.#fileBytes} bytes that it should have`);
    }
    this.#file.push(bytes);
  }

  /** The whole file holds. Throws when some of it is missing. */
  finish(): SnapshotHeader {
    if (this.#pushed < this.#fileBytes || this.#header === undefined) {
      throw new SnapshotError(`the file ends after ${this.#pushed} of ${this.#fileBytes} bytes`);
    }
    return this.#header;
  }

  *#readFile(): Parser {
    const header = yield* this.#readHeader();
    this.#header = header;
    yield* this.#readChunks(header.contentBytes, new ByteFeed(this.#readRecords(header.contentBytes)));
    yield* this.#readPadding();
    const digest = yield DIGEST_BYTES;
    if (this.#checkDigest && !this.#digest.digest().equals(digest))
      throw new SnapshotError("the file does not match its SHA-256 digest");
  }

  *#readHeader(): Generator<number, SnapshotHeader, Uint8Array> {
    const fixed = yield* this.#field(HEADER_FIXED_BYTES, "header");
    const bytes = headerBytes(fixed);
    const rest = yield* this.#field(bytes - HEADER_FIXED_BYTES, "header");
    return decodeHeader(Buffer.concat([fixed, rest]));
  }

  *#readChunks(contentBytes: number, records: ByteFeed): Parser {
    for (;;) {
      const at = this.#offset;
      const head = viewOf(yield* this.#field(CHUNK_HEAD_BYTES, "chunk"));
      const length = head.getUint32(0);
      if (length === 0) break;
      if (length > CHUNK_BYTES_MAX || this.#contentOffset + length > contentBytes) {
        throw new SnapshotError(`the chunk at offset ${at} is longer than it may be`);
      }
      const content = yield* this.#field(length, "chunk");
      if (crc32(content) !== head.getUint32(4)) throw new SnapshotError(`the chunk at offset ${at} is damaged`);
      this.#contentOffset += length;
      records.push(content);
    }
    if (this.#contentOffset !== contentBytes) {
      throw new SnapshotError(`the content has ${this.#contentOffset} bytes, the header says ${contentBytes}`);
    }
    if (this.#recordOffset !== contentBytes) {
      throw new SnapshotError(`the record at ${this.#recordOffset} of the content is cut off`);
    }
  }

  *#readRecords(contentBytes: number): Parser {
    for (;;) {
      const head = viewOf(yield RECORD_HEAD_BYTES);
      const table = TABLE_OF.get(head.getUint8(0));
      const keyBytes = head.getUint32(1);
      const valueBytes = head.getUint32(5);
      const end = this.#recordOffset + RECORD_HEAD_BYTES + keyBytes + valueBytes;
      if (table === undefined || keyBytes === 0 || keyBytes > KEY_BYTES_MAX || end > contentBytes) {
        throw new SnapshotError(`the record at ${this.#recordOffset} of the content makes no sense`);
      }
      const key = yield keyBytes;
      if (this.#take === undefined) yield* skip(valueBytes);
      else this.#take({ table, key, value: yield valueBytes });
      this.#recordOffset = end;
    }
  }

  *#readPadding(): Parser {
    const bytes = this.#fileBytes - DIGEST_BYTES - this.#offset;
    if (bytes >= ALIGNMENT) throw new SnapshotError(`${bytes} bytes follow the end at offset ${this.#offset}`);
    const padding = yield* this.#field(bytes, "padding");
    if (padding.some((byte) => byte !== 0)) throw new SnapshotError("the padding is not zeros");
  }

  /** The next bytes in front of the digest. */
  *#field(bytes: number, what: string): FieldReader {
    if (this.#offset + bytes > this.#fileBytes - DIGEST_BYTES) {
      throw new SnapshotError(`the ${what} at offset ${this.#offset} is longer than the file`);
    }
    const field = yield bytes;
    this.#offset += bytes;
    this.#digest.update(field);
    return field;
  }
}

function* skip(bytes: number): Parser {
  for (let left = bytes; left > 0; left -= SKIPPED_BYTES) yield Math.min(left, SKIPPED_BYTES);
}

/** How long the header is, by the part of it that always has the same length. */
function headerBytes(fixed: Uint8Array): number {
  if (MAGIC.some((byte, i) => fixed[i] !== byte)) throw new SnapshotError("this is no snapshot file of Kvorum");
  const view = viewOf(fixed);
  const format = view.getUint32(8);
  if (format !== FORMAT) throw new SnapshotError(`the file has format ${format}, this version reads ${FORMAT}`);
  const bytes = view.getUint32(12);
  if (bytes < HEADER_FIXED_BYTES + 4 || bytes > HEADER_BYTES_MAX) throw new SnapshotError("the header is damaged");
  return bytes;
}

function decodeHeader(bytes: Uint8Array): SnapshotHeader {
  const view = viewOf(bytes);
  const end = bytes.length - 4;
  if (crc32(bytes.subarray(0, end)) !== view.getUint32(end)) throw new SnapshotError("the header is damaged");
  try {
    return {
      clusterId: view.getBigUint64(16),
      revision: view.getBigInt64(24),
      compactRevision: view.getBigInt64(32),
      contentBytes: toSafeNumber(view.getBigUint64(40), "content bytes"),
      mark: decodeSnapshotMark(bytes.subarray(HEADER_FIXED_BYTES, end)),
    };
  } catch (error) {
    throw new SnapshotError("the header makes no sense", { cause: error });
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
