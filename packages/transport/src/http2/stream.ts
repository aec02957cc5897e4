/** One stream of a connection. */
import type { StreamHandler } from "./events.js";

export declare class Http2Stream {
  readonly id: number;
  handler: StreamHandler;
  /** Bytes of DATA that wait for a window. */
  readonly queuedBytes: number;
  /** Both directions are over, or it was reset. */
  readonly ended: boolean;
  sendHeaders(block: Uint8Array, endStream: boolean): void;
  sendData(chunk: Uint8Array, endStream: boolean): void;
  sendMessage(body: Uint8Array, endStream: boolean): void;
  reset(code: number): void;
  consumed(bytes: number): void;
}
