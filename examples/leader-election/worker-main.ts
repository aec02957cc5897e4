/**
 * One worker of the fleet: campaigns, and while it leads runs the scheduled job. Arguments: endpoints, name of the election,
 * own name. SIGTERM makes it resign and end.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createClient, op } from "@kvorum/client";
import { Election, type Leadership } from "@kvorum/concurrency";
import { tell } from "../shared/worker.js";
import { type FleetMessage, JOB_MS, TTL_SECONDS } from "./messages.js";

const [endpoints = "", name = "", me = ""] = process.argv.slice(2);
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
// Without its parent there is nobody to work for.
process.once("disconnect", () => stop.abort());

await using client = createClient({ endpoints });
await client.ready();
tell<FleetMessage>({ kind: "ready" });
const election = new Election(client, `${name}/leader`, { ttl: TTL_SECONDS });
await election.lead(me, work, { signal: stop.signal });
if (process.connected) process.disconnect?.();

async function work(leadership: Leadership<string>): Promise<void> {
  const token = String(leadership.fencingToken);
  tell<FleetMessage>({ kind: "leading", token, atMs: Date.now() });
  try {
    while (!leadership.signal.aborted) {
      leadership.assertHeld();
      await runJob(leadership, token);
      await sleep(JOB_MS, undefined, { signal: leadership.signal });
    }
  } finally {
    tell<FleetMessage>({ kind: "stopped", token, atMs: Date.now() });
  }
}

/** The job writes under the condition that it still leads, so two leaders could not both get a run stored. */
async function runJob(leadership: Leadership<string>, token: string): Promise<void> {
  const run = op.put(`${name}/job/last-run`, `${me} with token ${token}`);
  const { succeeded, header } = await client.txn(
    { if: [leadership.ownership()], then: [run] },
    { signal: leadership.signal },
  );
  if (succeeded) tell<FleetMessage>({ kind: "ran", token, revision: String(header.revision) });
}
