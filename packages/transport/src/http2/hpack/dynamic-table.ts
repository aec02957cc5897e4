/**
 * HPACK's dynamic table (RFC 7541 §2.3.2, §4): the fields that blocks of this connection have added, the newest first. It
 * holds at most `capacity` bytes; what is added drops the oldest.
 *
 * Invariant: the sum of `fieldBytes` over all entries is `bytes`, and never above `capacity`.
 */
import { fieldBytes, type HeaderField } from "./header-field.js";

export class DynamicTable {
  /** Oldest first; the entries before `#oldest` are dropped already. */
  #fields: (HeaderField | undefined)[] = [];
  #oldest = 0;
  #bytes = 0;
  #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get capacity(): number {
    return this.#capacity;
  }

  get length(): number {
    return this.#fields.length - this.#oldest;
  }

  /** The entry with so many newer ones. */
  at(newer: number): HeaderField | undefined {
    return newer < this.length ? this.#fields[this.#fields.length - 1 - newer] : undefined;
  }

  /** Adds a field; one that is larger than the whole table empties it and is not kept (§4.4). */
  add(field: HeaderField): void {
    const bytes = fieldBytes(field);
    this.#shrinkTo(this.#capacity - bytes);
    if (bytes > this.#capacity) return;
    this.#fields.push(field);
    this.#bytes += bytes;
  }

  resize(capacity: number): void {
    this.#capacity = capacity;
    this.#shrinkTo(capacity);
  }

  #shrinkTo(bytes: number): void {
    while (this.#bytes > bytes && this.length > 0) {
      const dropped = this.#fields[this.#oldest] as HeaderField;
      this.#bytes -= fieldBytes(dropped);
      this.#fields[this.#oldest++] = undefined;
    }
    if (this.#oldest * 2 <= this.#fields.length) return;
    this.#fields = this.#fields.slice(this.#oldest);
    this.#oldest = 0;
  }
}
