/**
 * For tests of the HTTP/2 connection: frames by their names, and a connection whose events and frames are read as lines, in
 * their order:
 *
 *     const side = new Side("server");
 *     side.told(request(1, END)) // ["request 1 end"]
 *     side.told(ping("12345678")) // ["> PING ACK"]
 */
import { Http2Connection } from "../http2/connection.js";
import { ErrorCode } from "../http2/error-code.js";
import type { Http2Events, Http2Options, StreamHandler } from "../http2/events.js";
import { type Frame, FrameFlag, FrameType, frameBytes } from "../http2/frame.js";
import { encodeHeaders } from "../http2/hpack/encoder.js";
import { joined, octetString } from "../http2/octets.js";
import type { Http2Stream } from "../http2/stream.js";
import { framesOf, preface } from "./http2-bytes.js";

export const END: number = FrameFlag.END_STREAM;

export const text = (letters: string): Uint8Array => Uint8Array.from(letters, (letter) => letter.charCodeAt(0));

export function frame(
  type: keyof typeof FrameType | number,
  flags: number,
  streamId: number,
  payload: Uint8Array,
): Uint8Array {
  return frameBytes({ type: typeof type === "number" ? type : FrameType[type], flags, streamId }, payload);
}

/** A block of `name: value`; the names may repeat. */
export function block(...fields: readonly string[]): Uint8Array {
  return encodeHeaders(
    fields.map((field) => {
      const [, name = "", value = ""] = /^(:?[^:]*): ?(.*)$/s.exec(field) ?? [];
      return { name, value };
    }),
  );
}

export const CALL = [":method: POST", ":scheme: http", ":path: /a.B/C", "te: trailers"] as const;

export function headers(id: number, flags: number, ...fields: readonly string[]): Uint8Array {
  return frame("HEADERS", FrameFlag.END_HEADERS | flags, id, block(...fields));
}

/** The head of a call, with these fields behind the usual ones. */
export const request = (id: number, flags = 0, ...more: readonly string[]): Uint8Array =>
  headers(id, flags, ...CALL, ...more);

export const data = (id: number, letters: string, flags = 0): Uint8Array => frame("DATA", flags, id, text(letters));

export function uint32(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value >>> 24, value >>> 16, value >>> 8, value]));
}

export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Uint8Array {
  return frame("SETTINGS", 0, 0, joined(pairs.flatMap(([id, value]) => [Uint8Array.of(id >>> 8, id), uint32(value)])));
}

export const settingsAck: Uint8Array = frame("SETTINGS", 1, 0, new Uint8Array(0));
export const ping = (letters: string, flags = 0): Uint8Array => frame("PING", flags, 0, text(letters));
export const reset = (id: number, code = 8): Uint8Array => frame("RST_STREAM", 0, id, uint32(code));
export const windowUpdate = (id: number, bytes: number): Uint8Array => frame("WINDOW_UPDATE", 0, id, uint32(bytes));
export const goAway = (lastId: number, code = 0): Uint8Array => frame("GOAWAY", 0, 0, uint32(lastId, code));

/** A connection, what it says and what it sends. */
export class Side implements Http2Events {
  readonly connection: Http2Connection;
  readonly streams: Map<number, Http2Stream> = new Map();
  nowMs = 0;
  /** Every chunk of data is given back at once. */
  reads = true;
  /** Called with each request, and with each call of a stream's handler. */
  onEvent: (stream: Http2Stream, event: string) => void = () => {};
  #lines: string[] = [];

  /** With the preface and SETTINGS of both sides exchanged, unless `fresh`. */
  constructor(role: "client" | "server", options: Omit<Http2Options, "role"> = {}, fresh = false) {
    this.connection = new Http2Connection({ role, ...options }, this);
    if (fresh) return;
    if (role === "server") this.receive(preface);
    this.receive(settings(), settingsAck);
    this.lines();
  }

  /** What has been said and sent since the last time; frames sent begin with `>`. */
  lines(): string[] {
    this.#sent();
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  receive(...chunks: readonly Uint8Array[]): this {
    for (const chunk of chunks) this.connection.receive(chunk, this.nowMs);
    return this;
  }

  /** What happens on these bytes. */
  told(...chunks: readonly Uint8Array[]): string[] {
    return this.receive(...chunks).lines();
  }

  /** Opens a stream of a client, and says what was sent. */
  open(flags = 0): Http2Stream {
    const stream = this.connection.open(block(...CALL), flags === END, new Recorder(this, () => stream));
    if (stream === undefined) throw new Error("no stream can be opened");
    this.streams.set(stream.id, stream);
    return stream;
  }

  stream(id: number): Http2Stream {
    return this.streams.get(id) as Http2Stream;
  }

  say(stream: Http2Stream | undefined, event: string): void {
    this.#sent();
    this.#lines.push(event);
    if (stream !== undefined) this.onEvent(stream, event);
  }

  request(stream: Http2Stream, _fields: unknown, endStream: boolean): void {
    this.streams.set(stream.id, stream);
    stream.handler = new Recorder(this, () => stream);
    this.say(stream, `request ${stream.id}${endStream ? " end" : ""}`);
  }

  settings(): void {
    this.say(undefined, "settings");
  }

  pong(opaque: Uint8Array): void {
    this.say(undefined, `pong ${octetString(opaque)}`);
  }

  goAway(lastStreamId: number, code: number, debug: Uint8Array): void {
    this.say(undefined, `goAway ${lastStreamId} ${codeName(code)} ${octetString(debug)}`.trimEnd());
  }

  output(): void {}

  failed(error: Error & { code: number }): void {
    this.say(undefined, `failed ${codeName(error.code)}`);
  }

  #sent(): void {
    // The constructor of the connection has output before there is a connection here.
    const bytes = joined([...(this.connection?.takeOutput() ?? [])]);
    const isPreface = Buffer.from(bytes.subarray(0, preface.length)).equals(preface);
    for (const one of framesOf(bytes, isPreface ? preface.length : 0)) this.#lines.push(`> ${frameLine(one)}`);
  }
}

class Recorder implements StreamHandler {
  readonly #side: Side;
  readonly #stream: () => Http2Stream | undefined;

  constructor(side: Side, stream: () => Http2Stream | undefined) {
    this.#side = side;
    this.#stream = stream;
  }

  headers(fields: readonly { name: string; value: string }[], endStream: boolean): void {
    const names = fields.map(({ name, value }) => `${name}=${value}`).join(" ");
    this.#say("headers", `${names}${endStream ? " end" : ""}`);
  }

  data(chunk: Uint8Array, endStream: boolean): void {
    this.#say("data", `${shown(chunk)}${endStream ? " end" : ""}`.trimStart());
    if (this.#side.reads) this.#stream()?.consumed(chunk.length);
  }

  reset(code: number, refused: boolean): void {
    this.#say("reset", `${codeName(code)}${refused ? " refused" : ""}`);
  }

  drained(): void {
    this.#say("drained", "");
  }

  #say(event: string, rest: string): void {
    const stream = this.#stream();
    this.#side.say(stream, `${event} ${stream?.id} ${rest}`.trimEnd());
  }
}

function shown(bytes: Uint8Array): string {
  return bytes.length > 20 ? `${bytes.length} bytes` : octetString(bytes);
}

function codeName(code: number): string {
  return Object.entries(ErrorCode).find(([, value]) => value === code)?.[0] ?? String(code);
}

/** Name, stream, flags and what matters of the payload. */
function frameLine({ type, flags, streamId, payload }: Frame): string {
  const name = Object.entries(FrameType).find(([, value]) => value === type)?.[0] ?? String(type);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const flag = (flags & 1) === 0 ? "" : type === FrameType.SETTINGS || type === FrameType.PING ? "ACK" : "end";
  const parts: (string | number)[] = streamId === 0 ? [name] : [name, streamId];
  if (type === FrameType.DATA) parts.push(shown(payload));
  if (type === FrameType.RST_STREAM) parts.push(codeName(view.getUint32(0)));
  if (type === FrameType.WINDOW_UPDATE) parts.push(view.getUint32(0));
  if (type === FrameType.GOAWAY)
    parts.push(view.getUint32(0), codeName(view.getUint32(4)), octetString(payload.subarray(8)));
  return [...parts, flag].filter((part) => part !== "").join(" ");
}
