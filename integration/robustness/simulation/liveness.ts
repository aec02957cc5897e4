/**
 * What a healed cluster owes its users (L1 to L4 of the invariants): one leader soon, a configuration that is not in the middle
 * of a change, members that hold the same, and every service at every member. Times are the world's.
 */
import { KV, Lease, Maintenance, Watch } from "@kvorum/proto";
import { RpcError } from "@kvorum/transport";
import type { Machine } from "../../../packages/server/testing/simulation/machine.js";
import type { Simulation } from "../../../packages/server/testing/simulation/simulation.js";
import { violated } from "../../../packages/server/testing/simulation/violation.js";
import type { Dump, Request } from "../checker/history.js";
import type { Environment } from "../environment.js";
import { bytes, call, fromPair, revisionOf } from "../wire.js";
import { Operator } from "./operator.js";
import type { Witnesses } from "./witnesses.js";

export interface Healed {
  readonly simulation: Simulation;
  readonly environment: Environment;
  readonly witnesses: Witnesses;
  /** Lets the world run; rejects with whatever failure has turned up. */
  run(ms: number, done: () => boolean): Promise<void>;
}

/** Of election timeouts. */
const LEADER_WITHIN_ELECTIONS = 10;
const TOGETHER_WITHIN_MS = 60_000;
const SERVED_WITHIN_MS = 60_000;
/** After this a watch on a healed member that has been told nothing more has missed something. */
const WATCHES_CATCH_UP_MS = 5_000;
/** The longest TTL, and what lessors may take for many leases at once. */
const LEASES_END_WITHIN_MS = 40_000;
const LEASES_LISTED_EVERY_MS = 500;
const CALL = { timeoutMs: 10_000 };
const RETRY_MS = 100;
const EVERYTHING = { key: bytes("\0"), rangeEnd: bytes("\0") };

/** Errors: `SimulationViolation` naming what the cluster owes. The answer: what every member holds. */
export async function demandLiveness(healed: Healed): Promise<Dump[]> {
  await demandLeader(healed);
  await demandSettledMembers(healed);
  await demandNoAlarm(healed);
  await demandServices(healed);
  healed.witnesses.stopClients();
  healed.witnesses.settle();
  await demand(healed, "L4", "every client ends", TOGETHER_WITHIN_MS, () => healed.witnesses.clientsAtWork === 0);
  await demandLeasesEnd(healed);
  const dumps = await demandAgreement(healed);
  await healed.run(WATCHES_CATCH_UP_MS, () => false);
  return dumps;
}

/** Machines that belong to the cluster by the leader's account. */
function members({ simulation }: Healed): Machine[] {
  const { leader, machines } = simulation;
  const confState = leader?.node?.raftStatus.confState;
  if (confState === undefined) return [];
  const ids = new Set([...confState.voters, ...confState.learners]);
  return machines.filter(({ node }) => node !== undefined && ids.has(node.raftStatus.id));
}

/** Those of them that serve clients: a learner does not. */
function servers(healed: Healed): Machine[] {
  const learners = healed.simulation.leader?.node?.raftStatus.confState.learners ?? [];
  return members(healed).filter(({ node }) => node !== undefined && !learners.includes(node.raftStatus.id));
}

/** The operator gets everybody to run who belongs to the cluster, and whatever change was on its way is over. */
async function demandSettledMembers(healed: Healed): Promise<void> {
  const { simulation } = healed;
  const { membership } = simulation.nemesis;
  await demand(
    healed,
    "L2",
    () => `the members settle (${membership.machines.map(({ name }) => name).join(", ")} belong to the cluster)`,
    TOGETHER_WITHIN_MS,
    () => {
      const confState = simulation.leader?.node?.raftStatus.confState;
      if (confState === undefined || !membership.settled) return false;
      return members(healed).length === confState.voters.length + confState.learners.length;
    },
  );
}

async function demandLeader(healed: Healed): Promise<void> {
  const { simulation } = healed;
  const within = simulation.plan.electionMs * LEADER_WITHIN_ELECTIONS;
  await demand(healed, "L1", "one member leads and the others follow it", within, () => {
    const lead = simulation.leader?.node?.raftStatus.id;
    return lead !== undefined && isPlain(healed) && members(healed).every(({ node }) => node?.raftStatus.lead === lead);
  });
}

/** The leader's configuration is not joint. */
function isPlain({ simulation }: Healed): boolean {
  return simulation.leader?.node?.raftStatus.confState.votersOutgoing.length === 0;
}

async function demandNoAlarm(healed: Healed): Promise<void> {
  const { simulation, environment, witnesses } = healed;
  const names = new Set(servers(healed).map(({ name }) => name));
  const told = (): number[] => witnesses.watches.filter(({ name }) => names.has(name)).map(({ revision }) => revision);
  const compactable = (): number => Math.min(...told());
  const operator = new Operator(simulation, environment, compactable);
  void operator.clearAlarms(servers(healed));
  await demand(
    healed,
    "L4",
    () => `no alarm is left (${operator.last})`,
    TOGETHER_WITHIN_MS,
    () => {
      if (operator.failure !== undefined) throw operator.failure;
      return operator.done;
    },
  );
}

/** One after the other, through each member: a write, a read, an event, and the life of a lease. */
async function demandServices(healed: Healed): Promise<void> {
  for (const { name } of servers(healed)) {
    const served = new Serving(healed, name);
    await demand(
      healed,
      "L4",
      () => `${name} serves ${served.step} (${served.last})`,
      SERVED_WITHIN_MS,
      () => {
        if (served.failure !== undefined) throw served.failure;
        return served.done;
      },
    );
  }
}

/** What is asked of one member, step by step; each is tried until it succeeds. */
class Serving {
  done = false;
  step = "nothing";
  last = "no error yet";
  failure: unknown;
  readonly #healed: Healed;
  readonly #name: string;
  #values = 0;

  constructor(healed: Healed, name: string) {
    this.#healed = healed;
    this.#name = name;
    void this.#serve().catch((error: unknown) => {
      this.failure = error;
    });
  }

  async #serve(): Promise<void> {
    const client = this.#healed.witnesses.nextClient();
    const key = `l/${this.#name}`;
    const revision = await this.#until("a write", () =>
      this.#recorded(client, { kind: "put", key, value: `${client}.${++this.#values}` }),
    );
    await this.#until("a linearizable read", () => this.#recorded(client, { kind: "range", key }));
    await this.#until("a watch", () => this.#watch(key, revision));
    await this.#until("the life of a lease", () => this.#lease());
    this.done = true;
  }

  async #until<T>(step: string, work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        this.step = step;
        return await work();
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        this.last = error.message;
        await this.#healed.environment.pause(RETRY_MS);
      }
    }
  }

  async #recorded(client: number, request: Request): Promise<number> {
    const { environment, witnesses } = this.#healed;
    const invoke = environment.nowMs();
    try {
      const answer = await call(environment.connect(this.#name), request, CALL);
      const outcome = { status: "acknowledged", ...answer } as const;
      witnesses.record({ client, invoke, return: environment.nowMs(), request, outcome });
      return answer.revision;
    } catch (error) {
      const outcome = { status: "unknown" } as const;
      if (request.kind === "put") {
        witnesses.record({ client, invoke, return: environment.nowMs(), request, outcome });
      }
      throw error;
    }
  }

  async #watch(key: string, revision: number): Promise<void> {
    const value = { key: bytes(key), startRevision: BigInt(revision) };
    const requests = async function* () {
      yield { requestUnion: { case: "createRequest" as const, value } };
      await new Promise(() => {});
    };
    for await (const { events } of this.#healed.environment
      .connect(this.#name, true)
      .stream(Watch.method.watch, requests())) {
      if (events.length > 0) return;
    }
  }

  async #lease(): Promise<void> {
    const channel = this.#healed.environment.connect(this.#name);
    const { ID } = await channel.unary(Lease.method.leaseGrant, { TTL: 30n }, CALL);
    const keepAlive = async function* () {
      yield { ID };
      await new Promise(() => {});
    };
    for await (const { TTL } of channel.stream(Lease.method.leaseKeepAlive, keepAlive())) {
      if (TTL !== 30n) violated("L4", `${this.#name} renews lease ${ID} for ${TTL} s, granted for 30 s`);
      break;
    }
    await channel.unary(Lease.method.leaseRevoke, { ID }, CALL);
  }
}

/** The clients' leases, which nobody renews any more, are gone from what a member lists. Every list is recorded. */
async function demandLeasesEnd(healed: Healed): Promise<void> {
  const { environment, witnesses } = healed;
  const leases = new Set(witnesses.leaseCalls.map(({ lease }) => lease));
  if (leases.size === 0) return;
  const client = witnesses.nextClient();
  let [left, failure]: [bigint[], unknown] = [[...leases], undefined];
  const list = async (): Promise<void> => {
    const [member] = servers(healed);
    if (member === undefined) return;
    const invoke = environment.nowMs();
    const answer = await environment.connect(member.name).unary(Lease.method.leaseLeases, {}, CALL);
    const listed = new Set(answer.leases.map(({ ID }) => ID));
    const times = { client, invoke, return: environment.nowMs(), kind: "list" } as const;
    for (const lease of leases) {
      witnesses.recordLease({ ...times, lease, outcome: { status: listed.has(lease) ? "found" : "gone" } });
    }
    left = left.filter((lease) => listed.has(lease));
  };
  void (async () => {
    while (left.length > 0) {
      await list().catch((error: unknown) => {
        if (!(error instanceof RpcError)) throw error;
      });
      await environment.pause(LEASES_LISTED_EVERY_MS);
    }
  })().catch((error: unknown) => {
    failure = error;
  });
  await demand(
    healed,
    "S14",
    () => `leases that nobody renews end (left are ${left.map((lease) => lease.toString(16)).join(", ")})`,
    LEASES_END_WITHIN_MS + (await revocationMs(healed)),
    () => {
      if (failure !== undefined) throw failure;
      return left.length === 0;
    },
  );
}

/** In which a leader whose bounds are as tight as the plan's gets round to every lease that there is. */
async function revocationMs({ simulation }: Healed): Promise<number> {
  const { leaseScanIntervalMs = 500, leaseScanMax = 500, leaseRevokesMax = 16 } = simulation.plan.tuning;
  const leases = (await simulation.leader?.node?.leases()) ?? [];
  return (leases.length * leaseScanIntervalMs) / Math.min(leaseScanMax, leaseRevokesMax);
}

/** Everybody has applied the same and holds the same; and has told its watch all of it. */
async function demandAgreement(healed: Healed): Promise<Dump[]> {
  const { simulation, witnesses } = healed;
  const appliedOf = ({ node }: Machine): string =>
    `${node?.raftStatus.appliedIndex}/${node?.header.revision}/${node?.stats.compactRevision}`;
  await demand(
    healed,
    "L3",
    () => `all members have applied the same (${members(healed).map(appliedOf).join(", ")})`,
    TOGETHER_WITHIN_MS,
    () => isPlain(healed) && members(healed).length > 0 && new Set(members(healed).map(appliedOf)).size === 1,
  );
  const last = Number(simulation.leader?.node?.header.revision ?? 0n);
  const names = new Set(servers(healed).map(({ name }) => name));
  await demand(
    healed,
    "L4",
    () =>
      `every watch has been told revision ${last} (${witnesses.watches.map(({ revision }) => revision).join(", ")})`,
    TOGETHER_WITHIN_MS,
    () => witnesses.watches.every((watch) => !names.has(watch.name) || watch.revision >= last),
  );
  return demandDumps(healed, [...names], last);
}

/** Errors: `SimulationViolation` S16 where the hashes differ. */
async function demandDumps(healed: Healed, names: readonly string[], last: number): Promise<Dump[]> {
  const dumps: Dump[] = [];
  const hashes: string[] = [];
  let failure: unknown;
  const read = async (name: string): Promise<void> => {
    const channel = healed.environment.connect(name);
    const range = await channel.unary(KV.method.range, EVERYTHING, CALL);
    const { hash, compactRevision } = await channel.unary(Maintenance.method.hashKV, { revision: BigInt(last) }, CALL);
    hashes.push(`${hash} compacted at ${compactRevision}`);
    dumps.push({ source: name, revision: revisionOf(range), kvs: range.kvs.map(fromPair) });
  };
  void (async () => {
    for (const name of names) await read(name);
  })().catch((error: unknown) => {
    failure = error;
  });
  await demand(
    healed,
    "L4",
    () => `every member shows what it holds (${failure})`,
    TOGETHER_WITHIN_MS,
    () => {
      return dumps.length === names.length;
    },
  );
  if (new Set(hashes).size > 1) {
    violated("S16", `hashes at revision ${last} differ: ${names.map((name, i) => `${name} ${hashes[i]}`).join(", ")}`);
  }
  return dumps;
}

async function demand(
  { run, simulation }: Healed,
  rule: string,
  what: string | (() => string),
  withinMs: number,
  holds: () => boolean,
): Promise<void> {
  await run(withinMs, holds);
  if (holds()) return;
  const words = typeof what === "string" ? what : what();
  const states = simulation.machines.map(({ name, node, life }) => {
    if (node === undefined) return `${name} ${life === undefined ? "is down" : "recovers"}`;
    const { role, term, lead, appliedIndex, commitIndex } = node.raftStatus;
    return `${name} ${role} term ${term} lead ${lead.toString(16)} applied ${appliedIndex} of ${commitIndex}`;
  });
  violated(rule, `not within ${withinMs} ms of simulated time: ${words}; ${states.join("; ")}`);
}
