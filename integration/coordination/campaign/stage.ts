/** What the stories share: servers, worker processes, a witness, and a verdict that keeps the history when it is bad. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "@kvorum/client";
import type { Outcome } from "../../client/campaign/scene.js";
import type { Cluster } from "../../robustness/cluster/cluster.js";
import { pause } from "../../robustness/cluster/rpc.js";
import { pick } from "../../support/random.js";
import { lineOf, readEvents, type WorkerEvent } from "./events.js";
import type { Job } from "./orders.js";
import type { Death } from "./owners-verdict.js";
import { Slot } from "./slot.js";
import { Witness } from "./witness.js";

export interface Scene {
  readonly endpoints: readonly string[];
  /** Undefined where there is one server only, which nobody kills. */
  readonly cluster: Cluster | undefined;
  /** A client that nobody disturbs. */
  readonly direct: Client;
  readonly random: () => number;
  readonly seed: number;
  readonly outcome: Outcome;
  /** File of the bundled worker program. */
  readonly program: string;
  /** Of this part alone, for event files. */
  readonly folder: string;
}

export interface Stage extends Scene {
  readonly slots: readonly [Slot, ...Slot[]];
  readonly witness: Witness;
}

/** Seconds to live of every session: the least that servers grant with their usual election timeout. */
export const TTL = 2;
/** Milliseconds within which a dead owner's place is gone, on a machine under load and while members are killed. */
export const EXPIRY_MS = 30_000;

export interface StageOptions {
  readonly story: Job["story"];
  readonly slots: number;
  readonly names: readonly string[];
  readonly levels?: readonly string[];
}

export interface Ended {
  readonly events: readonly WorkerEvent[];
  readonly deaths: readonly Death[];
  readonly witness: Witness;
}

/** Starts the workers, lets the faults happen, ends the workers well, and answers with everything that was seen. */
export async function onStage(
  scene: Scene,
  { story, slots: count, names, levels }: StageOptions,
  faults: (stage: Stage) => Promise<void>,
): Promise<Ended> {
  const { direct, endpoints, folder, outcome, program, seed } = scene;
  mkdirSync(folder, { recursive: true });
  const space = `campaign/${story}/`;
  await using witness = await Witness.start(direct, space);
  const job = { story, space, names, ttl: TTL, ...(levels && { levels }) };
  const onDeath = (problem: string): void => outcome.wrong(problem);
  const slots = await Promise.all(
    Array.from({ length: count }, (_, number) => Slot.open({ program, folder, number, endpoints, job, seed, onDeath })),
  );
  try {
    await faults({ ...scene, slots: slots as [Slot, ...Slot[]], witness });
  } finally {
    for (const slot of slots) {
      slot.heal();
      slot.thaw();
    }
    const problems = await Promise.all(slots.map((slot) => slot.close()));
    outcome.wrong(...problems.filter((problem) => problem !== undefined));
  }
  outcome.count(
    "connections cut at an answer",
    slots.reduce((sum, { cuts }) => sum + cuts, 0),
  );
  const empty = (): boolean => witness.names.every((name) => witness.line(name).length === 0);
  if (!(await witness.until(empty, EXPIRY_MS))) outcome.wrong("places are left although every worker has ended");
  await witness.upToDate();
  return {
    events: slots.flatMap(({ logs }) => logs.flatMap(readEvents)),
    deaths: slots.flatMap(({ deaths }) => deaths),
    witness,
  };
}

export interface Fault<S> {
  readonly name: string;
  strike(stage: S): Promise<boolean>;
}

export interface StrikeOptions {
  readonly enough: () => boolean;
  readonly restMs: number;
  /** Of each kind of fault: those that have not happened so often come before those that have. */
  readonly rounds: number;
}

/** A lane of faults strikes in turn until the story has what it wants. */
export async function strikeInTurn<S extends Scene>(
  stage: S,
  faults: readonly Fault<S>[],
  { enough, restMs, rounds }: StrikeOptions,
): Promise<void> {
  for (let number = 0; !enough() && stage.outcome.failed === 0; number++) {
    const lacking = faults.filter(({ name }) => stage.outcome.counted(name) < rounds);
    const choice = lacking.length > 0 ? lacking : faults;
    const fault = choice[number % choice.length];
    if (fault === undefined) return;
    if (await fault.strike(stage)) stage.outcome.count(fault.name);
    await pause(restMs);
  }
}

/** A member dies and comes back, or stands still for a while. */
export const MEMBER_FAULTS: readonly Fault<Scene>[] = [
  {
    name: "members killed",
    strike: async ({ cluster, random }) => {
      if (cluster === undefined) return false;
      const member = pick(random, cluster.members);
      await member.kill();
      await pause(500);
      await member.start();
      await cluster.caughtUp();
      return true;
    },
  },
  {
    name: "members paused",
    strike: async ({ cluster, random }) => {
      if (cluster === undefined) return false;
      const member = pick(random, cluster.members);
      member.pause();
      await pause(1_500);
      member.resume();
      await cluster.caughtUp();
      return true;
    },
  },
];

/** Keeps what the workers wrote down, in the order of time, and says where. */
export function keepHistory(folder: string, events: readonly WorkerEvent[]): string {
  const path = join(folder, "history.jsonl");
  writeFileSync(
    path,
    [...events]
      .sort((a, b) => a.atMs - b.atMs)
      .map((event) => `${lineOf(event)}\n`)
      .join(""),
  );
  return path;
}
