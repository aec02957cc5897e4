/**
 * Where a store's keys really lie. A namespace is a prefix put before every key on the way out and taken off every key on
 * the way in; namespaces nest by joining their prefixes. The root keyspace has the empty prefix and copies nothing.
 */
import { concatBytes, isKeyRange, isZero, type Key, prefixEnd, type Selector, toBytes } from "./keys.js";

/** The two fields by which every etcd request names keys. */
export interface WireRange {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
}

const NONE = new Uint8Array(0);

export class Keyspace {
  readonly prefix: Uint8Array;

  constructor(prefix: Uint8Array = NONE) {
    this.prefix = prefix;
  }

  nested(prefix: Key): Keyspace {
    return new Keyspace(concatBytes(this.prefix, toBytes(prefix)));
  }

  /** Errors: `RangeError` for an empty key, which etcd refuses as well; `TypeError` for what is no key. */
  key(key: Key): Uint8Array {
    const bytes = toBytes(key);
    if (bytes.length === 0) throw new RangeError("a key must not be empty");
    return concatBytes(this.prefix, bytes);
  }

  range(selector: Selector): WireRange {
    if (!isKeyRange(selector)) return { key: this.key(selector), rangeEnd: NONE };
    const { key, end } = selector;
    if (end === undefined) return { key: this.key(key), rangeEnd: NONE };
    // "No end" stops at the end of the namespace: a view must not see past itself.
    if (isZero(end)) return { key: this.key(key), rangeEnd: this.prefix.length === 0 ? end : prefixEnd(this.prefix) };
    return { key: this.key(key), rangeEnd: concatBytes(this.prefix, end) };
  }

  /** A key of an answer as the caller of this view knows it. Always a copy: the decoded field is a view into its frame. */
  strip(key: Uint8Array): Uint8Array {
    return new Uint8Array(key.subarray(this.prefix.length));
  }
}
