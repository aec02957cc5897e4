/** `--serve`: a node that stays, and how to talk to it. */

import { soleNode } from "../shared/node-process.js";
import type { Screen } from "../shared/screen.js";
import { untilAborted } from "../shared/until-aborted.js";

/** Resolves when the signal aborts and the node has stopped. */
export async function serveNode(screen: Screen, stop: AbortSignal): Promise<void> {
  await using node = await soleNode("tour");
  await screen.awaiting("starting a node", () => node.start());
  const { endpoint } = node;
  screen.title("Kvorum", `a node at ${endpoint}, process ${node.pid}`);
  screen.line(`
From TypeScript:

  import { createClient } from "@kvorum/client";

  await using client = createClient({ endpoints: "${endpoint}" });
  await client.put("greeting", "hello");
  console.log((await client.get("greeting"))?.value);

With etcd's own tool:

  etcdctl --endpoints ${endpoint} put greeting hello

Or an example of this repository:

  npm run example config-service -- --endpoints ${endpoint}

Data in ${node.dataDir}, removed at the end. Ctrl-C stops the node.`);
  await untilAborted(stop);
}
