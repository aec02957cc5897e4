/** Which calls of a window have been given their place already: small, changed in place, and turned into a key for a memo. */

export class Bitset {
  readonly #words: Int32Array;

  constructor(size: number) {
    this.#words = new Int32Array((size + 31) >>> 5);
  }

  has(index: number): boolean {
    return ((this.#words[index >>> 5] as number) & (1 << (index & 31))) !== 0;
  }

  add(index: number): void {
    this.#words[index >>> 5] = (this.#words[index >>> 5] as number) | (1 << (index & 31));
  }

  remove(index: number): void {
    this.#words[index >>> 5] = (this.#words[index >>> 5] as number) & ~(1 << (index & 31));
  }

  /**
   * Equal exactly for equal sets of one size. A search fills a window from its beginning, so the full words there are
   * counted and the empty ones left out: the text stays short in a window of thousands.
   */
  key(): string {
    let full = 0;
    while (full < this.#words.length && this.#words[full] === -1) full++;
    let text = String(full);
    for (let at = full; at < this.#words.length; at++) {
      const word = this.#words[at] as number;
      if (word !== 0) text += `.${at.toString(36)}:${(word >>> 0).toString(36)}`;
    }
    return text;
  }
}
