/**
 * The kill campaign: three real members, clients that never stop, and one fault after another for as long as the budget
 * lasts. Everything that was asked and answered is judged at the end as one history. Started by
 * `scripts/campaigns/cluster-kills.mjs`.
 */
import { pick, seeded } from "../support/random.js";
import { Cluster } from "./cluster/cluster.js";
import type { Member } from "./cluster/member.js";
import { type ProgramName, programMissing } from "./cluster/program.js";
import { eventually, pause } from "./cluster/rpc.js";
import { FailpointFaults, type Scene } from "./failpoint-faults.js";
import { Recorder, type RunVerdict } from "./recorder/recorder.js";
import { TIMING } from "./settings.js";

export interface CampaignOptions {
  readonly program: ProgramName;
  readonly seconds: number;
  readonly seed: number;
}

export interface CampaignResult {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Below these a campaign has shown too little, whatever its verdict: 20,000 calls and 14 faults in 90 s. */
const OPERATIONS_PER_SECOND_MIN = 220;
const FAULTS_PER_SECOND_MIN = 0.15;

/** So many that members write in groups; each has one call in flight. */
const CLIENTS = 48;

/** Acknowledged writes between two faults: every fault hits a cluster at work. */
const WRITES_BETWEEN = 300;

/** The share of faults before which old revisions are forgotten. */
const COMPACTIONS = 0.3;

/** Behind the name of a fault that did not get to take effect. */
const NOT_REACHED = ", site not reached";

interface Fault {
  readonly name: string;
  readonly weight: number;
  /** Resolves with whether it took effect. */
  strike(scene: Scene): Promise<boolean>;
}

const FAULTS: readonly Fault[] = [
  {
    name: "leader killed",
    weight: 4,
    strike: async ({ cluster, random }) => killFor([await cluster.leader()], random),
  },
  {
    name: "follower killed",
    weight: 3,
    strike: async ({ cluster, random }) => killFor([pick(random, await cluster.followers())], random),
  },
  {
    name: "two killed",
    weight: 1,
    strike: async ({ cluster, random }) => {
      const spared = pick(random, cluster.members);
      return killFor(
        cluster.members.filter((member) => member !== spared),
        random,
      );
    },
  },
  { name: "all killed", weight: 1, strike: ({ cluster, random }) => killFor(cluster.members, random) },
  {
    name: "leader stopped and started",
    weight: 1,
    strike: async ({ cluster, random }) => killFor([await cluster.leader()], random, "SIGTERM"),
  },
  {
    name: "leader paused",
    weight: 2,
    strike: async ({ cluster, random }) =>
      pauseFor(await cluster.leader(), (0.5 + 2.5 * random()) * cluster.electionMs),
  },
  {
    name: "follower paused",
    weight: 1,
    strike: async ({ cluster, random }) =>
      pauseFor(pick(random, await cluster.followers()), (0.5 + 4 * random()) * cluster.electionMs),
  },
  {
    name: "follower replaced",
    weight: 1,
    strike: async ({ cluster, random, recorder }) => {
      const dead = pick(random, await cluster.followers());
      await dead.kill();
      await cluster.remove(dead);
      const added = await cluster.add();
      recorder.watchMembers();
      await eventually(`${added.name} answers`, 30_000, () => added.status());
      return true;
    },
  },
];

/** Only our own program has them. */
function atFailpoints(failpoints: FailpointFaults): readonly Fault[] {
  return [
    { name: "killed at a failpoint", weight: 6, strike: (scene) => failpoints.kill(scene) },
    { name: "slowed at a failpoint", weight: 3, strike: (scene) => failpoints.stall(scene) },
  ];
}

/** Runs for the budget and judges. It prints what it did; the counts say how many faults were survived. */
export async function runCampaign({ program, seconds, seed }: CampaignOptions): Promise<CampaignResult> {
  const missing = programMissing(program);
  if (missing !== undefined) {
    console.log(`kill campaign skipped: ${missing}`);
    return { passed: 0, failed: 0, skipped: 1 };
  }
  const struck = new Map<string, number>();
  const problems: string[] = [];
  let verdict: RunVerdict | undefined;
  await using cluster = await Cluster.start({ program, size: 3, snapshotCount: 500, ...TIMING });
  const recorder = new Recorder(cluster, { seed, clients: CLIENTS, keys: 16 });
  const failpoints = new FailpointFaults();
  const faults = program === "kvorum" ? [...FAULTS, ...atFailpoints(failpoints)] : FAULTS;
  try {
    await strikeUntil(performance.now() + seconds * 1_000, { cluster, recorder, random: seeded(seed) }, faults, struck);
    verdict = await recorder.verdict();
    problems.push(...verdict.violations);
  } catch (error) {
    problems.push(`${error instanceof Error ? error.message : error}\n${cluster.lastWords()}`);
  } finally {
    await recorder.close();
  }
  console.log(`history compacted up to revision ${recorder.compacted}`);
  if (program === "kvorum") console.log(failpoints.describe());
  const strikes = [...struck].reduce((sum, [name, count]) => (name.endsWith(NOT_REACHED) ? sum : sum + count), 0);
  problems.push(...tooLittle(recorder.operations.length, strikes, seconds));
  report({ program, seconds, seed }, struck, verdict, problems);
  return { passed: problems.length === 0 ? strikes : 0, failed: problems.length, skipped: 0 };
}

async function strikeUntil(
  end: number,
  scene: Scene,
  faults: readonly Fault[],
  struck: Map<string, number>,
): Promise<void> {
  const { recorder, random } = scene;
  while (performance.now() < end) {
    await recorder.progress(WRITES_BETWEEN);
    await pause(random() * 300);
    if (random() < COMPACTIONS) await recorder.compact();
    const fault = weighted(faults, random);
    const name = (await fault.strike(scene)) ? fault.name : `${fault.name}${NOT_REACHED}`;
    struck.set(name, (struck.get(name) ?? 0) + 1);
  }
  await recorder.progress(WRITES_BETWEEN);
}

function weighted(faults: readonly Fault[], random: () => number): Fault {
  return pick(
    random,
    faults.flatMap((fault) => Array.from({ length: fault.weight }, () => fault)),
  );
}

async function killFor(
  members: readonly Member[],
  random: () => number,
  signal: "SIGKILL" | "SIGTERM" = "SIGKILL",
): Promise<true> {
  await Promise.all(members.map((member) => member.kill(signal)));
  await pause(random() * 800);
  await Promise.all(members.map((member) => member.start()));
  return true;
}

async function pauseFor(member: Member, ms: number): Promise<true> {
  member.pause();
  await pause(ms);
  member.resume();
  return true;
}

function tooLittle(operations: number, strikes: number, seconds: number): string[] {
  const least = {
    operations: seconds * OPERATIONS_PER_SECOND_MIN,
    strikes: Math.ceil(seconds * FAULTS_PER_SECOND_MIN),
  };
  const problems: string[] = [];
  if (operations < least.operations) problems.push(`only ${operations} calls, at least ${least.operations} are wanted`);
  if (strikes < least.strikes) problems.push(`only ${strikes} faults, at least ${least.strikes} are wanted`);
  return problems;
}

function report(
  { program, seconds, seed }: CampaignOptions,
  struck: ReadonlyMap<string, number>,
  verdict: RunVerdict | undefined,
  problems: readonly string[],
): void {
  const counts = [...struck].map(([name, count]) => `${count} × ${name}`).join(", ");
  console.log(`kill campaign on ${program}, ${seconds} s, seed ${seed}: ${counts}`);
  if (verdict !== undefined) {
    const { operations, unknown, unknownApplied, revisions, watchSessions, watchEvents, appends, checkMs } =
      verdict.figures;
    console.log(
      `${operations} calls, ${unknown} of unknown outcome (${unknownApplied} applied), ${revisions} revisions, ` +
        `${watchEvents} events in ${watchSessions} watches, ${appends} transactions on lists, judged in ${checkMs} ms`,
    );
  }
  console.log(
    problems.length === 0
      ? "linearizable, every watch true, all members alike"
      : `FAILED\n${problems.slice(0, 5).join("\n")}`,
  );
}
