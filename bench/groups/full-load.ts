/** Three nodes of Kvorum with as much as they can take: how late their event loops get, and whether the leader stays. */
import { once } from "node:events";
import { KV } from "@kvorum/proto";
import { run } from "../load/load.js";
import { mixed, puts, random, recorded } from "../load/requests.js";
import { meter } from "../meter.js";
import type { Group, Workload } from "../plan.js";
import type { LoopDelay } from "../probe/probe-main.js";
import type { ServerProcess } from "../processes.js";
import { type Server, startKvorum } from "../servers.js";

const NAME = "full-load";
const PUT_SHARE = 0.5;

export const fullLoadGroup: Group<Server> = {
  name: NAME,
  title: "Full load",
  names: () => [NAME],
  open: async (settings) => {
    const cluster = await startKvorum({ ...settings, members: 3, probe: true });
    return { subjects: [cluster], workloads: [workload(settings.sizes.keys)], close: () => cluster.stop() };
  },
};

function workload(keys: number): Workload<Server> {
  const source = () =>
    mixed(PUT_SHARE, puts("bench/put/", random(keys)), recorded(KV.method.range, { key: Buffer.from("bench/put/") }));
  const load = { connections: 100, callersPerConnection: 10, requests: "fresh" as const, source };
  return {
    name: NAME,
    title: "three nodes, puts and linearizable ranges in turn, 1,000 clients",
    how: "100 connections to the leader; the event loop delay is that of the slowest member",
    targets: [
      { metric: "loopP99Ms", subject: "kvorum", atMost: 20 },
      { metric: "leaderChanges", subject: "kvorum", atMost: 0 },
    ],
    measure: async (cluster, seconds) => {
      await Promise.all(cluster.members.map(loopDelay)); // forgets what was before
      const before = await leaderChanges(cluster);
      const readings = await meter(cluster, async () => {
        const { calls, ...readings } = await run(cluster.endpoint, load, seconds);
        return { operations: calls, readings };
      });
      const delays = await Promise.all(cluster.members.map(loopDelay));
      const loopP99Ms = Math.max(...delays.map(({ p99Ms }) => p99Ms));
      return { ...readings, loopP99Ms, leaderChanges: (await leaderChanges(cluster)) - before };
    },
  };
}

async function loopDelay({ child }: ServerProcess): Promise<LoopDelay> {
  const answer = once(child, "message");
  child.send("delay");
  const [delay] = (await answer) as [LoopDelay];
  return delay;
}

/** Seen by the members together. */
async function leaderChanges({ members }: Server): Promise<number> {
  const seen = await Promise.all(
    members.map(async ({ endpoint }) => {
      const text = await (await fetch(`${endpoint}/metrics`)).text();
      return Number(/^etcd_server_leader_changes_seen_total (\d+)/m.exec(text)?.[1] ?? Number.NaN);
    }),
  );
  return seen.reduce((sum, count) => sum + count, 0);
}
