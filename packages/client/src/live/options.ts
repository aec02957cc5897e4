/** What live views can be asked for: `store.cache` and `store.config`. */
import type { Codec } from "../codec.js";
import type { DecodeError, EtcdError } from "../errors.js";
import type { Key } from "../keys.js";
import type { ConfigFile } from "./config-file.js";
import type { IndexTerms } from "./secondary-index.js";

export interface CacheOptions<V, I extends string = never> {
  /** Ways to find pairs by something that is in them: `cache.lookup(name, term)`. Called once for each change of a pair. */
  readonly indexes?: Readonly<Record<I, IndexTerms<V>>>;
  /**
   * A value that the codec refuses: `throw` ends the cache with the `DecodeError`; `keep` leaves the pair that was good last
   * (a key that never was good is absent); a function is told and the last good pair is kept. Default `throw`.
   */
  readonly onDecodeError?: "throw" | "keep" | ((error: DecodeError) => void);
  /** Pairs a request while the range is read. Default 1,000. */
  readonly pageSize?: number;
  /** Milliseconds for each page of the first read, and for the watch after it. Default 10,000, or the client's `timeout`. */
  readonly timeout?: number;
  /** Aborting rejects with the signal's reason, and closes the cache once it is there. */
  readonly signal?: AbortSignal;
}

export interface ChangesOptions {
  /** Begin with what is there now. Default: only what changes after the call. */
  readonly initial?: boolean;
  /** Aborting ends the iteration. */
  readonly signal?: AbortSignal;
}

/** Where a `LiveValue` has its value from. */
export type ConfigSource = "store" | "default" | "file";

/** One key, or several under names of their own, read as one object. */
export type ConfigKeys = Key | Readonly<Record<string, Key>>;

export interface ConfigOptions<T> {
  /** The value while the key (all keys, where there are several) does not exist. Not validated. */
  readonly default?: T;
  /** Bytes to what the schema is given. Default: JSON. */
  readonly codec?: Codec<unknown>;
  /**
   * Told what `error` is set to, and of a file that cannot be read or written. What it throws ends the live value.
   */
  readonly onError?: (error: DecodeError | EtcdError | ConfigFileError) => void;
  /** Milliseconds without a change to wait for before a change is taken, so that a burst is one. Default 0. */
  readonly debounce?: number;
  /** Milliseconds after which a burst that does not end is taken nevertheless. Default ten times `debounce`. */
  readonly debounceMax?: number;
  /**
   * A path. The last good value is kept there, readable for its owner only, and served when no server answers at the start.
   * It holds the bytes of the store, so it is as secret as they are.
   */
  readonly fallbackFile?: string | ConfigFile;
  /** Milliseconds for the first read, after which the file is taken. Default 10,000, or the client's `timeout`. */
  readonly timeout?: number;
  /** Aborting rejects with the signal's reason, and closes the live value once it is there. */
  readonly signal?: AbortSignal;
}

/** The fallback file could not be used. `cause` says why; the value lives on without it. */
export class ConfigFileError extends Error {
  override readonly name = "ConfigFileError";
}
