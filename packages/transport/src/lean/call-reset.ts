/** What a stream that was reset means to its call (gRPC over HTTP/2, "HTTP2 Transport Mapping"), in engine one's words. */
import { ErrorCode } from "../http2/error-code.js";
import { StatusCode } from "../status.js";
import type { AnswerStatus } from "./call-answer.js";

export const refusedStatus: AnswerStatus = { code: StatusCode.UNAVAILABLE, details: "Stream refused by server" };
export const droppedStatus: AnswerStatus = { code: StatusCode.UNAVAILABLE, details: "Connection dropped" };

/** For a code of RST_STREAM. */
export function statusOfReset(code: number): AnswerStatus {
  switch (code) {
    case ErrorCode.NO_ERROR:
      return {
        code: StatusCode.INTERNAL,
        details: `Received RST_STREAM with code ${code} (Call ended without gRPC status)`,
      };
    case ErrorCode.REFUSED_STREAM:
      return refusedStatus;
    case ErrorCode.CANCEL:
      return { code: StatusCode.CANCELLED, details: "Call cancelled" };
    case ErrorCode.ENHANCE_YOUR_CALM:
      return { code: StatusCode.RESOURCE_EXHAUSTED, details: "Bandwidth exhausted or memory limit exceeded" };
    case ErrorCode.INADEQUATE_SECURITY:
      return { code: StatusCode.PERMISSION_DENIED, details: "Protocol not secure enough" };
    case ErrorCode.INTERNAL_ERROR:
      return {
        code: StatusCode.INTERNAL,
        details: `Received RST_STREAM with code ${code} (Internal server error)`,
      };
    default:
      return { code: StatusCode.INTERNAL, details: `Received RST_STREAM with code ${code}` };
  }
}
