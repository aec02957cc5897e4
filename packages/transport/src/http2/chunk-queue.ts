/** Bytes of one stream that wait for a window, in the chunks they came in. */
import type { Output } from "./output.js";

export class ChunkQueue {
  bytes = 0;
  #chunks: Uint8Array[] = [];
  /** The first chunk that is left, and where in it. */
  #first = 0;
  #at = 0;

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.bytes += chunk.length;
  }

  /** Moves the first `count` bytes to the output; there must be as many. */
  moveTo(output: Output, count: number): void {
    this.bytes -= count;
    for (let left = count; left > 0; ) {
      const chunk = this.#chunks[this.#first] as Uint8Array;
      const end = Math.min(chunk.length, this.#at + left);
      output.body(this.#at === 0 && end === chunk.length ? chunk : chunk.subarray(this.#at, end));
      left -= end - this.#at;
      this.#at = end;
      if (end === chunk.length) this.#next();
    }
  }

  #next(): void {
    this.#at = 0;
    this.#first++;
    if (this.#first * 2 < this.#chunks.length) return;
    this.#chunks = this.#chunks.slice(this.#first);
    this.#first = 0;
  }
}
