/** Answers of the key-value service as etcdctl prints them. */
import {
  type DeleteRangeResponse,
  DeleteRangeResponseSchema,
  type KeyValue,
  type PutResponse,
  PutResponseSchema,
  type RangeResponse,
  RangeResponseSchema,
  type TxnResponse,
  TxnResponseSchema,
} from "@kvorum/proto";
import { fieldLine, headerFields, keyValueFields } from "./fields.js";
import { messageReport, type Report } from "./report.js";
import type { Text } from "./text.js";

export interface PairStyle {
  /** `--hex`: every byte as `\x41`. */
  readonly hex: boolean;
  /** `--print-value-only`. */
  readonly valueOnly?: boolean;
}

export function rangeReport(response: RangeResponse, style: PairStyle): Report {
  return messageReport(RangeResponseSchema, response, {
    simple: (out) => rangeLines(out, response, style),
    fields: (out) => rangeFields(out, response),
  });
}

export function putReport(response: PutResponse, style: PairStyle): Report {
  return messageReport(PutResponseSchema, response, {
    simple: (out) => putLines(out, response, style),
    fields: (out) => putFields(out, response),
  });
}

export function deleteReport(response: DeleteRangeResponse, style: PairStyle): Report {
  return messageReport(DeleteRangeResponseSchema, response, {
    simple: (out) => deleteLines(out, response, style),
    fields: (out) => deleteFields(out, response),
  });
}

export function txnReport(response: TxnResponse, style: PairStyle): Report {
  return messageReport(TxnResponseSchema, response, {
    simple: (out) => {
      out.line(response.succeeded ? "SUCCESS" : "FAILURE");
      for (const { response: answer } of response.responses) {
        out.line();
        if (answer.case === "responseRange") rangeLines(out, answer.value, style);
        else if (answer.case === "responsePut") putLines(out, answer.value, style);
        else if (answer.case === "responseDeleteRange") deleteLines(out, answer.value, style);
      }
    },
    fields: (out) => {
      headerFields(out, response.header);
      fieldLine(out, "Succeeded", response.succeeded);
      for (const { response: answer } of response.responses) {
        if (answer.case === "responseRange") rangeFields(out, answer.value);
        else if (answer.case === "responsePut") putFields(out, answer.value);
        else if (answer.case === "responseDeleteRange") deleteFields(out, answer.value);
      }
    },
  });
}

/** A line for the key and one for the value. */
export function pairLines(out: Text, pair: KeyValue, style: PairStyle): void {
  if (style.valueOnly !== true) out.line(shown(pair.key, style));
  out.line(shown(pair.value, style));
}

function shown(bytes: Uint8Array, { hex }: PairStyle): string | Uint8Array {
  return hex ? Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("") : bytes;
}

function rangeLines(out: Text, { kvs }: RangeResponse, style: PairStyle): void {
  for (const pair of kvs) pairLines(out, pair, style);
}

function putLines(out: Text, { prevKv }: PutResponse, style: PairStyle): void {
  out.line("OK");
  if (prevKv !== undefined) pairLines(out, prevKv, style);
}

function deleteLines(out: Text, { deleted, prevKvs }: DeleteRangeResponse, style: PairStyle): void {
  out.line(String(deleted));
  for (const pair of prevKvs) pairLines(out, pair, style);
}

function rangeFields(out: Text, { header, kvs, more, count }: RangeResponse): void {
  headerFields(out, header);
  for (const pair of kvs) keyValueFields(out, pair);
  fieldLine(out, "More", more);
  fieldLine(out, "Count", count);
}

function putFields(out: Text, { header, prevKv }: PutResponse): void {
  headerFields(out, header);
  if (prevKv !== undefined) keyValueFields(out, prevKv, "Prev");
}

function deleteFields(out: Text, { header, deleted, prevKvs }: DeleteRangeResponse): void {
  headerFields(out, header);
  fieldLine(out, "Deleted", deleted);
  for (const pair of prevKvs) keyValueFields(out, pair, "Prev");
}
