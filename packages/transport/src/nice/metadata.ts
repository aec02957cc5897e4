/** nice-grpc's metadata, that of server calls and middleware, in the port's words. `grpc-metadata.ts` has grpc-js's. */
import { Metadata as NiceMetadata } from "nice-grpc-common";
import { type Metadata, type MetadataInit, type MetadataValue, metadataOf, metadataPairs } from "../metadata.js";

export function fromNiceMetadata(metadata: NiceMetadata): Metadata {
  return metadataOf(nicePairs(metadata));
}

export function toNiceMetadata(init: MetadataInit = {}): NiceMetadata {
  const metadata = NiceMetadata();
  writeNiceMetadata(metadata, init);
  return metadata;
}

/** Sets each key of `init` on `target`; a key that was there before is replaced. */
export function writeNiceMetadata(target: NiceMetadata, init: MetadataInit): void {
  for (const key of Object.keys(init)) target.delete(key);
  for (const [key, value] of metadataPairs(init)) target.append(key, value);
}

/** Metadata that was received, as it can be given again. */
export function metadataInitOf(metadata: Metadata): MetadataInit {
  const init: Record<string, MetadataValue[]> = {};
  for (const [key, value] of metadata.entries()) {
    init[key] ??= [];
    init[key].push(value);
  }
  return init;
}

function* nicePairs(metadata: NiceMetadata): Generator<readonly [string, MetadataValue]> {
  for (const [key, values] of metadata) {
    for (const value of values) yield [key, typeof value === "string" ? value : Uint8Array.from(value)];
  }
}
