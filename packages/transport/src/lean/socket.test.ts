/** A socket with the protocol on it: when it writes and reads, and how it ends. The socket is one that a test can hold up. */
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import type { StreamHandler } from "../http2/events.js";
import { FrameType, frameBytes } from "../http2/frame.js";
import type { Http2Stream } from "../http2/stream.js";
import { eventually } from "../testing/harness.js";
import { callFrame, framesOf, preface, settings } from "../testing/http2-bytes.js";
import { Http2Socket, type SocketOwner } from "./socket.js";

/** Writes when it is let. */
class HeldSocket extends Duplex {
  held = false;
  readonly writes: Buffer[] = [];
  #release: (() => void) | undefined;

  constructor() {
    super({ allowHalfOpen: false });
  }

  get written(): Buffer {
    return Buffer.concat(this.writes);
  }

  release(): void {
    this.held = false;
    this.releaseOne();
  }

  /** What was written first is done; what has gathered behind it is held up in its place. */
  releaseOne(): void {
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }

  override _read(): void {}

  override _writev(chunks: { chunk: Buffer }[], written: () => void): void {
    this.writes.push(Buffer.concat(chunks.map(({ chunk }) => chunk)));
    if (this.held) this.#release = written;
    else written();
  }
}

class Owner implements SocketOwner {
  readonly streams: Http2Stream[] = [];
  readonly ends: (Error | undefined)[] = [];

  request(stream: Http2Stream): void {
    stream.handler = ignoring;
    this.streams.push(stream);
  }
  settings(): void {}
  pong(): void {}
  goAway(): void {}
  closed(error: Error | undefined): void {
    this.ends.push(error);
  }
}

const ignoring: StreamHandler = { headers() {}, data() {}, reset() {}, drained() {} };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

function bind(role: "client" | "server"): { socket: HeldSocket; owner: Owner; http2: Http2Socket } {
  const [socket, owner] = [new HeldSocket(), new Owner()];
  return { socket, owner, http2: new Http2Socket(socket as unknown as Socket, { role }, owner) };
}

/** A server that has got a request and may send this many bytes. */
async function serving(windowBytes: number): Promise<ReturnType<typeof bind> & { stream: Http2Stream }> {
  const bound = bind("server");
  const windows = [0, 1].map((streamId) => {
    const more = Uint8Array.of(windowBytes >>> 24, windowBytes >>> 16, windowBytes >>> 8, windowBytes);
    return frameBytes({ type: FrameType.WINDOW_UPDATE, flags: 0, streamId }, more);
  });
  bound.socket.push(Buffer.concat([preface, settings, callFrame("a"), ...windows]));
  await turn();
  return { ...bound, stream: bound.owner.streams[0] as Http2Stream };
}

describe("a socket", () => {
  it("has one write for all that is said in one turn", async () => {
    const { socket, http2 } = bind("client");
    await turn();
    socket.push(settings);
    await turn();
    const before = socket.writes.length;
    for (let i = 0; i < 50; i++) {
      http2.connection.open(Uint8Array.of(0x83), false, ignoring)?.sendMessage(new Uint8Array(9_000 * (i % 2)), true);
    }
    expect(socket.writes.length).toBe(before);
    await turn();
    expect(socket.writes.length).toBe(before + 1);
    expect(framesOf(socket.written).filter(({ type }) => type === FrameType.HEADERS).length).toBe(50);
  });

  it("of a server is not read while a megabyte waits to be written, and no more is taken for it", async () => {
    const { socket, http2, stream } = await serving(8 * 1024 * 1024);
    socket.held = true;
    for (let part = 0; part < 3; part++) {
      stream.sendData(new Uint8Array(1024 * 1024), false);
      await turn();
    }
    let writable = false;
    http2.whenWritable(() => {
      writable = true;
    });
    expect([socket.isPaused(), http2.congested, writable]).toEqual([true, true, false]);
    expect(http2.connection.bufferedBytes).toBeGreaterThan(1024 * 1024);
    socket.release();
    await eventually(() => writable, "the drain");
    expect([socket.isPaused(), http2.congested, http2.connection.bufferedBytes]).toEqual([false, false, 0]);
  });

  it("lets go whoever waits once there is room, though others never let it write all", async () => {
    const { socket, http2, stream } = await serving(8 * 1024 * 1024);
    socket.held = true;
    for (let part = 0; part < 2; part++) {
      stream.sendData(new Uint8Array(700_000), false);
      await turn();
    }
    let writable = false;
    http2.whenWritable(() => {
      writable = true;
    });
    expect([socket.isPaused(), http2.congested, writable]).toEqual([true, true, false]);
    socket.releaseOne();
    stream.sendData(Uint8Array.of(1), false);
    await turn();
    expect(socket.writableLength).toBeGreaterThan(700_000);
    expect([socket.isPaused(), http2.congested, writable]).toEqual([false, false, true]);
  });

  it("is not congested by what waits for the other side's window", async () => {
    const { http2, stream } = await serving(1);
    stream.sendData(new Uint8Array(4 * 1024 * 1024), false);
    await turn();
    expect([http2.congested, stream.queuedBytes > 2 ** 21]).toEqual([false, true]);
  });

  it("tells the other side why it ends, and its owner once", async () => {
    const { socket, owner } = await serving(1);
    socket.push(frameBytes({ type: FrameType.PING, flags: 0, streamId: 3 }, new Uint8Array(8)));
    await turn();
    expect(framesOf(socket.written, 0).at(-1)?.type).toBe(FrameType.GOAWAY);
    expect(socket.writableEnded).toBe(true);
    socket.destroy(new Error("too late"));
    await turn();
    expect(owner.ends.map((error) => error?.name)).toEqual(["Http2Error"]);
  });

  it("says its last words when it is closed, and waits only so long for the other side", async () => {
    const { socket, owner, http2, stream } = await serving(1_000);
    stream.sendData(Uint8Array.of(1, 2, 3), false);
    http2.close(50);
    expect(framesOf(socket.written, 0).at(-1)?.payload).toEqual(Buffer.of(1, 2, 3));
    expect([owner.ends, socket.destroyed]).toEqual([[undefined], false]);
    await eventually(() => socket.destroyed, "the end of patience");
    expect(owner.ends).toEqual([undefined]);
  });

  it("ends with the other side, and lets go whoever waits to write", async () => {
    const { socket, owner, http2, stream } = await serving(8 * 1024 * 1024);
    let resets = 0;
    stream.handler = { ...ignoring, reset: () => resets++ };
    let writable = false;
    http2.whenWritable(() => {
      writable = true;
    });
    socket.push(null);
    await eventually(() => socket.destroyed, "the end");
    expect([resets, writable, owner.ends]).toEqual([1, true, [undefined]]);
  });
});
