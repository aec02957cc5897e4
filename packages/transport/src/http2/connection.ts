/** The protocol of one connection. */
import type { Http2Events, Http2Options, StreamHandler } from "./events.js";
import type { Http2Stream } from "./stream.js";

export declare class Http2Connection {
  constructor(options: Http2Options, events: Http2Events);
  receive(chunk: Uint8Array, nowMs: number): void;
  takeOutput(): readonly Uint8Array[];
  readonly bufferedBytes: number;
  open(block: Uint8Array, endStream: boolean, handler: StreamHandler): Http2Stream | undefined;
  readonly canOpen: boolean;
  readonly peerStreamsMax: number;
  readonly openStreams: number;
  readonly ready: boolean;
  readonly leaving: boolean;
  ping(opaque: Uint8Array): void;
  goAway(code: number, debug?: string): void;
  shutdownNotice(): void;
  closed(): void;
}
