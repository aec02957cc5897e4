/** What a contract case works with: servers and channels of the engine under test, all closed when the case is over. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import type { ServerMiddleware } from "nice-grpc-common";
import type { Channel, ChannelOptions, TransportFactory } from "../channel.js";
import type { RpcServer, RpcServerOptions, ServiceImplementation } from "../server.js";
import { RpcError, type StatusCode } from "../status.js";
import { Echo } from "./echo.js";

/** A pair of engine halves. `serve` makes a server reachable, directly or behind something, and names the endpoint. */
export interface EnginePair {
  readonly name: string;
  readonly channel: TransportFactory;
  createServer(options: RpcServerOptions): RpcServer;
  serve(server: RpcServer): Promise<{ readonly endpoint: string; close(): Promise<void> }>;
}

export interface ServeOptions extends RpcServerOptions {
  readonly middleware?: readonly ServerMiddleware[];
}

export class Harness implements AsyncDisposable {
  readonly #pair: EnginePair;
  readonly #cleanup: (() => Promise<void>)[] = [];

  constructor(pair: EnginePair) {
    this.#pair = pair;
  }

  /** Serves the echo service with this implementation. */
  async serve(
    implementation: ServiceImplementation<typeof Echo>,
    { middleware = [], ...options }: ServeOptions = {},
  ): Promise<{ readonly endpoint: string; readonly server: RpcServer }> {
    const server = this.#pair.createServer(options);
    for (const one of middleware) server.use(one);
    server.add(Echo, implementation);
    const { endpoint, close } = await this.#pair.serve(server);
    this.#cleanup.push(async () => {
      await server.close();
      await close();
    });
    return { endpoint, server };
  }

  channel(endpoint: string, options: ChannelOptions = {}): Channel {
    const channel = this.#pair.channel(endpoint, options);
    this.#cleanup.push(() => channel.close());
    return channel;
  }

  /** A server and a channel to it. */
  async connect(implementation: ServiceImplementation<typeof Echo>, options: ServeOptions = {}): Promise<Channel> {
    const { endpoint } = await this.serve(implementation, options);
    return this.channel(endpoint);
  }

  /** Runs when the case is over, before what was opened earlier is closed. */
  defer(cleanup: () => Promise<void>): void {
    this.#cleanup.push(cleanup);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const cleanup of this.#cleanup.reverse()) await cleanup();
  }
}

/** The `RpcError` that the work must end with. */
export async function failure(work: Promise<unknown>, code: StatusCode): Promise<RpcError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof RpcError, `an RpcError was expected, got ${String(error)}`);
    assert.equal(error.code, code, `status of "${error.details}"`);
    return error;
  }
  throw new assert.AssertionError({ message: "the call was expected to fail" });
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Resolves when the condition holds; fails after ten seconds. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 10) {
    if (waitedMs > 10_000) throw new assert.AssertionError({ message: `never happened: ${what}` });
    await pause(10);
  }
}

/** The value of a counter once it has stood still for 200 ms. */
export async function settled(counter: () => number): Promise<number> {
  let last = counter();
  for (let stillMs = 0; stillMs < 200; stillMs += 20) {
    await pause(20);
    if (counter() !== last) stillMs = 0;
    last = counter();
  }
  return last;
}

/** A promise and its resolver. */
export function gate(): { readonly passed: Promise<void>; open(): void } {
  let open: () => void = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open: () => open() };
}

/** Requests that never end by themselves; `returned` tells that their reader has left. */
export class EndlessNotes implements AsyncIterable<{ text: string }> {
  returned = false;
  #asked = 0;
  #left = gate();

  [Symbol.asyncIterator](): AsyncIterator<{ text: string }> {
    return {
      next: async () => {
        this.#asked += 1;
        if (this.#asked === 1) return { done: false, value: { text: "hello" } };
        await this.#left.passed;
        return { done: true, value: undefined };
      },
      return: async () => {
        this.returned = true;
        this.#left.open();
        return { done: true, value: undefined };
      },
    };
  }
}
