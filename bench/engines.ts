/** The engines of `@kvorum/transport` that are compared, in the order of the tables. */
import type { RpcEngine } from "@kvorum/transport";

export type Engine = RpcEngine["name"];
export const ENGINES = ["lean", "nice"] as const satisfies readonly Engine[];
