/**
 * One HTTP/2 connection of a load generator. It sends ready-made bytes and looks only at what it must: the heads of frames,
 * windows, settings, pings. Header blocks of answers are not decoded: an answer without a message counts as a failure, because
 * that is how gRPC sends an error. Everything of one turn leaves in one write.
 */
import { connect, type Socket } from "node:net";
import {
  dataOf,
  Flag,
  type Frame,
  FrameReader,
  FrameType,
  frameBytes,
  HEAD_BYTES,
  uint32,
  writeHead,
} from "./frames.js";
import { HeaderBlocks } from "./header-block.js";

/** What has been opened hears of its DATA and of its end. */
export interface Receiver {
  data(chunk: Buffer): void;
  /** Once, last. `ok` is false for a reset. */
  ended(ok: boolean): void;
}

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
const WINDOW_MAX = 2 ** 31 - 1;
const WINDOW_FIRST = 65_535;
/** So much is received before the window is given back. */
const CREDIT_BYTES = 2 ** 29;
const FRAME_BYTES_MAX = 16_384;
const OUT_BYTES = 1 << 16;
const Setting = { headerTableSize: 1, enablePush: 2, initialWindowSize: 4 } as const;
const HEADER_TABLE_BYTES = 4096;

interface Blocked {
  readonly id: number;
  readonly flags: number;
  readonly frame: Uint8Array;
}

export class WireConnection {
  readonly #socket: Socket;
  readonly #blocks: HeaderBlocks;
  readonly #reader = new FrameReader();
  readonly #receivers = new Map<number, Receiver>();
  readonly #blocked: Blocked[] = [];
  readonly #onFailure: (error: Error) => void;
  readonly #onFrame = (frame: Frame): void => this.#frame(frame);
  readonly #out = Buffer.allocUnsafe(OUT_BYTES);
  #outLength = 0;
  #scheduled = false;
  #nextId = 1;
  #sendWindow = WINDOW_FIRST;
  #streamWindowFirst = WINDOW_FIRST;
  /** Of streams that stay open: a single request is smaller than any window that servers grant. */
  readonly #streamWindows = new Map<number, number>();
  #received = 0;
  #closed = false;
  #ready: () => void = () => {};

  /** `onFailure` hears once of what ends the connection, unless `close` does. */
  static async open(endpoint: string, onFailure: (error: Error) => void): Promise<WireConnection> {
    const { hostname, host, port } = new URL(endpoint);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const connection = new WireConnection(socket, host, onFailure);
    await new Promise<void>((resolve) => {
      connection.#ready = resolve;
    });
    return connection;
  }

  private constructor(socket: Socket, authority: string, onFailure: (error: Error) => void) {
    this.#socket = socket;
    this.#blocks = new HeaderBlocks(authority);
    this.#onFailure = onFailure;
    const settings = Buffer.alloc(12);
    settings.writeUInt16BE(Setting.enablePush, 0);
    settings.writeUInt16BE(Setting.initialWindowSize, 6);
    settings.writeUInt32BE(WINDOW_MAX, 8);
    this.#write(PREFACE);
    this.#write(frameBytes(FrameType.settings, 0, 0, settings));
    this.#write(frameBytes(FrameType.windowUpdate, 0, 0, uint32(WINDOW_MAX - WINDOW_FIRST)));
    socket.on("data", (chunk) => this.#receive(chunk));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("the server closed a connection of the load")));
  }

  /** A call of one message. */
  call(path: string, frame: Uint8Array, receiver: Receiver): void {
    this.#headers(path, receiver);
    this.#data(this.#nextId, frame, Flag.endStream);
    this.#nextId += 2;
  }

  /** A stream that stays open. The answer sends a further message, already in its gRPC frame. */
  stream(path: string, receiver: Receiver): (frame: Uint8Array) => void {
    const id = this.#nextId;
    this.#headers(path, receiver);
    this.#streamWindows.set(id, this.#streamWindowFirst);
    this.#nextId += 2;
    return (frame) => this.#data(id, frame, 0);
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #headers(path: string, receiver: Receiver): void {
    const block = this.#blocks.of(path);
    this.#receivers.set(this.#nextId, receiver);
    this.#reserve(HEAD_BYTES + block.length);
    writeHead(this.#out, this.#outLength, FrameType.headers, Flag.endHeaders, this.#nextId, block.length);
    this.#out.set(block, this.#outLength + HEAD_BYTES);
    this.#outLength += HEAD_BYTES + block.length;
  }

  /** What has no window waits for it, and whatever comes later behind it. */
  #data(id: number, frame: Uint8Array, flags: number): void {
    if (frame.length > FRAME_BYTES_MAX) throw new RangeError(`${frame.length} bytes do not fit into one frame`);
    if (this.#blocked.length > 0 || !this.#hasWindow(id, frame.length)) {
      this.#blocked.push({ id, flags, frame: Uint8Array.from(frame) });
    } else this.#send(id, frame, flags);
  }

  #hasWindow(id: number, bytes: number): boolean {
    return bytes <= this.#sendWindow && bytes <= (this.#streamWindows.get(id) ?? bytes);
  }

  #send(id: number, frame: Uint8Array, flags: number): void {
    this.#sendWindow -= frame.length;
    this.#widen(id, -frame.length);
    this.#reserve(HEAD_BYTES + frame.length);
    writeHead(this.#out, this.#outLength, FrameType.data, flags, id, frame.length);
    this.#out.set(frame, this.#outLength + HEAD_BYTES);
    this.#outLength += HEAD_BYTES + frame.length;
  }

  #widen(streamId: number, bytes: number): void {
    const window = this.#streamWindows.get(streamId);
    if (window !== undefined) this.#streamWindows.set(streamId, window + bytes);
  }

  #unblock(): void {
    for (let next = this.#blocked[0]; next !== undefined; next = this.#blocked[0]) {
      if (!this.#hasWindow(next.id, next.frame.length)) return;
      this.#blocked.shift();
      this.#send(next.id, next.frame, next.flags);
    }
  }

  #write(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#out.set(bytes, this.#outLength);
    this.#outLength += bytes.length;
  }

  #reserve(bytes: number): void {
    if (this.#outLength + bytes > OUT_BYTES) this.#flush();
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#outLength === 0 || this.#closed) return;
    this.#socket.write(Buffer.from(this.#out.subarray(0, this.#outLength)));
    this.#outLength = 0;
  }

  #receive(chunk: Buffer): void {
    this.#reader.read(chunk, this.#onFrame);
    this.#received += chunk.length;
    if (this.#received >= CREDIT_BYTES) {
      this.#write(frameBytes(FrameType.windowUpdate, 0, 0, uint32(this.#received)));
      this.#received = 0;
    }
  }

  #frame(frame: Frame): void {
    const { type, flags, streamId, payload } = frame;
    if (type === FrameType.data || type === FrameType.headers) {
      const receiver = this.#receivers.get(streamId);
      if (type === FrameType.data && payload.length > 0) receiver?.data(dataOf(frame));
      if ((flags & Flag.endStream) !== 0) this.#end(streamId, true);
    } else if (type === FrameType.reset) {
      this.#end(streamId, false);
    } else if (type === FrameType.windowUpdate) {
      if (streamId === 0) this.#sendWindow += payload.readUInt32BE(0);
      else this.#widen(streamId, payload.readUInt32BE(0));
      this.#unblock();
    } else if (type === FrameType.ping) {
      if ((flags & Flag.ack) === 0) this.#write(frameBytes(FrameType.ping, Flag.ack, 0, payload));
    } else if (type === FrameType.settings) {
      if ((flags & Flag.ack) === 0) this.#settings(payload);
    } else if (type === FrameType.goAway) {
      this.#fail(new Error(`the server leaves a connection of the load: ${payload.subarray(8).toString()}`));
    }
  }

  #end(streamId: number, ok: boolean): void {
    const receiver = this.#receivers.get(streamId);
    this.#receivers.delete(streamId);
    this.#streamWindows.delete(streamId);
    receiver?.ended(ok);
  }

  #settings(payload: Buffer): void {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      const [setting, value] = [payload.readUInt16BE(at), payload.readUInt32BE(at + 2)];
      if (setting === Setting.initialWindowSize) this.#streamWindowFirst = value;
      if (setting === Setting.headerTableSize && value < HEADER_TABLE_BYTES) {
        this.#fail(new Error("the server wants a header table smaller than the load generator can do"));
      }
    }
    this.#write(frameBytes(FrameType.settings, Flag.ack, 0, Buffer.alloc(0)));
    this.#ready();
  }

  #fail(error: Error): void {
    if (this.#closed) return;
    this.close();
    this.#ready();
    this.#onFailure(error);
  }
}
