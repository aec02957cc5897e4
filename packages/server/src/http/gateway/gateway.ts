/**
 * The HTTP/JSON gateway: etcd's routes under `/v3/`, each a gRPC method of this node called in process. Read `routes.ts` for the
 * table, `json/` for the mapping, `run.ts` for a call, `web-socket.ts` for the other way in. Who may come at all was
 * decided before (`../access.ts`).
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { DescMethod } from "@bufbuild/protobuf";
import { type MetadataInit, RpcError, StatusCode } from "@kvorum/transport";
import { BodyBudget, type BodyLimits, documentsOf, onlyDocument } from "./body.js";
import { GatewayCall } from "./call.js";
import { tooLarge } from "./json/documents.js";
import { JsonReader } from "./json/reader.js";
import { JsonWriter } from "./json/writer.js";
import { routeOf } from "./routes.js";
import { type Answers, type Requests, type RunParts, run } from "./run.js";
import { answersWithStream, LocalServices, takesStream } from "./services.js";
import { type CallStatus, failureBody, failureLine, httpStatusOf, statusOf } from "./status.js";
import { WebSocketCalls } from "./web-socket.js";

export interface GatewayOptions {
  /** Largest message, in bytes, as the RPC server takes it. */
  readonly receiveBytesMax: number;
  /** Operations in one list of a transaction, which decides how many values a request may have. */
  readonly maxTxnOps: number;
  /** Milliseconds a request may take to arrive; streams of requests have no limit. Default 300,000. */
  readonly requestTimeoutMs?: number | undefined;
  /** Memory for requests that have not arrived completely. Default: 128 MiB. */
  readonly budget?: BodyBudget | undefined;
}

const REQUEST_TIMEOUT_MS_DEFAULT = 300_000;
/** What JSON adds to bytes in base64: names, quotes, numbers as text. */
const JSON_OVERHEAD_BYTES = 64 * 1024;
/** Values that a request may have in any case, and those of one operation in each of a transaction's three lists. */
const VALUES_MIN = 65_536;
const VALUES_AN_OPERATION = 64;
/** What `curl -d` and simple clients send beside JSON; see `docs/decisions/gateway-browsers.md`. */
const CONTENT_TYPES = /^(application\/(json|x-www-form-urlencoded)|text\/plain)$/;

export class Gateway {
  /** Collects what it serves; hand it to `addServices`. */
  readonly services: LocalServices = new LocalServices();
  readonly #limits: BodyLimits;
  readonly #parts: RunParts;
  readonly #webSockets: WebSocketCalls;

  constructor(options: GatewayOptions) {
    const { receiveBytesMax, maxTxnOps, requestTimeoutMs = REQUEST_TIMEOUT_MS_DEFAULT } = options;
    // Four characters of base64 for three bytes.
    const bytesMax = Math.ceil(receiveBytesMax / 3) * 4 + JSON_OVERHEAD_BYTES;
    const valuesMax = Math.max(VALUES_MIN, maxTxnOps * VALUES_AN_OPERATION);
    this.#limits = { budget: options.budget ?? new BodyBudget(), document: { bytesMax, valuesMax } };
    this.#parts = { services: this.services, reader: new JsonReader(), writer: new JsonWriter(), requestTimeoutMs };
    this.#webSockets = new WebSocketCalls(this.#parts, this.#limits);
  }

  /** Answers a request under `/v3/`. Never rejects. */
  async request(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const method = routeOf(path);
    if (method === undefined) return refuse(request, response, { code: StatusCode.NOT_FOUND, message: "Not Found" });
    if (request.method !== "POST") {
      return refuse(request, response, { code: StatusCode.UNIMPLEMENTED, message: "Method Not Allowed" });
    }
    let call: GatewayCall;
    try {
      checkBody(request, method, this.#limits);
      call = new GatewayCall(method, request.headers, request.socket.remoteAddress ?? "");
    } catch (error) {
      return refuse(request, response, statusOf(error));
    }
    const left = (): void => call.cancel();
    response.once("close", left);
    const documents = documentsOf(request.iterator({ destroyOnReturn: false }), this.#limits);
    const requests: Requests = { only: () => onlyDocument(documents), all: () => documents };
    await run(this.#parts, method, call, requests, new HttpAnswers(request, response, answersWithStream(method)));
    call[Symbol.dispose]();
    response.off("close", left);
    await documents.return();
  }

  /** Takes a WebSocket over; false for a path that is none of the gateway's. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, path: string): boolean {
    const method = routeOf(path);
    if (method === undefined) return false;
    this.#webSockets.upgrade(method, request, socket, head);
    return true;
  }

  /** Ends the WebSockets. */
  close(): void {
    this.#webSockets.close();
  }
}

class HttpAnswers implements Answers {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #isStream: boolean;

  constructor(request: IncomingMessage, response: ServerResponse, isStream: boolean) {
    this.#request = request;
    this.#response = response;
    this.#isStream = isStream;
  }

  whole(json: string, header: MetadataInit): void {
    this.#begin(header, { "Content-Length": Buffer.byteLength(json) });
    this.#response.end(json);
  }

  async next(json: string, header: MetadataInit): Promise<void> {
    const response = this.#response;
    if (!response.headersSent) this.#begin(header);
    if (response.write(`${json}\n`) || response.destroyed) return;
    const abort = new AbortController();
    await Promise.race(["drain", "close"].map((name) => once(response, name, { signal: abort.signal }))).finally(() =>
      abort.abort(),
    );
  }

  end(header: MetadataInit): void {
    if (!this.#response.headersSent) this.#begin(header);
    this.#response.end();
  }

  failed(status: CallStatus): void {
    const body = this.#isStream ? `${failureLine(status)}\n` : failureBody(status);
    if (!this.#response.headersSent) respond(this.#request, this.#response, status, body);
    else this.#response.end(body);
  }

  #begin(header: MetadataInit, headers: Readonly<Record<string, number>> = {}): void {
    for (const [name, value] of Object.entries(header)) {
      if (typeof value === "string") this.#response.setHeader(`Grpc-Metadata-${name}`, value);
    }
    this.#response.writeHead(200, {
      "Content-Type": "application/json",
      "Grpc-Metadata-Content-Type": "application/grpc",
      ...headers,
    });
  }
}

function refuse(request: IncomingMessage, response: ServerResponse, status: CallStatus): void {
  respond(request, response, status, failureBody(status));
}

function respond(request: IncomingMessage, response: ServerResponse, status: CallStatus, body: string): void {
  if (status.code === StatusCode.UNAUTHENTICATED) {
    response.setHeader("WWW-Authenticate", status.message.replace(/[^\x20-\x7e]/g, "?"));
  }
  // A body that is not read to its end is not waited for: the connection ends instead.
  if (!request.complete) response.setHeader("Connection", "close");
  response.writeHead(httpStatusOf(status.code), {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(body),
  });
  response.end(body);
}

/** What can be refused before a byte of the body is read. Errors: `RpcError`. */
function checkBody({ headers }: IncomingMessage, method: DescMethod, { document }: BodyLimits): void {
  const type = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() ?? "application/json";
  if (!CONTENT_TYPES.test(type)) {
    throw new RpcError(StatusCode.INVALID_ARGUMENT, `content type ${type} is not application/json`);
  }
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity")
    throw new RpcError(StatusCode.INVALID_ARGUMENT, `content encoding ${encoding} is not read`);
  const length = Number(headers["content-length"] ?? 0);
  if (!takesStream(method) && length > document.bytesMax) throw tooLarge(length, document.bytesMax);
}
