/** A minute part of the campaign, on one process of Kvorum without any fault: worker programs start, work, end well, and are judged. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient } from "@kvorum/client";
import { expect, it } from "vitest";
import { bundle } from "../../../scripts/bundle.mjs";
import { Outcome } from "../../client/campaign/scene.js";
import { startKvorum } from "../../support/kvorum.js";
import { seeded } from "../../support/random.js";
import { playElections } from "./election-story.js";
import { playMutex } from "./mutex-story.js";
import type { Scene } from "./stage.js";
import { playStm } from "./stm-story.js";

const QUIET = { workers: 2, rounds: 0, seconds: 30 } as const;

it("worker processes hand locks and leaderships on and commit transactions, and the judges are content", async () => {
  const folder = await mkdtemp(join(tmpdir(), "kvorum-coordination-"));
  const [server, worker] = await Promise.all([
    startKvorum(),
    bundle("integration/coordination/campaign/worker-main.ts"),
  ]);
  try {
    await using direct = createClient({ endpoints: server.endpoint });
    const scene = { endpoints: [server.endpoint], cluster: undefined, direct, random: seeded(1), seed: 1 };
    const outcomes = [new Outcome(), new Outcome(), new Outcome()] as const;
    const [mutex, election, stm] = outcomes.map((outcome, index): Scene => {
      return { ...scene, outcome, program: fileURLToPath(worker.url), folder: join(folder, String(index)) };
    }) as [Scene, Scene, Scene];
    await Promise.all([
      playMutex(mutex, { handOvers: 10, ...QUIET }),
      playElections(election, { names: 3, elections: 3, ...QUIET }),
      playStm(stm, { transactions: 20, ...QUIET }),
    ]);
    expect(outcomes.flatMap(({ problems }) => problems)).toEqual([]);
    expect(mutex.outcome.counted("hand-overs")).toBeGreaterThanOrEqual(10);
    expect(election.outcome.counted("elections after a fault")).toBeGreaterThanOrEqual(3);
    expect(stm.outcome.counted("serializable-snapshot committed")).toBeGreaterThanOrEqual(20);
  } finally {
    worker.remove();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
