/** The messages of a server's calls, with its limits, and the words in which one is told of that cannot be read or sent. */
import { decode, encode } from "../codec.js";
import { MessageReader } from "../grpc/message-reader.js";
import { RpcError, StatusCode } from "../status.js";
import type { ServedMethod } from "./server-methods.js";
import type { ServerSettings } from "./server-settings.js";

const UNREADABLE = "Error deserializing request";

/** `encoding`: what `grpc-encoding` says of the requests; empty where there is none. */
export function requestReader(server: ServerSettings, encoding: string): MessageReader {
  const reader = new MessageReader(server.receiveBytesMax);
  if (encoding !== "") reader.setEncoding(encoding);
  return reader;
}

/** Errors: `RpcError` INTERNAL for bytes that are no such message, or one of more values than a request may have. */
export function decodeRequest(server: ServerSettings, { input }: ServedMethod, message: Uint8Array): unknown {
  server.traffic?.received(message.length);
  try {
    if (!server.counter.hasMoreThan(server.requestValuesMax, input, message)) return decode(input, message);
  } catch (cause) {
    // What is wrong with it is nobody's business but the sender's, who knows the bytes.
    throw new RpcError(StatusCode.INTERNAL, UNREADABLE, { cause });
  }
  throw new RpcError(StatusCode.INTERNAL, UNREADABLE);
}

/** Errors: `RpcError` INTERNAL for what is no such message, RESOURCE_EXHAUSTED for one that is too large. */
export function encodeAnswer(server: ServerSettings, { output }: ServedMethod, answer: unknown): Uint8Array {
  const { sendBytesMax, slab } = server;
  let bytes: Uint8Array;
  try {
    bytes = encode(output, answer as Record<string, unknown>, slab);
  } catch (cause) {
    throw new RpcError(StatusCode.INTERNAL, "Error serializing response", { cause });
  }
  server.traffic?.sent(bytes.length);
  if (bytes.length <= sendBytesMax) return bytes;
  const details = `Sent message larger than max (${bytes.length} vs. ${sendBytesMax})`;
  throw new RpcError(StatusCode.RESOURCE_EXHAUSTED, details);
}
