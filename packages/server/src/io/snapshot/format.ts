/**
 * The snapshot file: everything a backend holds at one commit, in a form of our own (etcd's is a bbolt file; only the
 * way it is streamed and saved is etcd's). All numbers are big endian.
 *
 * ```
 * header    magic "KVRMSNAP" | format u32 | header bytes u32 | cluster id u64 | revision i64 | compact revision i64
 *           | content bytes u64 | mark (protobuf SnapshotMarker: index, term, members) | CRC-32 of the header u32
 * chunk…    content bytes u32 (1 MiB at most) | CRC-32 of the content u32 | content
 * end       a chunk of 0 bytes, then zeros up to a multiple of 512
 * digest    SHA-256 of all of the above
 * ```
 *
 * The content is records one behind the other, across chunks: table u8, key bytes u32, value bytes u32, key, value. The
 * padding makes a saved file 32 bytes longer than a multiple of 512, by which `etcdctl` knows that it has a digest.
 */
import type { Table } from "../../core/mvcc/backend.js";
import type { SnapshotMark } from "../../core/raft/types.js";

export const MAGIC: Uint8Array = new TextEncoder().encode("KVRMSNAP");
export const FORMAT = 1;
/** Bytes of the header before the mark. */
export const HEADER_FIXED_BYTES = 48;
/** Longest header, mark and checksum included: thousands of members. */
export const HEADER_BYTES_MAX: number = 64 * 1024;
/** What a reader takes. */
export const CHUNK_BYTES_MAX: number = 1024 * 1024;
/** What is written: all records of a chunk are laid out and summed up in one turn of the event loop. */
export const CHUNK_BYTES: number = 128 * 1024;
export const CHUNK_HEAD_BYTES = 8;
export const RECORD_HEAD_BYTES = 9;
export const ALIGNMENT = 512;
export const DIGEST_BYTES = 32;

/** What a table is called in a record. Numbers are never used again for something else. */
export const TABLE_NUMBERS: Readonly<Record<Table, number>> = {
  key: 1,
  meta: 2,
  lease: 3,
  member: 4,
  alarm: 5,
  auth: 6,
};

export interface SnapshotHeader {
  readonly clusterId: bigint;
  readonly revision: bigint;
  /** -1n when nothing was ever compacted. */
  readonly compactRevision: bigint;
  /** The log position that the content includes. */
  readonly mark: SnapshotMark;
  /** Bytes of all records together. */
  readonly contentBytes: number;
}

/** The file is damaged, not ours, or could not be sent or stored as a whole; says what and where. */
export class SnapshotError extends Error {
  override readonly name = "SnapshotError";
}
