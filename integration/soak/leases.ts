/** Leases that are kept alive for a while and revoked, and leases that nobody renews: their keys must be there, and then gone. */
import type { Client, Lease } from "@kvorum/client";
import { pause } from "../robustness/cluster/rpc.js";
import { pick } from "../support/random.js";
import { type Actor, rest, type Scene, steadily, type Worker } from "./scene.js";

const KEPT = 15;
const KEPT_TTL_SECONDS = 15;
const KEPT_MS = [2_000, 20_000] as const;

const FLEETING_EVERY_MS = 500;
const FLEETING_TTL_SECONDS = 5;
/** After its time a lease and its keys are gone within this; a new leader gives all of them their time anew. */
const GONE_MS_MAX = 40_000;

/** Each place keeps one lease after the other. */
export const keptLeases: Actor = async (scene) => {
  const { workers, random, signal } = scene;
  const place = async (number: number): Promise<void> => {
    while (!signal.aborted) await keepOne(scene, pick(random, workers), `kept/${number}`);
  };
  await Promise.all(Array.from({ length: KEPT }, (_, number) => place(number)));
};

async function keepOne({ tally, random, signal }: Scene, { client }: Worker, key: string): Promise<void> {
  const lease = await tally.call("lease kept", () => client.lease.keep({ ttl: KEPT_TTL_SECONDS }));
  // A member that is down is asked again after a moment.
  if (lease === undefined) return rest(500, signal);
  const startMs = performance.now();
  try {
    await tally.call("put with a lease", () => client.put(key, String(lease.id), { lease }));
    await rest(KEPT_MS[0] + random() * (KEPT_MS[1] - KEPT_MS[0]), AbortSignal.any([signal, lease.signal]));
    if (lease.state === "lost") {
      tally.failed("lease kept", lease.signal.reason, startMs);
      return;
    }
    await keepAliveOnce(client, lease, startMs, tally);
  } finally {
    await revoke(client, lease, key, tally);
  }
}

/** It may be lost while its member is away and this waits. */
async function keepAliveOnce(client: Client, lease: Lease, startMs: number, tally: Scene["tally"]): Promise<void> {
  try {
    await client.lease.keepAliveOnce(lease.id);
    tally.count("keep-alive by hand");
  } catch (error) {
    tally.failed("keep-alive by hand", lease.state === "lost" ? lease.signal.reason : error, startMs);
  }
}

async function revoke(client: Client, lease: Lease, key: string, tally: Scene["tally"]): Promise<void> {
  const revoked = await tally.call("lease revoked", async () => {
    await lease.revoke();
    return true;
  });
  if (!revoked) return;
  await tally.call("look after a lease", async () => {
    const pair = await client.get(key);
    if (pair?.lease === lease.id) tally.problem(`${key} outlived its lease, which was revoked`);
  });
}

/** Granted and left to run out. */
export const fleetingLeases: Actor = async (scene) => {
  const { workers, tally, random, signal } = scene;
  const waiting = new Set<Promise<void>>();
  let number = 0;
  await steadily(FLEETING_EVERY_MS, signal, async () => {
    const { client } = pick(random, workers);
    const key = `fleeting/${number++}`;
    const lease = await tally.call("lease left alone", () => client.lease.grant({ ttl: FLEETING_TTL_SECONDS }));
    if (lease === undefined) return;
    const startMs = performance.now();
    try {
      await client.put(key, "here", { lease });
    } catch (error) {
      // On a machine that stood still its time may be over already.
      tally.failed("put with a lease left alone", error, startMs);
    }
    const gone = untilGone(scene, client, key);
    waiting.add(gone);
    gone.finally(() => waiting.delete(gone));
  });
  await Promise.all(waiting);
};

async function untilGone({ tally }: Scene, client: Client, key: string): Promise<void> {
  const end = performance.now() + FLEETING_TTL_SECONDS * 1_000 + GONE_MS_MAX;
  while (performance.now() < end) {
    await pause(1_000);
    const count = await tally.call("look after a lease", () => client.count(key));
    if (count === 0n) return tally.count("leases that ran out");
  }
  tally.problem(`${key} is there ${GONE_MS_MAX} ms after the time of its lease`);
}
