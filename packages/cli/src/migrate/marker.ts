/**
 * How far a migration has come, in a key of the target: it is written in the transaction of what it speaks of, so it is true after any
 * crash, and a run from another machine finds it. It goes when the migration is done.
 */
import type { KeyChange } from "./changes.js";
import type { Side } from "./side.js";

export const MARKER_KEY: Uint8Array = new TextEncoder().encode("_kvorum/migration");

export interface Marker {
  /** The source's cluster id, in hexadecimal. */
  readonly source: string;
  /** In base64. */
  readonly prefix: string;
  /** The target is the source as of this revision; undefined while the first copy is under way. */
  readonly revision: bigint | undefined;
}

export function markerChange({ source, prefix, revision }: Marker): KeyChange {
  const value = JSON.stringify({ source, prefix, revision: revision?.toString() });
  return { key: MARKER_KEY, value: new TextEncoder().encode(value), lease: 0n };
}

/** Undefined where there is none. Errors: what stands there cannot be read. */
export async function readMarker(target: Side): Promise<Marker | undefined> {
  const { kvs } = await target.patiently((client, options) => client.rpc.kv.range({ key: MARKER_KEY }, options));
  const [kv] = kvs;
  if (kv === undefined) return undefined;
  const { source, prefix, revision } = JSON.parse(new TextDecoder().decode(kv.value)) as Record<string, unknown>;
  if (typeof source !== "string" || typeof prefix !== "string") throw new Error("the target's marker makes no sense");
  return { source, prefix, revision: typeof revision === "string" ? BigInt(revision) : undefined };
}

export async function removeMarker(target: Side): Promise<void> {
  await target.patiently((client, options) => client.rpc.kv.deleteRange({ key: MARKER_KEY }, options));
}

export function isMarker(key: Uint8Array): boolean {
  return key.length === MARKER_KEY.length && Buffer.from(key).equals(MARKER_KEY);
}
