/**
 * The HTTP/1.1 server behind a port. It is not bound to a port of its own; the port mux hands it the connections that do
 * not begin with HTTP/2's preface. What it serves is a surface: `client-surface.ts`, or the health paths alone.
 *
 * Time limits, so that no caller holds a connection by being slow: headers in 10 s; an answer is taken within 5 minutes once it is
 * complete; 65 s of silence between two requests. A body's time is the business of who reads it, since node's own limit
 * would end a stream of requests too; one that is not read ends its connection with the answer.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { send, text } from "./answer.js";
import { isWebSocket, replayAsRequest } from "./upgrade.js";

export interface HttpSurface {
  /** What it rejects with is answered 500. */
  request(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** A WebSocket handshake; default: refused. */
  upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface HttpTimes {
  /** Milliseconds for the headers of a request. Default 10,000. */
  readonly headersMs?: number | undefined;
  /** Milliseconds in which a complete answer must have been taken. Default 300,000. */
  readonly answerMs?: number | undefined;
  /** Milliseconds between two requests of a connection. Default 65,000. */
  readonly keepAliveMs?: number | undefined;
}

const HEADER_BYTES_MAX = 16 * 1024;
const HEADERS_MAX = 200;
const HEADERS_MS_DEFAULT = 10_000;
const ANSWER_MS_DEFAULT = 300_000;
const KEEP_ALIVE_MS_DEFAULT = 65_000;
/** How often node looks for connections that have used up their time, at most. */
const CHECK_MS_MAX = 2_000;

/** A server that waits for connections to be handed to it; close it with `closeAllConnections()`. */
export function createHttpServer(surface: HttpSurface, times: HttpTimes = {}): Server {
  const headersTimeout = times.headersMs ?? HEADERS_MS_DEFAULT;
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout,
      requestTimeout: 0,
      keepAliveTimeout: times.keepAliveMs ?? KEEP_ALIVE_MS_DEFAULT,
      connectionsCheckingInterval: Math.min(CHECK_MS_MAX, headersTimeout),
    },
    (request, response) => {
      limitTaking(response, times.answerMs ?? ANSWER_MS_DEFAULT);
      surface.request(request, response).catch((error: unknown) => {
        send(request, response, text(500, `${error instanceof Error ? error.message : String(error)}\n`));
      });
    },
  );
  server.maxHeadersCount = HEADERS_MAX;
  server.on("upgrade", (request, socket, head) => {
    // Node has taken its own listener away; a reset is an end like any other.
    socket.off("error", isEnd).on("error", isEnd);
    if (!isWebSocket(request)) replayAsRequest(server, request, socket, head);
    else if (surface.upgrade !== undefined) surface.upgrade(request, socket, head);
    else socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  return server;
}

/** One function, so that a connection which offers upgrades again and again is listened to once. */
function isEnd(): void {}

/** From the moment when the answer is complete, not before: a watch may last for days. */
function limitTaking(response: ServerResponse, answerMs: number): void {
  response.once("prefinish", () => {
    const late = setTimeout(() => response.socket?.destroy(), answerMs);
    late.unref();
    response.once("close", () => clearTimeout(late));
  });
}
