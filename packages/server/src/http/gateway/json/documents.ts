/**
 * Cuts a body into its JSON objects as it arrives: a stream's body holds several, one after the other. It looks at
 * brackets and strings only; whether an object is well-formed is the reader's to find. Size and depth are bounded here,
 * before anything is parsed.
 */
import { RpcError, StatusCode } from "@kvorum/transport";
import { JsonError } from "./json-error.js";

/** An object within an object, and so on. A transaction inside a transaction takes four. */
export const DEPTH_MAX = 32;

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c] as const;
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d] as const;

/** Of one object. */
export interface DocumentLimits {
  /** Bytes of its text. */
  readonly bytesMax: number;
  /** Values, however deep: each costs a thousand times the work of a byte. */
  readonly valuesMax: number;
}

export class DocumentSplitter {
  readonly #limits: DocumentLimits;
  readonly #pieces: Uint8Array[] = [];
  #bytes = 0;
  #depth = 0;
  #values = 0;
  #inString = false;
  #escaped = false;

  constructor(limits: DocumentLimits) {
    this.#limits = limits;
  }

  /** Bytes of the object that is not complete yet. */
  get pendingBytes(): number {
    return this.#bytes;
  }

  /**
   * The objects that end in this chunk, as text. Keeps views of the chunk until its object is complete.
   *
   * Errors: `JsonError` for what is no object, too deep or not UTF-8; RESOURCE_EXHAUSTED for one that is too large.
   */
  *push(chunk: Uint8Array): Generator<string, void, undefined> {
    let start = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] as number;
      if (this.#inString) this.#withinString(byte);
      else if (this.#depth === 0) {
        if (byte === OPEN_BRACE) {
          start = i;
          this.#depth = 1;
        } else if (!isSpace(byte)) throw noObject(byte);
      } else if (byte === QUOTE) this.#inString = true;
      else if (byte === COMMA) this.#count();
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#open();
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        this.#depth -= 1;
        if (this.#depth === 0) {
          this.#keep(chunk.subarray(start, i + 1));
          yield this.#take();
        }
      }
    }
    if (this.#depth > 0) this.#keep(chunk.subarray(start));
  }

  /** Errors: `JsonError` when the body ends inside an object. */
  end(): void {
    if (this.#depth > 0) throw new JsonError("proto: syntax error: unexpected end of the request");
  }

  #withinString(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) this.#inString = false;
  }

  #open(): void {
    this.#depth += 1;
    this.#count();
    if (this.#depth > DEPTH_MAX) throw new JsonError(`proto: exceeded max recursion depth of ${DEPTH_MAX}`);
  }

  #count(): void {
    this.#values += 1;
    const { valuesMax } = this.#limits;
    if (this.#values > valuesMax) throw new JsonError(`proto: a request has ${valuesMax} values at most`);
  }

  #keep(piece: Uint8Array): void {
    this.#bytes += piece.length;
    const { bytesMax } = this.#limits;
    if (this.#bytes > bytesMax) throw tooLarge(this.#bytes, bytesMax);
    this.#pieces.push(piece);
  }

  #take(): string {
    const [only, ...more] = this.#pieces;
    const bytes = only !== undefined && more.length === 0 ? only : Buffer.concat(this.#pieces);
    this.#pieces.length = 0;
    this.#bytes = 0;
    this.#values = 0;
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw new JsonError("proto: syntax error: the request is not UTF-8");
    }
  }
}

/** grpc-go's words; etcd's gateway passes them on. Sizes in bytes. */
export function tooLarge(bytes: number, bytesMax: number): RpcError {
  return new RpcError(
    StatusCode.RESOURCE_EXHAUSTED,
    `grpc: received message larger than max (${bytes} vs. ${bytesMax})`,
  );
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function noObject(byte: number): JsonError {
  const shown = byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  return new JsonError(`proto: syntax error: unexpected token ${shown}: a request is a JSON object`);
}
