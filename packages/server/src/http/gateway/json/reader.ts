/**
 * JSON objects to request messages, by the messages' descriptors (protobuf's JSON mapping, as etcd's gateway reads it):
 * fields under their proto name or in lowerCamelCase, 64-bit numbers as strings or numbers, bytes in either base64, enums
 * by name or number, null for a field that is not there. Keys that the message does not have are passed over.
 *
 * Stricter than etcd in three things: a field that comes twice, two members of one oneof, and an unknown name of an enum
 * are refused instead of half ignored.
 */
import { create, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { bytesOfBase64 } from "./base64.js";
import { Cursor } from "./cursor.js";
import { INT32, INT64, type IntegerRange, isWithin, UINT32, UINT64, wholeNumber } from "./integer.js";

type Fields = ReadonlyMap<string, DescField>;
type EnumField = DescField & { readonly enum: NonNullable<DescField["enum"]> };

const INTEGERS: ReadonlyMap<ScalarType, IntegerRange> = new Map([
  [ScalarType.INT32, INT32],
  [ScalarType.UINT32, UINT32],
  [ScalarType.INT64, INT64],
  [ScalarType.UINT64, UINT64],
]);

export class JsonReader {
  /** The fields of a message by both of their names. */
  readonly #fields = new Map<DescMessage, Fields>();

  /** Errors: `JsonError`. */
  read(schema: DescMessage, text: string): Message {
    const cursor = new Cursor(text);
    const message = this.#message(cursor, schema);
    cursor.end();
    return message;
  }

  #message(cursor: Cursor, schema: DescMessage): Message {
    const fields = this.#fieldsOf(schema);
    const message = create(schema);
    const seen = new Set<DescField | DescField["oneof"]>();
    cursor.object((name, nameAt) => {
      const field = fields.get(name);
      if (field === undefined) return cursor.skip();
      if (seen.has(field)) throw cursor.errorAt(nameAt, `duplicate field ${quoted(name)}`);
      seen.add(field);
      if (cursor.peek() === "null") return cursor.word("null");
      if (field.oneof !== undefined) {
        if (seen.has(field.oneof)) {
          throw cursor.errorAt(
            nameAt,
            `error parsing ${quoted(name)}, oneof ${field.parent.typeName}.${field.oneof.name} is already set`,
          );
        }
        seen.add(field.oneof);
      }
      assign(message, field, this.#value(cursor, field));
    });
    return message;
  }

  #value(cursor: Cursor, field: DescField): unknown {
    if (field.fieldKind !== "list") return this.#single(cursor, field);
    const values: unknown[] = [];
    if (cursor.peek() !== "list") throw invalid(cursor, field, cursor.at, "no list");
    cursor.list(() => values.push(this.#single(cursor, field)));
    return values;
  }

  #single(cursor: Cursor, field: DescField): unknown {
    if (field.message !== undefined && field.fieldKind !== "map") {
      if (cursor.peek() !== "object") throw invalid(cursor, field, cursor.at, "no object");
      return this.#message(cursor, field.message);
    }
    if (field.enum !== undefined) return enumValue(cursor, field as EnumField);
    if (field.scalar === ScalarType.BYTES) return bytesValue(cursor, field);
    if (field.scalar === ScalarType.STRING) return stringValue(cursor, field);
    if (field.scalar === ScalarType.BOOL) return boolValue(cursor, field);
    const range = INTEGERS.get(field.scalar as ScalarType);
    if (range === undefined) throw new Error(`${field.parent.typeName}.${field.name} has no JSON form here`);
    return integerValue(cursor, field, range);
  }

  #fieldsOf(schema: DescMessage): Fields {
    let fields = this.#fields.get(schema);
    if (fields === undefined) {
      fields = new Map(
        schema.fields.flatMap((field) => [
          [field.jsonName, field],
          [field.name, field],
        ]),
      );
      this.#fields.set(schema, fields);
    }
    return fields;
  }
}

/** The names are those of the descriptor, never the caller's. */
function assign(message: Message, field: DescField, value: unknown): void {
  const target = message as unknown as Record<string, unknown>;
  if (field.oneof === undefined) target[field.localName] = value;
  else target[field.oneof.localName] = { case: field.localName, value };
}

function stringValue(cursor: Cursor, field: DescField): string {
  if (cursor.peek() !== "string") throw invalid(cursor, field, cursor.at, shown(cursor));
  return cursor.string();
}

function boolValue(cursor: Cursor, field: DescField): boolean {
  const kind = cursor.peek();
  if (kind !== "true" && kind !== "false") throw invalid(cursor, field, cursor.at, shown(cursor));
  cursor.word(kind);
  return kind === "true";
}

function bytesValue(cursor: Cursor, field: DescField): Uint8Array {
  const at = cursor.at;
  const text = stringValue(cursor, field);
  const bytes = bytesOfBase64(text);
  if (bytes === undefined) throw invalid(cursor, field, at, quoted(text));
  return bytes;
}

function integerValue(cursor: Cursor, field: DescField, range: IntegerRange): bigint | number {
  const at = cursor.at;
  const text = numberText(cursor, field);
  const value = wholeNumber(text);
  if (value === undefined || !isWithin(value, range)) throw invalid(cursor, field, at, quoted(text));
  return range === INT32 || range === UINT32 ? Number(value) : value;
}

/** Numbers may stand in quotes. */
function numberText(cursor: Cursor, field: DescField): string {
  const kind = cursor.peek();
  if (kind === "string") return cursor.string();
  if (kind === "number") return cursor.number();
  throw invalid(cursor, field, cursor.at, shown(cursor));
}

function enumValue(cursor: Cursor, field: EnumField): number {
  const at = cursor.at;
  if (cursor.peek() === "string") {
    const name = cursor.string();
    const value = field.enum.values.find((one) => one.name === name);
    if (value === undefined) throw invalid(cursor, field, at, quoted(name));
    return value.number;
  }
  if (cursor.peek() !== "number") throw invalid(cursor, field, at, shown(cursor));
  // Any number that fits: an enum of a later version may know it, and the service refuses what it does not.
  return Number(integerValue(cursor, field, INT32));
}

function invalid(cursor: Cursor, field: DescField, at: number, value: string): Error {
  return cursor.errorAt(at, `invalid value for ${kindOf(field)} field ${field.name}: ${value}`);
}

function kindOf(field: DescField): string {
  if (field.fieldKind === "list") return "repeated";
  if (field.enum !== undefined) return "enum";
  if (field.message !== undefined) return "message";
  return ScalarType[field.scalar as ScalarType].toLowerCase();
}

function shown(cursor: Cursor): string {
  const kind = cursor.peek();
  return kind === "object" ? "{" : kind === "list" ? "[" : kind;
}

/** A caller's text in an answer: in quotes, and not at full length. */
function quoted(text: string): string {
  const SHOWN_MAX = 64;
  return JSON.stringify(text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text);
}
