/**
 * The protocol of one connection (RFC 9113), either side of it. Bytes go in by `receive` and come out as events; calls go in
 * and come out as bytes in `takeOutput`. There is no socket, clock or promise in it.
 *
 * Read `events.ts` for the seam, then here; `receiver.ts` does what comes in, `sender.ts` what goes out, `streams.ts` has the
 * life of a stream, `limits.ts` and `flood-guard.ts` say what is not put up with.
 */
import { ConnectionState, STREAM_ID_MAX } from "./connection-state.js";
import { ErrorCode, Http2Error } from "./error-code.js";
import type { Http2Events, Http2Options, StreamHandler } from "./events.js";
import { FloodGuard } from "./flood-guard.js";
import { FrameReader } from "./frame-reader.js";
import { FrameWriter } from "./frame-writer.js";
import { HeaderReceiver } from "./header-receiver.js";
import { DEFAULT_LIMITS, type Http2Limits } from "./limits.js";
import { Output } from "./output.js";
import { ReceiveWindows } from "./receive-windows.js";
import { Receiver } from "./receiver.js";
import { FRAME_BYTES_MIN, PeerSettings, SettingId } from "./settings.js";
import type { Http2Stream } from "./stream.js";
import { Streams } from "./streams.js";

/** What a client sends before its first frame (§3.4): `PRI * HTTP/2.0`, and `SM` as its body. */
const PREFACE: Uint8Array = Uint8Array.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (letter) => letter.charCodeAt(0));

const STREAM_WINDOW_BYTES_DEFAULT = 1_048_576;
const CONNECTION_WINDOW_BYTES_DEFAULT = 8 * 1_048_576;

export class Http2Connection {
  readonly #events: Http2Events;
  readonly #state: ConnectionState;
  readonly #peer: PeerSettings = new PeerSettings();
  readonly #output: Output;
  readonly #frames: FrameWriter;
  readonly #windows: ReceiveWindows;
  readonly #streams: Streams;
  readonly #reader: FrameReader;
  readonly #receiver: Receiver;
  /** Bytes of the preface that have come. */
  #prefaceBytes: number;

  /** The preface, SETTINGS and the connection's window are in the output at once: `events.output` is called from here. */
  constructor(options: Http2Options, events: Http2Events) {
    const limits: Http2Limits = { ...DEFAULT_LIMITS, ...options.limits };
    const streamBytes = options.streamWindowBytes ?? STREAM_WINDOW_BYTES_DEFAULT;
    this.#events = events;
    this.#state = new ConnectionState(options.role === "client");
    this.#output = new Output(() => events.output());
    this.#frames = new FrameWriter(this.#output, this.#peer);
    const connectionBytes = options.connectionWindowBytes ?? CONNECTION_WINDOW_BYTES_DEFAULT;
    this.#windows = new ReceiveWindows(this.#frames, streamBytes, connectionBytes);
    this.#streams = new Streams(this.#frames, this.#peer, this.#windows);
    this.#receiver = this.#makeReceiver(limits);
    this.#reader = new FrameReader(limits.frameBytesMax, this.#receiver);
    this.#prefaceBytes = this.#state.client ? PREFACE.length : 0;
    if (this.#state.client) this.#output.body(PREFACE);
    this.#frames.settings(settingsOf(this.#state.client, limits, streamBytes));
    this.#windows.announce();
  }

  /** The other side's SETTINGS have come. */
  get ready(): boolean {
    return this.#state.ready;
  }

  /** GOAWAY was sent or received. */
  get leaving(): boolean {
    return this.#state.leaving;
  }

  /** It has failed or was closed: set before its streams are told, who can tell its end from a reset of theirs by it. */
  get over(): boolean {
    return this.#state.over;
  }

  /** Client: `open` would give a stream now. */
  get canOpen(): boolean {
    const { client, leaving, over, nextId } = this.#state;
    return client && !leaving && !over && nextId <= STREAM_ID_MAX && this.openStreams < this.peerStreamsMax;
  }

  /** Streams that the other side lets us have open at once. */
  get peerStreamsMax(): number {
    return this.#peer.concurrentStreams;
  }

  /** Streams that are not over. */
  get openStreams(): number {
    return this.#streams.count;
  }

  /** Bytes of output that were not taken, and bytes that wait for windows. */
  get bufferedBytes(): number {
    return this.#output.bytes + this.#streams.sender.queuedBytes;
  }

  /** Bytes kept of what has come and is not whole: a frame that is cut, a header block that goes on. */
  get unfinishedBytes(): number {
    return this.#reader.unfinishedBytes + this.#receiver.fragmentBytes;
  }

  /** Bytes from the other side. `nowMs` is a monotonic clock's time. Events come from within. */
  receive(chunk: Uint8Array, nowMs: number): void {
    if (this.#state.over) return;
    this.#state.nowMs = nowMs;
    try {
      const at = this.#prefaceBytes < PREFACE.length ? this.#receivePreface(chunk) : 0;
      this.#reader.receive(chunk, at);
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.#fail(error);
    }
  }

  /** The bytes since the last time, in few parts. */
  takeOutput(): readonly Uint8Array[] {
    return this.#output.take();
  }

  /**
   * Client: opens a stream with its HEADERS, an HPACK block. Undefined when that cannot be now: as many streams are open as
   * the other side allows, a GOAWAY was sent or seen, or the ids are used up.
   */
  open(block: Uint8Array, endStream: boolean, handler: StreamHandler): Http2Stream | undefined {
    if (!this.canOpen) return undefined;
    const id = this.#state.nextId;
    this.#state.nextId += 2;
    const stream = this.#streams.begin(id, handler, false);
    stream.sendHeaders(block, endStream);
    return stream;
  }

  /** Eight octets, which come back by `pong`. */
  ping(opaque: Uint8Array): void {
    if (opaque.length !== 8) throw new RangeError(`a ping has 8 octets, not ${opaque.length}`);
    if (!this.#state.over) this.#frames.ping(opaque, false);
  }

  /**
   * The last GOAWAY: it names the last request that was handed out, and no others will be. Open streams go on. `debug` is
   * ASCII.
   */
  goAway(code: number, debug = ""): void {
    if (this.#state.over) return;
    this.#state.leaving = true;
    this.#state.refusing = true;
    this.#frames.goAway(this.#state.lastRequestId, code, debug);
  }

  /** The first, open GOAWAY (§6.8): open nothing new here, but what is on its way will be served. */
  shutdownNotice(): void {
    if (this.#state.over || this.#state.refusing) return;
    this.#state.leaving = true;
    this.#frames.goAway(STREAM_ID_MAX, ErrorCode.NO_ERROR, "");
  }

  /**
   * The socket is gone: every stream hears `reset` with CANCEL, refused if nothing of it was ever taken from the output.
   * Nothing is sent any more.
   */
  closed(): void {
    if (this.#state.over) return;
    this.#end();
    const { takes } = this.#output;
    this.#streams.cutAll(ErrorCode.CANCEL, (stream) => this.#state.client && stream.beganAtTake === takes);
  }

  #fail(error: Http2Error): void {
    this.#frames.goAway(this.#state.lastRequestId, error.code, error.message);
    this.#end();
    this.#streams.cutAll(error.code, () => false);
    this.#events.failed(error);
  }

  #end(): void {
    this.#state.over = true;
    this.#state.leaving = true;
    this.#windows.stop();
  }

  /** Takes what belongs to the preface and returns how much of the chunk that was. */
  #receivePreface(chunk: Uint8Array): number {
    const count = Math.min(PREFACE.length - this.#prefaceBytes, chunk.length);
    for (let i = 0; i < count; i++) {
      if (chunk[i] !== PREFACE[this.#prefaceBytes + i]) {
        throw new Http2Error(ErrorCode.PROTOCOL_ERROR, "the preface of HTTP/2 is wrong");
      }
    }
    this.#prefaceBytes += count;
    return count;
  }

  #makeReceiver(limits: Http2Limits): Receiver {
    const parts = { state: this.#state, limits, events: this.#events, peer: this.#peer, frames: this.#frames };
    const guard = new FloodGuard(limits, this.#state, this.#frames);
    const headers = new HeaderReceiver(this.#state, limits, this.#events, this.#streams, guard);
    return new Receiver({ ...parts, streams: this.#streams, windows: this.#windows, guard, headers });
  }
}

function settingsOf(client: boolean, limits: Http2Limits, streamBytes: number): [id: number, value: number][] {
  const settings: [number, number][] = [
    client ? [SettingId.ENABLE_PUSH, 0] : [SettingId.MAX_CONCURRENT_STREAMS, limits.concurrentStreamsMax],
    [SettingId.INITIAL_WINDOW_SIZE, streamBytes],
    [SettingId.MAX_HEADER_LIST_SIZE, limits.headerListBytesMax],
  ];
  if (limits.frameBytesMax !== FRAME_BYTES_MIN) settings.push([SettingId.MAX_FRAME_SIZE, limits.frameBytesMax]);
  return settings;
}
