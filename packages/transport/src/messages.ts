/** A client's messages with their limits: what every engine says of one that cannot be sent or read. */
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { Slab } from "@kvorum/proto";
import { decode, encode } from "./codec.js";
import { RpcError, StatusCode } from "./status.js";

/** Errors: `RpcError` RESOURCE_EXHAUSTED, certainly not sent, for a request of more than `bytesMax`. */
export function encodeRequest<I extends DescMessage>(
  path: string,
  schema: I,
  request: MessageInitShape<I>,
  bytesMax: number,
  slab: Slab,
): Uint8Array {
  const bytes = encode(schema, request, slab);
  if (bytes.length > bytesMax) {
    const details = `trying to send message larger than max (${bytes.length} vs. ${bytesMax})`;
    throw new RpcError(StatusCode.RESOURCE_EXHAUSTED, details, { method: path, maybeSent: false });
  }
  return bytes;
}

/** Errors: `RpcError` INTERNAL for bytes that are no such message. */
export function decodeAnswer<O extends DescMessage>(path: string, schema: O, bytes: Uint8Array): MessageShape<O> {
  try {
    return decode(schema, bytes);
  } catch (cause) {
    throw new RpcError(StatusCode.INTERNAL, "the answer is not a valid message", { method: path, cause });
  }
}
