/**
 * Hashes by which members find out that they have diverged. They are those of etcd for the same history: CRC-32C over the
 * table's name and then every stored key and value.
 *
 * How far the removal of compacted revisions has come differs between members and must not show: what compaction would drop
 * is skipped, whether it is still there or not.
 */
import { byteString, stringBytes } from "../bytes.js";
import { crc32c } from "../crc32c.js";
import { type Backend, TABLES } from "./backend.js";
import { NOT_FOUND } from "./key-index.js";
import type { StoredChange } from "./key-table.js";
import { decodeKeyValue } from "./key-value-codec.js";
import { encodeRevision } from "./revision.js";
import { READ_COST, SliceBudget, type Slices } from "./slices.js";
import { readableRevision, type StoreState } from "./store-state.js";

export interface HashKvResult {
  /** Unsigned 32 bits. Comparable between members with equal compact revisions only. */
  readonly hash: number;
  /** -1n when never compacted. */
  readonly compactRevision: bigint;
  /** The revision up to which was hashed. */
  readonly hashRevision: bigint;
}

/**
 * Hashes every revision up to the asked one, 0 for the newest.
 *
 * Writes may happen between slices. A compaction may too: the hash then begins again, or fails when the asked revision is
 * gone. Errors: `futureRevision`, `compacted`.
 */
export function* hashKvSlices(
  state: StoreState,
  asked: bigint,
  budget: SliceBudget = new SliceBudget(),
): Slices<HashKvResult> {
  const at = readableRevision(state, asked, state.currentRevision);
  for (;;) {
    const compactRevision = state.compactRevision;
    const hash = yield* walk(state, at, budget);
    if (hash !== undefined) {
      return {
        hash,
        compactRevision: BigInt(compactRevision),
        hashRevision: BigInt(at),
      };
    }
    readableRevision(state, BigInt(at), state.currentRevision);
  }
}

/** Undefined when a compaction came in between. */
function* walk(state: StoreState, at: number, budget: SliceBudget): Slices<number | undefined> {
  const compactRevision = state.compactRevision;
  let crc = crc32c(stringBytes("key"));
  let from: { main: number; sub: number } | undefined = { main: 0, sub: 0 };
  while (from !== undefined) {
    const start: { main: number; sub: number } = from;
    from = undefined;
    for (const change of state.table.changes(start.main, at + 1, start.sub)) {
      const { main, sub, tombstone } = change.revision;
      if (main > compactRevision || keptAt(state, change, at)) {
        crc = crc32c(encodeRevision(main, sub, tombstone), crc);
        crc = crc32c(change.encoded, crc);
      }
      if (budget.spend(READ_COST + change.encoded.length / BYTES_PER_COST)) {
        from = { main, sub: sub + 1 };
        break;
      }
    }
    if (from === undefined) return crc;
    yield;
    if (state.compactRevision !== compactRevision) return undefined;
  }
  return crc;
}

/** Bytes hashed in the time of one visit to an index entry. */
const BYTES_PER_COST = 32;

/** Whether a compaction at `at` would keep this change: it is the put that a read at `at` sees. */
function keptAt(state: StoreState, change: StoredChange, at: number): boolean {
  const index = state.index.get(byteString(decodeKeyValue(change.encoded).key));
  const position = index?.find(at) ?? NOT_FOUND;
  return (
    index !== undefined &&
    position !== NOT_FOUND &&
    index.mainAt(position) === change.revision.main &&
    index.subAt(position) === change.revision.sub
  );
}

/** Hashes the whole content of a backend, every table by name: for tests, as members differ in details of no meaning. */
export function hashBackend(backend: Pick<Backend, "range">): number {
  let crc = 0;
  for (const table of TABLES) {
    crc = crc32c(stringBytes(table), crc);
    for (const { key, value } of backend.range(table, new Uint8Array(0), undefined)) {
      crc = crc32c(value, crc32c(key, crc));
    }
  }
  return crc;
}
