/**
 * How fast the HTTP/2 core is by itself: two connections back to back in one thread, without sockets, so each call is
 * encoded and decoded twice.
 */
import { Http2Connection } from "../../packages/transport/dist/http2/connection.js";
import type { Http2Events, StreamHandler } from "../../packages/transport/dist/http2/events.js";
import { encodeHeaders } from "../../packages/transport/dist/http2/hpack/encoder.js";
import type { Http2Stream } from "../../packages/transport/dist/http2/stream.js";
import type { Micro } from "./micro.js";

/** Calls that are open at once. */
const OPEN = 50;
const BODY = new Uint8Array(32);

const block = (fields: Record<string, string>): Uint8Array =>
  encodeHeaders(Object.entries(fields).map(([name, value]) => ({ name, value })));
const REQUEST = block({
  ":method": "POST",
  ":scheme": "http",
  ":path": "/etcdserverpb.KV/Range",
  ":authority": "127.0.0.1:2379",
  te: "trailers",
  "content-type": "application/grpc+proto",
  "user-agent": "kvorum/0.1.0",
});
const HEAD = block({ ":status": "200", "content-type": "application/grpc+proto" });
const TRAILERS = block({ "grpc-status": "0" });

class Answer implements StreamHandler {
  readonly #stream: Http2Stream;

  constructor(stream: Http2Stream) {
    this.#stream = stream;
  }

  headers(): void {}
  reset(): void {}
  drained(): void {}

  data(chunk: Uint8Array, endStream: boolean): void {
    this.#stream.consumed(chunk.length);
    if (!endStream) return;
    this.#stream.sendHeaders(HEAD, false);
    this.#stream.sendMessage(BODY, false);
    this.#stream.sendHeaders(TRAILERS, true);
  }
}

class Call implements StreamHandler {
  stream: Http2Stream | undefined;

  data(chunk: Uint8Array): void {
    this.stream?.consumed(chunk.length);
  }

  reset(): void {}
  drained(): void {}

  headers(_fields: unknown, endStream: boolean): void {
    if (endStream) calls += 1;
  }
}

let calls = 0;

function events(request: Http2Events["request"]): Http2Events {
  const failed = (error: Error): never => {
    throw error;
  };
  return { request, settings() {}, pong() {}, goAway() {}, output() {}, failed };
}

/** Calls through both sides. */
export function http2Core(): Micro {
  const server = new Http2Connection(
    { role: "server" },
    events((stream) => {
      stream.handler = new Answer(stream);
    }),
  );
  const client = new Http2Connection(
    { role: "client" },
    events(() => {}),
  );
  exchange(client, server);
  return {
    name: "http2 core: a call, both sides",
    run: () => {
      calls = 0;
      for (let i = 0; i < OPEN; i++) {
        const call = new Call();
        call.stream = client.open(REQUEST, false, call);
        call.stream?.sendMessage(BODY, true);
      }
      exchange(client, server);
      if (calls !== OPEN) throw new Error(`${calls} of ${OPEN} calls were answered`);
      return calls;
    },
  };
}

/** Everything that is on its way arrives, one chunk a side as from a socket. */
function exchange(client: Http2Connection, server: Http2Connection): void {
  const nowMs = performance.now();
  server.receive(Buffer.concat(client.takeOutput()), nowMs);
  client.receive(Buffer.concat(server.takeOutput()), nowMs);
}
