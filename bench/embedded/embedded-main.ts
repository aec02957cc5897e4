/** How long an embedded node in memory takes from its start to its first answer, in a process of its own. Prints JSON. */
import { createClient } from "@kvorum/client";
import { startNode } from "@kvorum/server";

const startMs = performance.now();
const node = await startNode();
const client = createClient({ endpoints: node.endpoints, syncMembers: false });
await client.put("bench/first", "answer");
const nowMs = performance.now();
// Both clocks begin with the process.
console.log(JSON.stringify({ firstAnswerMs: nowMs - startMs, processAnswerMs: nowMs }));
await client.close();
await node.close();
