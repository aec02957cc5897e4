/** One connection to a node that writes frames as fast as they are taken, and reads or does not. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { FRAME, frame, PREFACE } from "../fuzz/http2.js";

const KEPT_MAX = 1 << 20;

export class RawConnection {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      if (this.#received.length < KEPT_MAX) this.#received = Buffer.concat([this.#received, chunk]);
    });
  }

  /** Without `settings` it has said nothing yet. */
  static async open(port: number, settings?: Buffer): Promise<RawConnection> {
    const socket = connect({ port, host: "127.0.0.1" });
    const connection = new RawConnection(socket);
    await once(socket, "connect");
    if (settings !== undefined) socket.write(Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0, settings)]));
    return connection;
  }

  get closed(): boolean {
    return this.#socket.closed || this.#socket.readableEnded;
  }

  /** The connection was ended by GOAWAY. */
  get sentAway(): boolean {
    for (let at = 0; at + 9 <= this.#received.length; at += 9 + this.#received.readUIntBE(at, 3)) {
      if (this.#received[at + 3] === FRAME.goaway) return true;
    }
    return false;
  }

  /** Resolves when the bytes are on their way, or the other side wants no more. */
  async write(bytes: Buffer): Promise<void> {
    if (this.closed || this.#socket.destroyed) return;
    if (this.#socket.write(bytes)) return void (await new Promise((resolve) => setImmediate(resolve)));
    await Promise.race([once(this.#socket, "drain"), once(this.#socket, "close")]).catch(() => {});
  }

  async untilClosed(): Promise<void> {
    if (!this.#socket.closed) await once(this.#socket, "close");
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
