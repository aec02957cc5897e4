/**
 * An owner of an HTTP/2 connection who does as it likes, and who notes whatever the connection promises and does not keep:
 * see `events.ts` of the transport for the promises.
 */
import { Http2Connection } from "../../packages/transport/dist/http2/connection.js";
import type { Http2Error } from "../../packages/transport/dist/http2/error-code.js";
import type { Http2Events, Http2Options, StreamHandler } from "../../packages/transport/dist/http2/events.js";
import { FrameSplitter, FrameType } from "../../packages/transport/dist/http2/frame.js";
import type { Http2Stream } from "../../packages/transport/dist/http2/stream.js";
import { Chance } from "./chance.js";
import { block, callFields, PREFACE } from "./http2.js";
import type { Role } from "./http2-conversation.js";

/** More than lawful peers send altogether, so that an owner need not read. */
const STREAM_WINDOW_BYTES = 70_000;
const CONNECTION_WINDOW_BYTES = 600_000;
const LIMITS = { concurrentStreamsMax: 8, headerListBytesMax: 20_000, controlFramesBurst: 200, resetsBurst: 20 };
const WINDOW_MAX = 2 ** 31 - 1;
/** A cut frame, and a header block that goes on. */
const UNFINISHED_BYTES_MAX = 9 + 16_384 + LIMITS.headerListBytesMax + 16_384;
const HEAD = block([[":status", "200"]]);
const TRAILERS = block([["grpc-status", "0"]]);
const OPTIONS: Omit<Http2Options, "role"> = {
  streamWindowBytes: STREAM_WINDOW_BYTES,
  connectionWindowBytes: CONNECTION_WINDOW_BYTES,
  limits: { ...LIMITS, pingIntervalMsMin: 0 },
};

export class Http2Owner implements Http2Events {
  readonly connection: Http2Connection;
  failure: Http2Error | undefined;
  readonly wrong: string[] = [];
  readonly #chance: Chance;
  readonly #role: Role;
  readonly #streams: Http2Stream[] = [];
  readonly #sent: FrameSplitter = new FrameSplitter(2 ** 24);
  readonly #reads: boolean;
  #prefaceBytes: number;
  #nowMs = 0;
  #closed = false;
  #goneAway = false;

  constructor(role: Role, seed: number) {
    this.#role = role;
    this.#chance = new Chance(seed);
    this.#reads = this.#chance.chance(0.7);
    this.#prefaceBytes = role === "client" ? PREFACE.length : 0;
    this.connection = new Http2Connection({ role, ...OPTIONS }, this);
  }

  /** It was its own doing that the connection leaves. */
  get left(): boolean {
    return this.#closed || this.#goneAway;
  }

  open(calls: number): void {
    for (let i = 0; i < calls; i++) {
      const owner = new StreamOwner(this, () => stream);
      const stream = this.connection.open(block(callFields("/a.B/C")), false, owner);
      if (stream === undefined) return;
      this.#streams.push(stream);
    }
  }

  receive(chunk: Buffer): void {
    this.#nowMs += this.#chance.between(0, 5);
    this.connection.receive(chunk, this.#nowMs);
    for (const stream of this.#streams) if (this.#chance.chance(0.1)) this.act(stream);
    if (this.#chance.chance(0.5)) this.take();
    if (this.#chance.chance(0.01)) this.#leave();
    this.check();
  }

  request(stream: Http2Stream): void {
    this.note(this.#role === "server" && !this.over, "a request that may not come");
    stream.handler = new StreamOwner(this, () => stream);
    this.#streams.push(stream);
    if (this.#chance.chance(0.5)) stream.sendHeaders(HEAD, false);
    this.act(stream);
  }

  settings(): void {
    this.note(!this.over, "SETTINGS after the end");
  }

  pong(opaque: Uint8Array): void {
    this.note(opaque.length === 8 && !this.over, "a wrong pong");
  }

  goAway(): void {
    this.note(!this.over, "GOAWAY after the end");
  }

  output(): void {}

  failed(error: Http2Error): void {
    this.note(!this.over, "a second failure");
    this.failure = error;
    for (const stream of this.#streams) this.note(stream.ended, `stream ${stream.id} outlives the connection`);
  }

  get over(): boolean {
    return this.failure !== undefined || this.#closed;
  }

  note(right: boolean, text: string): void {
    if (!right) this.wrong.push(text);
  }

  /** Something that an owner of a stream may do at any time. */
  act(stream: Http2Stream): void {
    const { queuedBytes } = stream;
    switch (this.#chance.between(0, 9)) {
      case 0:
        stream.reset(8);
        this.note(stream.ended && stream.queuedBytes === 0, "a stream lives after its reset");
        break;
      case 1:
      case 2:
        stream.sendMessage(new Uint8Array(this.#chance.length(40_000)), this.#chance.chance(0.2));
        break;
      case 3:
        stream.sendData(new Uint8Array(this.#chance.length(100_000)), false);
        break;
      case 4:
        if (this.#role === "server" || queuedBytes === 0) stream.sendHeaders(TRAILERS, true);
        break;
      default:
        if (this.#reads) stream.consumed(this.#chance.chance(0.7) ? 2 ** 20 : this.#chance.between(0, 5_000));
    }
  }

  /** What must hold between any two calls. */
  check(): void {
    const { connection } = this;
    const live = this.#streams.filter((stream) => !stream.ended);
    this.note(connection.unfinishedBytes <= UNFINISHED_BYTES_MAX, `${connection.unfinishedBytes} bytes are kept`);
    this.note(connection.openStreams === live.length, `${connection.openStreams} streams of ${live.length} are open`);
    if (this.#role === "server") {
      this.note(live.length <= LIMITS.concurrentStreamsMax, `${live.length} streams are open`);
    }
    let unreadBytes = 0;
    for (const { id, sendWindow, receiveWindow } of live) {
      this.note(sendWindow <= WINDOW_MAX, `stream ${id} may send ${sendWindow} bytes`);
      this.note(
        receiveWindow >= 0 && receiveWindow <= STREAM_WINDOW_BYTES,
        `stream ${id} grants ${receiveWindow} bytes`,
      );
    }
    for (const stream of this.#streams) unreadBytes += stream.unreadBytes;
    this.note(unreadBytes <= CONNECTION_WINDOW_BYTES, `${unreadBytes} bytes are unread`);
  }

  take(): void {
    for (const part of this.connection.takeOutput()) {
      const skip = Math.min(this.#prefaceBytes, part.length);
      this.#prefaceBytes -= skip;
      this.#sent.push(part.subarray(skip));
    }
    const queuedBytes = this.#streams.reduce((sum, stream) => sum + stream.queuedBytes, 0);
    this.note(
      this.connection.bufferedBytes === queuedBytes,
      `${this.connection.bufferedBytes} bytes wait, ${queuedBytes} in streams`,
    );
    let last: number | undefined;
    for (let frame = this.#sent.next(); frame !== undefined; frame = this.#sent.next()) last = frame.type;
    this.note(this.#sent.rest().length === 0, "the output ends within a frame");
    if (this.failure !== undefined && last !== undefined)
      this.note(last === FrameType.GOAWAY, "GOAWAY is not the last word");
  }

  #leave(): void {
    const what = this.#chance.between(0, 2);
    if (what === 0) this.connection.shutdownNotice();
    this.#goneAway ||= what < 2;
    if (what === 1) this.connection.goAway(0, "bye");
    if (what < 2) return;
    // The output ends here, maybe within a frame of nobody's interest.
    this.take();
    this.connection.closed();
    this.#closed = true;
    for (const stream of this.#streams) this.note(stream.ended, `stream ${stream.id} outlives its socket`);
  }
}

class StreamOwner implements StreamHandler {
  readonly #owner: Http2Owner;
  readonly #stream: () => Http2Stream | undefined;
  #ended = false;
  #reset = false;

  constructor(owner: Http2Owner, stream: () => Http2Stream | undefined) {
    this.#owner = owner;
    this.#stream = stream;
  }

  headers(_fields: unknown, endStream: boolean): void {
    this.#heard(endStream);
  }

  data(chunk: Uint8Array, endStream: boolean): void {
    this.#owner.note(chunk.length > 0 || endStream, "empty data");
    this.#heard(endStream);
  }

  reset(): void {
    this.#owner.note(!this.#reset, "a second reset");
    this.#owner.note(this.#stream()?.ended !== false, "a stream lives after it was reset");
    this.#reset = true;
  }

  drained(): void {
    this.#owner.note(!this.#reset && this.#stream()?.queuedBytes === 0, "drained, and it is not");
    this.#act();
  }

  #heard(endStream: boolean): void {
    this.#owner.note(!this.#reset && !this.#ended && !this.#owner.over, "an event behind the end");
    this.#ended ||= endStream;
    this.#act();
  }

  #act(): void {
    const stream = this.#stream();
    if (stream !== undefined) this.#owner.act(stream);
  }
}
