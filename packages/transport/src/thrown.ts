/**
 * The status that a handler chooses by what it throws, the same for every engine:
 *
 * - an `RpcError`, or nice-grpc's `ServerError`: its code and its details;
 * - any error with a numeric gRPC `code`: that code and its exact message;
 * - the abort of the call itself: CANCELLED (nobody is left to read it);
 * - anything else: UNKNOWN with its message.
 */
import { ServerError } from "nice-grpc-common";
import { RpcError, StatusCode } from "./status.js";

const codes: ReadonlySet<unknown> = new Set(Object.values(StatusCode));

/** `isAbort`: the error is the reason of the call's own signal. */
export function statusOfThrown(error: unknown, isAbort: boolean): StatusCode {
  if (isAbort) return StatusCode.CANCELLED;
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  // OK is no way to fail; an error that claims it is a mistake of ours, not an answer.
  return codes.has(code) && code !== StatusCode.OK ? (code as StatusCode) : StatusCode.UNKNOWN;
}

export function detailsOfThrown(error: unknown): string {
  if (error instanceof RpcError || error instanceof ServerError) return error.details;
  return error instanceof Error ? error.message : String(error);
}
