/**
 * How the cluster is, seen from here: each endpoint is asked for its status and for one linearizable read, and any of them for
 * the alarms. Nothing is tried twice at one endpoint, and what does not answer is part of the result and not an error.
 */
import { AlarmRequest_AlarmAction, KV, Maintenance, type StatusResponse } from "@kvorum/proto";
import { type EtcdError, isEtcdError } from "../errors.js";
import type { Caller } from "../net/caller.js";
import type { CallOptions } from "../options.js";
import { type Alarm, toAlarms } from "./alarm.js";

export interface EndpointHealth {
  readonly endpoint: string;
  /** It has answered with its status. */
  readonly reachable: boolean;
  /** It has served a linearizable read: it is in touch with a leader and a quorum. A learner serves none. */
  readonly serving: boolean;
  readonly memberId: bigint | undefined;
  /** Id of the member that it takes for the leader; undefined when it knows none. */
  readonly leader: bigint | undefined;
  readonly isLearner: boolean;
  readonly version: string | undefined;
  readonly raftTerm: bigint | undefined;
  /** Entries of the log that the furthest member knows to be committed and this one has not carried out. */
  readonly lag: bigint | undefined;
  /** Bytes on disk, and bytes of them in use. */
  readonly dbSize: bigint | undefined;
  readonly dbSizeInUse: bigint | undefined;
  /** Of this member. */
  readonly alarms: readonly Alarm["type"][];
  /** What went wrong first; undefined where nothing did. */
  readonly error: EtcdError | undefined;
}

export interface ClusterHealth {
  /** Every endpoint that is no learner serves, all know the same leader, and no alarm is raised. */
  readonly healthy: boolean;
  /** Somebody serves: calls of this client get through. */
  readonly serving: boolean;
  /** The leader that the newest term knows. */
  readonly leader: bigint | undefined;
  /** In the order of `client.endpoints`. */
  readonly endpoints: readonly EndpointHealth[];
}

/** Milliseconds for each endpoint. */
const HEALTH_TIMEOUT_MS = 3_000;
/** Any key does, and it need not exist; `etcdctl endpoint health` reads this one. */
const PROBE_KEY: Uint8Array = new TextEncoder().encode("health");

interface Findings {
  readonly endpoint: string;
  readonly status: StatusResponse | undefined;
  readonly serving: boolean;
  readonly error: EtcdError | undefined;
}

/** Errors: `signal.reason`, and `ClientClosedError`. */
export async function clusterHealth(
  caller: Caller,
  addresses: readonly string[],
  options: CallOptions = {},
): Promise<ClusterHealth> {
  const asked = options.endpoint === undefined ? addresses : [options.endpoint];
  const [alarms, ...findings] = await Promise.all([
    raisedAlarms(caller, options),
    ...asked.map((endpoint) => examine(caller, endpoint, options)),
  ]);
  const committed = findings.map(({ status }) => status?.raftIndex ?? 0n).reduce(larger, 0n);
  const endpoints = findings.map((finding) => toHealth(finding, committed, alarms));
  const newest = findings.flatMap(({ status }) => status ?? []).sort((a, b) => Number(b.raftTerm - a.raftTerm))[0];
  const leader = newest?.leader === 0n ? undefined : newest?.leader;
  return {
    healthy: alarms.length === 0 && endpoints.every((one) => fit(one) && one.leader === leader),
    serving: endpoints.some((one) => one.serving),
    leader,
    endpoints,
  };
}

function fit(endpoint: EndpointHealth): boolean {
  return endpoint.serving || (endpoint.reachable && endpoint.isLearner);
}

/** None where nobody can tell: then nobody serves either. */
async function raisedAlarms(caller: Caller, options: CallOptions): Promise<Alarm[]> {
  const request = { action: AlarmRequest_AlarmAction.GET };
  try {
    const patient = { timeout: HEALTH_TIMEOUT_MS, ...options };
    return toAlarms(await caller.unary(Maintenance.method.alarm, request, "read", patient));
  } catch (error) {
    if (!isEtcdError(error) || error.reason === "closed") throw error;
    return [];
  }
}

async function examine(caller: Caller, endpoint: string, options: CallOptions): Promise<Findings> {
  const once: CallOptions = { timeout: HEALTH_TIMEOUT_MS, ...options, endpoint, retry: "never" };
  const probe = { key: PROBE_KEY, countOnly: true };
  const [status, read] = await Promise.allSettled([
    caller.unary(Maintenance.method.status, {}, "read", once),
    caller.unary(KV.method.range, probe, "read", once),
  ]);
  options.signal?.throwIfAborted();
  const errors = [status, read].flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  // What no endpoint can be blamed for, like a client that is closed or an address that is none of its endpoints.
  const ours = errors.find((error) => !isEtcdError(error) || error.reason === "closed");
  if (ours !== undefined) throw ours;
  // A user who may not read has been told so by a member that serves; a learner is not meant to.
  const relevant = errors.filter((error) => !isEtcdError(error, "permission-denied") && !isEtcdError(error, "learner"));
  const denied = read.status === "rejected" && isEtcdError(read.reason, "permission-denied");
  return {
    endpoint,
    status: status.status === "fulfilled" ? status.value : undefined,
    serving: read.status === "fulfilled" || denied,
    error: relevant[0],
  };
}

function toHealth(
  { endpoint, status, serving, error }: Findings,
  committed: bigint,
  alarms: readonly Alarm[],
): EndpointHealth {
  const memberId = status?.header?.memberId;
  return {
    ...{ endpoint, serving, error, memberId },
    reachable: status !== undefined,
    leader: status === undefined || status.leader === 0n ? undefined : status.leader,
    isLearner: status?.isLearner ?? false,
    version: status?.version,
    raftTerm: status?.raftTerm,
    // Statuses are not taken at one moment: a member may have passed what another knew before.
    lag: status && larger(0n, committed - status.raftAppliedIndex),
    dbSize: status?.dbSize,
    dbSizeInUse: status?.dbSizeInUse,
    alarms: alarms.filter((alarm) => alarm.memberId === memberId).map((alarm) => alarm.type),
  };
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
