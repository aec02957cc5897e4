/**
 * Load of unary calls: so many connections, so many calls under way on each, every caller asking again as soon as it is
 * answered. Two generators: `h2load.ts` costs least, but sends one body a process for ever; `replay.ts` sends a new request
 * each time.
 */
import type { Latencies } from "../statistics.js";
import { h2load, h2loadVersion } from "./h2load.js";
import { replay } from "./replay.js";
import type { RequestSource } from "./requests.js";

export interface Load {
  readonly connections: number;
  /** Calls under way at once on each connection. */
  readonly callersPerConnection: number;
  /** Called for each process of the generator that the load is spread over. */
  source(): RequestSource;
  /** Of recorded requests: how many different ones there are to be. Default 4. */
  readonly bodies?: number;
  /** `recorded`: the first request of each source, again and again. */
  readonly requests: "recorded" | "fresh";
}

export interface LoadResult extends Latencies {
  readonly calls: number;
  readonly perSecond: number;
}

/** Errors: `Error` when a call fails. */
export function run(endpoint: string, load: Load, seconds: number): Promise<LoadResult> {
  return load.requests === "recorded" && h2loadVersion() !== undefined
    ? h2load(endpoint, load, seconds)
    : replay(endpoint, load, { seconds });
}
