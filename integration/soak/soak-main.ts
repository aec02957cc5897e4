/**
 * The soak: a cluster of three real processes under a steady load of everything that a node can do, sampled every ten seconds,
 * and judged by whether its members are at the end what they were. Started by `scripts/soak.mjs`. Read `plan.ts` for when
 * things happen, `scene.ts` for what the parts of the load share, `verdict.ts` for the bounds.
 */
import { setMaxListeners } from "node:events";
import { writeFileSync } from "node:fs";
import { pause } from "../robustness/cluster/rpc.js";
import { seeded } from "../support/random.js";
import { SoakCluster } from "./cluster.js";
import { gatewayCalls } from "./gateway.js";
import { fleetingLeases, keptLeases } from "./leases.js";
import { Ledger } from "./ledger.js";
import {
  checkHashes,
  compactions,
  defragmentations,
  forgottenTokens,
  restarts,
  snapshots,
  stillness,
} from "./operator.js";
import { type Plan, planOf } from "./plan.js";
import { listOf, type SoakReport, tableOf } from "./report.js";
import { type Sample, Sampler } from "./sample.js";
import { type Actor, rest, type Scene } from "./scene.js";
import { Tally } from "./tally.js";
import { checkAccounts, openAccounts, puts, ranges, transfers } from "./traffic.js";
import { beyondLimits, isBad, judge, notGivenBack } from "./verdict.js";
import { comingClients, comingWatches, standingWatches } from "./watchers.js";

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  /** Where the report goes with all samples, after a failure with the end of the members' logs, as JSON. Default: nowhere. */
  readonly out?: string | undefined;
}

/** After the load leases run out, and a member closes connections of HTTP that were silent for 65 s. */
const SETTLES_MS_MAX = 100_000;
/** Each of these must have happened at least so often for each minute, or the soak has shown too little. */
const LEAST_PER_MINUTE: Readonly<Record<string, number>> = {
  ...{ put: 300, range: 300, transfers: 20, "ledger events": 60, "events of standing watches": 300 },
  ...{ "watches that came and went": 20, "client that came and went": 5, "lease revoked": 5, "leases that ran out": 5 },
  ...{ "put by HTTP": 10, "range by HTTP": 10, "stream by HTTP": 2, "call with a forgotten token": 1 },
};
/** And these by the plan. */
const LEAST: Readonly<Record<string, number>> = { restarts: 3, compaction: 4, defragmentation: 3, snapshot: 3 };

/** Resolves with whether it passed; prints what it did. Errors: `RangeError` for a length out of bounds. */
export async function runSoak({ minutes, seed, out }: SoakOptions): Promise<boolean> {
  const plan = planOf(minutes);
  const tally = new Tally();
  const samples: Sample[] = [];
  const problems: string[] = [];
  console.log(`soak of ${minutes} minutes, seed ${seed}`);
  await using cluster = await SoakCluster.start();
  try {
    problems.push(...(await soak({ cluster, plan, tally, samples, random: seeded(seed) })));
  } catch (error) {
    problems.push(`${error instanceof Error ? (error.stack ?? error.message) : error}\n${cluster.lastWords()}`);
  }
  const judgements = judge(samples, plan.durationMs / 1_000);
  problems.push(
    ...tally.problems,
    ...(tally.problemCount > tally.problems.length ? [`${tally.problemCount} problems in all`] : []),
    ...judgements.filter(isBad).map(({ name, member, finding }) => `${name} of ${member}: ${finding}`),
    ...beyondLimits(samples).slice(0, 5),
    ...tooLittle(tally, minutes),
  );
  const { counts, expected } = tally;
  const report: SoakReport = { minutes, seed, node: process.version, counts, expected, judgements, problems };
  // Why something failed is known to the members, if to anybody.
  const logs =
    problems.length === 0 ? {} : Object.fromEntries(cluster.members.map(({ name, output }) => [name, output]));
  if (out !== undefined) writeFileSync(out, `${JSON.stringify({ ...report, samples, logs }, undefined, 1)}\n`);
  console.log(`done: ${listOf(counts)}\nexpected errors: ${listOf(expected)}\n${tableOf(judgements)}`);
  console.log(problems.length === 0 ? "steady" : `FAILED\n${problems.join("\n")}`);
  return problems.length === 0;
}

interface Course {
  readonly cluster: SoakCluster;
  readonly plan: Plan;
  readonly tally: Tally;
  /** Filled. */
  readonly samples: Sample[];
  readonly random: () => number;
}

/** Load and looks; what was not given back afterwards. */
async function soak({ cluster, plan, tally, samples, random }: Course): Promise<string[]> {
  const workers = cluster.members.map((member) => ({ member, client: cluster.worker(member) }));
  await using root = cluster.root();
  const over = new AbortController();
  // Everything that rests listens to it.
  setMaxListeners(Number.POSITIVE_INFINITY, over.signal);
  const scene: Scene = { cluster, workers, root, plan, tally, random, signal: over.signal };
  try {
    await openAccounts(workers[0]?.client ?? root);
    // Connections of the workers are not there yet, and those of this look are there before and after.
    const before = await new Sampler(cluster, root, tally).take();
    const ledger = new Ledger();
    const acting = actorsOf(ledger).map((actor) => actor(scene));
    const failed = Promise.all(acting).then(() => undefined);
    await Promise.race([failed, sampling(scene, samples)]);
    over.abort();
    await failed;
    await ledger.check(scene);
    await checkAccounts(scene);
    await checkHashes(scene);
    await Promise.all(workers.map(({ client }) => client.close()));
    return await settled(scene, before);
  } finally {
    over.abort();
    await Promise.all(workers.map(({ client }) => client.close()));
  }
}

function actorsOf({ write, read, watch }: Ledger): readonly Actor[] {
  return [
    ...[puts, ranges, transfers, write, read, watch, standingWatches, comingWatches, comingClients],
    ...[keptLeases, fleetingLeases, gatewayCalls, forgottenTokens, compactions, defragmentations, snapshots, restarts],
    stillness,
  ];
}

async function sampling({ cluster, root, plan, tally, signal }: Scene, samples: Sample[]): Promise<void> {
  const sampler = new Sampler(cluster, root, tally);
  const startMs = performance.now();
  for (let dueMs = plan.sampleEveryMs; dueMs <= plan.durationMs; dueMs += plan.sampleEveryMs) {
    await rest(startMs + dueMs - performance.now(), signal);
    if (signal.aborted) return;
    // A member that ends while it is being stopped is not there to be asked.
    cluster.throwIfDead();
    samples.push(...(await sampler.take()));
    if (dueMs % 60_000 === 0) console.log(`${dueMs / 60_000} minutes, ${tally.problemCount} problems`);
  }
}

/** Waits until the members have given everything back; what they have not. */
async function settled({ cluster, root, tally }: Scene, before: readonly Sample[]): Promise<string[]> {
  const sampler = new Sampler(cluster, root, tally);
  const end = performance.now() + SETTLES_MS_MAX;
  for (;;) {
    const after = await sampler.take();
    const problems = cluster.members.flatMap(({ name }) => {
      const [first, last] = [before, after].map((looks) => looks.find(({ member }) => member === name));
      return first === undefined || last === undefined ? [`${name} has no sample`] : notGivenBack(first, last);
    });
    if (problems.length === 0 || performance.now() > end) return problems;
    await pause(1_000);
  }
}

function tooLittle({ counts }: Tally, minutes: number): string[] {
  const least = {
    ...Object.fromEntries(Object.entries(LEAST_PER_MINUTE).map(([name, each]) => [name, each * minutes])),
    ...LEAST,
  };
  return Object.entries(least).flatMap(([name, wanted]) => {
    const count = counts[name] ?? 0;
    return count < wanted ? [`only ${count} × ${name}, at least ${wanted} are wanted`] : [];
  });
}
