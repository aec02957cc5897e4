/**
 * What a handler throws, as the status of the answer. nice-grpc sends the details of its own `ServerError` only, so
 * everything becomes one, with the thrown error as its cause.
 */
import { type CallContext as NiceCallContext, ServerError } from "nice-grpc-common";
import { RpcError, StatusCode } from "../status.js";
import { metadataInitOf, writeNiceMetadata } from "./metadata.js";

/**
 * - an `RpcError`: its status, its trailers added to those set before;
 * - any error with a numeric gRPC `code`: that code and its exact message;
 * - the abort of the call itself: CANCELLED (nobody is left to read it);
 * - anything else: UNKNOWN with its message.
 */
export function toServerError(error: unknown, context: NiceCallContext): unknown {
  if (error instanceof ServerError) return error;
  if (error instanceof RpcError && error.trailers !== undefined) {
    writeNiceMetadata(context.trailer, metadataInitOf(error.trailers));
  }
  const status = new ServerError(statusOf(error, context.signal), detailsOf(error));
  return Object.assign(status, { cause: error });
}

function statusOf(error: unknown, signal: AbortSignal): StatusCode {
  if (signal.aborted && error === signal.reason) return StatusCode.CANCELLED;
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  const known = Object.values(StatusCode).find((status) => status === code);
  // OK is no way to fail; an error that claims it is a mistake of ours, not an answer.
  return known === undefined || known === StatusCode.OK ? StatusCode.UNKNOWN : known;
}

function detailsOf(error: unknown): string {
  if (error instanceof RpcError) return error.details;
  return error instanceof Error ? error.message : String(error);
}
