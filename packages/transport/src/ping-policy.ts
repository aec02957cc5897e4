/**
 * How often a client may ping, as servers of grpc-go enforce it: one that pings more often than it may is warned by nothing
 * and sent away at the third offence. The engine has no such rule, so the mux watches the frames that pass through it.
 *
 * - While a call is open a ping may come every `minTimeMs`, otherwise every two hours.
 * - What the server sends of a call's data or headers forgives: clients measure the bandwidth with pings of their own.
 */
import { FrameFlag, FrameType, frameBytes } from "./http2/frame.js";
import { FrameHeads } from "./http2/frame-heads.js";

export interface PingPolicyOptions {
  /** Shortest time between two pings, in milliseconds. */
  readonly minTimeMs: number;
}

/** What an HTTP/2 client sends before its first frame (RFC 9113 §3.4). */
const PREFACE_BYTES = 24;
/** Offences that are put up with. */
const STRIKES_MAX = 2;
const IDLE_MIN_TIME_MS = 2 * 3600 * 1000;
const ACK = 0x1;
const ENHANCE_YOUR_CALM = 0xb;

/** The rule and the state of one connection. */
export class PingPolicy {
  readonly #minTimeMs: number;
  readonly #client: FrameHeads = new FrameHeads((type, flags, id) => this.#clientFrame(type, flags, id), PREFACE_BYTES);
  readonly #server: FrameHeads = new FrameHeads((type, flags, id) => this.#serverFrame(type, flags, id));
  readonly #open: Set<number> = new Set();
  #lastStreamId = 0;
  #nowMs = 0;
  #lastPingMs = Number.NEGATIVE_INFINITY;
  #strikes = 0;
  #forgiven = false;

  constructor({ minTimeMs }: PingPolicyOptions) {
    this.#minTimeMs = minTimeMs;
  }

  /** The client is to be sent away. Stays true. */
  get violated(): boolean {
    return this.#strikes > STRIKES_MAX;
  }

  /** A frame of ours can be put behind what the server has sent. */
  get betweenFrames(): boolean {
    return this.#server.betweenFrames;
  }

  /** Bytes from the client, at a time of a monotonic clock. */
  fromClient(chunk: Uint8Array, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#client.push(chunk);
  }

  fromServer(chunk: Uint8Array): void {
    this.#server.push(chunk);
  }

  /** The frame that says why the connection ends. */
  goAway(): Uint8Array {
    const why = new TextEncoder().encode("too_many_pings");
    const payload = new Uint8Array(8 + why.length);
    const view = new DataView(payload.buffer);
    view.setUint32(0, this.#lastStreamId);
    view.setUint32(4, ENHANCE_YOUR_CALM);
    payload.set(why, 8);
    return frameBytes({ type: FrameType.GOAWAY, flags: 0, streamId: 0 }, payload);
  }

  #clientFrame(type: number, flags: number, streamId: number): void {
    if (type === FrameType.HEADERS && streamId > this.#lastStreamId) {
      this.#lastStreamId = streamId;
      this.#open.add(streamId);
    } else if (type === FrameType.RST_STREAM) this.#open.delete(streamId);
    else if (type === FrameType.PING && (flags & ACK) === 0) this.#ping();
  }

  #serverFrame(type: number, flags: number, streamId: number): void {
    if (type === FrameType.HEADERS || type === FrameType.DATA) {
      this.#forgiven = true;
      if ((flags & FrameFlag.END_STREAM) !== 0) this.#open.delete(streamId);
    } else if (type === FrameType.RST_STREAM) this.#open.delete(streamId);
  }

  #ping(): void {
    const sinceMs = this.#nowMs - this.#lastPingMs;
    this.#lastPingMs = this.#nowMs;
    if (this.violated) return;
    if (this.#forgiven) {
      this.#forgiven = false;
      this.#strikes = 0;
    } else if (sinceMs < (this.#open.size > 0 ? this.#minTimeMs : IDLE_MIN_TIME_MS)) this.#strikes++;
  }
}
