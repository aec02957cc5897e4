/**
 * A header block that comes in HEADERS and CONTINUATION frames (RFC 9113 §4.3, §6.2, §6.10): nothing else may come between
 * them, and there may not be many (CONTINUATION flood).
 */
import { ErrorCode, Http2Error } from "./error-code.js";
import { calm } from "./flood-guard.js";
import { FrameFlag } from "./frame.js";
import type { Http2Limits } from "./limits.js";
import { joined } from "./octets.js";
import { uint32 } from "./settings.js";

const PRIORITY_BYTES = 5;

/** The block of a HEADERS frame, or the beginning of it: the octets from `from` up to `to`. */
export interface Fragment {
  from: number;
  to: number;
  /** The stream depends on itself, which RFC 7540 §5.3.1 forbade. */
  selfDependent: boolean;
}

/** Leaves padding and priority out. `into` is filled, so that nothing is made for a frame. */
export function readFragment(
  into: Fragment,
  flags: number,
  streamId: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): void {
  into.from = from;
  into.to = to;
  into.selfDependent = false;
  if ((flags & FrameFlag.PADDED) !== 0 && from < to) {
    into.from += 1;
    into.to -= bytes[from] as number;
  }
  if ((flags & FrameFlag.PRIORITY) !== 0) {
    into.selfDependent = to - into.from >= 4 && uint32(bytes, into.from) % 0x80000000 === streamId;
    into.from += PRIORITY_BYTES;
  }
  const lacksLength = (flags & FrameFlag.PADDED) !== 0 && from === to;
  if (lacksLength || into.from > to) throw new Http2Error(ErrorCode.FRAME_SIZE_ERROR, "HEADERS is too short");
  if (into.from > into.to) throw new Http2Error(ErrorCode.PROTOCOL_ERROR, "more padding than HEADERS has");
}

export class HeaderFragments {
  /** The stream whose block is not whole; 0 for none. */
  streamId = 0;
  /** Of its HEADERS frame. */
  flags = 0;
  selfDependent = false;
  readonly #limits: Http2Limits;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  constructor(limits: Http2Limits) {
    this.#limits = limits;
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  begin(streamId: number, flags: number, bytes: Uint8Array, { from, to, selfDependent }: Fragment): void {
    this.streamId = streamId;
    this.flags = flags;
    this.selfDependent = selfDependent;
    this.#parts = [bytes.slice(from, to)];
    this.#bytes = to - from;
  }

  /** The next part, of a CONTINUATION frame. Errors: `Http2Error` when it is one too many. */
  add(bytes: Uint8Array, from: number, to: number): void {
    this.#bytes += to - from;
    // A block is not much longer than its list, unless the list will be refused.
    if (this.#parts.length > this.#limits.continuationFramesMax || this.#bytes > this.#limits.headerListBytesMax) {
      throw calm("a header block is too long");
    }
    this.#parts.push(bytes.slice(from, to));
  }

  /** The whole block; there is none from here on. */
  end(): Uint8Array {
    const block = joined(this.#parts);
    this.streamId = 0;
    this.#parts = [];
    this.#bytes = 0;
    return block;
  }
}
