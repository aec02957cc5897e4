/**
 * A configuration that stays current: one key, or several read as one object, checked by a schema. `live-config.ts` is how;
 * here is what its user sees.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { checkMilliseconds, kindOf } from "../checks.js";
import type { DecodeError, EtcdError } from "../errors.js";
import type { Keyspace } from "../keyspace.js";
import type { StoreContext } from "../kv/store.js";
import { nodeFile } from "./config-file.js";
import { ConfigReader, configFields } from "./config-reader.js";
import { LastGood } from "./last-good.js";
import { LiveConfig } from "./live-config.js";
import type { ChangesOptions, ConfigKeys, ConfigOptions, ConfigSource } from "./options.js";

/**
 * A value that is always good: what the keys said when they were last what the schema asks for, or the default, or the file.
 *
 * It lives through lost connections, compactions and bad data. It ends with `close()`, when its `signal` option aborts, and
 * with an error that asking again does not change (`PermissionDeniedError`, `ClientClosedError`, what `onError` throws). Then
 * `signal` aborts with the reason, `changes()` throws it once, and `current` stays.
 */
export interface LiveValue<T> extends AsyncDisposable {
  readonly current: T;
  /** The store's revision at which `current` was read, or was confirmed last. 0 for a default before the first read. */
  readonly revision: bigint;
  readonly source: ConfigSource;
  /** May the store say something else by now? True while there is no watch, and until a change that is known of is read. */
  readonly stale: boolean;
  /** Why the newest data is not in `current`: it cannot be read or the schema refuses it, or the key is gone. */
  readonly error: DecodeError | EtcdError | undefined;
  /** Aborts when it ends. */
  readonly signal: AbortSignal;
  /**
   * The values after this call, for any number of consumers. One that is slow gets the newest only. A value that is the same
   * data as the one before is not reported.
   *
   * Errors of the iteration, once: what ended the live value.
   */
  changes(options?: ChangesOptions): AsyncIterableIterator<T, undefined, undefined>;
  /** Ends the watch, after the file is written. Idempotent. */
  close(): Promise<void>;
}

/**
 * Resolves with the first value. Errors: `key-not-found` where there is neither a key nor a default nor a file; `DecodeError`
 * where the data is bad and there is nothing else; `EtcdError` where no server answers and there is no file; `TypeError` and
 * `RangeError` of a wrong argument.
 */
export async function openConfig<S extends StandardSchemaV1>(
  context: Pick<StoreContext, "caller" | "watches">,
  keyspace: Keyspace,
  keys: ConfigKeys,
  schema: S,
  options: ConfigOptions<StandardSchemaV1.InferOutput<S>> = {},
): Promise<LiveValue<StandardSchemaV1.InferOutput<S>>> {
  const { fallbackFile, onError, debounce, debounceMax } = options;
  if (typeof schema?.["~standard"]?.validate !== "function") {
    throw new TypeError(`schema must be a Standard Schema, not ${kindOf(schema)}`);
  }
  // 0 is the default as well.
  if (debounce !== 0 && debounce !== undefined) checkMilliseconds(debounce, "debounce");
  if (debounceMax !== undefined) checkMilliseconds(debounceMax, "debounceMax");
  options.signal?.throwIfAborted();
  const fields = configFields(keyspace, keys);
  const reader = new ConfigReader(fields, schema, options.codec);
  const file = typeof fallbackFile === "string" ? nodeFile(fallbackFile) : fallbackFile;
  const lastGood = file && new LastGood({ file, fields, reader, onError });
  const config = new LiveConfig({ context, fields, reader, file: lastGood, options });
  await config.start();
  return config;
}
