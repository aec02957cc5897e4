/**
 * Reads a snapshot file (`format.ts`) and trusts nothing in it: the digest is checked before anything is handed out, and
 * every length against what is there. The second half of the pair that `encode.ts` begins.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { BackendEntry, Table } from "../../core/mvcc/backend.js";
import { decodeSnapshotMark } from "../wire/entry.js";
import { toSafeNumber } from "../wire/numbers.js";
import {
  ALIGNMENT,
  CHUNK_BYTES_MAX,
  CHUNK_HEAD_BYTES,
  DIGEST_BYTES,
  FORMAT,
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
  /** Entries as they were stored, table by table; the bytes are views of the content. */
  readonly entries: readonly SnapshotEntry[];
}

const TABLE_OF: ReadonlyMap<number, Table> = new Map(
  Object.entries(TABLE_NUMBERS).map(([table, number]) => [number, table as Table]),
);

/** Decodes a whole file with its digest. Errors: `SnapshotError` naming what is wrong and at which offset. */
export function decodeSnapshot(file: Uint8Array): DecodedSnapshot {
  checkDigest(file);
  const body = file.subarray(0, file.length - DIGEST_BYTES);
  const { header, bytes } = decodeHeader(body);
  const content = readChunks(body, bytes);
  if (content.length !== header.contentBytes) {
    throw new SnapshotError(`the content has ${content.length} bytes, the header says ${header.contentBytes}`);
  }
  return { header, entries: readRecords(content) };
}

function checkDigest(file: Uint8Array): void {
  const end = file.length - DIGEST_BYTES;
  if (end <= 0 || end % ALIGNMENT !== 0) throw new SnapshotError(`${file.length} bytes are no whole snapshot file`);
  const digest = createHash("sha256").update(file.subarray(0, end)).digest();
  if (!digest.equals(file.subarray(end))) throw new SnapshotError("the file does not match its SHA-256 digest");
}

function decodeHeader(body: Uint8Array): { header: SnapshotHeader; bytes: number } {
  const view = viewOf(body);
  if (body.length < HEADER_FIXED_BYTES || MAGIC.some((byte, i) => body[i] !== byte)) {
    throw new SnapshotError("this is no snapshot file of Kvorum");
  }
  const format = view.getUint32(8);
  if (format !== FORMAT) throw new SnapshotError(`the file has format ${format}, this version reads ${FORMAT}`);
  const bytes = view.getUint32(12);
  const end = bytes - 4;
  if (end < HEADER_FIXED_BYTES || bytes > body.length || crc32(body.subarray(0, end)) !== view.getUint32(end)) {
    throw new SnapshotError("the header is damaged");
  }
  const header = {
    clusterId: view.getBigUint64(16),
    revision: view.getBigInt64(24),
    compactRevision: view.getBigInt64(32),
    contentBytes: toSafeNumber(view.getBigUint64(40), "content bytes"),
    mark: decodeSnapshotMark(body.subarray(HEADER_FIXED_BYTES, end)),
  };
  return { header, bytes };
}

function readChunks(body: Uint8Array, start: number): Uint8Array {
  const view = viewOf(body);
  const chunks: Uint8Array[] = [];
  for (let offset = start; ; ) {
    if (offset + CHUNK_HEAD_BYTES > body.length) throw new SnapshotError(`the chunk at offset ${offset} is cut off`);
    const length = view.getUint32(offset);
    if (length === 0) return concat(chunks);
    const from = offset + CHUNK_HEAD_BYTES;
    if (length > CHUNK_BYTES_MAX || from + length > body.length) {
      throw new SnapshotError(`the chunk at offset ${offset} is longer than it may be`);
    }
    const chunk = body.subarray(from, from + length);
    if (crc32(chunk) !== view.getUint32(offset + 4))
      throw new SnapshotError(`the chunk at offset ${offset} is damaged`);
    chunks.push(chunk);
    offset = from + length;
  }
}

function readRecords(content: Uint8Array): SnapshotEntry[] {
  const view = viewOf(content);
  const entries: SnapshotEntry[] = [];
  for (let offset = 0; offset < content.length; ) {
    const keyAt = offset + RECORD_HEAD_BYTES;
    if (keyAt > content.length) throw new SnapshotError(`the record at ${offset} of the content is cut off`);
    const table = TABLE_OF.get(view.getUint8(offset));
    const valueAt = keyAt + view.getUint32(offset + 1);
    const end = valueAt + view.getUint32(offset + 5);
    if (table === undefined || end > content.length) {
      throw new SnapshotError(`the record at ${offset} of the content makes no sense`);
    }
    entries.push({ table, key: content.subarray(keyAt, valueAt), value: content.subarray(valueAt, end) });
    offset = end;
  }
  return entries;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
