/**
 * JSON as Go writes etcd's messages: fields in the order of the `.proto`, what is zero left out, 64-bit numbers as numbers, bytes
 * in base64, enumerations as numbers. (Not the JSON of protocol buffers, which the HTTP gateway speaks.)
 */
import { type DescField, type DescMessage, type MessageShape, ScalarType } from "@bufbuild/protobuf";

/** What `jsonText` writes. The keys of an object keep their order, and what is undefined is left out. */
export type JsonValue =
  | null
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };

/** The fields of a message, ready for `jsonText`. */
export function messageJson<M extends DescMessage>(schema: M, message: MessageShape<M>): Record<string, JsonValue> {
  const json: Record<string, JsonValue> = {};
  const values = message as unknown as Readonly<Record<string, unknown>>;
  for (const member of schema.members) {
    if (member.kind === "oneof") {
      const chosen = values[member.localName] as { readonly case?: string; readonly value?: unknown } | undefined;
      const field = member.fields.find(({ localName }) => localName === chosen?.case);
      // Go has an interface there: null where nothing was chosen, and a struct with one field of its own.
      json[goName(member.name)] =
        field === undefined ? null : { [goName(field.name)]: fieldJson(field, chosen?.value) };
    } else if (!isZero(member, values[member.localName])) {
      json[member.name] = fieldJson(member, values[member.localName]);
    }
  }
  return json;
}

function fieldJson(field: DescField, value: unknown): JsonValue {
  if (field.fieldKind === "list") {
    return (value as readonly unknown[]).map((item) =>
      field.listKind === "message"
        ? messageJson(field.message, item as MessageShape<DescMessage>)
        : (item as JsonValue),
    );
  }
  if (field.fieldKind !== "message") return value as JsonValue;
  return value === undefined ? null : messageJson(field.message, value as MessageShape<DescMessage>);
}

/** Go's `omitempty`. */
function isZero(field: DescField, value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (field.fieldKind === "list") return (value as readonly unknown[]).length === 0;
  if (field.fieldKind === "scalar" && field.scalar === ScalarType.BYTES) return (value as Uint8Array).length === 0;
  return value === 0 || value === 0n || value === "" || value === false;
}

/** `response_range` → `ResponseRange`. */
function goName(name: string): string {
  return name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** One line, without spaces. `--hex` does not reach into JSON: bytes are base64 there. */
export function jsonText(value: JsonValue): string {
  if (value === null) return "null";
  if (typeof value === "string") return jsonString(value);
  if (typeof value !== "object") return String(value);
  if (value instanceof Uint8Array) return jsonString(Buffer.from(value).toString("base64"));
  if (isList(value)) return `[${value.map((item) => jsonText(item)).join(",")}]`;
  const members = Object.entries(value).flatMap(([key, item]) =>
    item === undefined ? [] : [`${jsonString(key)}:${jsonText(item)}`],
  );
  return `{${members.join(",")}}`;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Go escapes what could end a script tag, and the two line separators of Unicode. */
function jsonString(text: string): string {
  return JSON.stringify(text)
    .replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .replaceAll("\\b", "\\u0008")
    .replaceAll("\\f", "\\u000c");
}
