/**
 * Mends what etcdctl 3.4 and other Go clients of its age send as `:authority`: some of their calls put the whole endpoint
 * there, `http://127.0.0.1:2379`. Go's servers do not look at it. nghttp2, and so `node:http2`, ends the stream with
 * PROTOCOL_ERROR, because an authority has no scheme and no slash (RFC 3986 §3.2).
 *
 * The first header block of a connection decides for all of it, as such a client says the same in every call. Is its
 * authority in order, every byte passes as it came, and the mender is out of the way. Otherwise each header block is
 * decoded, mended and encoded anew. Nothing of it enters the engine's HPACK table, so that one stays empty, and the
 * client's table lives here.
 *
 * What cannot be understood is the engine's to refuse. Before the decision it gets the very bytes; after it, it gets a
 * block that no decoder accepts, and closes the connection as RFC 9113 §4.3 says.
 */
import { type Frame, FrameFlag, FrameSizeError, FrameSplitter, FrameType, frameBytes } from "./http2/frame.js";
import { type HeaderBlock, readHeaderBlock, writeHeaderBlock } from "./http2/header-block.js";
import { HpackDecoder } from "./http2/hpack/decoder.js";
import { encodeHeaders } from "./http2/hpack/encoder.js";
import { type HeaderField, HpackError } from "./http2/hpack/header-field.js";

/** Length of the client's preface (RFC 9113 §3.4), which comes before the first frame. */
const PREFACE_BYTES = 24;
/** Largest header block that is kept until its end, in bytes of its frames, and in frames: an empty one costs too. */
const BLOCK_BYTES_MAX = 65_536;
const BLOCK_FRAMES_MAX = 64;

/**
 * `looking`: the first header block has not come. `passing`: from here on nothing needs a look. `mending`: every block is
 * rewritten. `refused`: the engine was told to close, and what still comes is dropped.
 */
export type MenderState = "looking" | "passing" | "mending" | "refused";

/** One connection's bytes from the client to the engine. Never throws, whatever the bytes are. */
export class AuthorityMender {
  readonly #splitter = new FrameSplitter();
  /** Its table has the size that the RPC engine announces, which is the default. */
  readonly #decoder = new HpackDecoder();
  #state: MenderState = "looking";
  #prefaceLeft = PREFACE_BYTES;
  /** HEADERS and CONTINUATION of the block that has not ended. */
  #block: Frame[] = [];
  #blockBytes = 0;

  get state(): MenderState {
    return this.#state;
  }

  /** What goes on to the engine now, in this order. Holds back an unfinished frame and an unfinished header block. */
  push(chunk: Uint8Array): Uint8Array[] {
    if (this.#state === "passing") return [chunk];
    if (this.#state === "refused") return [];
    const preface = chunk.subarray(0, this.#prefaceLeft);
    this.#prefaceLeft -= preface.length;
    const out = preface.length > 0 ? [preface] : [];
    this.#splitter.push(chunk.subarray(preface.length));
    try {
      this.#readFrames(out);
    } catch (error) {
      if (!(error instanceof FrameSizeError || error instanceof HpackError)) throw error;
      this.#giveUp(out);
    }
    return out;
  }

  /** The client has sent its last byte: what was held back, as it came. */
  end(): Uint8Array[] {
    return this.#state === "looking" || this.#state === "mending" ? this.#held() : [];
  }

  #readFrames(out: Uint8Array[]): void {
    while (this.#state === "looking" || this.#state === "mending") {
      const frame = this.#splitter.next();
      if (frame === undefined) return;
      if (this.#block.length > 0 || frame.type === FrameType.HEADERS) this.#readHeaders(frame, out);
      else out.push(frame.bytes);
    }
  }

  #readHeaders(frame: Frame, out: Uint8Array[]): void {
    const [headers = frame] = this.#block;
    const follows = frame === headers || (frame.type === FrameType.CONTINUATION && frame.streamId === headers.streamId);
    this.#block.push(frame);
    this.#blockBytes += frame.bytes.length;
    if (!follows || this.#blockBytes > BLOCK_BYTES_MAX || this.#block.length > BLOCK_FRAMES_MAX) this.#giveUp(out);
    else if ((frame.flags & FrameFlag.END_HEADERS) !== 0) this.#endBlock(headers, out);
  }

  #endBlock(headers: Frame, out: Uint8Array[]): void {
    const block = readHeaderBlock(headers, this.#block.slice(1));
    const list = block === undefined ? undefined : this.#decoder.decode(block.fragment);
    if (block === undefined || list === undefined || list.tooLarge) {
      this.#giveUp(out);
      return;
    }
    if (this.#state === "looking" && !list.fields.some(needsMending)) {
      this.#pass(out);
      return;
    }
    this.#state = "mending";
    this.#block = [];
    this.#blockBytes = 0;
    out.push(mended(block, list.fields));
  }

  #giveUp(out: Uint8Array[]): void {
    if (this.#state === "looking") {
      this.#pass(out);
      return;
    }
    out.push(REFUSAL);
    this.#state = "refused";
    this.#block = [];
  }

  #pass(out: Uint8Array[]): void {
    out.push(...this.#held());
    this.#state = "passing";
    this.#block = [];
  }

  #held(): Uint8Array[] {
    return [...this.#block.map((frame) => frame.bytes), this.#splitter.rest()].filter(({ length }) => length > 0);
  }
}

/** HEADERS of an indexed field with the index 0, which is no index (RFC 7541 §6.1): a connection error for every server. */
const REFUSAL = frameBytes({ type: FrameType.HEADERS, flags: FrameFlag.END_HEADERS, streamId: 1 }, Uint8Array.of(0x80));

const needsMending = ({ name, value }: HeaderField): boolean =>
  name === ":authority" && mendedAuthority(value) !== undefined;

function mended(block: HeaderBlock, fields: readonly HeaderField[]): Uint8Array {
  const right = fields.map((field) => {
    const value = field.name === ":authority" ? mendedAuthority(field.value) : undefined;
    return value === undefined ? field : { ...field, value };
  });
  return writeHeaderBlock({ ...block, fragment: encodeHeaders(right) });
}

/**
 * Host and port of an authority that carries a scheme: `a:1` for `http://a:1/b`. A unix socket has neither and is
 * `localhost`, as grpc-go says. Undefined for an authority without a scheme, which is left as it is.
 */
export function mendedAuthority(value: string): string | undefined {
  if (/^unixs?:\//i.test(value)) return "localhost";
  const host = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(value)?.[1];
  return host === "" ? "localhost" : host;
}
