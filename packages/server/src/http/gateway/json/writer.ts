/**
 * Answers to JSON by protobuf's JSON mapping, as etcd's gateway writes them: proto field names, 64-bit numbers as
 * strings, bytes in padded standard base64, enums by name, no field that has its default, fields by their number.
 *
 * It writes text from what a handler answered, without a message or a tree of objects in between, and piece by piece: an answer
 * may have a million keys, and the event loop has other work meanwhile. `writer.test.ts` holds it against `toJson` of
 * `@bufbuild/protobuf`.
 */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";

/** Characters after which a piece is given out; some more, when a single value is larger. */
const PIECE_LENGTH = 64 * 1024;

/** What a handler answers: an initializer of the message, or the message. */
type Fields = Readonly<Record<string, unknown>>;

interface FieldPlan {
  readonly field: DescField;
  /** `"name":` */
  readonly label: string;
}

interface MessagePlan {
  readonly fields: readonly FieldPlan[];
  /** Whether there may be a list of messages inside, which is what makes an answer long. */
  readonly isLong: boolean;
}

export class JsonWriter {
  readonly #plans = new Map<DescMessage, MessagePlan>();

  /** The answer's document, in pieces without a newline. */
  *pieces(schema: DescMessage, answer: object): Generator<string, void, undefined> {
    const text = new Pieces();
    yield* this.#message(schema, answer as Fields, text);
    yield text.take();
  }

  *#message(schema: DescMessage, value: Fields, text: Pieces): Generator<string, void, undefined> {
    const plan = this.#planOf(schema);
    if (!plan.isLong) {
      text.add(this.#short(plan, value));
      return;
    }
    let separator = "{";
    for (const { field, label } of plan.fields) {
      const one = shownValue(value, field);
      if (one === undefined) continue;
      text.add(`${separator}${label}`);
      separator = ",";
      if (field.fieldKind === "list") yield* this.#list(field, one as readonly unknown[], text);
      else if (field.message !== undefined) yield* this.#message(field.message, one as Fields, text);
      else text.add(scalarText(field, one));
    }
    text.add(separator === "{" ? "{}" : "}");
  }

  *#list(field: DescField, values: readonly unknown[], text: Pieces): Generator<string, void, undefined> {
    let separator = "[";
    for (const value of values) {
      text.add(separator);
      separator = ",";
      if (field.message === undefined) text.add(scalarText(field, value));
      else yield* this.#message(field.message, value as Fields, text);
      if (text.length >= PIECE_LENGTH) yield text.take();
    }
    text.add("]");
  }

  /** A message without lists of messages: most of them, and in one go. */
  #short({ fields }: MessagePlan, value: Fields): string {
    let text = "";
    for (const { field, label } of fields) {
      const one = shownValue(value, field);
      if (one !== undefined) text += `${text === "" ? "{" : ","}${label}${this.#shortValue(field, one)}`;
    }
    return text === "" ? "{}" : `${text}}`;
  }

  #shortValue(field: DescField, value: unknown): string {
    if (field.fieldKind === "list")
      return `[${(value as readonly unknown[]).map((one) => scalarText(field, one)).join(",")}]`;
    if (field.message === undefined) return scalarText(field, value);
    return this.#short(this.#planOf(field.message), value as Fields);
  }

  #planOf(schema: DescMessage): MessagePlan {
    let plan = this.#plans.get(schema);
    if (plan === undefined) {
      const fields = [...schema.fields].sort((a, b) => a.number - b.number);
      plan = {
        fields: fields.map((field) => ({ field, label: `${JSON.stringify(field.name)}:` })),
        isLong: isLong(schema, new Set()),
      };
      this.#plans.set(schema, plan);
    }
    return plan;
  }
}

/** Text that has been written and not given out. */
class Pieces {
  #text = "";

  get length(): number {
    return this.#text.length;
  }

  add(text: string): void {
    this.#text += text;
  }

  take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }
}

function isLong(schema: DescMessage, seen: Set<DescMessage>): boolean {
  if (seen.has(schema)) return false;
  seen.add(schema);
  return schema.fields.some(({ fieldKind, message }) => {
    return message !== undefined && (fieldKind === "list" || isLong(message, seen));
  });
}

/** Undefined for what is left out: a default, an empty list, another member of a oneof. */
function shownValue(message: Fields, field: DescField): unknown {
  if (field.oneof !== undefined) {
    const chosen = message[field.oneof.localName] as { readonly case?: string; readonly value?: unknown } | undefined;
    return chosen?.case === field.localName ? chosen.value : undefined;
  }
  const value = message[field.localName];
  if (field.fieldKind === "list") return (value as readonly unknown[] | undefined)?.length ? value : undefined;
  if (value instanceof Uint8Array) return value.length === 0 ? undefined : value;
  return value === 0 || value === 0n || value === "" || value === false ? undefined : value;
}

function scalarText(field: DescField, value: unknown): string {
  if (field.enum !== undefined) {
    const name = field.enum.value[value as number]?.name;
    return name === undefined ? String(value) : `"${name}"`;
  }
  switch (field.scalar) {
    case ScalarType.BYTES:
      return `"${base64Text(value as Uint8Array)}"`;
    case ScalarType.STRING:
      return JSON.stringify(value);
    case ScalarType.INT64:
    case ScalarType.UINT64:
      return `"${value as bigint}"`;
    case ScalarType.BOOL:
    case ScalarType.INT32:
    case ScalarType.UINT32:
      return String(value);
    default:
      throw new Error(`${field.parent.typeName}.${field.name} has no JSON form here`);
  }
}

function base64Text({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
}
