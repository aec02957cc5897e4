/** Messages to bytes for this engine: grpc-js speaks `Buffer`. Reading them is the same for every engine. */
import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import type { Slab } from "@kvorum/proto";
import { encode as encodePlain } from "../codec.js";

/** Serializes a message, or the plain object it can be made of. */
export function encode<Desc extends DescMessage>(schema: Desc, message: MessageInitShape<Desc>, slab: Slab): Buffer {
  return asBuffer(encodePlain(schema, message, slab));
}

/** The same memory in grpc-js's dress. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
