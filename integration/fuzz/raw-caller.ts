/**
 * Calls whose messages are any bytes: gRPC over `node:http2` without a client's library, which would not send them
 * (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
 */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";

/** What became of a call. `silent`: nothing came in time; `reset` and `lost`: the stream or the connection ended without a status. */
export type Outcome =
  | { readonly kind: "status"; readonly code: number; readonly message: string; readonly data: Buffer }
  | { readonly kind: "refused"; readonly status: number }
  | { readonly kind: "reset"; readonly code: number }
  | { readonly kind: "lost" }
  | { readonly kind: "silent" };

export interface RawCall {
  readonly path: string;
  /** Written as they are, one after the other. */
  readonly parts: readonly Buffer[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the client ends its side after the last part. Default true. */
  readonly end?: boolean;
  /** After which the call is canceled. */
  readonly timeoutMs: number;
}

const DATA_KEPT_MAX = 65_536;

/** A message as it stands in a call. */
export function framed(message: Uint8Array, compressed = 0, length: number = message.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

/** One connection at a time to one endpoint; a new one when the last has ended. */
export class RawCaller {
  readonly #endpoint: string;
  #session: ClientHttp2Session | undefined;

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  async call({ path, parts, headers, end = true, timeoutMs }: RawCall): Promise<Outcome> {
    let stream: ClientHttp2Stream;
    try {
      stream = this.#connected().request(
        { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers", ...headers },
        { endStream: false },
      );
    } catch {
      // The connection was sent away meanwhile.
      return { kind: "lost" };
    }
    const outcome = outcomeOf(stream, timeoutMs);
    for (const part of parts) if (!stream.destroyed) stream.write(part);
    if (end && !stream.destroyed) stream.end();
    return outcome;
  }

  close(): void {
    this.#session?.destroy();
    this.#session = undefined;
  }

  #connected(): ClientHttp2Session {
    if (this.#session === undefined || this.#session.closed || this.#session.destroyed) {
      // No push, and no end of what an answer may have.
      this.#session = connect(this.#endpoint, { settings: { initialWindowSize: 2 ** 24 } }).on("error", () => {});
    }
    return this.#session;
  }
}

function outcomeOf(stream: ClientHttp2Stream, timeoutMs: number): Promise<Outcome> {
  return new Promise((resolve) => {
    let status: Outcome | undefined;
    const data: Buffer[] = [];
    let kept = 0;
    const timer = setTimeout(() => {
      status ??= { kind: "silent" };
      stream.close(constants.NGHTTP2_CANCEL);
    }, timeoutMs);
    const onHeaders = (headers: Record<string, unknown>): void => {
      const code = headers["grpc-status"];
      if (code !== undefined) {
        const message = decodeURIComponentOrRaw(String(headers["grpc-message"] ?? ""));
        status = { kind: "status", code: Number(code), message, data: Buffer.concat(data) };
      } else if (headers[":status"] !== undefined && headers[":status"] !== 200) {
        status = { kind: "refused", status: Number(headers[":status"]) };
      }
    };
    stream
      .on("response", onHeaders)
      .on("trailers", onHeaders)
      .on("error", () => {});
    stream.on("data", (chunk: Buffer) => {
      if (kept < DATA_KEPT_MAX) data.push(chunk);
      kept += chunk.length;
    });
    stream.once("close", () => {
      clearTimeout(timer);
      const code = stream.rstCode;
      resolve(status ?? (code === 0 || code === undefined ? { kind: "lost" } : { kind: "reset", code }));
    });
  });
}

function decodeURIComponentOrRaw(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
