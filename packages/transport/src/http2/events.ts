/** What a connection is told, and whom it tells: the seam between the protocol and the engine that drives it. */
import type { Http2Error } from "./error-code.js";
import type { HeaderField } from "./hpack/header-field.js";
import type { Http2Limits } from "./limits.js";
import type { Http2Stream } from "./stream.js";

export interface Http2Options {
  readonly role: "client" | "server";
  /** Window granted to each stream, in bytes. Default 1 MiB. */
  readonly streamWindowBytes?: number;
  /** Window granted to the connection, in bytes, 65,535 at least. Default 8 MiB. */
  readonly connectionWindowBytes?: number;
  readonly limits?: Partial<Http2Limits>;
}

/** All of these are called from within a call of the connection, mostly of `receive`, and may call it again. */
export interface Http2Events {
  /**
   * Server: a request has begun. Sets `stream.handler`, which is told what comes later (not these fields). The same array
   * of fields is given again for the same header block. Never called on a client.
   */
  request(stream: Http2Stream, fields: readonly HeaderField[], endStream: boolean): void;
  /** The other side's SETTINGS have come, each time; a client's connection is ready with the first. */
  settings(): void;
  pong(opaque: Uint8Array): void;
  /** The other side leaves. Streams of ours above `lastStreamId` have been told `reset(code, true)` already. */
  goAway(lastStreamId: number, code: number, debug: Uint8Array): void;
  /** There are bytes to write: called once, at the first byte after each `takeOutput`. */
  output(): void;
  /** The protocol is broken or a limit exceeded, once. GOAWAY is in the output, all streams have been reset: write it, then close. */
  failed(error: Http2Error): void;
}

/** The owner of one stream. */
export interface StreamHandler {
  /** Client: the answer's head (1xx are skipped), then trailers. Server: trailers of a request. */
  headers(fields: readonly HeaderField[], endStream: boolean): void;
  /**
   * A view into what was received, good for ever. Whoever has dealt with bytes gives them back by `stream.consumed`. The
   * chunk is empty only with `endStream`.
   */
  data(chunk: Uint8Array, endStream: boolean): void;
  /**
   * Ended early by RST_STREAM, GOAWAY, a failure or the end of the connection; at most once, and the last call. `refused`:
   * certainly not processed (REFUSED_STREAM, beyond GOAWAY's last stream, or never sent).
   */
  reset(code: number, refused: boolean): void;
  /** `queuedBytes` has fallen to 0 after it was above. */
  drained(): void;
}
