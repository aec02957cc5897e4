/** How something ended that a story asked for, in words: an error is an answer too, and a start may be refused. */
import type { NodeOptions } from "../../src/node/options.js";
import type { NodeCluster } from "../node-cluster.js";
import { demand } from "./scenario.js";

/** `done`, or the reason of the error (`unhealthy`, `compacted`, …), or its text when it has none. Never rejects. */
export function outcomeOf(asked: Promise<unknown>): Promise<string> {
  return asked.then(
    () => "done",
    (error: { readonly reason?: string }) => error.reason ?? String(error),
  );
}

/** The member starts again with what it has stored; a refusal breaks the guarantee. */
export async function startAgain(cluster: NodeCluster, name: string, options?: Partial<NodeOptions>): Promise<void> {
  const outcome = await outcomeOf(cluster.boot(name, options));
  demand(outcome === "done", `${name} starts again with what it has stored: ${outcome}`);
}
