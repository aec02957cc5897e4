/** For the tests of the network over sockets: members on the loopback, and a relay that can go silent. */

import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "../../../env.js";
import { SystemClock } from "../../clock.js";
import type { PeerWorld, Place } from "../contract-world.js";
import { GrpcPeers, type GrpcPeersOptions, type PeerTls } from "../grpc-peers.js";

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };
/** How long something may take to happen, in milliseconds. */
const PATIENCE_MS = 8000;

const pem = (name: string): string =>
  readFileSync(new URL(`../../../../../transport/src/testdata/${name}`, import.meta.url), "utf8");

const SERVER_TLS = {
  ...{ ca: pem("ca.pem"), cert: pem("server.pem"), key: pem("server-key.pem") },
  requireClientCertificate: true,
};

/** Both sides show a certificate and ask for one. */
export const TEST_TLS: PeerTls = {
  listener: { current: () => Promise.resolve(SERVER_TLS) },
  dial: () => Promise.resolve({ ca: pem("ca.pem"), cert: pem("client.pem"), key: pem("client-key.pem") }),
};

export class SocketWorld implements PeerWorld, AsyncDisposable {
  readonly clock: SystemClock = new SystemClock();
  readonly #options: Partial<GrpcPeersOptions>;
  readonly #opened: GrpcPeers[] = [];

  constructor(options: Partial<GrpcPeersOptions> = {}) {
    this.#options = options;
  }

  async join(url?: string): Promise<Place> {
    const peers = new GrpcPeers({ clock: this.clock, logger: SILENT, ...this.#options });
    this.#opened.push(peers);
    const port = url === undefined ? 0 : Number(new URL(url).port);
    const secure = this.#options.tls !== undefined;
    const address = await peers.listen({ host: "127.0.0.1", port }, { secure });
    const origin = this.#options.tls === undefined ? "http://127.0.0.1" : "https://localhost";
    const bound = "port" in address ? address.port : 0;
    return { peers, url: `${origin}:${bound}`, close: () => peers.close() };
  }

  async eventually(condition: () => boolean, what: string): Promise<void> {
    const endMs = this.clock.nowMs() + PATIENCE_MS;
    while (!condition()) {
      if (this.clock.nowMs() > endMs) throw new Error(`never happened: ${what}`);
      await pause(2);
    }
  }

  async pass(ms: number): Promise<void> {
    await pause(ms);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#opened.map((peers) => peers.close()));
  }
}

/** Passes connections on. While silent it loses every byte of those it has, accepts new ones and says nothing. */
export class Relay implements AsyncDisposable {
  readonly #server: Server;
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  #silent = false;
  #talking = 0;

  static async to(url: string): Promise<Relay> {
    const relay = new Relay(Number(new URL(url).port));
    await new Promise<void>((resolve) => relay.#server.listen(0, "127.0.0.1", resolve));
    return relay;
  }

  private constructor(port: number) {
    this.#port = port;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Open connections over which something was said. */
  get talking(): number {
    return this.#talking;
  }

  silence(): void {
    this.#silent = true;
  }

  /** Connections from now on work again; those that went silent stay so, as with a TCP that has backed off. */
  heal(): void {
    this.#silent = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(near: Socket): void {
    const far = connect(this.#port, "127.0.0.1");
    let [counted, deaf] = [false, this.#silent];
    const close = (): void => {
      near.destroy();
      if (!deaf) far.destroy();
      if (counted) this.#talking -= 1;
      counted = false;
    };
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.on("error", () => {});
      from.on("data", (bytes) => {
        deaf ||= this.#silent;
        if (deaf) return;
        if (!counted) this.#talking += 1;
        counted = true;
        to.write(bytes);
      });
      from.on("close", () => {
        this.#sockets.delete(from);
        close();
      });
    }
  }
}
