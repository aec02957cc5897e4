/**
 * The gateway over WebSockets, for callers that want both directions of a stream at once: every text message holds
 * requests, every answer is one message, and the end of the call closes the socket. As in etcd's gateway a token comes as
 * the subprotocol `Bearer, <token>` or in the cookie `token`, because a page cannot set other headers.
 */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { DescMethod } from "@bufbuild/protobuf";
import { type WebSocket, WebSocketServer } from "ws";
import { type BodyLimits, documentsOf } from "./body.js";
import { GatewayCall } from "./call.js";
import { type Answers, type Requests, type RunParts, run } from "./run.js";
import { answersWithStream } from "./services.js";
import { failureBody, failureLine, statusOf } from "./status.js";

/** Messages, and their bytes, that wait to be read by the call; then the socket is not read any more. */
const WAITING_MAX = 16;
const WAITING_BYTES_MAX = 64 * 1024;
const NORMAL = 1000;
const GOING_AWAY = 1001;

export class WebSocketCalls {
  readonly #parts: RunParts;
  readonly #limits: BodyLimits;
  readonly #server: WebSocketServer;

  constructor(parts: RunParts, limits: BodyLimits) {
    this.#parts = parts;
    this.#limits = limits;
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: limits.document.bytesMax,
      perMessageDeflate: false,
      handleProtocols: (offered) => (offered.has("Bearer") ? "Bearer" : false),
    });
    // A bad handshake is answered by the library; it has no effect here.
    this.#server.on("wsClientError", (_error, socket) => socket.destroy());
  }

  upgrade(method: DescMethod, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      void this.#serve(method, request, webSocket);
    });
  }

  close(): void {
    for (const webSocket of this.#server.clients) webSocket.close(GOING_AWAY, "server stopped");
  }

  async #serve(method: DescMethod, request: IncomingMessage, webSocket: WebSocket): Promise<void> {
    // Whatever is wrong with the connection also closes it.
    webSocket.on("error", () => {});
    const messages = new SocketMessages(webSocket);
    const answers = new SocketAnswers(webSocket, answersWithStream(method));
    let call: GatewayCall;
    try {
      call = new GatewayCall(method, withToken(request.headers), request.socket.remoteAddress ?? "");
    } catch (error) {
      messages.discard();
      return answers.failed(statusOf(error));
    }
    webSocket.once("close", () => call.cancel());
    const documents = documentsOf(messages, this.#limits);
    const requests: Requests = {
      // A call with one request does not wait for the caller to close its side.
      only: async () => (await documents.next()).value ?? undefined,
      all: () => documents,
    };
    await run(this.#parts, method, call, requests, answers);
    call[Symbol.dispose]();
    messages.discard();
    // Gives back the memory of what was read and not asked for; at the latest when the socket has closed.
    await documents.return();
  }
}

class SocketAnswers implements Answers {
  readonly #socket: WebSocket;
  readonly #isStream: boolean;

  constructor(socket: WebSocket, isStream: boolean) {
    this.#socket = socket;
    this.#isStream = isStream;
  }

  whole(json: string): void {
    this.#last(json);
  }

  next(json: string): Promise<void> {
    return new Promise((resolve) => this.#socket.send(json, () => resolve()));
  }

  end(): void {
    this.#socket.close(NORMAL);
  }

  failed(status: { readonly code: number; readonly message: string }): void {
    const known = status as Parameters<typeof failureBody>[0];
    this.#last(this.#isStream ? failureLine(known) : failureBody(known));
  }

  #last(json: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(json);
    this.#socket.close(NORMAL);
  }
}

/** The messages of a socket from the moment of its opening on; it is not read while too many of them wait. */
class SocketMessages implements AsyncIterable<Uint8Array> {
  readonly #socket: WebSocket;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #closed = false;
  #discards = false;
  #wake = (): void => {};

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer) => {
      if (this.#discards) return;
      this.#waiting.push(data);
      this.#waitingBytes += data.length;
      if (this.#waiting.length >= WAITING_MAX || this.#waitingBytes >= WAITING_BYTES_MAX) socket.pause();
      this.#wake();
    });
    socket.once("close", () => {
      this.#closed = true;
      this.#wake();
    });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const message = this.#waiting.shift();
      if (message !== undefined) {
        this.#waitingBytes -= message.length;
        if (this.#waiting.length === 0 && this.#socket.isPaused) this.#socket.resume();
        yield message;
      } else if (this.#closed) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  /** Nobody waits for more: what comes is thrown away, so that the caller's farewell is read. */
  discard(): void {
    this.#discards = true;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    if (this.#socket.isPaused) this.#socket.resume();
  }
}

/** The same headers, with what a page can say of its token as `Authorization`. */
function withToken(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const [, cookie] = /(?:^|;\s*)token=([^;]*)/.exec(headers.cookie ?? "") ?? [];
  const [, offered] = /^\s*Bearer\s*,\s*(\S+)\s*$/.exec(headers["sec-websocket-protocol"] ?? "") ?? [];
  const token = cookie ?? offered;
  return token === undefined ? headers : { ...headers, authorization: `Bearer ${token}` };
}
