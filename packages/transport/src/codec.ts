/**
 * Messages to bytes and back, for every engine. Nothing here knows `Buffer`, and none leaves through a decoded message:
 * protobuf-es slices bytes fields with the class of what it reads.
 */
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";

/** Serializes a message, or the plain object it can be made of. */
export function encode<Desc extends DescMessage>(schema: Desc, message: MessageInitShape<Desc>): Uint8Array {
  return toBinary(schema, create(schema, message));
}

/** Parses a message. Its bytes fields are views into `bytes`. */
export function decode<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array): MessageShape<Desc> {
  return fromBinary(schema, plain(bytes));
}

/** The same memory as a `Uint8Array` and no subclass of it. */
export function plain(bytes: Uint8Array): Uint8Array {
  if (Object.getPrototypeOf(bytes) === Uint8Array.prototype) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
