/** A bare HTTP/2 server, for tests of what a channel says and understands: it does with a stream what a test wants. */
import { once } from "node:events";
import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from "node:http2";
import type { AddressInfo } from "node:net";

export type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

export class BareServer implements AsyncDisposable {
  readonly sessions: ServerHttp2Session[] = [];
  readonly #server: Http2Server;

  private constructor(onStream: OnStream, options: ServerOptions) {
    this.#server = createServer(options);
    this.#server.on("session", (session) => {
      this.sessions.push(session.on("error", () => {}));
    });
    this.#server.on("stream", (stream, headers) => {
      stream.on("error", () => {});
      onStream(stream, headers);
    });
  }

  static async start(onStream: OnStream, options: ServerOptions = {}): Promise<BareServer> {
    const bare = new BareServer(onStream, options);
    bare.#server.listen(0, "127.0.0.1");
    await once(bare.#server, "listening");
    return bare;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.sessions) session.destroy();
    this.#server.close();
  }
}

/** Answers with these bytes and these trailers. */
export function answerWith(
  stream: ServerHttp2Stream,
  body: Uint8Array,
  trailers: Record<string, string> = { "grpc-status": "0" },
  headers: Record<string, string> = {},
): void {
  stream.respond({ "content-type": "application/grpc", ...headers }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  stream.end(body);
}
