/**
 * The gRPC status of an answer that is not gRPC's, such as a proxy's error page (`doc/http-grpc-status-mapping.md` of
 * grpc/grpc).
 */
import { StatusCode } from "../status.js";

/** For an HTTP status, where the answer has no `grpc-status`. */
export function statusOfHttp(httpStatus: number): StatusCode {
  switch (httpStatus) {
    case 400:
      return StatusCode.INTERNAL;
    case 401:
      return StatusCode.UNAUTHENTICATED;
    case 403:
      return StatusCode.PERMISSION_DENIED;
    case 404:
      return StatusCode.UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
      return StatusCode.UNAVAILABLE;
    default:
      return StatusCode.UNKNOWN;
  }
}

/** The details that go with it. */
export function httpDetails(httpStatus: number): string {
  return `Received HTTP status code ${httpStatus}`;
}
