/**
 * Faults at the places that the code names: a member starts with one of its failpoints armed, is brought into the
 * circumstances in which it passes there, and then dies or stands still at that very moment. Not every place is reached in
 * the time that a fault may take; that is told apart from what was struck.
 */
import { Lease, Maintenance } from "@kvorum/proto";
import { type Channel, RpcError } from "@kvorum/transport";
import { FAILPOINT_SITES, type FailpointSite } from "../../packages/server/testing/failpoint-sites.js";
import { pick } from "../support/random.js";
import type { Cluster } from "./cluster/cluster.js";
import type { Member } from "./cluster/member.js";
import { eventually, pause, withChannel } from "./cluster/rpc.js";
import type { Recorder } from "./recorder/recorder.js";

/** Everything that a fault acts on and by. */
export interface Scene {
  readonly cluster: Cluster;
  readonly recorder: Recorder;
  readonly random: () => number;
}

/** How a member is brought to the sites of one group. */
interface Circumstances {
  readonly sites: RegExp;
  /** The hit at which it strikes is drawn up to this, early ones more often. */
  readonly hitMax: number;
  /** The member, or another one for a leader, misses so many writes first that it needs a snapshot. */
  readonly lags?: "the member" | "another member";
  /** The member is made the leader. */
  readonly leads?: boolean;
  /** When it answers, this is asked of it. It may fail: the member may be dead already. */
  readonly act?: (member: Member, scene: Scene) => Promise<unknown>;
  /** When it runs again. */
  readonly after?: (scene: Scene) => Promise<unknown>;
}

/** The member's log reaches no further back than its snapshot count and its entries to catch up, 500 each. */
const LAG_WRITES = 1_200;
/** A place that the member has not passed by then counts as not reached. */
const GIVE_UP_MS = 5_000;
const START_MS_MAX = 10_000;
const CALL = { timeoutMs: 2_000 };
/** What the node logs when it happens. */
const BITES = '"a failpoint bites"';

/** The first that matches holds. */
const CIRCUMSTANCES: readonly Circumstances[] = [
  { sites: /^recovery-/, hitMax: 1 },
  { sites: /^stop-|^wal-before-close$/, hitMax: 1, act: async (member) => member.terminate() },
  { sites: /^leadership-/, hitMax: 1, leads: true, act: async (member) => member.terminate() },
  { sites: /^snapshot-(before-open|before-send|after-send)$/, hitMax: 1, leads: true, lags: "another member" },
  { sites: /^snapshot-/, hitMax: 1, lags: "the member" },
  { sites: /^lease-/, hitMax: 1, leads: true, act: (member) => withChannel(member.clientUrl, useLease) },
  { sites: /^compaction-/, hitMax: 1, act: (_member, { recorder }) => recorder.compact(), after: compactAgain },
  {
    sites: /^defragment-|^backend-before-swap$/,
    hitMax: 1,
    act: (member) => withChannel(member.clientUrl, defragment),
  },
  { sites: /-conf-change$/, hitMax: 1, act: (member, { cluster }) => cluster.updateAddress(member) },
  // The log is cut every 500 entries, and its segments are large.
  { sites: /^raft-.*(snapshot-mark|release)$|^wal-(before|after)-(roll|seal|rename|prepare|remove)$/, hitMax: 2 },
  // Ten commits a second.
  { sites: /^backend-/, hitMax: 20 },
  { sites: /^watch-before-(sync|victims|progress)$/, hitMax: 1 },
  { sites: /./, hitMax: 300 },
];

/** How often each place struck, by what happened there, and how often it was not reached. */
export class FailpointFaults {
  readonly #bitten = new Map<string, number>();
  readonly #missed = new Map<string, number>();

  /** A random member dies at a random place and starts again. False when it did not get there. */
  async kill(scene: Scene): Promise<boolean> {
    return this.#strike(scene, undefined);
  }

  /** A random member stands still at a random place for a while. False when it did not get there. */
  async stall(scene: Scene): Promise<boolean> {
    return this.#strike(scene, Math.round(50 + 1_450 * scene.random()));
  }

  /** `failpoints that struck: 2 × apply-after-entry (killed), …; that were not reached: 1 × wal-before-roll (slowed)` */
  describe(): string {
    const list = (counts: ReadonlyMap<string, number>): string =>
      [...counts]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([site, count]) => `${count} × ${site}`)
        .join(", ") || "none";
    return `failpoints that struck: ${list(this.#bitten)}; that were not reached: ${list(this.#missed)}`;
  }

  async #strike(scene: Scene, stallMs: number | undefined): Promise<boolean> {
    const { cluster, random } = scene;
    const site: FailpointSite = pick(random, FAILPOINT_SITES);
    const member = pick(random, cluster.members);
    const circumstances = CIRCUMSTANCES.find(({ sites }) => sites.test(site)) as Circumstances;
    const hit = 1 + Math.floor(circumstances.hitMax * random() ** 2);
    const effect = stallMs === undefined ? "exit" : `sleep(${stallMs})`;
    await this.#restart(member, `${site}=${effect}@${hit}`, circumstances, scene);
    const hasBitten = await bites(member);
    count(hasBitten ? this.#bitten : this.#missed, `${site} (${stallMs === undefined ? "killed" : "slowed"})`);
    if (hasBitten && stallMs !== undefined) await pause(stallMs);
    // One that was told to stop and slowed on the way still does, some time after.
    if (hasBitten && (stallMs === undefined || member.isToldToStop)) await endOf(member);
    checkEnd(member);
    // A failpoint that has not struck yet must not do so later; one that has stalled a member is used up.
    if (!hasBitten || member.ended !== undefined || stallMs === undefined) {
      await member.kill();
      await pause(random() * 500);
      await member.start();
    }
    await circumstances.after?.(scene);
    return hasBitten;
  }

  /** Starts the member armed and brings it where the site is, as far as it lives to get there. */
  async #restart(
    member: Member,
    failpoints: string,
    { lags, leads = false, act }: Circumstances,
    scene: Scene,
  ): Promise<void> {
    const { cluster, recorder, random } = scene;
    await member.kill();
    if (lags === "the member") await recorder.progress(LAG_WRITES);
    await member.startArmed(failpoints);
    if (leads) await lead(cluster, member);
    if (lags === "another member" && member.ended === undefined) {
      const other = pick(
        random,
        cluster.members.filter((one) => one !== member),
      );
      await other.kill();
      await recorder.progress(LAG_WRITES);
      await other.start();
    }
    await attempt(member, async () => {
      if (act === undefined) return;
      await member.status();
      await act(member, scene);
    });
  }
}

/** Resolves with whether the member's failpoint struck, when it has, when the process has ended, or when it takes too long. */
async function bites(member: Member): Promise<boolean> {
  const end = performance.now() + GIVE_UP_MS;
  while (performance.now() < end) {
    if (member.output.includes(BITES) || member.ended === "SIGKILL") return true;
    if (member.ended !== undefined) break;
    await pause(20);
  }
  return member.output.includes(BITES);
}

/** The process is gone a moment after it has said so. */
async function endOf(member: Member): Promise<void> {
  await eventually(`${member.name} ends after its failpoint`, START_MS_MAX, async () => member.ended);
}

/** A member may be killed by its failpoint or end cleanly where it was told to; anything else is its own failure. */
function checkEnd(member: Member): void {
  if (member.ended !== "SIGKILL" && member.ended !== 0) member.throwIfDead();
}

/** As far as it goes: the member may die on the way. */
async function lead(cluster: Cluster, member: Member): Promise<void> {
  const end = performance.now() + START_MS_MAX;
  while (performance.now() < end && member.ended === undefined) {
    const leader = await cluster.leader();
    if (leader === member) return;
    await attempt(member, async () => {
      const targetID = (await member.status()).header?.memberId ?? 0n;
      await withChannel(leader.clientUrl, (channel) =>
        channel.unary(Maintenance.method.moveLeader, { targetID }, CALL),
      );
    });
    await pause(100);
  }
}

/** What a member that dies or starts cannot answer is no mistake here. */
async function attempt(member: Member, work: () => Promise<unknown>): Promise<void> {
  const end = performance.now() + START_MS_MAX;
  do {
    try {
      await work();
      return;
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      await pause(50);
    }
  } while (member.ended === undefined && performance.now() < end && !member.output.includes(BITES));
}

/** The first attempt may have been lost with the member; what the recorder knows of it must be true in the end. */
function compactAgain({ recorder }: Scene): Promise<true> {
  return eventually<true>("history is compacted", 30_000, async () => {
    await recorder.compact();
    return true;
  });
}

async function defragment(channel: Channel): Promise<void> {
  await channel.unary(Maintenance.method.defragment, {}, CALL);
}

/** A lease without keys: granted, renewed, looked at, and left to expire. */
async function useLease(channel: Channel): Promise<void> {
  const { ID } = await channel.unary(Lease.method.leaseGrant, { TTL: 1n }, CALL);
  const requests = (async function* () {
    yield { ID };
  })();
  for await (const _answer of channel.stream(Lease.method.leaseKeepAlive, requests, CALL)) break;
  await channel.unary(Lease.method.leaseTimeToLive, { ID }, CALL);
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
