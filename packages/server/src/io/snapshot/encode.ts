/**
 * Writes a backend's snapshot as a file (`format.ts`), piece by piece: one chunk is in memory at a time. The size is known
 * before the first piece, because receivers are told how much is left.
 */
import { crc32 } from "node:zlib";
import { type BackendEntry, type BackendSnapshot, TABLES, type Table } from "../../core/mvcc/backend.js";
import { encodeSnapshotMark } from "../wire/entry.js";
import {
  ALIGNMENT,
  CHUNK_BYTES,
  CHUNK_HEAD_BYTES,
  FORMAT,
  HEADER_FIXED_BYTES,
  MAGIC,
  RECORD_HEAD_BYTES,
  type SnapshotHeader,
  TABLE_NUMBERS,
} from "./format.js";

export interface SnapshotFile {
  /** Bytes of all pieces together; the digest is not part of it. */
  readonly size: number;
  /** Pieces of `pieceBytes`, the last one shorter. Each is the receiver's to keep. */
  readonly pieces: Iterable<Uint8Array>;
}

export interface EncodeOptions {
  readonly clusterId: bigint;
  readonly revision: bigint;
  readonly compactRevision: bigint;
  readonly pieceBytes: number;
  /** Waited for now and then during the walk that measures, so that the event loop goes on. */
  readonly pause: () => Promise<void>;
}

/** Records measured between two pauses. */
const MEASURE_SLICE = 500;

/** The snapshot stays open until the pieces are taken; closing it is the caller's. */
export async function encodeSnapshot(snapshot: BackendSnapshot, options: EncodeOptions): Promise<SnapshotFile> {
  const { clusterId, revision, compactRevision, pieceBytes, pause } = options;
  const contentBytes = await measure(snapshot, pause);
  const header = encodeHeader({ clusterId, revision, compactRevision, mark: snapshot.at, contentBytes });
  const chunks = Math.ceil(contentBytes / CHUNK_BYTES) + 1;
  const unpadded = header.length + contentBytes + chunks * CHUNK_HEAD_BYTES;
  const size = Math.ceil(unpadded / ALIGNMENT) * ALIGNMENT;
  return { size, pieces: cut(fileParts(snapshot, header, size - unpadded), pieceBytes) };
}

async function measure(snapshot: BackendSnapshot, pause: () => Promise<void>): Promise<number> {
  let bytes = 0;
  let records = 0;
  for (const table of TABLES) {
    for (const { key, value } of snapshot.entries(table)) {
      bytes += RECORD_HEAD_BYTES + key.length + value.length;
      if (++records % MEASURE_SLICE === 0) await pause();
    }
  }
  return bytes;
}

function encodeHeader({ clusterId, revision, compactRevision, mark, contentBytes }: SnapshotHeader): Uint8Array {
  const markBytes = encodeSnapshotMark(mark);
  const length = HEADER_FIXED_BYTES + markBytes.length + 4;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC, 0);
  view.setUint32(8, FORMAT);
  view.setUint32(12, length);
  view.setBigUint64(16, clusterId);
  view.setBigInt64(24, revision);
  view.setBigInt64(32, compactRevision);
  view.setBigUint64(40, BigInt(contentBytes));
  bytes.set(markBytes, HEADER_FIXED_BYTES);
  view.setUint32(length - 4, crc32(bytes.subarray(0, length - 4)));
  return bytes;
}

function* fileParts(snapshot: BackendSnapshot, header: Uint8Array, padding: number): Generator<Uint8Array> {
  yield header;
  for (const content of cut(recordParts(snapshot), CHUNK_BYTES)) {
    yield chunkHead(content.length, crc32(content));
    yield content;
  }
  yield chunkHead(0, 0);
  yield new Uint8Array(padding);
}

function* recordParts(snapshot: BackendSnapshot): Generator<Uint8Array> {
  for (const table of TABLES) {
    for (const entry of snapshot.entries(table)) {
      yield recordHead(table, entry);
      yield entry.key;
      yield entry.value;
    }
  }
}

function recordHead(table: Table, { key, value }: BackendEntry): Uint8Array {
  const bytes = new Uint8Array(RECORD_HEAD_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, TABLE_NUMBERS[table]);
  view.setUint32(1, key.length);
  view.setUint32(5, value.length);
  return bytes;
}

function chunkHead(length: number, checksum: number): Uint8Array {
  const bytes = new Uint8Array(CHUNK_HEAD_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length);
  view.setUint32(4, checksum);
  return bytes;
}

/** The same bytes in pieces of exactly `pieceBytes`, the last one shorter. */
function* cut(parts: Iterable<Uint8Array>, pieceBytes: number): Generator<Uint8Array> {
  let piece = new Uint8Array(pieceBytes);
  let filled = 0;
  for (const part of parts) {
    for (let offset = 0; offset < part.length; ) {
      const taken = Math.min(part.length - offset, pieceBytes - filled);
      piece.set(part.subarray(offset, offset + taken), filled);
      offset += taken;
      filled += taken;
      if (filled < pieceBytes) continue;
      yield piece;
      piece = new Uint8Array(pieceBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}
