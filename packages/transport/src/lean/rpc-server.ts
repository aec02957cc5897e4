/**
 * The server half of the lean engine: gRPC on the HTTP/2 of `../http2`, with a call's way from the socket to its handler as
 * short as it can be. Read `server-connection.ts` and `server-call.ts` next.
 *
 * It listens itself, or is handed its connections by a port mux of the same process.
 */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { DescService } from "@bufbuild/protobuf";
import type { ServerMiddleware } from "nice-grpc-common";
import { closeLate } from "../given-up.js";
import { type Introduction, readIntroduction } from "../introduction.js";
import { listenOn } from "../listening.js";
import type { PingPolicyOptions } from "../ping-policy.js";
import type {
  ListenAddress,
  PrivateAddress,
  RpcServer,
  RpcServerOptions,
  ServiceImplementation,
  SocketEngine,
} from "../server.js";
import { within } from "../within.js";
import { ServerConnection } from "./server-connection.js";
import { CallMiddleware } from "./server-middleware.js";
import { type ServerBounds, ServerSettings } from "./server-settings.js";

/** Longest wait for connections to close and for handlers that were told to stop, in milliseconds each. */
const FAREWELL_MS_MAX = 1_000;

/** Creates a server of the lean engine; nothing listens before `listen`, and a mux may hand connections to it. */
export function createLeanServer(options: RpcServerOptions = {}): RpcServer & SocketEngine {
  return new LeanServer(options);
}

/** With bounds of its own for tests. */
export class LeanServer implements RpcServer, SocketEngine {
  readonly #settings: ServerSettings;
  readonly #middleware: ServerMiddleware[] = [];
  readonly #connections = new Set<ServerConnection>();
  #listener: Server | undefined;
  #begun: "listen" | "accept" | undefined;
  #closing: Promise<void> | undefined;
  /** Called when the last connection has closed. */
  #onEmpty: () => void = () => {};

  constructor(options: RpcServerOptions, bounds: Partial<ServerBounds> = {}) {
    this.#settings = new ServerSettings(options, bounds);
  }

  add<S extends DescService>(service: S, implementation: ServiceImplementation<S>): void {
    this.#refuseLate("add");
    this.#settings.methods.add(service, implementation);
  }

  use(middleware: ServerMiddleware): void {
    this.#refuseLate("use");
    this.#middleware.push(middleware);
  }

  async listen(address: ListenAddress | PrivateAddress): Promise<{ readonly address: ListenAddress }> {
    this.#refuseLate("listen");
    this.#begin("listen");
    const listener = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, (socket) => {
      if ("introductionKey" in address) this.#acceptIntroduced(socket, address);
      else this.accept(socket, { remoteAddress: socket.remoteAddress, remotePort: socket.remotePort });
    });
    this.#listener = listener;
    try {
      return { address: await listenOn(listener, address) };
    } catch (error) {
      this.#listener = undefined;
      this.#begun = undefined;
      throw error;
    }
  }

  accept(socket: Socket, introduction: Introduction, pings?: PingPolicyOptions): void {
    if (this.#closing !== undefined || socket.destroyed) {
      socket.destroy();
      return;
    }
    if (this.#begun === undefined) this.#begin("accept");
    this.#connections.add(new ServerConnection(socket, introduction, this.#settings, pings, this.#closed));
  }

  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.graceMs ?? 0);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(graceMs: number): Promise<void> {
    const listener = this.#listener;
    const unbound = listener?.listening === true ? once(listener, "close") : undefined;
    listener?.close();
    const empty = this.#empty();
    if (graceMs > 0) {
      for (const connection of this.#connections) connection.leave();
      await within(empty, graceMs);
    }
    for (const connection of this.#connections) connection.end();
    await within(empty, FAREWELL_MS_MAX);
    for (const connection of this.#connections) connection.destroy();
    await empty;
    await unbound;
    await within(this.#settings.handlers.idle(), FAREWELL_MS_MAX);
    this.#settings.deadlines.close();
  }

  /** Resolves when no connection is open. */
  #empty(): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  readonly #closed = (connection: ServerConnection): void => {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#onEmpty();
  };

  /** By way of a private socket. */
  #acceptIntroduced(socket: Socket, { introductionKey, partings }: PrivateAddress): void {
    readIntroduction(introductionKey, socket, (introduction) => {
      const { connection } = introduction;
      if (connection !== undefined) partings.whenParted(connection, () => closeLate(socket));
      this.accept(socket, introduction);
    });
  }

  #begin(how: "listen" | "accept"): void {
    this.#begun = how;
    const [first, ...others] = this.#middleware;
    if (first !== undefined) this.#settings.middleware = new CallMiddleware(first, others);
  }

  #refuseLate(verb: string): void {
    if (this.#closing !== undefined) throw new Error(`${verb}() after close()`);
    if (this.#begun !== undefined) throw new Error(`${verb}() after ${this.#begun}()`);
  }
}
