/**
 * The usual case of a message (gRPC over HTTP/2, "Length-Prefixed-Message"): one chunk is one message, not compressed and not
 * too large. Whatever else comes is for `message-reader.ts`.
 */
import { MESSAGE_PREFIX_BYTES } from "./message-reader.js";

/** A view of the message in the chunk; undefined where the case is another one. */
export function wholeMessage(chunk: Uint8Array, bytesMax: number): Uint8Array | undefined {
  const length = chunk.length - MESSAGE_PREFIX_BYTES;
  if (length < 0 || length > bytesMax || chunk[0] !== 0) return undefined;
  const octet = (at: number): number => chunk[at] as number;
  const announced = ((octet(1) << 24) | (octet(2) << 16) | (octet(3) << 8) | octet(4)) >>> 0;
  return announced === length ? chunk.subarray(MESSAGE_PREFIX_BYTES) : undefined;
}
