/**
 * The story without a person: the leader is killed under load, the other two elect one of themselves and go on, the killed
 * one comes back and catches up. At the end every member is asked for every acknowledged write.
 */
import { prefix } from "@kvorum/client";
import type { NodeProcess } from "../shared/node-process.js";
import { duration, type Screen } from "../shared/screen.js";
import type { ThreeNodes } from "./cluster.js";
import { KEY, Load } from "./load.js";

/** How long each state of affairs is watched. */
const WATCH_MS = 2_000;

/** Resolves with the exit code: 0, or 1 when a write was lost or a read was stale. */
export async function playScript(cluster: ThreeNodes, screen: Screen): Promise<number> {
  const load = new Load(cluster.client);
  const first = await cluster.until(() => cluster.leader(), "an election");
  screen.step(1, "Three nodes");
  screen.note(`${first.node.name} leads in term ${first.view.term}, the others have a copy of everything`);
  await showTraffic(load, screen);

  screen.step(2, `kill -9 ${first.node.name}, the leader`);
  load.restartClock();
  const killedMs = performance.now();
  await first.node.kill();
  const next = await cluster.until(async () => {
    const leader = await cluster.leader();
    return leader !== undefined && leader.view.term > first.view.term && leader;
  }, "another election");
  const electedMs = performance.now() - killedMs;
  screen.note(`${next.node.name} leads in term ${next.view.term} after ${duration(electedMs)}`);
  await showTraffic(load, screen);
  const pauseMs = load.longestPauseMs;
  screen.note(`the longest time without an acknowledged write was ${duration(pauseMs)}`);

  screen.step(3, `${first.node.name} is started again`);
  const backMs = await restart(cluster, first.node, screen);
  await showTraffic(load, screen);

  screen.step(4, "Every acknowledged write is on every member");
  await load.stop();
  const { stale } = load.counts;
  const lost = await lostWrites(cluster, load, screen);
  screen.note(`${stale} reads were older than a write acknowledged before them`);

  const ok = lost === 0 && stale === 0;
  const verdict = ok ? screen.paint("green", "nothing lost") : screen.paint("red", `${lost} lost, ${stale} stale`);
  screen.line(
    `\n${load.counts.written} writes acknowledged, ${verdict}; ${duration(pauseMs)} without writes when the leader died, ` +
      `${duration(backMs)} until it was back`,
  );
  return ok ? 0 : 1;
}

async function showTraffic(load: Load, screen: Screen): Promise<void> {
  const before = load.counts;
  await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
  const after = load.counts;
  const rate = (from: number, to: number): string => `${Math.round(((to - from) * 1000) / WATCH_MS)}/s`;
  const failed = after.notApplied + after.unknown - before.notApplied - before.unknown;
  screen.note(
    `${rate(before.written, after.written)} writes acknowledged, ${rate(before.read, after.read)} reads, ${failed} writes failed`,
  );
}

/** Resolves with the milliseconds until the member has everything that the leader had when it was started. */
async function restart(cluster: ThreeNodes, node: NodeProcess, screen: Screen): Promise<number> {
  const startMs = performance.now();
  const leader = await cluster.until(() => cluster.leader(), "an election");
  screen.note(`it serves after ${duration(await node.start())}`);
  await cluster.until(async () => {
    const view = await cluster.view(node);
    return view?.follows && view.applied >= leader.view.applied;
  }, `the return of ${node.name}`);
  const backMs = performance.now() - startMs;
  screen.note(
    `after ${duration(backMs)} it has applied all ${leader.view.applied} entries that the leader had by then`,
  );
  return backMs;
}

/** Asks every member for what it has itself; resolves with how many acknowledged writes are missing somewhere. */
async function lostWrites(cluster: ThreeNodes, load: Load, screen: Screen): Promise<number> {
  // What a linearizable read sees has to arrive everywhere.
  const { header } = await cluster.client.list(prefix(KEY), { limit: 1 });
  let lost = 0;
  for (const node of cluster.nodes) {
    await cluster.until(async () => {
      const status = await cluster.client.maintenance.status({ endpoint: node.endpoint });
      return status.header.revision >= header.revision;
    }, `revision ${header.revision} on ${node.name}`);
    const there = new Set<string>();
    const own = { consistency: "serializable", endpoint: node.endpoint } as const;
    for await (const { key } of cluster.client.scan(prefix(KEY), own)) there.add(key);
    const missing = [...load.acknowledged].filter((key) => !there.has(key)).length;
    lost += missing;
    screen.note(`${node.name}: ${there.size} keys, ${missing} acknowledged ones missing`);
  }
  return lost;
}
