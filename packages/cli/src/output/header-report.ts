/**
 * The report of an answer that says nothing but that it was done: a sentence for `simple`, the header for `fields`, the message for
 * the others.
 */
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { ResponseHeader } from "@kvorum/proto";
import { headerFields } from "./fields.js";
import { messageReport, type Report } from "./report.js";

type WithHeader = { readonly header?: ResponseHeader | undefined };

export function headerReport<M extends DescMessage>(
  schema: M,
  message: MessageShape<M> & WithHeader,
  sentence: string,
): Report {
  return messageReport(schema, message, {
    simple: (out) => out.line(sentence),
    fields: (out) => headerFields(out, message.header),
  });
}
