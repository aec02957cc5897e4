/**
 * gRPC status codes and the one error type that an engine throws. Codes and their names are those of the gRPC
 * specification (`doc/statuscodes.md` of grpc/grpc).
 */
import type { Metadata } from "./metadata.js";

export const StatusCode = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type StatusName = keyof typeof StatusCode;
export type StatusCode = (typeof StatusCode)[StatusName];

export interface RpcErrorOptions {
  /** The method's path, where it is known. */
  readonly method?: string;
  /** What the other side sent after the status. */
  readonly trailers?: Metadata;
  /**
   * False only where it is certain that no byte of the request left this process (name resolution, connect or TLS
   * failure) or that the server refused the stream unprocessed. It decides whether a write may be sent again.
   */
  readonly maybeSent?: boolean;
  readonly cause?: unknown;
}

/** A call that ended with a status other than OK. A server implementation throws it to choose the status of its answer. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: StatusCode;
  /** The status message, exactly as it stands on the wire. */
  readonly details: string;
  readonly method: string | undefined;
  readonly trailers: Metadata | undefined;
  readonly maybeSent: boolean;

  constructor(code: StatusCode, details: string, options: RpcErrorOptions = {}) {
    super(details, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = details;
    this.method = options.method;
    this.trailers = options.trailers;
    this.maybeSent = options.maybeSent ?? true;
  }
}
