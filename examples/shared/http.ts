/** The little that the two HTTP services need beyond `node:http`: routes, JSON bodies with a limit, and a graceful end. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

/** An answer other than 200, with a reason for the caller. */
export class HttpError extends Error {
  readonly status: number;
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(status: number, message: string, detail: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.status = status;
    this.detail = detail;
  }
}

/** `parts` are what the parameters of the path stand for, decoded, in order. A result is sent as JSON. */
export type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  ...parts: string[]
) => Promise<unknown> | unknown;

/** `GET /config/:key` → handler. A `*` stands for any rest, and routes are tried in the order they are written in. */
export type Routes = Readonly<Record<string, Handler>>;

export interface HttpService extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  readonly url: string;
}

const BODY_BYTES_MAX = 64 * 1024;

/** Listens on loopback. Disposing refuses new requests, ends idle connections and waits for the answers under way. */
export async function serve(routes: Routes, port: number): Promise<HttpService> {
  const table = Object.entries(routes).map(([route, handler]) => ({ ...parseRoute(route), handler }));
  const server = createServer((request, response) => void answer(table, request, response));
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const listening = typeof address === "object" && address !== null ? address.port : port;
  return { url: `http://127.0.0.1:${listening}`, [Symbol.asyncDispose]: () => stop(server) };
}

/** Errors: `HttpError` 413 for a body over the limit, 400 for one that is no JSON. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new HttpError(413, `the body is larger than ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new HttpError(400, "the body is not JSON");
  }
}

interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly handler: Handler;
}

async function answer(routes: readonly Route[], request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const there = routes.filter(({ path }) => path.test(pathname));
    const route = there.find(({ method }) => method === request.method);
    if (there.length === 0) throw new HttpError(404, `there is nothing at ${pathname}`);
    if (route === undefined) throw new HttpError(405, `${pathname} does not answer ${request.method}`);
    const result = await route.handler(request, response, ...partsOf(route.path, pathname));
    if (!response.headersSent) sendJson(response, 200, result);
  } catch (error) {
    fail(response, error);
  }
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (error instanceof HttpError) {
    sendJson(response, error.status, { error: error.message, ...error.detail });
    return;
  }
  console.error(error);
  sendJson(response, 503, { error: error instanceof Error ? error.message : "internal error" });
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" });
  response.end(`${JSON.stringify(body, null, 2)}\n`);
}

function parseRoute(route: string): { method: string; path: RegExp } {
  const [method = "", path = ""] = route.split(" ");
  return { method, path: new RegExp(`^${path.replaceAll(/:\w+/g, "([^/]+)").replaceAll("*", ".*")}$`) };
}

function partsOf(path: RegExp, pathname: string): string[] {
  try {
    return (path.exec(pathname) ?? []).slice(1).map(decodeURIComponent);
  } catch {
    throw new HttpError(400, `${pathname} is not encoded as a URL`);
  }
}

async function stop(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  await closed;
}
