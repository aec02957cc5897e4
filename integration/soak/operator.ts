/** What an operator does beside the load: compacts, defragments, downloads snapshots, stops and starts each member once. */
import { type Client, prefix } from "@kvorum/client";
import { pause } from "../robustness/cluster/rpc.js";
import { SPACE, TOKEN_SECONDS } from "./cluster.js";
import { type Actor, rest, type Scene, steadily } from "./scene.js";

/** What a compaction leaves: more than is written while a member starts again, so that watches can go on. */
const REVISIONS_KEPT = 6_000n;
/** A snapshot may take so long on a busy machine. */
const SNAPSHOT_MS_MAX = 120_000;
const TURN_MS = 500;
/** A process that is late by so much says that the machine has other things to do. */
const TICK_MS = 100;
const LATE_MS = 500;
/** How long after the end members may take to come together. */
const AGREE_MS_MAX = 30_000;

export const compactions: Actor = async ({ root, plan, tally, signal }) => {
  await steadily(plan.compactEveryMs, signal, async () => {
    await tally.call("compaction", async () => {
      const revision = (await currentRevision(root)) - REVISIONS_KEPT;
      if (revision > 0n) await root.compact(revision, { physical: true, timeout: 60_000 });
    });
  });
};

export const defragmentations: Actor = async (scene) => {
  const { root, plan, tally } = scene;
  await inTurn(scene, plan.defragmentEveryMs, (endpoint) =>
    tally.call("defragmentation", () => root.maintenance.defragment({ endpoint })),
  );
};

/** Read to its end, whose digest the client checks. */
export const snapshots: Actor = async (scene) => {
  const { root, plan, tally } = scene;
  await inTurn(scene, plan.snapshotEveryMs, (endpoint) =>
    tally.call("snapshot", async () => {
      const signal = AbortSignal.timeout(SNAPSHOT_MS_MAX);
      for await (const chunk of root.maintenance.snapshot({ endpoint, signal })) {
        tally.count("snapshot bytes", chunk.length);
      }
    }),
  );
};

/** Somebody whose token is forgotten between two calls, every time. */
export const forgottenTokens: Actor = async ({ cluster, workers, tally, signal }) => {
  const rarely = async (member: (typeof workers)[number]["member"]): Promise<void> => {
    await using client = cluster.worker(member);
    await steadily((TOKEN_SECONDS + 5) * 1_000, signal, async () => {
      await tally.call("call with a forgotten token", async () => void (await client.get("key/00000")));
    });
  };
  await Promise.all(workers.map(({ member }) => rarely(member)));
};

/** Each member once, at its time. */
export const restarts: Actor = async ({ cluster, plan, tally, signal }) => {
  const startMs = performance.now();
  for (const [index, atMs] of plan.restartsAtMs.entries()) {
    await rest(startMs + atMs - performance.now(), signal);
    const member = cluster.members[index];
    if (member === undefined || signal.aborted) return;
    await tally.trouble(() => cluster.restart(member));
    tally.count("restarts");
  }
};

/**
 * Looks whether the machine runs this very process in time. Where it does not, members come late for their elections as well,
 * and calls may fail for it; how often that was is counted.
 */
export const stillness: Actor = async ({ tally, signal }) => {
  while (!signal.aborted) {
    const startMs = performance.now();
    await rest(TICK_MS, signal);
    if (performance.now() - startMs < TICK_MS + LATE_MS) continue;
    tally.disturbed();
    tally.count("times that the machine stood still");
  }
};

/** After the load: all members hold the same, hashed at one revision. */
export async function checkHashes({ cluster, root, tally }: Scene): Promise<void> {
  const revision = await currentRevision(root);
  const hashes = await Promise.all(
    cluster.endpoints.map((endpoint) =>
      tally.call("hash", async () => {
        await reach(root, endpoint, revision);
        const { hash, compactRevision } = await root.maintenance.hashKv({ endpoint, revision });
        return `${hash} compacted to ${compactRevision}`;
      }),
    ),
  );
  if (new Set(hashes).size !== 1) tally.problem(`the members differ at revision ${revision}: ${hashes.join(", ")}`);
}

async function currentRevision(root: Client): Promise<bigint> {
  return (await root.list(prefix(`${SPACE}account/`), { limit: 1 })).header.revision;
}

/** Resolves when the member has come to the revision. Errors: when it does not. */
async function reach(root: Client, endpoint: string, revision: bigint): Promise<void> {
  const end = performance.now() + AGREE_MS_MAX;
  while ((await root.maintenance.status({ endpoint })).header.revision < revision) {
    if (performance.now() > end) throw new Error(`${endpoint} does not come to revision ${revision}`);
    await pause(100);
  }
}

async function inTurn(
  { cluster, signal }: Scene,
  everyMs: number,
  work: (endpoint: string) => Promise<unknown>,
): Promise<void> {
  let turn = 0;
  await rest(TURN_MS, signal);
  await steadily(everyMs, signal, async () => {
    const member = cluster.members[turn++ % cluster.members.length];
    // One that is being started again has its turn later.
    if (member?.isRunning) await work(member.clientUrl);
  });
}
