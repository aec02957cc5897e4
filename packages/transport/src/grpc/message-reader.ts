/**
 * gRPC's messages in the data of a stream (gRPC over HTTP/2, "Length-Prefixed-Message"): a flag for compression, four octets
 * of length, the message. They may be cut anywhere. A message that lies whole in one chunk is a view into it.
 */
import { kMaxLength } from "node:buffer";
import { gunzipSync } from "node:zlib";
import { plain } from "../codec.js";
import { RpcError, StatusCode } from "../status.js";

export const MESSAGE_PREFIX_BYTES = 5;
/** Smallest room for an unfinished message, in bytes. Above that it grows with what has come, not with what was announced. */
const ROOM_BYTES_MIN = 2_048;
const NOTHING: Uint8Array = new Uint8Array(0);

/** grpc-go's words, which etcd's clients know as a server's refusal of a request. */
const tooLargeDetails = (bytes: number, bytesMax: number): string =>
  `grpc: received message larger than max (${bytes} vs. ${bytesMax})`;

export class MessageReader {
  readonly #bytesMax: number;
  readonly #tooLarge: (bytes: number, bytesMax: number) => string;
  #encoding = "identity";
  #chunk: Uint8Array = NOTHING;
  #at = 0;
  /** Octets of the prefix that are read, and what they said. */
  #prefixBytes = 0;
  #flag = 0;
  #length = 0;
  /** The unfinished message, as far as it has come. */
  #room: Uint8Array = NOTHING;
  #filled = 0;

  /** `tooLarge` says what an error about a message over the limit says; default: grpc-go's words. */
  constructor(bytesMax: number, tooLarge: (bytes: number, bytesMax: number) => string = tooLargeDetails) {
    this.#bytesMax = bytesMax;
    this.#tooLarge = tooLarge;
  }

  /** What the peer's `grpc-encoding` says. It counts for messages with the flag only. */
  setEncoding(name: string): void {
    this.#encoding = name;
  }

  /** Nothing has come of a message that is not whole. */
  get atBoundary(): boolean {
    return this.#prefixBytes === 0 && this.#at === this.#chunk.length;
  }

  /** Takes a chunk over. Call `next` until it has no more before the next one. */
  push(chunk: Uint8Array): void {
    if (this.#at < this.#chunk.length) {
      const left = this.#chunk.subarray(this.#at);
      this.#chunk = new Uint8Array(left.length + chunk.length);
      this.#chunk.set(left);
      this.#chunk.set(chunk, left.length);
    } else {
      this.#chunk = chunk;
    }
    this.#at = 0;
  }

  /**
   * The next whole message.
   *
   * Errors, after which the reader is of no use: `RpcError` RESOURCE_EXHAUSTED for a message over the limit, as soon as its
   * length is known; INTERNAL for one that is not what its flag says; UNIMPLEMENTED for a compression that is unknown here.
   */
  next(): Uint8Array | undefined {
    if (!this.#readPrefix()) return undefined;
    const length = this.#length;
    if (length > this.#bytesMax) {
      throw new RpcError(StatusCode.RESOURCE_EXHAUSTED, this.#tooLarge(length, this.#bytesMax));
    }
    const message = this.#filled === 0 ? this.#wholeInChunk(length) : undefined;
    const bytes = message ?? this.#collected(length);
    if (bytes === undefined) return undefined;
    this.#prefixBytes = 0;
    if (this.#at === this.#chunk.length) this.#release();
    return this.#flag === 0 ? bytes : this.#uncompressed(bytes);
  }

  #readPrefix(): boolean {
    while (this.#prefixBytes < MESSAGE_PREFIX_BYTES) {
      if (this.#at === this.#chunk.length) {
        this.#release();
        return false;
      }
      const octet = this.#chunk[this.#at++] as number;
      if (this.#prefixBytes++ === 0) {
        this.#flag = octet;
        this.#length = 0;
      } else {
        this.#length = this.#length * 256 + octet;
      }
    }
    return true;
  }

  #wholeInChunk(length: number): Uint8Array | undefined {
    const end = this.#at + length;
    if (end > this.#chunk.length) return undefined;
    const bytes = this.#chunk.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  /** Moves what the chunk has of the message behind what came before; the message, if that is all of it. */
  #collected(length: number): Uint8Array | undefined {
    const count = Math.min(length - this.#filled, this.#chunk.length - this.#at);
    const needed = this.#filled + count;
    if (needed > this.#room.length) {
      const larger = new Uint8Array(Math.min(length, Math.max(ROOM_BYTES_MIN, 2 * needed)));
      larger.set(this.#room.subarray(0, this.#filled));
      this.#room = larger;
    }
    this.#room.set(this.#chunk.subarray(this.#at, this.#at + count), this.#filled);
    this.#filled = needed;
    this.#at += count;
    if (this.#at === this.#chunk.length) this.#release();
    if (this.#filled < length) return undefined;
    const bytes = this.#room;
    this.#room = NOTHING;
    this.#filled = 0;
    return bytes;
  }

  /** A chunk that is used up must not stay in memory while the stream rests. */
  #release(): void {
    this.#chunk = NOTHING;
    this.#at = 0;
  }

  #uncompressed(bytes: Uint8Array): Uint8Array {
    if (this.#flag !== 1) {
      throw new RpcError(StatusCode.INTERNAL, `grpc: received unexpected payload format ${this.#flag}`);
    }
    if (this.#encoding === "identity" || this.#encoding === "") {
      throw new RpcError(StatusCode.INTERNAL, "grpc: compressed flag set with identity or empty encoding");
    }
    if (this.#encoding !== "gzip") {
      const encoding = JSON.stringify(this.#encoding);
      const details = `grpc: Decompressor is not installed for grpc-encoding ${encoding}`;
      throw new RpcError(StatusCode.UNIMPLEMENTED, details);
    }
    return this.#gunzipped(bytes);
  }

  #gunzipped(bytes: Uint8Array): Uint8Array {
    // An empty message may come as nothing at all; zlib wants a limit from 1.
    if (bytes.length === 0) return bytes;
    try {
      const maxOutputLength = Math.max(1, Math.min(this.#bytesMax, kMaxLength));
      const message = plain(gunzipSync(bytes, { maxOutputLength }));
      if (message.length <= this.#bytesMax) return message;
    } catch (cause) {
      if (!isTooLarge(cause)) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        const details = `grpc: failed to decompress the received message: ${reason}`;
        throw new RpcError(StatusCode.INTERNAL, details, { cause });
      }
    }
    const details = `grpc: received message after decompression larger than max ${this.#bytesMax}`;
    throw new RpcError(StatusCode.RESOURCE_EXHAUSTED, details);
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
}
