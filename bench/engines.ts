/** The engines of `@kvorum/transport`, for the server and for the client. */

import * as transport from "@kvorum/transport";
import { niceChannel, type TransportFactory } from "@kvorum/transport";

export const ENGINES = ["nice", "lean"] as const;
export type Engine = (typeof ENGINES)[number];

/** What a process of Kvorum's server reads its engine from. */
export function serverEnvironment(engine: Engine): NodeJS.ProcessEnv {
  return { ...process.env, KVORUM_ENGINE: engine };
}

/** Errors: `Error` where this build of `@kvorum/transport` has no such engine. */
export function clientTransport(engine: Engine): TransportFactory {
  if (engine === "nice") return niceChannel;
  const { leanChannel } = transport as { readonly leanChannel?: TransportFactory };
  if (leanChannel === undefined) throw new Error("this build of @kvorum/transport has no lean engine");
  return leanChannel;
}

export function clientEngines(): readonly Engine[] {
  return ENGINES.filter((engine) => engine === "nice" || "leanChannel" in transport);
}
