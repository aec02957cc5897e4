/** Header blocks of answers. Those that nearly every answer has are the same bytes each time. */
import { fieldsOf } from "../grpc/metadata-fields.js";
import { encodeStatusText } from "../grpc/status-text.js";
import { encodeHeaders } from "../http2/hpack/encoder.js";
import type { HeaderField } from "../http2/hpack/header-field.js";
import type { MetadataInit } from "../metadata.js";
import { StatusCode } from "../status.js";

const headFields = (httpStatus: string): HeaderField[] => [
  { name: ":status", value: httpStatus },
  { name: "content-type", value: "application/grpc" },
];

/** The head of an answer without metadata. */
export const ANSWER_HEAD: Uint8Array = encodeHeaders(headFields("200"));
/** The trailers of a good answer without metadata. */
export const OK_TRAILERS: Uint8Array = encodeHeaders([{ name: "grpc-status", value: "0" }]);

/** Errors: those of `fieldsOf`, for metadata that cannot stand in a header. */
export function answerHead(header: MetadataInit): Uint8Array {
  return encodeHeaders([...headFields("200"), ...fieldsOf(header)]);
}

/** The trailers of an answer whose head has been sent. */
export function trailersBlock(code: StatusCode, details: string, trailer: readonly HeaderField[]): Uint8Array {
  if (code === StatusCode.OK && trailer.length === 0) return OK_TRAILERS;
  return encodeHeaders([...statusFields(code, details), ...trailer]);
}

/** Head and trailers in one ("Trailers-Only"), for an answer without a message. */
export function trailersOnlyBlock(
  httpStatus: string,
  code: StatusCode,
  details: string,
  trailer: readonly HeaderField[],
): Uint8Array {
  return encodeHeaders([...headFields(httpStatus), ...statusFields(code, details), ...trailer]);
}

function statusFields(code: StatusCode, details: string): HeaderField[] {
  const status = { name: "grpc-status", value: String(code) };
  return details === "" ? [status] : [status, { name: "grpc-message", value: encodeStatusText(details) }];
}
