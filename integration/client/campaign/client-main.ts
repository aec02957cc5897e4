/**
 * The campaign on the client: connections cut at every boundary of a message, answers lost, networks fallen silent, members
 * killed and paused, memory measured. Each part has its own file and its own verdict. Started by `scripts/campaigns/client.mjs`.
 */
import { createClient } from "@kvorum/client";
import { etcdMissing, startEtcd, type TestServer } from "../../support/etcd.js";
import { startKvorum } from "../../support/kvorum.js";
import { seeded } from "../../support/random.js";
import { cutWatches } from "./cuts.js";
import { cutFragments } from "./fragments.js";
import { silenceLeases } from "./leases.js";
import { disturbMembers } from "./members.js";
import { measureMemory } from "./memory.js";
import { loseReplies } from "./replies.js";
import { Outcome, type Scene } from "./scene.js";

export interface CampaignOptions {
  readonly cuts: number;
  readonly replies: number;
  readonly seed: number;
  /** Measures memory alone, in this process, which must have been started with `--expose-gc`. */
  readonly memoryOnly: boolean;
}

/** Every part that held is one that passed. */
export interface CampaignCounts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Of all cuts: these cost most, because each repeats megabytes. */
const FRAGMENT_SHARE = 0.005;
const MEMBER_SECONDS = 18;
/** Of cuts and lost replies, where both programs are there: etcd takes half of the time for the same. */
const SHARES = { kvorum: 0.35, etcd: 0.65 } as const;
/** On each of the programs; a machine under load may come to a third of them before the rounds are over. */
const LEASES = 72;
const PROGRESS_EVERY_MS = 10_000;

/** Large answers are fragmented from about 580 kB on, instead of 2 MB. */
const FLAGS = ["--max-request-bytes", "65536"];

interface Program {
  readonly name: "kvorum" | "etcd";
  readonly isEtcd: boolean;
  start(): Promise<TestServer>;
}

const KVORUM: Program = { name: "kvorum", isEtcd: false, start: () => startKvorum() };

interface Part {
  readonly name: string;
  run(outcome: Outcome): Promise<void>;
}

export async function runCampaign(options: CampaignOptions): Promise<CampaignCounts> {
  const counts: CampaignCounts = { passed: 0, failed: 0, skipped: 0 };
  console.log(`client campaign, seed ${options.seed}`);
  if (options.memoryOnly) {
    await play(counts, { name: "memory", run: (outcome) => onServer(KVORUM, options, outcome, memory) });
    return counts;
  }
  const missing = etcdMissing();
  if (missing !== undefined) {
    console.log(`without a real etcd: ${missing}`);
    counts.skipped += 1;
  }
  const programs: Program[] = [
    { ...KVORUM, start: () => startKvorum({ flags: FLAGS }) },
    ...(missing === undefined ? [{ name: "etcd" as const, isEtcd: true, start: () => startEtcd(FLAGS) }] : []),
  ];
  for (const program of programs) {
    const share = missing === undefined ? SHARES[program.name] : 1;
    const on = (part: string, work: (scene: Scene) => Promise<void>): Promise<void> =>
      play(counts, { name: `${part}, ${program.name}`, run: (outcome) => onServer(program, options, outcome, work) });
    await on("leases", silence);
    await on("cut watches", (scene) => cuts(scene, Math.ceil(options.cuts * share)));
    await on("lost replies", (scene) => replies(scene, Math.ceil(options.replies * share)));
  }
  const random = seeded(options.seed);
  await play(counts, {
    name: "members",
    run: (outcome) => disturbMembers({ program: "kvorum", seconds: MEMBER_SECONDS, random, outcome }),
  });
  return counts;
}

async function cuts(scene: Scene, amount: number): Promise<void> {
  const inFragments = Math.ceil(amount * FRAGMENT_SHARE);
  await cutWatches(scene, { cuts: amount - inFragments, lanes: 24 });
  await cutFragments(scene, inFragments);
  scene.outcome.atLeast("cuts", amount);
  scene.outcome.atLeast("cuts in fragments", inFragments);
  scene.outcome.atLeast("watch events", amount);
}

async function replies(scene: Scene, amount: number): Promise<void> {
  await loseReplies(scene, { replies: amount, lanes: 8 });
  scene.outcome.atLeast("lost replies", amount);
  scene.outcome.atLeast("exactly-once writes", amount / 4);
}

async function silence(scene: Scene): Promise<void> {
  await silenceLeases(scene, { wanted: LEASES, groups: 12, leases: 8 });
  scene.outcome.atLeast("leases lost", LEASES / 3);
  scene.outcome.atLeast("leases believed in as long as they could be", scene.outcome.counted("leases lost") * 0.75);
}

const memory = ({ endpoint, outcome }: Scene): Promise<void> => measureMemory(endpoint, outcome);

async function onServer(
  { isEtcd, start }: Program,
  { seed }: CampaignOptions,
  outcome: Outcome,
  work: (scene: Scene) => Promise<void>,
): Promise<void> {
  const server = await start();
  try {
    await using direct = createClient({ endpoints: server.endpoint });
    await work({ endpoint: server.endpoint, isEtcd, direct, random: seeded(seed), outcome });
  } finally {
    await server.stop();
  }
}

async function play(counts: CampaignCounts, { name, run }: Part): Promise<void> {
  const outcome = new Outcome();
  const startMs = performance.now();
  const seconds = (): string => `${((performance.now() - startMs) / 1_000).toFixed(1)} s`;
  const progress = setInterval(() => console.log(`${name}, ${seconds()}: ${outcome.describe()}`), PROGRESS_EVERY_MS);
  try {
    await run(outcome);
  } catch (error) {
    outcome.wrong(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    clearInterval(progress);
  }
  console.log(`${name}, ${seconds()}: ${outcome.describe()}: ${outcome.failed === 0 ? "passed" : "FAILED"}`);
  for (const problem of outcome.problems) console.log(`  ${problem}`);
  counts.passed += outcome.failed === 0 ? 1 : 0;
  counts.failed += outcome.failed === 0 ? 0 : 1;
}
