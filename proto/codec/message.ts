/**
 * Messages to bytes and back by generated code: what protobuf-es's `toBinary` and `fromBinary` do by reflection, with the same
 * results. Read on in `reader.ts` and `writer.ts`, then any `*_codec.ts` below `gen/`.
 */
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { codecs } from "../gen/codecs.js";
import type { Codec, Init } from "./codec.js";
import { Reader } from "./reader.js";
import type { Slab } from "./slab.js";
import { Writer } from "./writer.js";

/**
 * Serializes a message, or the plain object it can be made of: the same bytes as `toBinary(schema, create(schema, message))`.
 *
 * Every message of this package has a codec. Any other schema takes protobuf-es's way.
 *
 * The bytes have memory of their own unless there is a `slab` to take it from; then a message that is there encoded is
 * handed on as it is, and told so (`$handedOn`).
 *
 * Errors: `RangeError` for a number that its field cannot hold.
 */
export function encodeMessage<Desc extends DescMessage>(
  schema: Desc,
  message: MessageInitShape<Desc>,
  slab?: Slab,
): Uint8Array {
  const codec: Codec | undefined = codecs.get(schema);
  if (codec === undefined) return toBinary(schema, create(schema, message));
  const { $encoded } = message as Init<DescMessage>;
  if ($encoded !== undefined && slab !== undefined) {
    (message as Init<DescMessage>).$handedOn?.();
    return $encoded;
  }
  const sizes: number[] = [];
  const size = codec.size(message, sizes);
  const writer = new Writer(sizes, slab === undefined ? new Uint8Array(size) : slab.take(size));
  codec.write(message, writer);
  return writer.finish();
}

/**
 * How many bytes `encodeMessage` would make of it, without making them.
 *
 * Errors: those of `encodeMessage`.
 */
export function messageSize<Desc extends DescMessage>(schema: Desc, message: MessageInitShape<Desc>): number {
  const { $encoded } = message as Init<DescMessage>;
  if ($encoded !== undefined) return $encoded.length;
  const codec: Codec | undefined = codecs.get(schema);
  return codec === undefined ? toBinary(schema, create(schema, message)).length : codec.size(message, []);
}

/**
 * Parses a message: the same object as `fromBinary` makes. Its bytes fields and unknown fields are views into `bytes`, and
 * plain `Uint8Array`s whatever class that has.
 *
 * Every message of this package has a codec. Any other schema takes protobuf-es's way.
 *
 * Errors: an `Error` for whatever is no such message: truncated, nested too deep, a varint or field number too long, text that
 * is no UTF-8.
 */
export function decodeMessage<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array): MessageShape<Desc> {
  const codec: Codec | undefined = codecs.get(schema);
  const source = plain(bytes);
  if (codec === undefined) return fromBinary(schema, source);
  return codec.read(new Reader(source), source.length) as MessageShape<Desc>;
}

/** The same memory as a `Uint8Array` and no subclass of it. */
function plain(bytes: Uint8Array): Uint8Array {
  if (Object.getPrototypeOf(bytes) === Uint8Array.prototype) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
