/** What both clusters must agree on in the end: a digest over keys, values and leases. Revisions and versions differ. */
import { createHash } from "node:crypto";
import { isMarker } from "./marker.js";
import { type ByteRange, pairsAt } from "./pairs.js";
import type { Side } from "./side.js";

export interface ContentDigest {
  /** SHA-256 in hexadecimal. */
  readonly sha256: string;
  readonly keys: number;
}

/** Errors: `CompactedError`; those of `Side.patiently`. */
export async function digestAt(side: Side, range: ByteRange, revision: bigint): Promise<ContentDigest> {
  const hash = createHash("sha256");
  const head = Buffer.alloc(16);
  let keys = 0;
  for await (const { key, value, lease } of pairsAt(side, range, revision)) {
    if (isMarker(key)) continue;
    head.writeUInt32BE(key.length, 0);
    head.writeUInt32BE(value.length, 4);
    head.writeBigInt64BE(lease, 8);
    hash.update(head).update(key).update(value);
    keys++;
  }
  return { sha256: hash.digest("hex"), keys };
}
