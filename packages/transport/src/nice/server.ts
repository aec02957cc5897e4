/** The server half of engine one: `nice-server.ts`, loaded when it is to listen, as the client half is (`channel.ts`). */
import type { DescService } from "@bufbuild/protobuf";
import type { ServerMiddleware } from "nice-grpc-common";
import { lateImport } from "../late-import.js";
import type { ListenAddress, PrivateAddress, RpcServer, RpcServerOptions, ServiceImplementation } from "../server.js";

/** Creates a server on nice-grpc; nothing listens before `listen`. */
export function createNiceServer(options: RpcServerOptions = {}): RpcServer {
  return new LateServer(options);
}

class LateServer implements RpcServer {
  readonly #options: RpcServerOptions;
  /** What the server is told once it is there. */
  readonly #told: ((server: RpcServer) => void)[] = [];
  #listening: Promise<{ readonly address: ListenAddress }> | undefined;
  #server: RpcServer | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: RpcServerOptions) {
    this.#options = options;
  }

  add<S extends DescService>(service: S, implementation: ServiceImplementation<S>): void {
    this.#refuseLate("add");
    this.#told.push((server) => server.add(service, implementation));
  }

  use(middleware: ServerMiddleware): void {
    this.#refuseLate("use");
    this.#told.push((server) => server.use(middleware));
  }

  async listen(address: ListenAddress | PrivateAddress): Promise<{ readonly address: ListenAddress }> {
    this.#refuseLate("listen");
    const listening = this.#listen(address);
    this.#listening = listening;
    try {
      return await listening;
    } catch (error) {
      // It may listen elsewhere.
      this.#listening = undefined;
      throw error;
    }
  }

  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #listen(address: ListenAddress | PrivateAddress): Promise<{ readonly address: ListenAddress }> {
    const { NiceServer } = await lateImport(() => import("./nice-server.js"));
    const server = new NiceServer(this.#options);
    for (const tell of this.#told) tell(server);
    this.#server = server;
    return server.listen(address);
  }

  /** A server that is about to listen does so first, so that nothing of it is left. */
  async #close(options: { readonly graceMs?: number }): Promise<void> {
    await this.#listening?.catch(() => {});
    await this.#server?.close(options);
  }

  #refuseLate(verb: string): void {
    if (this.#closing !== undefined) throw new Error(`${verb}() after close()`);
    if (this.#listening !== undefined) throw new Error(`${verb}() after listen()`);
  }
}
