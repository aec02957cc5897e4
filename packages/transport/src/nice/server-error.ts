/**
 * What a handler throws, as the status of the answer. nice-grpc sends the details of its own `ServerError` only, so
 * everything becomes one, with the thrown error as its cause.
 */
import { type CallContext as NiceCallContext, ServerError } from "nice-grpc-common";
import { RpcError } from "../status.js";
import { detailsOfThrown, statusOfThrown } from "../thrown.js";
import { metadataInitOf, writeNiceMetadata } from "./metadata.js";

/** With the status of `thrown.ts`. The trailers of an `RpcError` are added to those set before. */
export function toServerError(error: unknown, context: NiceCallContext): unknown {
  if (error instanceof ServerError) return error;
  if (error instanceof RpcError && error.trailers !== undefined) {
    writeNiceMetadata(context.trailer, metadataInitOf(error.trailers));
  }
  const { signal } = context;
  const code = statusOfThrown(error, signal.aborted && error === signal.reason);
  return Object.assign(new ServerError(code, detailsOfThrown(error)), { cause: error });
}
