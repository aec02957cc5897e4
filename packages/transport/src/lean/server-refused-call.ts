/** Answers a request that is no call; what still comes of it is dropped. */
import { ErrorCode } from "../http2/error-code.js";
import type { StreamHandler } from "../http2/events.js";
import type { Http2Stream } from "../http2/stream.js";
import { trailersOnlyBlock } from "./server-blocks.js";
import type { Refusal } from "./server-head.js";

export class RefusedCall implements StreamHandler {
  readonly #stream: Http2Stream;

  constructor(stream: Http2Stream, { httpStatus, code, details }: Refusal, endStream: boolean) {
    this.#stream = stream;
    stream.sendHeaders(trailersOnlyBlock(httpStatus, code, details, []), true);
    if (!endStream) stream.reset(ErrorCode.NO_ERROR);
  }

  headers(): void {}

  data(chunk: Uint8Array): void {
    this.#stream.consumed(chunk.length);
  }

  reset(): void {}

  drained(): void {}
}
