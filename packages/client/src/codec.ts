/**
 * How values turn into bytes and back. A codec belongs to a store (`withCodec`), so that `get`, `list`, `scan`, `watch` and
 * the results of a txn all give the same type.
 */
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { kindOf } from "./checks.js";
import { isWellFormed } from "./keys.js";

/** `T` is what is read. What is written is the same, except for a schema that transforms or fills in defaults. */
export interface Codec<T, In = T> {
  /** Throws a `TypeError` on what it cannot write, before anything is sent. */
  encode(value: In): Uint8Array;
  /** Throws (or rejects) on bytes that are no `T`; the store wraps that in a `DecodeError` that names the key. */
  decode(bytes: Uint8Array): T | Promise<T>;
}

/** What a schema finds wrong, and where: the path is empty for the value as a whole. */
export interface SchemaIssue extends StandardSchemaV1.Issue {
  readonly path: readonly PropertyKey[];
}

/**
 * Thrown by `codec.schema` when a stored value does not satisfy the schema; `DecodeError` carries the same issues. Its message
 * names the places only. `issues` are the schema's words with their paths: some libraries quote the value in the words, and what
 * else they add may be the value itself, so it is left out.
 */
export class SchemaMismatchError extends Error {
  override readonly name = "SchemaMismatchError";
  readonly issues: readonly SchemaIssue[];

  constructor(found: readonly StandardSchemaV1.Issue[]) {
    const issues = found.map(({ message, path }) => ({ message, path: path?.map(segment) ?? [] }));
    const places = issues.map(({ path }) => (path.length === 0 ? "the whole" : path.map(String).join(".")));
    super(`the schema refuses ${[...new Set(places)].join(", ")}`);
    this.issues = issues;
  }
}

const encoder = new TextEncoder();
// Fatal, because a value that silently changed on reading would be written back changed.
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Text. The default. Bytes that are not UTF-8 are a `DecodeError`, never replacement characters, and half a surrogate pair,
 * which UTF-8 cannot say, is a `TypeError`.
 */
export const utf8: Codec<string> = {
  encode: (value) => {
    if (typeof value !== "string") throw new TypeError(`a value of this store must be a string, not ${kindOf(value)}`);
    if (!isWellFormed(value))
      throw new TypeError("a value must not hold half a surrogate pair, which UTF-8 cannot say");
    return encoder.encode(value);
  },
  decode: (value) => strictDecoder.decode(value),
};

/** Bytes as they are. Decoding copies: the field it comes from is a view into the whole received message. */
export const bytes: Codec<Uint8Array> = {
  encode: (value) => {
    if (!(value instanceof Uint8Array)) {
      throw new TypeError(`a value of this store must be a Uint8Array, not ${kindOf(value)}`);
    }
    return value;
  },
  decode: (value) => new Uint8Array(value),
};

/** JSON text. The type is the caller's word; `codec.schema` checks it. */
function json<T = unknown>(): Codec<T> {
  return {
    encode: (value) => {
      const text = JSON.stringify(value) as string | undefined;
      if (text === undefined) throw new TypeError(`codec.json: ${typeof value} has no JSON form`);
      return encoder.encode(text);
    },
    decode: (value) => parse(strictDecoder.decode(value)) as T,
  };
}

/** Node's own message, and so its cause, would quote the value, which may be a secret. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SyntaxError("the text is not JSON");
  }
}

/**
 * JSON that is checked by a Standard Schema (zod, valibot, arktype, …) whenever it is read, also on a watch. What is written
 * is the schema's input, as it is and unchecked; what is read is its output. The two differ as soon as it transforms.
 */
function schema<S extends StandardSchemaV1>(
  standard: S,
): Codec<StandardSchemaV1.InferOutput<S>, StandardSchemaV1.InferInput<S>> {
  type Output = StandardSchemaV1.InferOutput<S>;
  const text = json<StandardSchemaV1.InferInput<S>>();
  const unwrap = (result: StandardSchemaV1.Result<Output>): Output => {
    if (result.issues) throw new SchemaMismatchError(result.issues);
    return result.value;
  };
  return {
    encode: text.encode,
    decode: (value) => {
      const result = standard["~standard"].validate(text.decode(value));
      return result instanceof Promise
        ? result.then((settled) => unwrap(settled as StandardSchemaV1.Result<Output>))
        : unwrap(result as StandardSchemaV1.Result<Output>);
    },
  };
}

/** Protobuf messages of one descriptor. Written from a message or from its fields. */
function protobuf<D extends DescMessage>(descriptor: D): Codec<MessageShape<D>, MessageInitShape<D>> {
  return {
    encode: (message) => toBinary(descriptor, create(descriptor, message)),
    decode: (value) => fromBinary(descriptor, value),
  };
}

export const codec: { readonly json: typeof json; readonly schema: typeof schema; readonly protobuf: typeof protobuf } =
  {
    json,
    schema,
    protobuf,
  };

function segment(part: PropertyKey | StandardSchemaV1.PathSegment): PropertyKey {
  return typeof part === "object" ? part.key : part;
}
