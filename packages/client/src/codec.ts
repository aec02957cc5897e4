/**
 * How values turn into bytes and back. A codec belongs to a store (`withCodec`), so that `get`, `list`, `scan`, `watch` and
 * the results of a txn all give the same type.
 */
import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import type { StandardSchemaV1 } from "@standard-schema/spec";

export interface Codec<T> {
  encode(value: T): Uint8Array;
  /** Throws (or rejects) on bytes that are no `T`; the store wraps that in a `DecodeError` that names the key. */
  decode(bytes: Uint8Array): T | Promise<T>;
}

/** Thrown by `codec.schema` when a stored value does not satisfy the schema; `DecodeError` carries the same issues. */
export class SchemaMismatchError extends Error {
  override readonly name = "SchemaMismatchError";
  readonly issues: readonly StandardSchemaV1.Issue[];

  constructor(issues: readonly StandardSchemaV1.Issue[]) {
    super(issues.map(describeIssue).join("; "));
    this.issues = issues;
  }
}

const encoder = new TextEncoder();
// Fatal, because a value that silently changed on reading would be written back changed.
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text. The default. Bytes that are not UTF-8 are a `DecodeError`, never replacement characters. */
export const utf8: Codec<string> = {
  encode: (value) => encoder.encode(value),
  decode: (value) => strictDecoder.decode(value),
};

/** Bytes as they are. Decoding copies: the field it comes from is a view into the whole received message. */
export const bytes: Codec<Uint8Array> = {
  encode: (value) => value,
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
    decode: (value) => JSON.parse(strictDecoder.decode(value)) as T,
  };
}

/**
 * JSON that is checked by a Standard Schema (zod, valibot, arktype, …) whenever it is read, also on a watch. Writing does
 * not check: what a schema accepts (`input`) and what it yields (`output`) differ as soon as it transforms.
 */
function schema<S extends StandardSchemaV1>(standard: S): Codec<StandardSchemaV1.InferOutput<S>> {
  type Output = StandardSchemaV1.InferOutput<S>;
  const text = json<Output>();
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

/** Protobuf messages of one descriptor. */
function protobuf<D extends DescMessage>(descriptor: D): Codec<MessageShape<D>> {
  return {
    encode: (message) => toBinary(descriptor, message),
    decode: (value) => (value.length === 0 ? create(descriptor) : fromBinary(descriptor, value)),
  };
}

export const codec: { readonly json: typeof json; readonly schema: typeof schema; readonly protobuf: typeof protobuf } =
  {
    json,
    schema,
    protobuf,
  };

function describeIssue(issue: StandardSchemaV1.Issue): string {
  const path = issue.path?.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
  return path ? `${path}: ${issue.message}` : issue.message;
}
