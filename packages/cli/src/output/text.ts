/** Collects what a command prints: text and raw bytes in order, since keys and values may be any bytes. */

export class Text {
  readonly #chunks: Uint8Array[] = [];

  /** The parts one after the other, and a line break. */
  line(...parts: readonly (string | Uint8Array)[]): this {
    for (const part of parts) this.raw(part);
    return this.raw("\n");
  }

  raw(part: string | Uint8Array): this {
    this.#chunks.push(typeof part === "string" ? Buffer.from(part) : part);
    return this;
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }
}
