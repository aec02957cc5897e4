/**
 * Answers to JSON by protobuf's JSON mapping, as etcd's gateway writes them: proto field names, 64-bit numbers as
 * strings, bytes in padded standard base64, enums by name, and no field that has its default.
 */
import { create, type DescMessage, type MessageInitShape, toJson } from "@bufbuild/protobuf";

/** One document without a newline inside. */
export function jsonOf<S extends DescMessage>(schema: S, answer: MessageInitShape<S>): string {
  return JSON.stringify(toJson(schema, create(schema, answer), { useProtoFieldName: true }));
}
