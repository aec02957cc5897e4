/**
 * Finds the messages in what an HTTP/2 server sends (RFC 9113 §4.1: a frame begins with nine bytes, of which three are the
 * length of what follows and the fourth is the type), so that a proxy can end a connection at the boundary of one, or inside.
 */

/** Where a connection ends: at the `frame`-th frame from now that carries a message, counted from 0. */
export interface FrameCut {
  readonly frame: number;
  /** `before`: nothing of the frame arrives; `inside`: half of it; `after`: all of it, and nothing behind it. */
  readonly place: "before" | "inside" | "after";
}

const HEADER_BYTES = 9;
/** DATA and HEADERS: what answers and streams are made of. All other types are the connection's own business. */
const MESSAGE_TYPES: ReadonlySet<number> = new Set([0, 1]);

export class FrameCutter {
  /** The beginning of a frame whose header is not complete yet; it is held back. */
  #held: Buffer = Buffer.alloc(0);
  /** Bytes of the current frame that are still to come, and how many of them may still pass. */
  #left = 0;
  #allowed = 0;
  #last = false;
  #cut: FrameCut | undefined;
  #seen = 0;

  /** Frames are counted from here on. Undefined: everything passes. */
  arm(cut: FrameCut | undefined): void {
    this.#cut = cut;
    this.#seen = 0;
  }

  /**
   * Takes what the server sent and gives what the client may have of it; with `cut` that is the last it gets. Everything the
   * server sends must come through here, in order.
   */
  pass(bytes: Buffer): { readonly parts: Buffer[]; readonly cut: boolean } {
    let rest = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    this.#held = Buffer.alloc(0);
    const parts: Buffer[] = [];
    while (rest.length > 0) {
      if (this.#left === 0) {
        if (rest.length < HEADER_BYTES) {
          this.#held = rest;
          break;
        }
        this.#begin(rest.readUIntBE(0, 3) + HEADER_BYTES, rest[3] ?? 0);
      }
      const part = rest.subarray(0, this.#left);
      const allowed = part.subarray(0, this.#allowed);
      if (allowed.length > 0) parts.push(allowed);
      this.#left -= part.length;
      this.#allowed -= allowed.length;
      if (this.#last && this.#allowed === 0) return { parts, cut: true };
      rest = rest.subarray(part.length);
    }
    return { parts, cut: false };
  }

  #begin(length: number, type: number): void {
    this.#left = length;
    this.#allowed = length;
    if (this.#cut === undefined || !MESSAGE_TYPES.has(type)) return;
    const { frame, place } = this.#cut;
    if (this.#seen++ < frame) return;
    this.#last = true;
    if (place === "before") this.#allowed = 0;
    if (place === "inside") this.#allowed = Math.floor(length / 2);
  }
}
