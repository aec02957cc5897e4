/**
 * The one message of a request that does not come in one chunk together with its end: it is kept, within the bounds of its
 * connection, until the end has come.
 */
import type { MessageReader } from "../grpc/message-reader.js";
import { wholeMessage } from "../grpc/whole-message.js";
import { RpcError, StatusCode } from "../status.js";
import { requestReader } from "./server-messages.js";
import type { ServerSettings } from "./server-settings.js";

/** The connection, as it is asked for memory. */
export interface RequestKeeper {
  readonly server: ServerSettings;
  /** Bytes of requests that are kept until the rest of them has come; false where they are too many. */
  keep(bytes: number): boolean;
}

export class UnaryRequest {
  readonly #keeper: RequestKeeper;
  readonly #encoding: string;
  /** Where the message is not one chunk. */
  #reader: MessageReader | undefined = undefined;
  #message: Uint8Array | undefined = undefined;
  #keptBytes = 0;

  constructor(keeper: RequestKeeper, encoding: string) {
    this.#keeper = keeper;
    this.#encoding = encoding;
  }

  /**
   * Takes a chunk over that is not empty. Errors: those of `MessageReader`, and `RpcError` UNIMPLEMENTED for a second message
   * and RESOURCE_EXHAUSTED where the connection keeps too much.
   */
  push(chunk: Uint8Array, isLast: boolean): void {
    if (this.#reader === undefined && this.#message === undefined) {
      this.#message = wholeMessage(chunk, this.#keeper.server.receiveBytesMax);
      if (this.#message === undefined) this.#read(chunk);
    } else this.#read(chunk);
    if (!isLast) this.#keep(chunk.length);
  }

  /** The request is complete. Errors: `RpcError` where it is not one whole message. */
  end(): Uint8Array {
    if (this.#reader?.atBoundary === false) throw new RpcError(StatusCode.INTERNAL, "unexpected EOF");
    if (this.#message === undefined) throw new RpcError(StatusCode.UNIMPLEMENTED, NO_MESSAGE);
    return this.#message;
  }

  /** Keeps nothing any more. */
  leave(): void {
    if (this.#keptBytes > 0) this.#keeper.keep(-this.#keptBytes);
    this.#keptBytes = 0;
  }

  #read(chunk: Uint8Array): void {
    this.#reader ??= requestReader(this.#keeper.server, this.#encoding);
    this.#reader.push(chunk);
    for (let next = this.#reader.next(); next !== undefined; next = this.#reader.next()) {
      if (this.#message !== undefined) throw new RpcError(StatusCode.UNIMPLEMENTED, TOO_MANY_MESSAGES);
      this.#message = next;
    }
  }

  #keep(bytes: number): void {
    this.#keptBytes += bytes;
    if (!this.#keeper.keep(bytes)) throw new RpcError(StatusCode.RESOURCE_EXHAUSTED, TOO_MUCH_KEPT);
  }
}

const TOO_MANY_MESSAGES = "a second request message came, where one is expected";
const NO_MESSAGE = "no request message came, where one is expected";
const TOO_MUCH_KEPT = "too much of unfinished requests on this connection";
