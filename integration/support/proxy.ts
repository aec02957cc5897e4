/**
 * A TCP proxy that misbehaves on demand: it cuts connections, swallows what the server answers, or swallows everything while
 * keeping connections open. It stands between one client and one server on loopback.
 */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

export interface FaultProxy {
  /** `http://127.0.0.1:port` */
  readonly endpoint: string;
  /** Connections made to the proxy so far. */
  readonly connections: number;
  /** Bytes pass both ways. So it starts. */
  forward(): void;
  /** Requests pass, answers do not. */
  swallowReplies(): void;
  /** Nothing passes; connections stay open, and new ones are accepted. */
  blackHole(): void;
  /** Ends every connection now; new ones are treated as before. */
  cut(): void;
  /** Ends each connection once it has passed this many bytes of answers. */
  cutAfter(bytes: number): void;
  /** Stops listening and ends every connection: further ones are refused until `listen`. */
  refuse(): Promise<void>;
  listen(): Promise<void>;
  close(): Promise<void>;
}

export async function startProxy(target: string): Promise<FaultProxy> {
  const proxy = new MisbehavingProxy(new URL(target));
  await proxy.listen();
  return proxy;
}

class MisbehavingProxy implements FaultProxy {
  connections = 0;
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;
  #requests = true;
  #replies = true;
  #cutAfter = Number.POSITIVE_INFINITY;

  constructor(target: URL) {
    this.#target = target;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  forward(): void {
    this.#requests = true;
    this.#replies = true;
    this.#cutAfter = Number.POSITIVE_INFINITY;
  }

  swallowReplies(): void {
    this.#replies = false;
  }

  blackHole(): void {
    this.#requests = false;
    this.#replies = false;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  cutAfter(bytes: number): void {
    this.#cutAfter = bytes;
  }

  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.cut();
    if (server === undefined) return;
    server.close();
    await once(server, "close");
  }

  async listen(): Promise<void> {
    const server = createServer((socket) => this.#accept(socket));
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    this.#port = address.port;
    this.#server = server;
  }

  close(): Promise<void> {
    return this.refuse();
  }

  #accept(client: Socket): void {
    this.connections += 1;
    const server = connect(Number(this.#target.port), this.#target.hostname);
    let passed = 0;
    client.on("data", (bytes: Buffer) => {
      if (this.#requests) server.write(bytes);
    });
    server.on("data", (bytes: Buffer) => {
      if (!this.#replies) return;
      const part = bytes.subarray(0, Math.max(0, this.#cutAfter - passed));
      passed += bytes.length;
      if (passed < this.#cutAfter) client.write(part);
      else client.end(part, () => client.destroy());
    });
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      // A cut shows as an error on one side or the other; the end of the socket is all that matters here.
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }
}
