/**
 * Memory for messages that do not live long. An array of more than 64 bytes costs the engine an allocation outside of its heap,
 * which takes longer than encoding most messages does; a piece of a larger array costs little.
 *
 * A piece keeps all of its slab in memory. So this is for what is soon sent and forgotten, or is forgotten together with its
 * neighbours (entries of the log); what stays wants memory of its own.
 */

/** Few enough that a single message that waits does not keep much. */
const SLAB_BYTES = 8_192;
/** From this size on a message has memory of its own. */
const PIECE_BYTES_MAX = 1_024;
/** Up to this size it has too: the engine keeps it in its heap, which is cheaper still. */
const IN_HEAP_BYTES_MAX = 64;

/** New memory of so many bytes, whatever is in it. */
export type Allocate = (bytes: number) => Uint8Array;

export class Slab {
  readonly #allocate: Allocate;
  #memory: ArrayBuffer | undefined;
  #used = SLAB_BYTES;

  /** `allocate`: for what is large. Default: zeros, whose making costs about as much as filling them. */
  constructor(allocate: Allocate = (bytes) => new Uint8Array(bytes)) {
    this.#allocate = allocate;
  }

  /** Whatever is in it: it is to be filled to its end. */
  take(bytes: number): Uint8Array {
    if (bytes <= IN_HEAP_BYTES_MAX) return new Uint8Array(bytes);
    if (bytes >= PIECE_BYTES_MAX) return this.#allocate(bytes);
    if (this.#memory === undefined || this.#used + bytes > SLAB_BYTES) {
      this.#memory = new ArrayBuffer(SLAB_BYTES);
      this.#used = 0;
    }
    const piece = new Uint8Array(this.#memory, this.#used, bytes);
    this.#used += bytes;
    return piece;
  }
}
