/**
 * What a command has to say, in the formats of `--write-out`. A format that is missing is refused in etcdctl's words. Most
 * answers are messages of etcd's: `messageReport` gives their `json` and `protobuf` for nothing.
 */
import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { badFeature } from "../failure.js";
import { type JsonValue, jsonText, messageJson } from "./json.js";
import { renderTable, type Table } from "./table.js";
import { Text } from "./text.js";

export interface Report {
  simple(out: Text): void;
  /** What Go's `encoding/json` would be given. */
  readonly json?: () => JsonValue;
  fields?(out: Text): void;
  readonly table?: () => Table;
  readonly protobuf?: () => Uint8Array;
}

/** A report whose `json` and `protobuf` are the message. */
export function messageReport<M extends DescMessage>(
  schema: M,
  message: MessageShape<M>,
  others: Pick<Report, "simple"> & Partial<Report>,
): Report {
  return { json: () => messageJson(schema, message), protobuf: () => toBinary(schema, message), ...others };
}

/** The text of a report in the format that is asked for. Errors: `CommandFailure` for a format that it does not have. */
export function formatReport(report: Report, format: string): Uint8Array {
  const out = new Text();
  switch (format) {
    case "simple":
      report.simple(out);
      break;
    case "json":
      if (report.json === undefined) throw notSupported(format);
      out.line(jsonText(report.json()));
      break;
    case "fields":
      if (report.fields === undefined) throw notSupported(format);
      report.fields(out);
      break;
    case "table":
      if (report.table === undefined) throw notSupported(format);
      out.raw(renderTable(report.table()));
      break;
    case "protobuf":
      if (report.protobuf === undefined) throw notSupported(format);
      out.raw(report.protobuf());
      break;
    default:
      throw badFeature("unsupported output format");
  }
  return out.bytes();
}

function notSupported(format: string): Error {
  return badFeature(`${format} not supported as output format`);
}
