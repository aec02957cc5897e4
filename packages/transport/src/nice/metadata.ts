/**
 * Metadata in its three dresses: the port's, grpc-js's (client calls) and nice-grpc's (server calls and middleware).
 */
import { Metadata as GrpcMetadata } from "@grpc/grpc-js";
import { Metadata as NiceMetadata } from "nice-grpc-common";
import { type Metadata, type MetadataInit, type MetadataValue, metadataOf, metadataPairs } from "../metadata.js";

/** Errors: grpc-js's own, for a key or a value that cannot stand in a header. */
export function toGrpcMetadata(init: MetadataInit | undefined): GrpcMetadata {
  const metadata = new GrpcMetadata();
  if (init === undefined) return metadata;
  for (const [key, value] of metadataPairs(init)) {
    metadata.add(key, typeof value === "string" ? value : Buffer.from(value));
  }
  return metadata;
}

export function fromGrpcMetadata(metadata: GrpcMetadata): Metadata {
  return metadataOf(grpcPairs(metadata));
}

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

function* grpcPairs(metadata: GrpcMetadata): Generator<readonly [string, MetadataValue]> {
  for (const key of Object.keys(metadata.getMap())) {
    for (const value of metadata.get(key)) yield [key, typeof value === "string" ? value : Uint8Array.from(value)];
  }
}

function* nicePairs(metadata: NiceMetadata): Generator<readonly [string, MetadataValue]> {
  for (const [key, values] of metadata) {
    for (const value of values) yield [key, typeof value === "string" ? value : Uint8Array.from(value)];
  }
}
