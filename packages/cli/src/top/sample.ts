/** What is seen of a cluster at one moment: every member is asked at the same time, and one that does not answer is part of it. */
import type { Client } from "@kvorum/client";
import { AlarmType, type Member } from "@kvorum/proto";
import type { Context } from "../command.js";
import { messageOf } from "../errors.js";
import { type Counters, readCounters, type tlsOf } from "./metrics.js";

export interface MemberSample {
  readonly name: string;
  readonly id: bigint;
  readonly endpoint: string;
  /** Why there is nothing to show of it. */
  readonly error: string | undefined;
  readonly status: MemberStatus | undefined;
  /** Undefined where its metrics cannot be reached. */
  readonly counters: Counters | undefined;
}

export interface MemberStatus {
  readonly role: "leader" | "follower" | "learner";
  readonly version: string;
  readonly revision: bigint;
  readonly term: bigint;
  /** Entries of the log that it has carried out. */
  readonly applied: bigint;
  readonly dbSize: bigint;
  readonly dbSizeInUse: bigint;
}

export interface ClusterSample {
  /** By `performance.now`. */
  readonly atMs: number;
  readonly clusterId: bigint;
  readonly members: readonly MemberSample[];
  /** Undefined where they cannot be asked for. */
  readonly leases: number | undefined;
  /** `NOSPACE n1`. */
  readonly alarms: readonly string[];
}

/** How members are reached, look after look. */
export interface Reach {
  readonly context: Context;
  readonly tls: Awaited<ReturnType<typeof tlsOf>>;
  readonly timeoutMs: number;
  /** One for each endpoint that was ever seen. */
  readonly clients: Map<string, Promise<Client>>;
}

/** Errors: nobody can say who the members are; the signal's reason. */
export async function takeSample(reach: Reach): Promise<ClusterSample> {
  const { context, timeoutMs } = reach;
  const client = await context.client();
  const options = { signal: context.signal, timeout: timeoutMs };
  const { header, members } = await client.rpc.cluster.memberList({ linearizable: false }, options);
  const [leases, alarms, ...samples] = await Promise.all([
    client.lease.list(options).then(
      (ids) => ids.length,
      () => undefined,
    ),
    client.rpc.maintenance.alarm({}, options).then(
      (answer) => answer.alarms.map(({ memberID, alarm }) => `${AlarmType[alarm]} ${nameOf(members, memberID)}`),
      () => [],
    ),
    ...[...members].sort(byName).map((member) => sampleMember(reach, member)),
  ]);
  context.signal.throwIfAborted();
  return { atMs: performance.now(), clusterId: header?.clusterId ?? 0n, members: samples, leases, alarms };
}

async function sampleMember(
  { context, tls, timeoutMs, clients }: Reach,
  { ID: id, name, clientURLs }: Member,
): Promise<MemberSample> {
  const [endpoint = ""] = clientURLs;
  const known = { name: name === "" ? "-" : name, id, endpoint };
  if (endpoint === "") return { ...known, error: "not started", status: undefined, counters: undefined };
  const counters = readCounters(endpoint, tls, timeoutMs);
  try {
    const client = await (clients.get(endpoint) ?? context.clientFor([endpoint]));
    clients.set(endpoint, Promise.resolve(client));
    const options = { signal: context.signal, timeout: timeoutMs };
    const status = await client.rpc.maintenance.status({}, options);
    return {
      ...known,
      error: undefined,
      status: {
        role: status.leader === id ? "leader" : status.isLearner ? "learner" : "follower",
        version: status.version,
        revision: status.header?.revision ?? 0n,
        term: status.raftTerm,
        applied: status.raftAppliedIndex === 0n ? status.raftIndex : status.raftAppliedIndex,
        dbSize: status.dbSize,
        dbSizeInUse: status.dbSizeInUse,
      },
      counters: await counters,
    };
  } catch (error) {
    return { ...known, error: messageOf(error), status: undefined, counters: undefined };
  }
}

function byName(a: Member, b: Member): number {
  return a.name < b.name || (a.name === b.name && a.ID < b.ID) ? -1 : 1;
}

function nameOf(members: readonly Member[], id: bigint): string {
  const name = members.find((member) => member.ID === id)?.name;
  return name === undefined || name === "" ? id.toString(16) : name;
}
