/**
 * Clusters of real processes under recorded load while members are killed, paused, restarted and replaced. Afterwards the
 * history must be linearizable, every watch true, and every member and tool of one opinion. See `settings.ts` for how to
 * make it longer; a failure prints the seed.
 */
import { describe, it } from "vitest";
import { toolsAgree } from "./agreement.js";
import { Cluster } from "./cluster/cluster.js";
import type { ProgramName } from "./cluster/program.js";
import { Recorder } from "./recorder/recorder.js";
import { ALL_ON_ETCD, IN_FULL, missing, PROGRAMS, SEED, TIMING, WRITES } from "./settings.js";
import { type Story, stories } from "./stories.js";

/** They show that etcd passes what Kvorum is asked for, crash and change of membership included. */
const ON_ETCD: ReadonlySet<string> = new Set([
  "the leader is killed and comes back",
  "a dead member is replaced by a new one",
]);

/** Played by every run of the tests; one of each kind: a death, a change of members, a process that stands still. */
const IN_BRIEF: ReadonlySet<string> = new Set([
  "the leader is killed and comes back",
  "a dead member is replaced by a new one",
  "a leader that was paused past its term does not answer from the past",
]);

const played = (program: ProgramName): readonly Story[] =>
  stories
    .filter(({ name }) => program === "kvorum" || ALL_ON_ETCD || ON_ETCD.has(name))
    .filter(({ name }) => IN_FULL || IN_BRIEF.has(name));

const TIMEOUT_MS = 120_000 + WRITES * 200;

for (const program of PROGRAMS) {
  const reason = missing(program);
  if (reason !== undefined) console.warn(`stories of ${program} are skipped: ${reason}`);
  describe.skipIf(reason !== undefined)(program, () => {
    for (const story of played(program)) {
      // Two at a time (`maxConcurrency`): most of a story is waiting for elections and restarts.
      it.concurrent(story.name, { timeout: TIMEOUT_MS }, async ({ expect }) => {
        expect((await play(program, story)).slice(0, 5), `seed ${SEED}`).toEqual([]);
      });
    }
  });
}

/** Plays the story under load and answers what is wrong with what was seen. */
async function play(program: ProgramName, story: Story): Promise<readonly string[]> {
  await using cluster = await Cluster.start({ program, size: story.size, snapshotCount: 500, ...TIMING });
  const recorder = new Recorder(cluster, { seed: SEED });
  try {
    await story.tell({ cluster, recorder, writes: WRITES });
    const { violations, figures } = await recorder.verdict();
    await toolsAgree(cluster);
    const { operations, unknown, unknownApplied, revisions } = figures;
    console.log(
      `${program}, ${story.name}: ${operations} calls, ${unknown} of unknown outcome (${unknownApplied} applied), ` +
        `${revisions} revisions, ${figures.watchEvents} watch events, ${figures.appends} on lists, judged in ${figures.checkMs} ms, seed ${SEED}`,
    );
    return violations;
  } catch (error) {
    console.error(`${program}, ${story.name}: seed ${SEED}\n${cluster.lastWords()}`);
    throw error;
  } finally {
    await recorder.close();
  }
}
