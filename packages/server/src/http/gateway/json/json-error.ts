/**
 * What is wrong with a request's JSON: gRPC's INVALID_ARGUMENT, with a text in the form of Go's `protojson`, which etcd's
 * gateway has used since 3.6. The exact words differ from version to version there, so nobody can depend on them.
 */
import { RpcError, StatusCode } from "@kvorum/transport";

export class JsonError extends RpcError {
  constructor(details: string) {
    super(StatusCode.INVALID_ARGUMENT, details);
  }
}

/** `at` is a position in `text`, told as line and column from 1 on. */
export function jsonError(text: string, at: number, problem: string): JsonError {
  return new JsonError(`proto: ${place(text, at)}: ${problem}`);
}

export function syntaxError(text: string, at: number, problem: string): JsonError {
  return new JsonError(`proto: syntax error ${place(text, at)}: ${problem}`);
}

function place(text: string, at: number): string {
  const before = text.slice(0, at);
  const lineStart = before.lastIndexOf("\n") + 1;
  const line = before.split("\n").length;
  return `(line ${line}:${at - lineStart + 1})`;
}
