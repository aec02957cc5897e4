/**
 * The server half of engine one, over nice-grpc's server. It owns its listener: behind the port mux it listens on a
 * private unix socket.
 */

import type { DescService } from "@bufbuild/protobuf";
import { ServerCredentials, ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";
import { createServer, type Server } from "nice-grpc";
import type { ServerMiddleware } from "nice-grpc-common";
import type { ListenAddress, RpcServer, RpcServerOptions, ServiceImplementation, TlsServerOptions } from "../server.js";
import { niceDefinition, niceImplementation } from "./definition.js";
import { toServerError } from "./server-error.js";

const receiveBytesMaxDefault = 2 * 1024 * 1024;
const concurrentStreamsMaxDefault = 10_000;
/** HTTP/2 window of a stream, in bytes: a request of the largest usual size needs no round trip for more. */
const windowBytes = 1024 * 1024;

/** Creates a server on nice-grpc; nothing listens before `listen`. */
export function createNiceServer(options: RpcServerOptions = {}): RpcServer {
  return new NiceServer(options);
}

type Registration = (server: Server) => void;

class NiceServer implements RpcServer {
  readonly #options: RpcServerOptions;
  readonly #services: Registration[] = [];
  readonly #middleware: ServerMiddleware[] = [];
  #server: Server | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: RpcServerOptions) {
    this.#options = options;
  }

  add<S extends DescService>(service: S, implementation: ServiceImplementation<S>): void {
    this.#refuseLate("add");
    const definition = niceDefinition(service);
    const functions = niceImplementation(service, implementation);
    // The adapter is typed by its own tests: nice-grpc infers message types from a definition known at compile time,
    // and this one is made at run time.
    this.#services.push((server) => server.add(definition as never, functions as never));
  }

  use(middleware: ServerMiddleware): void {
    this.#refuseLate("use");
    this.#middleware.push(middleware);
  }

  async listen(address: ListenAddress): Promise<{ readonly address: ListenAddress }> {
    this.#refuseLate("listen");
    const { receiveBytesMax, sendBytesMax, concurrentStreamsMax, tls } = this.#options;
    let server = createServer({
      "grpc.max_receive_message_length": receiveBytesMax ?? receiveBytesMaxDefault,
      "grpc.max_send_message_length": sendBytesMax ?? -1,
      "grpc.max_concurrent_streams": concurrentStreamsMax ?? concurrentStreamsMaxDefault,
      "grpc-node.flow_control_window": windowBytes,
      "grpc.enable_channelz": 0,
      interceptors: [etcdStatusTexts],
    }).use(errorsToStatus);
    for (const middleware of this.#middleware) server = server.use(middleware);
    for (const add of this.#services) add(server);
    this.#server = server;
    try {
      const port = await server.listen(grpcAddress(address), tlsCredentials(tls));
      return { address: "path" in address ? address : { host: address.host, port } };
    } catch (cause) {
      this.#server = undefined;
      const text = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`cannot listen on ${addressText(address)}: ${text}`, { cause });
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
    server.forceShutdown();
    await finished;
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

/** grpc-js's words for a message over the limit, replaced by those of grpc-go, which etcd's clients know. */
const tooLarge = /^Received message larger than max \((\d+) vs (\d+)\)$/;

/**
 * grpc-js ends such a call by itself, below every responder of an interceptor, so the status is caught where it leaves:
 * at the call object that the interceptor is handed.
 */
const etcdStatusTexts: ServerInterceptor = (_method, call) => {
  const sendStatus = call.sendStatus.bind(call);
  call.sendStatus = (status) => {
    const details = status.details?.replace(tooLarge, "grpc: received message larger than max ($1 vs. $2)");
    sendStatus(details === status.details ? status : { ...status, details });
  };
  return new ServerInterceptingCall(call);
};

function grpcAddress(address: ListenAddress): string {
  return "path" in address ? `unix:${address.path}` : addressText(address);
}

function addressText(address: ListenAddress): string {
  if ("path" in address) return address.path;
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

function tlsCredentials(tls: TlsServerOptions | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const ca = tls.ca === undefined ? null : Buffer.from(tls.ca);
  const pair = { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.cert) };
  return ServerCredentials.createSsl(ca, [pair], tls.requireClientCertificate ?? false);
}

/** Resolves when the work is done or the time is over. */
async function within(work: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([work, timeout]);
  clearTimeout(timer);
}
