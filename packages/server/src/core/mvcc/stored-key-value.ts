/**
 * A row as it is stored: its bytes are those of an `mvccpb.KeyValue`, which is what an answer is made of. So a row that is only
 * handed on is copied as it is, and taken apart only for who looks into it.
 */
import type { KeyValue } from "./key-value.js";
import { decodeKeyValue } from "./key-value-codec.js";

/** All of a `KeyValue` is had by name; a spread of it has nothing. */
export class StoredKeyValue implements KeyValue {
  /** Encoded. No property of its own, so that no copy with other fields takes it along. */
  readonly #bytes: Uint8Array;
  #decoded: KeyValue | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get $encoded(): Uint8Array {
    return this.#bytes;
  }

  get key(): Uint8Array {
    return this.#fields().key;
  }

  get value(): Uint8Array {
    return this.#fields().value;
  }

  get createRevision(): bigint {
    return this.#fields().createRevision;
  }

  get modRevision(): bigint {
    return this.#fields().modRevision;
  }

  get version(): bigint {
    return this.#fields().version;
  }

  get lease(): bigint {
    return this.#fields().lease;
  }

  #fields(): KeyValue {
    this.#decoded ??= decodeKeyValue(this.#bytes);
    return this.#decoded;
  }
}
