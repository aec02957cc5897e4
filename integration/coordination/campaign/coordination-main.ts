/**
 * The campaign on coordination: locks, elections and transactions of several processes, on three processes of Kvorum and on three of
 * etcd, under faults of processes, networks, sessions and members. Each story has its own file and its own verdict. Started by
 * `scripts/campaigns/coordination.mjs`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@kvorum/client";
import { Outcome } from "../../client/campaign/scene.js";
import { Cluster } from "../../robustness/cluster/cluster.js";
import { type ProgramName, programMissing } from "../../robustness/cluster/program.js";
import { seeded } from "../../support/random.js";
import { playElections } from "./election-story.js";
import { playMutex } from "./mutex-story.js";
import { playWork } from "./queue-story.js";
import { playShared } from "./shared-story.js";
import type { Scene } from "./stage.js";
import { playStm } from "./stm-story.js";

export interface CampaignOptions {
  /** File of the bundled worker program. */
  readonly program: string;
  readonly seed: number;
  /** The numbers of a whole campaign instead of those that fit into CI. */
  readonly full: boolean;
  /** Of stories; undefined for all. */
  readonly only: string | undefined;
  readonly servers: readonly string[];
}

/** Every story that held is one that passed. */
export interface CampaignCounts {
  passed: number;
  failed: number;
  skipped: number;
}

interface Amounts {
  readonly mutex: Parameters<typeof playMutex>[1];
  readonly election: Parameters<typeof playElections>[1];
  readonly stm: Parameters<typeof playStm>[1];
  readonly shared: Parameters<typeof playShared>[1];
  readonly work: Parameters<typeof playWork>[1];
}

/** On each of the two programs; together they make the numbers of a whole campaign. */
const FULL: Amounts = {
  mutex: { workers: 4, handOvers: 3_000, rounds: 25, seconds: 900 },
  election: { workers: 4, names: 32, elections: 600, rounds: 20, seconds: 900 },
  stm: { workers: 4, transactions: 26_000, rounds: 20, seconds: 1_200 },
  shared: { workers: 4, acquisitions: 3_000, rounds: 15, seconds: 600 },
  work: { workers: 4, jobs: 3_000, rounds: 15, seconds: 600 },
};

const BRIEF: Amounts = {
  mutex: { workers: 4, handOvers: 100, rounds: 1, seconds: 150 },
  election: { workers: 4, names: 12, elections: 30, rounds: 1, seconds: 150 },
  stm: { workers: 4, transactions: 600, rounds: 1, seconds: 150 },
  shared: { workers: 3, acquisitions: 60, rounds: 1, seconds: 150 },
  work: { workers: 3, jobs: 60, rounds: 1, seconds: 150 },
};

const PROGRESS_EVERY_MS = 10_000;

export async function runCampaign(options: CampaignOptions): Promise<CampaignCounts> {
  const { full, only, seed, servers } = options;
  const counts: CampaignCounts = { passed: 0, failed: 0, skipped: 0 };
  const amounts = full ? FULL : BRIEF;
  const stories: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
    mutex: (scene) => playMutex(scene, amounts.mutex),
    election: (scene) => playElections(scene, amounts.election),
    stm: (scene) => playStm(scene, amounts.stm),
    shared: (scene) => playShared(scene, amounts.shared),
    work: (scene) => playWork(scene, amounts.work),
  };
  console.log(`coordination campaign, seed ${seed}`);
  const playOn = async (server: ProgramName): Promise<void> => {
    const missing = programMissing(server);
    if (missing !== undefined) {
      console.log(`not on ${server}: ${missing}`);
      counts.skipped += 1;
      return;
    }
    for (const [name, story] of Object.entries(stories)) {
      if (only === undefined || only === name) await play(counts, `${name}, ${server}`, server, options, story);
    }
  };
  // Most of a brief story is waiting for sessions to run out, so that two fit beside each other.
  const playing = servers as readonly ProgramName[];
  if (full) for (const server of playing) await playOn(server);
  else await Promise.all(playing.map(playOn));
  return counts;
}

async function play(
  counts: CampaignCounts,
  title: string,
  server: ProgramName,
  { program, seed }: CampaignOptions,
  story: (scene: Scene) => Promise<void>,
): Promise<void> {
  const outcome = new Outcome();
  const folder = mkdtempSync(join(tmpdir(), "kvorum-coordination-"));
  const startMs = performance.now();
  const seconds = (): string => `${((performance.now() - startMs) / 1_000).toFixed(1)} s`;
  const progress = setInterval(() => console.log(`${title}, ${seconds()}: ${outcome.describe()}`), PROGRESS_EVERY_MS);
  try {
    await using cluster = await Cluster.start({ program: server, size: 3 });
    await using direct = createClient({ endpoints: cluster.endpoints });
    await story({
      endpoints: cluster.endpoints,
      cluster,
      direct,
      random: seeded(seed),
      seed,
      outcome,
      program,
      folder,
    });
  } catch (error) {
    outcome.wrong(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    clearInterval(progress);
  }
  const passed = outcome.failed === 0;
  if (passed) rmSync(folder, { recursive: true, force: true });
  console.log(`${title}, ${seconds()}: ${outcome.describe()}: ${passed ? "passed" : "FAILED"}`);
  for (const problem of outcome.problems) console.log(`  ${problem}`);
  counts[passed ? "passed" : "failed"] += 1;
}
