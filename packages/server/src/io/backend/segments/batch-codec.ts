/**
 * A committed batch as bytes, the payload of a frame. Numbers are little-endian:
 *
 *     | mark length u32 | mark (`kvorum.internal.AppliedAt`) | record | record | …
 *
 *     record: | table u8, with 0x80 for a delete | key length u16 | value length u32 | key | value |
 */
import { invariant } from "../../../core/invariant.js";
import type { BatchChange, Table, WriteBatch } from "../../../core/mvcc/backend.js";

/** Written to disk: a number is never given a second meaning. */
const TABLE_NUMBERS: Readonly<Record<Table, number>> = { key: 1, meta: 2, lease: 3, member: 4, alarm: 5, auth: 6 };
const TABLE_NAMES: readonly (Table | undefined)[] = [undefined, "key", "meta", "lease", "member", "alarm", "auth"];
const DELETE = 0x80;
const MARK_LENGTH_BYTES = 4;
const RECORD_HEADER_BYTES = 7;
/** The index keeps a length in 31 bits. */
const VALUE_BYTES_MAX = 2 ** 31 - 1;

/** Bytes of the record of a put. */
export function putBytes(keyBytes: number, valueBytes: number): number {
  return RECORD_HEADER_BYTES + keyBytes + valueBytes;
}

export function batchBytes(mark: Uint8Array, batch: WriteBatch): number {
  let bytes = MARK_LENGTH_BYTES + mark.length;
  for (const change of batch) bytes += putBytes(change.key.length, change.type === "put" ? change.value.length : 0);
  return bytes;
}

/** Writes the batch to `at`, and returns where the value of each change begins in `target`. */
export function encodeBatch(target: Uint8Array, at: number, mark: Uint8Array, batch: WriteBatch): Float64Array {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  const values = new Float64Array(batch.length);
  view.setUint32(at, mark.length, true);
  target.set(mark, at + MARK_LENGTH_BYTES);
  let next = at + MARK_LENGTH_BYTES + mark.length;
  for (const [i, change] of batch.entries()) next = encodeRecord(view, target, next, change, values, i);
  return values;
}

function encodeRecord(
  view: DataView,
  target: Uint8Array,
  at: number,
  change: BatchChange,
  values: Float64Array,
  i: number,
): number {
  const { table, key } = change;
  const length = change.type === "put" ? change.value.length : 0;
  invariant(length <= VALUE_BYTES_MAX, `a value of ${length} bytes can be stored`);
  view.setUint8(at, TABLE_NUMBERS[table] | (change.type === "put" ? 0 : DELETE));
  view.setUint16(at + 1, key.length, true);
  view.setUint32(at + 3, length, true);
  target.set(key, at + RECORD_HEADER_BYTES);
  const value = at + RECORD_HEADER_BYTES + key.length;
  values[i] = value;
  if (change.type === "put") target.set(change.value, value);
  return value + length;
}

/** The mark's bytes, a view. */
export function markOf(payload: Uint8Array): Uint8Array {
  const length = viewOf(payload).getUint32(0, true);
  invariant(MARK_LENGTH_BYTES + length <= payload.length, "the mark of a batch is whole");
  return payload.subarray(MARK_LENGTH_BYTES, MARK_LENGTH_BYTES + length);
}

/** A change as it stands in a payload: views, and where the value begins in the payload. */
export interface StoredRecord {
  readonly change: BatchChange;
  readonly valueAt: number;
}

/** Errors: an `InvariantError` when the payload is none. */
export function* recordsOf(payload: Uint8Array): Generator<StoredRecord, void, void> {
  const view = viewOf(payload);
  let at = MARK_LENGTH_BYTES + markOf(payload).length;
  while (at < payload.length) {
    invariant(at + RECORD_HEADER_BYTES <= payload.length, "a record is whole");
    const kind = view.getUint8(at);
    const table = TABLE_NAMES[kind & ~DELETE];
    invariant(table !== undefined, `there is a table ${kind & ~DELETE}`);
    const keyAt = at + RECORD_HEADER_BYTES;
    const valueAt = keyAt + view.getUint16(at + 1, true);
    at = valueAt + view.getUint32(at + 3, true);
    invariant(at <= payload.length, "a record is whole");
    const key = payload.subarray(keyAt, valueAt);
    if ((kind & DELETE) !== 0) yield { change: { type: "delete", table, key }, valueAt };
    else yield { change: { type: "put", table, key, value: payload.subarray(valueAt, at) }, valueAt };
  }
}

function viewOf(payload: Uint8Array): DataView {
  return new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
}
