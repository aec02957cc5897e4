/**
 * The environment of clients in a simulated world: endpoints are the names of machines. An answer that only a mistake in the
 * server explains is kept apart from those that a cluster in trouble may give.
 */

import { type Channel, RpcError, StatusCode } from "@kvorum/transport";
import type { Simulation } from "../../../packages/server/testing/simulation/simulation.js";
import type { Environment } from "../environment.js";

export interface WatchedEnvironment extends Environment {
  /** The first answer that says that a handler has thrown what no handler should. */
  readonly wrongAnswer: RpcError | undefined;
}

/** A handler has thrown something that is no answer; no service of the member gives these on purpose under this traffic. */
const WRONG: ReadonlySet<number> = new Set([StatusCode.UNKNOWN, StatusCode.INTERNAL, StatusCode.UNIMPLEMENTED]);

/** The world's own time, and connections to its machines. */
export function simulatedEnvironment(simulation: Simulation): Environment {
  return {
    connect: (endpoint) => simulation.channel(endpoint),
    nowMs: () => simulation.world.nowMs,
    pause: (ms) => simulation.world.sleep(ms),
  };
}

/** The environment, and every error that comes over its connections is looked at. */
export function watchedEnvironment(environment: Environment): WatchedEnvironment {
  let wrongAnswer: RpcError | undefined;
  const look = (error: unknown): void => {
    if (error instanceof RpcError && WRONG.has(error.code)) wrongAnswer ??= error;
  };
  return {
    connect: (endpoint, lasting) => watched(environment.connect(endpoint, lasting), look),
    nowMs: () => environment.nowMs(),
    pause: (ms) => environment.pause(ms),
    get wrongAnswer() {
      return wrongAnswer;
    },
  };
}

/** The channel, and every error that comes over it is looked at. */
function watched(channel: Channel, look: (error: unknown) => void): Channel {
  const seen = (error: unknown): never => {
    look(error);
    throw error;
  };
  return {
    endpoint: channel.endpoint,
    get state() {
      return channel.state;
    },
    onStateChange: (listener) => channel.onStateChange(listener),
    unary: (method, request, options) => channel.unary(method, request, options).catch(seen),
    async *stream(method, requests, options) {
      try {
        yield* channel.stream(method, requests, options);
      } catch (error) {
        seen(error);
      }
    },
    close: () => channel.close(),
    [Symbol.asyncDispose]: () => channel[Symbol.asyncDispose](),
  };
}
