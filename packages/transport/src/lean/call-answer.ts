/**
 * The head and the trailers of an answer, as a call needs them. The protocol hands out the same array of fields for a block
 * that is repeated, so the last ones are remembered by their identity: most calls are answered with the same two blocks.
 */
import { httpDetails, statusOfHttp } from "../grpc/http-status.js";
import { decodeStatusText } from "../grpc/status-text.js";
import type { HeaderField } from "../http2/hpack/header-field.js";
import { StatusCode } from "../status.js";

export interface AnswerHead {
  /** What follows is no gRPC, but a proxy's page or the like. */
  readonly foreign: boolean;
  readonly httpStatus: number;
  readonly encoding: string;
}

export interface AnswerStatus {
  readonly code: StatusCode;
  readonly details: string;
}

export class AnswerReader {
  #headFields: readonly HeaderField[] | undefined;
  #head: AnswerHead = { foreign: false, httpStatus: 200, encoding: "identity" };
  #trailerFields: readonly HeaderField[] | undefined;
  #status: AnswerStatus | undefined;

  head(fields: readonly HeaderField[]): AnswerHead {
    if (fields === this.#headFields) return this.#head;
    const contentType = firstOf(fields, "content-type");
    const httpStatus = Number(firstOf(fields, ":status"));
    this.#headFields = fields;
    this.#head = {
      foreign: httpStatus !== 200 || (contentType !== undefined && !contentType.startsWith("application/grpc")),
      httpStatus,
      encoding: firstOf(fields, "grpc-encoding") ?? "identity",
    };
    return this.#head;
  }

  /** Undefined where there is no `grpc-status`. */
  status(fields: readonly HeaderField[]): AnswerStatus | undefined {
    if (fields === this.#trailerFields) return this.#status;
    const code = firstOf(fields, "grpc-status");
    this.#trailerFields = fields;
    this.#status =
      code === undefined
        ? undefined
        : { code: knownCode(code), details: decodeStatusText(firstOf(fields, "grpc-message") ?? "") };
    return this.#status;
  }
}

/** The status of an answer that has none of gRPC's. */
export function foreignStatus(httpStatus: number): AnswerStatus {
  return { code: statusOfHttp(httpStatus), details: httpDetails(httpStatus) };
}

function firstOf(fields: readonly HeaderField[], name: string): string | undefined {
  for (const field of fields) if (field.name === name) return field.value;
  return undefined;
}

function knownCode(text: string): StatusCode {
  const code = /^\d{1,2}$/.test(text) ? Number(text) : -1;
  return code >= StatusCode.OK && code <= StatusCode.UNAUTHENTICATED ? (code as StatusCode) : StatusCode.UNKNOWN;
}
