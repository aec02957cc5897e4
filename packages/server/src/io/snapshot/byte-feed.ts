/**
 * Bytes come in pieces of any size; a format is read in fields. A parser is a generator that yields how many bytes it
 * wants next and is resumed with exactly those, so it reads like the format's description and knows nothing of pieces.
 */

export type Parser = Generator<number, void, Uint8Array>;

export class ByteFeed {
  readonly #parser: Parser;
  /** The field that is being filled; undefined when the parser has ended. */
  #field: Uint8Array | undefined;
  #filled = 0;

  constructor(parser: Parser) {
    this.#parser = parser;
    this.#resume(parser.next());
  }

  /** Throws what the parser throws. Fields are copies: the parser may keep them. Bytes behind the last field are ignored. */
  push(bytes: Uint8Array): void {
    let offset = 0;
    while (this.#field !== undefined) {
      const taken = Math.min(this.#field.length - this.#filled, bytes.length - offset);
      this.#field.set(bytes.subarray(offset, offset + taken), this.#filled);
      this.#filled += taken;
      offset += taken;
      if (this.#filled < this.#field.length) return;
      this.#resume(this.#parser.next(this.#field));
    }
  }

  #resume({ done, value }: IteratorResult<number, void>): void {
    this.#field = done === true ? undefined : new Uint8Array(value as number);
    this.#filled = 0;
  }
}
