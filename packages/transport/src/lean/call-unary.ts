/** A unary call: one message there, one back, one promise. */
import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { CallOptions } from "../channel.js";
import { wholeMessage } from "../grpc/whole-message.js";
import type { Http2Stream } from "../http2/stream.js";
import { decodeAnswer } from "../messages.js";
import { StatusCode } from "../status.js";
import { Call, type CallSettings } from "./call.js";
import type { RequestHead } from "./request-head.js";

export interface UnaryCallOptions {
  readonly head: RequestHead;
  readonly output: DescMessage;
  readonly request: Uint8Array;
  readonly resolve: (answer: Message) => void;
  readonly reject: (error: unknown) => void;
}

export class UnaryCall extends Call {
  readonly #call: UnaryCallOptions;
  #answer: Uint8Array | undefined = undefined;

  constructor(call: UnaryCallOptions, options: CallOptions, settings: CallSettings) {
    super(call.head, options, settings);
    this.#call = call;
  }

  protected override sendFirst(stream: Http2Stream): number {
    const { request } = this.#call;
    stream.sendMessage(request, true);
    return request.length;
  }

  protected override received(chunk: Uint8Array): void {
    this.stream?.consumed(chunk.length);
    if (this.#answer === undefined && this.readsNothing) {
      this.#answer = wholeMessage(chunk, this.receiveBytesMax);
      if (this.#answer !== undefined) return;
    }
    this.reader.push(chunk);
    for (let message = this.nextMessage(); message !== undefined; message = this.nextMessage()) {
      if (this.#answer !== undefined) {
        this.cancel(this.error(StatusCode.INTERNAL, "the server sent more than one answer"));
        return;
      }
      this.#answer = message;
    }
  }

  protected override succeeded(whole: boolean): void {
    const { reject, resolve, output } = this.#call;
    if (!whole) {
      reject(this.error(StatusCode.INTERNAL, "the answer ended inside of a message"));
    } else if (this.#answer === undefined) {
      reject(this.error(StatusCode.UNIMPLEMENTED, "the server ended the call without an answer"));
    } else {
      try {
        resolve(decodeAnswer(this.path, output, this.#answer));
      } catch (error) {
        reject(error);
      }
    }
  }

  protected override failed(error: unknown): void {
    this.#call.reject(error);
  }
}
