/**
 * A lease as it lies in table `lease`: the key is its id in eight bytes, the value `kvorum.internal.LeaseRecord`. The keys
 * that hang on it are not here; the store finds them again in the pairs themselves.
 */
import { MessageWriter, readMessage } from "../wire-format.js";

export interface LeaseRecord {
  readonly id: bigint;
  readonly grantedTtlSeconds: number;
  /** What was left at the last checkpoint; 0 means the full TTL. */
  readonly remainingTtlSeconds: number;
}

/** Big-endian, so that the table is ordered by id for the positive ids that the server picks. */
export function leaseKey(id: bigint): Uint8Array {
  const key = new Uint8Array(8);
  new DataView(key.buffer).setBigInt64(0, id);
  return key;
}

export function encodeLeaseRecord(record: LeaseRecord): Uint8Array {
  return new MessageWriter()
    .varint(1, record.id)
    .varint(2, BigInt(record.grantedTtlSeconds))
    .varint(3, BigInt(record.remainingTtlSeconds))
    .finish();
}

export function decodeLeaseRecord(bytes: Uint8Array): LeaseRecord {
  const values = [0n, 0n, 0n];
  for (const field of readMessage(bytes)) values[field.number - 1] = BigInt.asIntN(64, field.varint);
  const [id = 0n, granted = 0n, remaining = 0n] = values;
  return { id, grantedTtlSeconds: Number(granted), remainingTtlSeconds: Number(remaining) };
}
