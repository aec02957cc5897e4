/** Snapshots for tests: out of a list of entries, as a file, and as a body that arrives in pieces. */
import { createHash } from "node:crypto";
import { type BackendSnapshot, TABLES, type Table } from "../../core/mvcc/backend.js";
import type { SnapshotMark } from "../../core/raft/types.js";
import type { SnapshotBody } from "../../peer-network.js";
import type { SnapshotEntry } from "./decode.js";
import { CHUNK_BYTES, DIGEST_BYTES } from "./format.js";
import { outgoingSnapshot } from "./outgoing.js";

export const at: SnapshotMark = {
  index: 77,
  term: 3,
  confState: { voters: [1n, 2n ** 63n], learners: [5n], votersOutgoing: [], learnersNext: [], autoLeave: false },
};

export const CLUSTER_ID = 9n;

export const noPause = (): Promise<void> => Promise.resolve();

export function snapshotOf(entries: readonly SnapshotEntry[], mark: SnapshotMark = at): BackendSnapshot {
  const ofTable = (table: Table) =>
    entries.filter((entry) => entry.table === table).map(({ key, value }) => ({ key, value }));
  return { at: mark, entries: ofTable, close: () => {} };
}

export function outgoing(snapshot: BackendSnapshot, pieceBytes: number = CHUNK_BYTES): Promise<SnapshotBody> {
  const header = { clusterId: CLUSTER_ID, revision: 40n, compactRevision: -1n };
  return outgoingSnapshot(snapshot, { ...header, pieceBytes, pause: noPause });
}

/** The whole file, its digest at the end. */
export async function fileOf(entries: readonly SnapshotEntry[], mark?: SnapshotMark): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of (await outgoing(snapshotOf(entries, mark))).pieces) pieces.push(piece);
  return Uint8Array.from(Buffer.concat(pieces));
}

/** The file with a digest that matches it, whatever was done to it. */
export function resealed(file: Uint8Array): Uint8Array {
  const content = file.subarray(0, file.length - DIGEST_BYTES);
  return Uint8Array.from(Buffer.concat([content, createHash("sha256").update(content).digest()]));
}

export interface TestBody extends SnapshotBody {
  readonly closed: boolean;
}

/** A file as it arrives. `bytes`: what is announced, if something else than its length. */
export function bodyOf(file: Uint8Array, pieceBytes = 100, bytes: number = file.length): TestBody {
  let closed = false;
  return {
    bytes,
    pieces: (async function* () {
      for (let offset = 0; offset < file.length; offset += pieceBytes) yield file.slice(offset, offset + pieceBytes);
    })(),
    close: () => {
      closed = true;
    },
    get closed() {
      return closed;
    },
  };
}

/** Short enough to compare and to read; comparing megabytes byte by byte takes vitest seconds. */
export function printed({ table, key, value }: SnapshotEntry): string {
  const digest = createHash("sha1").update(value).digest("hex");
  return `${table} ${Buffer.from(key).toString("hex")} ${value.length} ${digest}`;
}

/** One entry a table, an empty value, and a value longer than a chunk. */
export function someEntries(): SnapshotEntry[] {
  const entries: SnapshotEntry[] = TABLES.map((table, i) => ({
    table,
    key: Uint8Array.of(i),
    value: new Uint8Array(i).fill(i),
  }));
  entries.push({ table: "key", key: Uint8Array.of(200), value: new Uint8Array(1_500_000).fill(7) });
  return TABLES.flatMap((table) => entries.filter((entry) => entry.table === table));
}

/** A file of 544 bytes. */
export function fewEntries(): SnapshotEntry[] {
  return [
    { table: "key", key: Uint8Array.of(1), value: Uint8Array.of(2, 3) },
    { table: "auth", key: Uint8Array.of(4, 5), value: new Uint8Array(0) },
  ];
}
