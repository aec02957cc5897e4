/**
 * A server of nice-grpc. It owns its listener: behind the port mux it listens on a private unix socket.
 */

import type { DescService } from "@bufbuild/protobuf";
import { ServerCredentials } from "@grpc/grpc-js";
import { createServer, type Server } from "nice-grpc";
import type { ServerMiddleware } from "nice-grpc-common";
import {
  addressText,
  type ListenAddress,
  type PrivateAddress,
  type RpcServer,
  type RpcServerOptions,
  type ServiceImplementation,
} from "../server.js";
import { within } from "../within.js";
import { AcceptedSockets } from "./accepted-sockets.js";
import { niceDefinition, niceImplementation } from "./definition.js";
import { expectIntroductions, keepEndedStreams, withGrpcServer } from "./grpc-server.js";
import { RunningCalls } from "./running-calls.js";
import { toServerError } from "./server-error.js";

const receiveBytesMaxDefault = 2 * 1024 * 1024;
const concurrentStreamsMaxDefault = 10_000;

/**
 * Longest wait for the last answers to leave, for connections to close, and for handlers that were told to stop, in
 * milliseconds each.
 */
const farewellMsMax = 1_000;

type Registration = (server: Server) => void;

export class NiceServer implements RpcServer {
  readonly #options: RpcServerOptions;
  readonly #services: Registration[] = [];
  readonly #middleware: ServerMiddleware[] = [];
  readonly #running = new RunningCalls();
  #server: Server | undefined;
  /** Undefined on a unix socket: its clients are on this machine, and cannot be cut off. */
  #sockets: AcceptedSockets | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: RpcServerOptions) {
    this.#options = options;
  }

  add<S extends DescService>(service: S, implementation: ServiceImplementation<S>): void {
    this.#refuseLate("add");
    const definition = niceDefinition(service, this.#options);
    const functions = niceImplementation(service, implementation, this.#running);
    // The adapter is typed by its own tests: nice-grpc infers message types from a definition known at compile time,
    // and this one is made at run time.
    this.#services.push((server) => server.add(definition as never, functions as never));
  }

  use(middleware: ServerMiddleware): void {
    this.#refuseLate("use");
    this.#middleware.push(middleware);
  }

  async listen(address: ListenAddress | PrivateAddress): Promise<{ readonly address: ListenAddress }> {
    this.#refuseLate("listen");
    const { receiveBytesMax, sendBytesMax, concurrentStreamsMax, keepAlive } = this.#options;
    let server = createServer({
      "grpc.max_receive_message_length": receiveBytesMax ?? receiveBytesMaxDefault,
      "grpc.max_send_message_length": sendBytesMax ?? -1,
      "grpc.max_concurrent_streams": concurrentStreamsMax ?? concurrentStreamsMaxDefault,
      ...(keepAlive !== undefined && {
        "grpc.keepalive_time_ms": keepAlive.intervalMs,
        "grpc.keepalive_timeout_ms": keepAlive.timeoutMs,
      }),
      // channelz stays on: without it grpc-js 1.14 forgets its connections, and a forced shutdown ends none of them.
      interceptors: [this.#running.interceptor],
    }).use(errorsToStatus);
    for (const middleware of this.#middleware) server = server.use(middleware);
    for (const add of this.#services) add(server);
    this.#server = server;
    try {
      const listening = withGrpcServer(() => server.listen(grpcAddress(address), ServerCredentials.createInsecure()));
      const { result: port, server: grpcServer } = await listening;
      keepEndedStreams(grpcServer);
      if ("introductionKey" in address) expectIntroductions(grpcServer, address);
      if (!("path" in address)) this.#sockets = new AcceptedSockets(port);
      return { address: "path" in address ? address : { host: address.host, port } };
    } catch (cause) {
      this.#server = undefined;
      const text = cause instanceof Error ? cause.message : String(cause);
      const reason = text.includes("EADDRINUSE") ? "the address is in use" : text;
      throw new Error(`cannot listen on ${addressText(address)}: ${reason}`, { cause });
    }
  }

  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.graceMs ?? 0);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(graceMs: number): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const finished = server.shutdown();
    if (graceMs > 0) await within(finished, graceMs);
    this.#running.refuseAll();
    await within(finished, farewellMsMax);
    server.forceShutdown();
    await within(finished, farewellMsMax);
    this.#sockets?.destroy();
    await finished;
    await within(this.#running.idle(), farewellMsMax);
  }

  #refuseLate(verb: string): void {
    if (this.#closing !== undefined) throw new Error(`${verb}() after close()`);
    if (this.#server !== undefined) throw new Error(`${verb}() after listen()`);
  }
}

/** Outermost: what another middleware throws is treated like what a handler throws. */
const errorsToStatus: ServerMiddleware = async function* (call, context) {
  try {
    return yield* call.next(call.request, context);
  } catch (error) {
    throw toServerError(error, context);
  }
};

function grpcAddress(address: ListenAddress): string {
  return "path" in address ? `unix:${address.path}` : addressText(address);
}
