/** What is shown of two samples: the later one, and how fast things went between the two. */
import type { Counters } from "./metrics.js";
import type { ClusterSample, MemberSample } from "./sample.js";

export interface ClusterView {
  readonly clusterId: bigint;
  readonly members: readonly MemberView[];
  /** The newest that a member has. */
  readonly revision: bigint;
  /** Revisions a second; undefined with the first sample. */
  readonly writesPerSecond: number | undefined;
  /** Sums over the members; undefined where no member's metrics can be reached. */
  readonly total: Rates | undefined;
  readonly leader: string | undefined;
  readonly dbSize: bigint;
  readonly leases: number | undefined;
  readonly watchers: number | undefined;
  readonly alarms: readonly string[];
}

export interface MemberView extends MemberSample {
  readonly rates: Rates | undefined;
  /** Log entries behind the furthest member. */
  readonly behind: bigint | undefined;
}

/** A second. */
export interface Rates {
  readonly puts: number;
  readonly ranges: number;
  readonly deletes: number;
  readonly txns: number;
}

export function viewOf(previous: ClusterSample | undefined, current: ClusterSample): ClusterView {
  const seconds = previous === undefined ? 0 : (current.atMs - previous.atMs) / 1_000;
  const furthest = current.members.map(({ status }) => status?.applied ?? 0n).reduce(larger, 0n);
  const members = current.members.map((member): MemberView => {
    const before = previous?.members.find(({ id }) => id === member.id)?.counters;
    return {
      ...member,
      rates: before && member.counters && seconds > 0 ? ratesOf(before, member.counters, seconds) : undefined,
      behind: member.status && furthest - member.status.applied,
    };
  });
  const [revision, before] = [revisionOf(current), previous && revisionOf(previous)];
  const watchers = current.members.flatMap(({ counters }) => (counters === undefined ? [] : [counters.watchers]));
  return {
    clusterId: current.clusterId,
    members,
    revision,
    writesPerSecond:
      before === undefined || seconds <= 0 ? undefined : Math.max(0, Number(revision - before) / seconds),
    total: sumOf(members),
    leader: members.find(({ status }) => status?.role === "leader")?.name,
    dbSize: members.map(({ status }) => status?.dbSize ?? 0n).reduce(larger, 0n),
    leases: current.leases,
    watchers: watchers.length === 0 ? undefined : watchers.reduce((sum, count) => sum + count, 0),
    alarms: current.alarms,
  };
}

/** A member that was started again counts from zero: what it has counted since is less than what it did. */
function ratesOf(before: Counters, now: Counters, seconds: number): Rates {
  const rate = (key: keyof Rates): number =>
    Math.max(0, now[key] - (now[key] < before[key] ? 0 : before[key])) / seconds;
  return { puts: rate("puts"), ranges: rate("ranges"), deletes: rate("deletes"), txns: rate("txns") };
}

function sumOf(members: readonly MemberView[]): Rates | undefined {
  const known = members.flatMap(({ rates }) => rates ?? []);
  if (known.length === 0) return undefined;
  const sum = (key: keyof Rates): number => known.reduce((total, rates) => total + rates[key], 0);
  return { puts: sum("puts"), ranges: sum("ranges"), deletes: sum("deletes"), txns: sum("txns") };
}

function revisionOf({ members }: ClusterSample): bigint {
  return members.map(({ status }) => status?.revision ?? 0n).reduce(larger, 0n);
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
