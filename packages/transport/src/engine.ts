/**
 * The engines behind the port, by name. Both pass the same contract (`testing/contract.ts`), alone and against each other; a
 * node and its clients need not have the same one.
 */
import type { TransportFactory } from "./channel.js";
import { leanChannel } from "./lean/channel.js";
import { createLeanServer } from "./lean/rpc-server.js";
import { niceChannel } from "./nice/channel.js";
import { createNiceServer } from "./nice/server.js";
import type { RpcServer, RpcServerOptions, SocketEngine } from "./server.js";

export interface RpcEngine {
  readonly name: "lean" | "nice";
  readonly channel: TransportFactory;
  /** A server that takes sockets from a port mux, or one that listens privately behind it; see `behindMux`. */
  createServer(options?: RpcServerOptions): RpcServer & Partial<SocketEngine>;
}

/** HTTP/2 of our own on plain sockets. */
export const leanEngine: RpcEngine = { name: "lean", channel: leanChannel, createServer: createLeanServer };

/** nice-grpc on grpc-js on `node:http2`: the reference. */
export const niceEngine: RpcEngine = { name: "nice", channel: niceChannel, createServer: createNiceServer };

const ENGINES = [leanEngine, niceEngine] as const;

/**
 * Environment variable that names the engine of whoever is not told one by its caller: `lean` or `nice`, or one for servers
 * and one for clients, `nice:lean`. Between members both halves meet.
 */
export const ENGINE_VARIABLE = "KVORUM_ENGINE";

/** Errors: `TypeError` for a name that no engine has. */
export function engineNamed(name: string): RpcEngine {
  const engine = ENGINES.find((one) => one.name === name);
  if (engine === undefined) throw new TypeError(`${name} is no engine: ${ENGINES.map((one) => one.name).join(" or ")}`);
  return engine;
}

/** `engineNamed`, or of two names the first one's servers and the second one's channels, under the first one's name. */
function enginesNamed(names: string): RpcEngine {
  const [server = "", client, ...more] = names.split(":");
  if (client === undefined || more.length > 0) return engineNamed(names);
  return { ...engineNamed(server), channel: engineNamed(client).channel };
}

/** What is used where nobody asks for an engine. Errors: `TypeError` for an impossible name in the environment. */
export function defaultEngine(): RpcEngine {
  const name = process.env[ENGINE_VARIABLE];
  if (name === undefined || name === "") return leanEngine;
  try {
    return enginesNamed(name);
  } catch (cause) {
    throw new TypeError(`${ENGINE_VARIABLE}: ${(cause as Error).message}`, { cause });
  }
}
