/** For tests of the HTTP/2 connection against another implementation: random calls, and a connection on a socket. */
import type { Socket } from "node:net";
import { Http2Connection } from "../http2/connection.js";
import type { Http2Error } from "../http2/error-code.js";
import type { Http2Events, Http2Options, StreamHandler } from "../http2/events.js";
import { encodeHeaders } from "../http2/hpack/encoder.js";
import type { HeaderField } from "../http2/hpack/header-field.js";
import type { Http2Stream } from "../http2/stream.js";
import type { seeded } from "./hpack.js";

export type Random = ReturnType<typeof seeded>;

/** What one side sends: the head's fields beside the usual ones, the body in chunks, and trailers if there are any. */
export interface Message {
  readonly fields: Record<string, string>;
  readonly chunks: readonly Buffer[];
  readonly trailers: Record<string, string> | undefined;
}

/** A call, and who gives it up in its middle. */
export interface Call {
  readonly request: Message;
  readonly answer: Message;
  readonly resetBy: "client" | "server" | undefined;
}

export function randomCall(random: Random): Call {
  const [request, answer] = [randomMessage(random), randomMessage(random)];
  return { request, answer, resetBy: ([...Array(8), "client", "server"] as const)[random(10)] as Call["resetBy"] };
}

function randomMessage(random: Random): Message {
  const some = (most: number, key: string): Record<string, string> =>
    Object.fromEntries(Array.from({ length: random(most) }, (_, i) => [`${key}-${i}`, randomText(random)]));
  const chunks = Array.from({ length: random(5) }, () => {
    const length = random(4) === 0 ? random(150_000) : random(2_000);
    return Buffer.alloc(length, randomText(random) || "x");
  });
  return { fields: some(12, "x"), chunks, trailers: random(2) ? { "grpc-status": "0", ...some(4, "t") } : undefined };
}

/** Printable, without blanks around it. */
function randomText(random: Random): string {
  const length = random(30) === 0 ? random(3_000) : random(30);
  return Array.from({ length }, () => String.fromCharCode(33 + random(94))).join("");
}

export function fieldsOf(fields: Record<string, string>): HeaderField[] {
  return Object.entries(fields).map(([name, value]) => ({ name, value }));
}

/** What was received of one message. */
export class Received implements StreamHandler {
  fields: Record<string, string> | undefined;
  trailers: Record<string, string> | undefined;
  ended = false;
  resetCode: number | undefined;
  drains = 0;
  readonly #chunks: Buffer[] = [];
  readonly #consume: (bytes: number) => void;
  /** Something has come. */
  changed: () => void = () => {};

  constructor(consume: (bytes: number) => void = () => {}) {
    this.#consume = consume;
  }

  get body(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  headers(fields: readonly HeaderField[], endStream: boolean): void {
    const record = Object.fromEntries(fields.map(({ name, value }) => [name, value]));
    if (this.fields === undefined) this.fields = record;
    else this.trailers = record;
    this.#came(endStream);
  }

  data(chunk: Uint8Array, endStream: boolean): void {
    this.#chunks.push(Buffer.from(chunk));
    this.#consume(chunk.length);
    this.#came(endStream);
  }

  reset(code: number): void {
    if (this.resetCode !== undefined) throw new Error("reset twice");
    this.resetCode = code;
    this.changed();
  }

  drained(): void {
    this.drains++;
  }

  #came(endStream: boolean): void {
    if (this.ended || this.resetCode !== undefined) throw new Error("something came behind the end");
    this.ended = endStream;
    this.changed();
  }
}

/** Sends all of a message but the head. */
export function sendRest(stream: Http2Stream, { chunks, trailers }: Message): void {
  for (const [i, chunk] of chunks.entries()) stream.sendData(chunk, trailers === undefined && i === chunks.length - 1);
  if (trailers !== undefined) stream.sendHeaders(encodeHeaders(fieldsOf(trailers)), true);
  else if (chunks.every((chunk) => chunk.length === 0)) stream.sendData(new Uint8Array(0), true);
}

/** A connection on a socket, which writes once a turn. */
export class Wired implements Http2Events {
  readonly connection: Http2Connection;
  error: Http2Error | undefined;
  onRequest: (stream: Http2Stream, fields: readonly HeaderField[], endStream: boolean) => void = () => {};
  onSettings: () => void = () => {};
  readonly #socket: Socket;

  constructor(socket: Socket, options: Http2Options) {
    this.#socket = socket;
    this.connection = new Http2Connection(options, this);
    socket.on("data", (chunk) => this.connection.receive(chunk, performance.now()));
    socket.on("error", () => {}).on("close", () => this.connection.closed());
  }

  request(stream: Http2Stream, fields: readonly HeaderField[], endStream: boolean): void {
    this.onRequest(stream, fields, endStream);
  }

  settings(): void {
    this.onSettings();
  }

  pong(): void {}
  goAway(): void {}

  output(): void {
    setImmediate(() => {
      for (const part of this.connection.takeOutput()) this.#socket.write(part);
    });
  }

  failed(error: Http2Error): void {
    this.error = error;
    setImmediate(() => this.#socket.end());
  }
}
