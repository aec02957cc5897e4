/**
 * One connection of a channel, from the attempt on. Calls wait in it until the server's SETTINGS have come, and then for
 * room among the streams that the server allows.
 *
 * ```
 * connecting ─ SETTINGS → ready ─ GOAWAY → leaving ─ last call → over
 *      └─ failed ──────────┴──────── lost ────┴────────────────────┘
 * ```
 */
import type { Socket } from "node:net";
import { ErrorCode } from "../http2/error-code.js";
import { octetString } from "../http2/octets.js";
import type { Call, CallConnection } from "./call.js";
import { AnswerReader, type AnswerStatus } from "./call-answer.js";
import { CallQueue } from "./call-queue.js";
import { droppedStatus } from "./call-reset.js";
import { type Dialer, dialError } from "./client-dial.js";
import { KeepAlive, type KeptConnection } from "./client-keep-alive.js";
import { Http2Socket, type SocketOwner } from "./socket.js";

/** The channel. `waiting` are calls of which nothing has left. */
export interface ConnectionOwner {
  ready(connection: ClientConnection): void;
  /** It never became ready. */
  failed(connection: ClientConnection, reason: string, waiting: readonly Call[]): void;
  /** It takes no more calls: the server leaves, or it is lost. */
  retired(connection: ClientConnection, waiting: readonly Call[]): void;
  /** It is closed, and nothing hangs on it any more. */
  over(connection: ClientConnection): void;
  /** The server finds that it is pinged too often. */
  pingedTooOften(): void;
}

export interface ConnectionSettings {
  readonly dialer: Dialer;
  readonly connectTimeoutMs: number;
  readonly keepAlive: { readonly intervalMs: number; readonly timeoutMs: number } | undefined;
}

/**
 * Window of the whole connection, in bytes: large, because streams that are not read hold a part of it each, and the others
 * would stand still when it is used up.
 */
const CONNECTION_WINDOW_BYTES = 64 * 1024 * 1024;
/** What a server says in GOAWAY before it ends the connection of somebody who pings too often (gRPC's proposal A8). */
const TOO_MANY_PINGS = "too_many_pings";
const PING: Uint8Array = new Uint8Array(8);

export class ClientConnection implements CallConnection, SocketOwner, KeptConnection {
  readonly answers: AnswerReader = new AnswerReader();
  readonly #owner: ConnectionOwner;
  readonly #dialled: Socket;
  readonly #attempt: NodeJS.Timeout;
  readonly #keepAlive: KeepAlive | undefined;
  readonly #waiting: CallQueue<Call> = new CallQueue();
  #socket: Http2Socket | undefined;
  #state: "connecting" | "ready" | "leaving" | "over" = "connecting";
  #running = 0;
  /** What its calls are told when it ends. */
  #loss: AnswerStatus = droppedStatus;

  /** Begins to connect. */
  constructor(settings: ConnectionSettings, owner: ConnectionOwner) {
    const { dialer, connectTimeoutMs, keepAlive } = settings;
    this.#owner = owner;
    this.#keepAlive = keepAlive && new KeepAlive(this, keepAlive.intervalMs, keepAlive.timeoutMs);
    this.#attempt = setTimeout(() => this.#fail(`no answer within ${connectTimeoutMs} ms`), connectTimeoutMs).unref();
    this.#dialled = dialer
      .dial(() => this.#connected())
      .on("error", (error) => this.#fail(dialError(error)))
      .on("close", () => this.#fail("the connection was closed"));
  }

  /** Opens the call's stream, or lets it wait. */
  start(call: Call): void {
    // A listener of the channel's state may have closed it meanwhile.
    if (this.#state === "over") {
      call.refuse(this.#loss);
      return;
    }
    call.connection = this;
    if (this.#running + this.#waiting.size === 0) this.#wake();
    if (this.#state === "ready" && this.#waiting.size === 0 && this.#open(call)) return;
    call.waits();
    this.#waiting.push(call);
    this.#serve();
  }

  /** Ends it and all its calls, with this status. */
  close(status: AnswerStatus): void {
    this.#loss = status;
    const waiting = this.#takeWaiting();
    if (this.#socket === undefined) this.#end();
    else {
      this.#state = "leaving";
      this.#socket.connection.goAway(ErrorCode.NO_ERROR);
      this.#socket.close();
    }
    for (const call of waiting) call.refuse(status);
  }

  // `CallConnection`.

  get lost(): AnswerStatus | undefined {
    return this.#socket?.connection.over === true ? this.#loss : undefined;
  }

  get congested(): boolean {
    return this.#socket?.congested === true;
  }

  whenWritable(writable: () => void): void {
    this.#socket?.whenWritable(writable);
  }

  left(call: Call): void {
    if (!this.#waiting.remove(call)) this.#running -= 1;
    if (this.#waiting.size > 0) this.#serve();
    else if (this.#running === 0) this.#rest();
  }

  // `KeptConnection`.

  get lastReceivedMs(): number {
    return this.#socket?.lastReceivedMs ?? 0;
  }

  get active(): boolean {
    return this.#running > 0;
  }

  ping(): void {
    this.#socket?.connection.ping(PING);
  }

  silent(): void {
    this.#socket?.destroy();
  }

  // `SocketOwner`.

  request(): void {}

  pong(): void {
    this.#keepAlive?.answered();
  }

  settings(): void {
    if (this.#state === "connecting") {
      this.#state = "ready";
      clearTimeout(this.#attempt);
      if (this.#waiting.size === 0) this.#rest();
      else this.#keepAlive?.start();
      this.#owner.ready(this);
    }
    this.#serve();
  }

  goAway(_lastStreamId: number, code: number, debug: Uint8Array): void {
    if (code === ErrorCode.ENHANCE_YOUR_CALM && octetString(debug) === TOO_MANY_PINGS) this.#owner.pingedTooOften();
    this.#retire();
  }

  closed(error: Error | undefined): void {
    // Only while nothing has come from the server yet is this an attempt that has failed.
    this.#fail(error === undefined ? "the server closed the connection at once" : dialError(error));
    this.#retire();
    this.#end();
  }

  #connected(): void {
    if (this.#state !== "connecting") return;
    const options = { role: "client", connectionWindowBytes: CONNECTION_WINDOW_BYTES } as const;
    this.#socket = new Http2Socket(this.#dialled, options, this);
  }

  #open(call: Call): boolean {
    const socket = this.#socket;
    if (socket?.connection.canOpen !== true) return false;
    const stream = socket.connection.open(call.block(), false, call);
    if (stream === undefined) return false;
    this.#running += 1;
    socket.gathered(call.opened(stream));
    return true;
  }

  /** Opens streams for calls that wait, as far as there is room. */
  #serve(): void {
    const connection = this.#socket?.connection;
    if (connection === undefined || this.#state !== "ready") return;
    while (this.#waiting.size > 0 && connection.canOpen) {
      const call = this.#waiting.shift();
      if (call !== undefined) this.#open(call);
    }
    // There is room, and still no stream can be opened: the ids are used up.
    if (this.#waiting.size > 0 && connection.openStreams < connection.peerStreamsMax) this.#retire();
  }

  /** A first call: as long as there is one, the process stays and the server is watched. */
  #wake(): void {
    if (this.#state === "connecting") return;
    this.#dialled.ref();
    this.#keepAlive?.start();
  }

  #rest(): void {
    if (this.#state === "connecting") return;
    if (this.#state === "leaving") this.#socket?.close();
    else this.#dialled.unref();
  }

  #fail(reason: string): void {
    if (this.#state !== "connecting") return;
    const waiting = this.#takeWaiting();
    this.#end();
    this.#owner.failed(this, reason, waiting);
  }

  #retire(): void {
    if (this.#state !== "ready") return;
    this.#state = "leaving";
    this.#owner.retired(this, this.#takeWaiting());
    if (this.#running === 0) this.#socket?.close();
  }

  #end(): void {
    if (this.#state === "over") return;
    const connecting = this.#state === "connecting";
    this.#state = "over";
    clearTimeout(this.#attempt);
    this.#keepAlive?.stop();
    if (connecting) this.#dialled.destroy();
    this.#owner.over(this);
  }

  #takeWaiting(): Call[] {
    const waiting = this.#waiting.clear();
    for (const call of waiting) call.connection = undefined;
    return waiting;
  }
}
