/** grpc-js's metadata in the port's words: that of client calls. */
import { Metadata as GrpcMetadata } from "@grpc/grpc-js";
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

function* grpcPairs(metadata: GrpcMetadata): Generator<readonly [string, MetadataValue]> {
  for (const key of Object.keys(metadata.getMap())) {
    for (const value of metadata.get(key)) yield [key, typeof value === "string" ? value : Uint8Array.from(value)];
  }
}
