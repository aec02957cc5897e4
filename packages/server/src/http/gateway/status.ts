/** How a failed call looks in HTTP: status codes of grpc-gateway, bodies of etcd 3.6. */
import { RpcError, StatusCode } from "@kvorum/transport";

export interface CallStatus {
  /** gRPC's. */
  readonly code: StatusCode;
  readonly message: string;
}

const HTTP_STATUS: Readonly<Record<StatusCode, number>> = {
  [StatusCode.OK]: 200,
  [StatusCode.CANCELLED]: 499,
  [StatusCode.UNKNOWN]: 500,
  [StatusCode.INVALID_ARGUMENT]: 400,
  [StatusCode.DEADLINE_EXCEEDED]: 504,
  [StatusCode.NOT_FOUND]: 404,
  [StatusCode.ALREADY_EXISTS]: 409,
  [StatusCode.PERMISSION_DENIED]: 403,
  [StatusCode.RESOURCE_EXHAUSTED]: 429,
  [StatusCode.FAILED_PRECONDITION]: 400,
  [StatusCode.ABORTED]: 409,
  [StatusCode.OUT_OF_RANGE]: 400,
  [StatusCode.UNIMPLEMENTED]: 501,
  [StatusCode.INTERNAL]: 500,
  [StatusCode.UNAVAILABLE]: 503,
  [StatusCode.DATA_LOSS]: 500,
  [StatusCode.UNAUTHENTICATED]: 401,
};

const CODES: ReadonlySet<number> = new Set(Object.values(StatusCode).filter((code) => code !== StatusCode.OK));

export function httpStatusOf(code: StatusCode): number {
  return HTTP_STATUS[code];
}

/** What a handler threw, as an RPC engine would send it: its gRPC code and exact text, UNKNOWN for anything else. */
export function statusOf(error: unknown): CallStatus {
  const message = error instanceof RpcError ? error.details : error instanceof Error ? error.message : String(error);
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return { code: typeof code === "number" && CODES.has(code) ? (code as StatusCode) : StatusCode.UNKNOWN, message };
}

/** The body of a failed unary call. */
export function failureBody({ code, message }: CallStatus): string {
  return JSON.stringify({ code, message });
}

/** The last line of a failed stream. */
export function failureLine(status: CallStatus): string {
  return JSON.stringify({ error: { code: status.code, message: status.message } });
}
