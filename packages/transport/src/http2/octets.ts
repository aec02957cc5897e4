/**
 * Octets and text. A header's name and value are octets; here they are strings whose code units are 0–255, one for each
 * octet, because strings compare, key a `Map` and are cut without a copy.
 */

/** A call takes only so many arguments. */
const ARGUMENTS_MAX = 4_096;

/** The octets from `from` up to `to` as a string of as many code units. */
export function octetString(bytes: Uint8Array, from = 0, to: number = bytes.length): string {
  let text = "";
  for (let at = from; at < to; at += ARGUMENTS_MAX) {
    // Any list of numbers will do for `apply`, which is declared for arrays only.
    const codes: ArrayLike<number> = bytes.subarray(at, Math.min(to, at + ARGUMENTS_MAX));
    text += String.fromCharCode.apply(null, codes as number[]);
  }
  return text;
}

/** All parts in one. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Octets written one after the other into a buffer that doubles. */
export class OctetWriter {
  #bytes: Uint8Array = new Uint8Array(256);
  #length = 0;

  octet(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** Code units above 255 lose their upper bits; names and values have none. */
  text(text: string): void {
    this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.#length++] = text.charCodeAt(i);
  }

  /** What was written so far: a view, good until the next write. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.written);
    this.#bytes = larger;
  }
}
