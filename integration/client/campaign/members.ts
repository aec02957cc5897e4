/**
 * A client before three real members that are killed, paused and cut off from each other while it watches, writes and holds
 * leases. What really happened is read from the history at the end, by a client that was not there.
 */
import { type Client, createClient, isEtcdError, type Lease, prefix } from "@kvorum/client";
import { Cluster } from "../../robustness/cluster/cluster.js";
import { NamespaceNetwork, namespacesMissing } from "../../robustness/cluster/namespaces.js";
import type { ProgramName } from "../../robustness/cluster/program.js";
import { pause } from "../../robustness/cluster/rpc.js";
import { pick } from "../../support/random.js";
import { judge } from "./cuts.js";
import { type ToldEvent, toldEvent } from "./history.js";
import type { Outcome } from "./scene.js";
import { WatchAudit, type WatchKind } from "./watch-audit.js";

export interface MemberOptions {
  readonly program: ProgramName;
  readonly seconds: number;
  readonly random: () => number;
  readonly outcome: Outcome;
}

const SPACE = "members/";
const WRITERS = 6;
const LEASES = 4;
/** Seconds: longer than a change of leader, with time to spare for a machine under load. */
const LEASE_TTL = 12;
const TIMING = { heartbeatMs: 50, electionMs: 500 } as const;

const KINDS: readonly WatchKind[] = [
  { name: "of the past", past: true, options: { prevKv: true } },
  { name: "from now on" },
  { name: "by revision", past: true, batches: true },
  { name: "of one key", key: "0" },
];

interface Stage {
  readonly cluster: Cluster;
  readonly network: NamespaceNetwork | undefined;
  readonly random: () => number;
}

const FAULTS: readonly { readonly name: string; strike(stage: Stage): Promise<void> }[] = [
  { name: "leader killed", strike: async ({ cluster }) => restart(cluster, await cluster.leader()) },
  {
    name: "follower killed",
    strike: async ({ cluster, random }) => restart(cluster, pick(random, await cluster.followers())),
  },
  { name: "leader paused", strike: async ({ cluster }) => pauseMember(await cluster.leader(), 1_500) },
  {
    name: "follower paused",
    strike: async ({ cluster, random }) => pauseMember(pick(random, await cluster.followers()), 2_500),
  },
  {
    name: "leader cut off",
    strike: async ({ cluster, network }) => {
      const leader = await cluster.leader();
      for (const { number } of cluster.members) if (number !== leader.number) network?.cut(leader.number, number);
      await pause(2_500);
      network?.heal();
    },
  },
];

/** Judges like the other parts. Without namespaces the members' links stay whole, and it says so. */
export async function disturbMembers({ program, seconds, random, outcome }: MemberOptions): Promise<void> {
  const missing = namespacesMissing();
  if (missing !== undefined) console.log(`members are not cut off from each other: ${missing}`);
  using network = missing === undefined ? new NamespaceNetwork() : undefined;
  await using cluster = await Cluster.start({ program, size: 3, ...TIMING, ...(network && { network }) });
  const order = [...cluster.endpoints].sort(() => random() - 0.5);
  console.log(`members of ${program} in the order ${order.join(", ")}`);
  await using client = createClient({ endpoints: order });
  const { header } = await client.put(`${SPACE}0`, "first", { timeout: 30_000 });
  const truth = { space: SPACE, first: header.revision, events: [] as ToldEvent[] };
  const audits = KINDS.map((kind) => new WatchAudit(client, kind, truth));
  const leases = await Promise.all(Array.from({ length: LEASES }, () => client.lease.keep({ ttl: LEASE_TTL })));
  const stop = new AbortController();
  const writers = Array.from({ length: WRITERS }, (_, i) => new Writer(client, `${SPACE}${i}`));
  const writing = Promise.all(writers.map((writer) => writer.run(stop.signal)));
  try {
    const faults = FAULTS.filter(({ name }) => network !== undefined || name !== "leader cut off");
    const end = performance.now() + seconds * 1_000;
    for (let number = 0; performance.now() < end; number++) {
      const fault = faults[number % faults.length];
      await fault?.strike({ cluster, network, random });
      outcome.count("faults of members");
      await pause(300);
    }
    await cluster.settled();
  } finally {
    stop.abort();
    await writing;
  }
  await using witness = createClient({ endpoints: cluster.endpoints });
  const last = await witness.put(`${SPACE}0`, "last", { timeout: 30_000 });
  truth.events.push(...(await readHistory(witness, header.revision, last.header.revision)));
  await judge(audits, outcome);
  for (const writer of writers) outcome.wrong(...writer.verdict(truth.events));
  outcome.count(
    "writes",
    writers.reduce((sum, writer) => sum + writer.count, 0),
  );
  await judgeLeases(witness, leases, outcome);
  outcome.atLeast("faults of members", 1);
  outcome.atLeast("writes", 50);
}

async function restart(cluster: Cluster, member: Cluster["members"][number]): Promise<void> {
  await member.kill();
  await pause(700);
  await member.start();
  await cluster.settled();
}

async function pauseMember(member: Cluster["members"][number], ms: number): Promise<void> {
  member.pause();
  await pause(ms);
  member.resume();
}

async function readHistory(witness: Client, startRevision: bigint, last: bigint): Promise<ToldEvent[]> {
  const events: ToldEvent[] = [];
  for await (const { revision, events: told } of witness
    .watch(prefix(SPACE), { startRevision, prevKv: true })
    .batches()) {
    for (const event of told) events.push(toldEvent(event, SPACE));
    if (revision >= last) break;
  }
  return events;
}

/** A lease that is called active must be there. Whether it lived through is up to the faults. */
async function judgeLeases(witness: Client, leases: readonly Lease[], outcome: Outcome): Promise<void> {
  for (const lease of leases) {
    if (lease.state === "lost") continue;
    outcome.count("leases that lived through");
    const found = await witness.lease.timeToLive(lease.id);
    if (found === undefined && lease.remaining() > 0) outcome.wrong(`lease ${lease.id} is ${lease.state} and gone`);
  }
}

/** Writes numbers to a key of its own, one after the other, and knows what it was told about each. */
class Writer {
  readonly #client: Client;
  readonly #key: string;
  readonly #acknowledged = new Map<string, bigint>();
  readonly #refused = new Set<string>();
  count = 0;

  constructor(client: Client, key: string) {
    this.#client = client;
    this.#key = key;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.count += 1;
      const value = String(this.count);
      try {
        const { header } = await this.#client.put(this.#key, value, { timeout: 5_000 });
        this.#acknowledged.set(value, header.revision);
      } catch (error) {
        if (!isEtcdError(error)) throw error;
        if (error.outcome === "not-applied") this.#refused.add(value);
      }
      await pause(4);
    }
  }

  verdict(events: readonly ToldEvent[]): string[] {
    const key = this.#key.slice(SPACE.length);
    const applied = new Map<string, bigint>();
    const problems: string[] = [];
    for (const event of events) {
      if (event.key !== key || event.value === undefined) continue;
      if (applied.has(event.value)) problems.push(`${this.#key}: ${event.value} was applied twice`);
      if (this.#refused.has(event.value)) problems.push(`${this.#key}: ${event.value} was refused and applied`);
      applied.set(event.value, event.revision);
    }
    for (const [value, revision] of this.#acknowledged) {
      const found = applied.get(value);
      if (found !== revision) problems.push(`${this.#key}: ${value} was told at ${revision}, found at ${found}`);
    }
    return problems;
  }
}
