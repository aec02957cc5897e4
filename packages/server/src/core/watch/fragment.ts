/**
 * Cuts a response that is too large for one message, for watchers that asked for it. Sizes are those of the protobuf
 * encoding, so that the limit means the same bytes as in etcd.
 */
import type { KeyValue } from "../mvcc/key-value.js";
import type { WatchEvent, WatchResponse } from "./types.js";

/** Header and the fields beside the events, at most: cluster id, member id, revision, term, watch id, flags. */
const ENVELOPE_BYTES = 64;

/**
 * The response in parts below `limitBytes`, in order; all but the last carry `fragment`. A part holds at least one event,
 * however large, and may end inside a revision.
 */
export function splitResponse(response: WatchResponse, limitBytes: number): WatchResponse[] {
  const sizes = response.events.map(eventBytes);
  const total = sizes.reduce((sum, size) => sum + size, ENVELOPE_BYTES);
  if (total < limitBytes || sizes.length < 2) return [response];
  const parts: WatchResponse[] = [];
  let from = 0;
  let bytes = ENVELOPE_BYTES;
  for (const [at, size] of sizes.entries()) {
    if (at > from && bytes + size >= limitBytes) {
      parts.push({ ...response, fragment: true, events: response.events.slice(from, at) });
      from = at;
      bytes = ENVELOPE_BYTES;
    }
    bytes += size;
  }
  parts.push({ ...response, events: response.events.slice(from) });
  return parts;
}

function eventBytes(event: WatchEvent): number {
  const previous = event.prevKv === undefined ? 0 : delimited(keyValueBytes(event.prevKv));
  return delimited((event.type === "delete" ? 2 : 0) + delimited(keyValueBytes(event.kv)) + previous);
}

function keyValueBytes(kv: KeyValue): number {
  const numbers = [kv.createRevision, kv.modRevision, kv.version, kv.lease];
  let bytes = numbers.reduce((sum, value) => (value === 0n ? sum : sum + 1 + varintBytes(value)), 0);
  if (kv.key.length > 0) bytes += delimited(kv.key.length);
  if (kv.value.length > 0) bytes += delimited(kv.value.length);
  return bytes;
}

/** A field of `length` bytes with its tag and its length in front. */
function delimited(length: number): number {
  return 1 + varintBytes(BigInt(length)) + length;
}

function varintBytes(value: bigint): number {
  let bytes = 1;
  for (let rest = BigInt.asUintN(64, value) >> 7n; rest > 0n; rest >>= 7n) bytes++;
  return bytes;
}
