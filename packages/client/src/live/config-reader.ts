/**
 * What the bytes of one key, or of several under names, say: decoded, joined to one object, and checked by a Standard Schema.
 * Pure but for what the codec and the schema do. Errors name keys and places in the data and never repeat the data.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type Codec, codec, SchemaMismatchError } from "../codec.js";
import { DecodeError, type EtcdError, makeEtcdError } from "../errors.js";
import { type Key, keyText, toBytes } from "../keys.js";
import type { Keyspace } from "../keyspace.js";
import type { SavedPair } from "./config-file.js";
import type { ConfigKeys } from "./options.js";

/** A key of the configuration: under which name it is in the object (none where it is alone), and where it lies. */
export interface ConfigField {
  readonly name: string | undefined;
  readonly key: string;
  readonly wireKey: Uint8Array;
}

/** What the schema was given, and what it made of it. */
export interface Checked<T> {
  readonly input: unknown;
  readonly output: T;
}

/** Errors: `RangeError` for an empty key or no key at all. */
export function configFields(keyspace: Keyspace, keys: ConfigKeys): readonly ConfigField[] {
  const field = (name: string | undefined, key: Key): ConfigField => {
    const wireKey = keyspace.key(key);
    return { name, key: keyText(toBytes(key)), wireKey };
  };
  if (typeof keys === "string" || keys instanceof Uint8Array) return [field(undefined, keys)];
  const fields = Object.entries(keys).map(([name, key]) => field(name, key));
  if (fields.length === 0) throw new RangeError("config(): at least one key");
  return fields;
}

export class ConfigReader<S extends StandardSchemaV1> {
  readonly #fields: readonly ConfigField[];
  readonly #schema: S;
  readonly #text: Pick<Codec<unknown>, "decode">;

  constructor(fields: readonly ConfigField[], schema: S, text: Pick<Codec<unknown>, "decode"> = codec.json()) {
    this.#fields = fields;
    this.#schema = schema;
    this.#text = text;
  }

  /** Reads the pairs, one for each field, undefined where the key does not exist. Errors: `DecodeError`. */
  async read(pairs: readonly (SavedPair | undefined)[]): Promise<Checked<StandardSchemaV1.InferOutput<S>>> {
    const values: [ConfigField, unknown][] = [];
    for (const [i, field] of this.#fields.entries()) {
      const pair = pairs[i];
      if (pair !== undefined) values.push([field, await this.#decode(field, pair)]);
    }
    const alone = this.#fields[0]?.name === undefined;
    const input = alone ? values[0]?.[1] : Object.fromEntries(values.map(([{ name }, value]) => [name, value]));
    let result: StandardSchemaV1.Result<unknown>;
    try {
      result = await this.#schema["~standard"].validate(input);
    } catch (cause) {
      throw this.#refused(undefined, pairs, [], new TypeError("the schema failed", { cause }));
    }
    if (result.issues) throw this.#mismatch(result.issues, pairs);
    return { input, output: result.value as StandardSchemaV1.InferOutput<S> };
  }

  /** None of the keys exists. */
  absent(): EtcdError {
    const keys = this.#fields.map(({ key }) => JSON.stringify(key)).join(", ");
    return makeEtcdError(`there is no configuration: ${keys} does not exist`, {
      code: "NOT_FOUND",
      reason: "key-not-found",
      outcome: "not-applied",
    });
  }

  async #decode({ key }: ConfigField, { value, modRevision }: SavedPair): Promise<unknown> {
    try {
      return await this.#text.decode(value);
    } catch (cause) {
      throw new DecodeError(key, modRevision, [], cause);
    }
  }

  #mismatch(found: readonly StandardSchemaV1.Issue[], pairs: readonly (SavedPair | undefined)[]): DecodeError {
    const cause = new SchemaMismatchError(found);
    return this.#refused(cause.issues[0]?.path[0], pairs, cause.issues, cause);
  }

  /** Of the key that is known by `name`, or of all of them. */
  #refused(
    name: PropertyKey | undefined,
    pairs: readonly (SavedPair | undefined)[],
    issues: readonly StandardSchemaV1.Issue[],
    cause: unknown,
  ): DecodeError {
    const at = this.#fields.findIndex((field) => field.name !== undefined && field.name === name);
    const [from, to] = at === -1 ? [0, this.#fields.length] : [at, at + 1];
    const keys = this.#fields.slice(from, to).map(({ key }) => key);
    let newest = 0n;
    for (const pair of pairs.slice(from, to)) {
      if (pair !== undefined && pair.modRevision > newest) newest = pair.modRevision;
    }
    return new DecodeError(keys.join(", "), newest, issues, cause);
  }
}
