/**
 * Messages to bytes and back, for every engine. No `Buffer` leaves, neither through a decoded message nor as an encoded one.
 */
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { decodeMessage, encodeMessage, Slab } from "@kvorum/proto";

/**
 * Where encoded messages lie until they are sent; every engine has one for all its connections. Who has a message cannot tell,
 * and nothing but the memory is shared. What is large is not made of zeros first: an encoder fills all of it, or throws.
 */
export function messageSlab(): Slab {
  return new Slab((bytes) => new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer));
}

/** Serializes a message, or the plain object it can be made of. The bytes may lie in memory that others are sent from too. */
export function encode<Desc extends DescMessage>(
  schema: Desc,
  message: MessageInitShape<Desc>,
  slab: Slab,
): Uint8Array {
  return encodeMessage(schema, message, slab);
}

/** Parses a message. Its bytes fields are views into `bytes`. */
export function decode<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array): MessageShape<Desc> {
  return decodeMessage(schema, bytes);
}

/** The same memory as a `Uint8Array` and no subclass of it. */
export function plain(bytes: Uint8Array): Uint8Array {
  if (Object.getPrototypeOf(bytes) === Uint8Array.prototype) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
