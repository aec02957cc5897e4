/**
 * One connection of a lean server: makes calls of its requests, pings a silent client, and leaves in peace when the server
 * closes. How a call goes on is in `server-call.ts`.
 */
import type { Socket } from "node:net";
import { ErrorCode } from "../http2/error-code.js";
import type { HeaderField } from "../http2/hpack/header-field.js";
import type { Http2Stream } from "../http2/stream.js";
import type { Introduction } from "../introduction.js";
import type { PingPolicyOptions } from "../ping-policy.js";
import { StatusCode } from "../status.js";
import { type CallHost, ServerCall } from "./server-call.js";
import { type RequestHead, readHead } from "./server-head.js";
import { RefusedCall } from "./server-refused-call.js";
import type { ServerSettings } from "./server-settings.js";
import { Http2Socket, type SocketOwner } from "./socket.js";

const STREAM_WINDOW_BYTES = 1024 * 1024;
/** Far more than a stream's, so that a few handlers that do not read hold up no other call. */
const CONNECTION_WINDOW_BYTES = 64 * 1024 * 1024;
/** Of one header block, as engine one has it. */
const HEADER_FIELDS_MAX = 64;
/** Of answers of streams that one turn of the event loop makes. */
const TURN_BYTES_MAX = 1024 * 1024;
/** Longest wait for a client's word that it knows of the end, in milliseconds. */
const NOTICE_MS = 1_000;
/** The one opaque value of pings for the end; those of keep-alive need no answer of their own. */
const NOTICE = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
const KEEP_ALIVE = new Uint8Array(8);
/** What an answer counts for beside its bytes: a handler that has one after the other, empty ones, must give others a turn. */
const ANSWER_COST_BYTES = 512;

export class ServerConnection implements SocketOwner, CallHost {
  readonly server: ServerSettings;
  readonly peer: string;
  readonly certificateName: string | undefined;
  readonly #socket: Http2Socket;
  readonly #onClose: (connection: ServerConnection) => void;
  /** The calls that are not over, in a list; the one that came last is first. */
  #calls: ServerCall | undefined;
  /** A client says the same again and again, and the same fields are the same array. */
  #fields: readonly HeaderField[] | undefined;
  #head: RequestHead | undefined;
  #keptBytes = 0;
  /** Of this turn; see `TURN_BYTES_MAX`. */
  #turnBytes = 0;
  #isWakeDue = false;
  #isReady = false;
  /** Of the handshake, then of keep-alive, then of the end. */
  #timer: NodeJS.Timeout | undefined;
  /** `noticed`: the client was told of the end; `leaving`: no call that comes now is taken. */
  #state: "serving" | "noticed" | "leaving" | "over" = "serving";

  constructor(
    socket: Socket,
    introduction: Introduction,
    server: ServerSettings,
    pings: PingPolicyOptions | undefined,
    onClose: (connection: ServerConnection) => void,
  ) {
    this.server = server;
    this.peer = addressOf(introduction);
    this.certificateName = introduction.certificateName;
    this.#onClose = onClose;
    this.#socket = new Http2Socket(
      socket,
      {
        role: "server",
        streamWindowBytes: STREAM_WINDOW_BYTES,
        connectionWindowBytes: CONNECTION_WINDOW_BYTES,
        limits: {
          concurrentStreamsMax: server.concurrentStreamsMax,
          headerFieldsMax: HEADER_FIELDS_MAX,
          pingIntervalMsMin: pings?.minTimeMs ?? 0,
        },
      },
      this,
    );
    socket.once("close", () => this.#onClose(this));
    this.#timer = setTimeout(() => this.#socket.destroy(), server.bounds.handshakeMs);
  }

  request(stream: Http2Stream, fields: readonly HeaderField[], endStream: boolean): void {
    const head = this.#headOf(fields);
    if (head.method === undefined) {
      if (head.refusal !== undefined) stream.handler = new RefusedCall(stream, head.refusal, endStream);
      return;
    }
    const call = new ServerCall(this, stream, head, head.method);
    call.after = this.#calls;
    if (this.#calls !== undefined) this.#calls.before = call;
    this.#calls = call;
    stream.handler = call;
    call.begin(endStream);
  }

  /** The handshake is done with the first ones. */
  settings(): void {
    if (this.#isReady) return;
    this.#isReady = true;
    this.#keepAlive();
  }

  pong(opaque: Uint8Array): void {
    if (opaque[0] === NOTICE[0] && this.#state === "noticed") this.#leave();
  }

  /** A client that leaves opens no more streams; those it has go on. */
  goAway(): void {}

  closed(): void {
    this.#state = "over";
    clearTimeout(this.#timer);
  }

  hasRoom(): boolean {
    const isTurnFull = this.#turnBytes > TURN_BYTES_MAX;
    if (!isTurnFull && !this.#socket.congested) return true;
    if (!isTurnFull && !this.#isWakeDue) this.#socket.whenWritable(() => this.#wake());
    this.#isWakeDue = true;
    return false;
  }

  sent(bytes: number, isQueued: boolean): void {
    if (this.#turnBytes === 0) setImmediate(endTurn, this);
    this.#turnBytes += bytes + ANSWER_COST_BYTES;
    this.#socket.gathered(bytes);
    if (isQueued && this.#socket.connection.bufferedBytes > this.server.bounds.untakenBytesMax) {
      this.#socket.connection.goAway(ErrorCode.ENHANCE_YOUR_CALM, "too much of answers that are not taken");
      this.#socket.close();
    }
  }

  /** The answers of this turn have gone to the socket. */
  endTurn(): void {
    this.#turnBytes = 0;
    if (this.#isWakeDue) this.#wake();
  }

  keep(bytes: number): boolean {
    this.#keptBytes += bytes;
    return this.#keptBytes <= this.server.bounds.keptBytesMax;
  }

  left(call: ServerCall | undefined): void {
    if (call !== undefined) {
      const { before, after } = call;
      if (before !== undefined) before.after = after;
      else if (this.#calls === call) this.#calls = after;
      if (after !== undefined) after.before = before;
      call.before = undefined;
    }
    if (this.#state === "leaving") setImmediate(() => this.#closeIfIdle());
  }

  /** The server closes: the client is to make no more calls, and goes when those it has made are over. */
  leave(): void {
    if (this.#state !== "serving") return;
    const { connection } = this.#socket;
    this.#state = "noticed";
    connection.shutdownNotice();
    // Calls on their way are behind this ping's answer, or in time before it.
    connection.ping(NOTICE);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#leave(), NOTICE_MS);
  }

  /** Ends what runs, and the connection. */
  end(): void {
    for (let call = this.#calls; call !== undefined; ) {
      const { after }: ServerCall = call;
      call.cancel(StatusCode.UNAVAILABLE, "the server is closing");
      call = after;
    }
    if (this.#state === "over") return;
    this.#socket.connection.goAway(ErrorCode.NO_ERROR);
    this.#socket.close();
  }

  /** At once, whoever is at the other end. */
  destroy(): void {
    this.#socket.destroy();
  }

  #headOf(fields: readonly HeaderField[]): RequestHead {
    if (this.#head === undefined || fields !== this.#fields) {
      this.#head = readHead(fields, this.server.methods);
      this.#fields = fields;
    }
    return this.#head;
  }

  #wake(): void {
    this.#isWakeDue = false;
    for (let call = this.#calls; call !== undefined && this.hasRoom(); ) {
      const { after }: ServerCall = call;
      call.roomAgain();
      call = after;
    }
  }

  #leave(): void {
    if (this.#state !== "noticed") return;
    this.#state = "leaving";
    clearTimeout(this.#timer);
    this.#socket.connection.goAway(ErrorCode.NO_ERROR);
    this.#closeIfIdle();
  }

  #closeIfIdle(): void {
    if (this.#state === "leaving" && this.#socket.connection.openStreams === 0) this.#socket.close();
  }

  /** Asks a silent client for a word every `intervalMs`; one that has none for `timeoutMs` is lost. */
  #keepAlive(): void {
    const { keepAlive } = this.server;
    clearTimeout(this.#timer);
    if (keepAlive === undefined || this.#state !== "serving") return;
    const { intervalMs, timeoutMs } = keepAlive;
    const silentMs = performance.now() - this.#socket.lastReceivedMs;
    if (silentMs < intervalMs) {
      this.#timer = setTimeout(() => this.#keepAlive(), intervalMs - silentMs);
      return;
    }
    const askedMs = performance.now();
    this.#socket.connection.ping(KEEP_ALIVE);
    this.#timer = setTimeout(() => {
      if (this.#socket.lastReceivedMs < askedMs) this.#socket.destroy();
      else this.#keepAlive();
    }, timeoutMs);
  }
}

function endTurn(connection: ServerConnection): void {
  connection.endTurn();
}

/** `127.0.0.1:40712`. */
function addressOf({ remoteAddress, remotePort }: Introduction): string {
  if (remoteAddress === undefined) return "unknown";
  return remotePort === undefined ? remoteAddress : `${remoteAddress}:${remotePort}`;
}
