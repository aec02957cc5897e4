/**
 * What a seed decides before a run begins: how large the cluster is, how small its bounds are, which kinds of fault there
 * are and which requests clients make. Runs that leave some faults out reach states that a run with all of them does not
 * (swarm testing).
 */
import { Chance } from "../../seeded/chance.js";

/** What can go wrong. */
export const FAULTS = [
  "drop",
  "duplicate",
  "reorder",
  "partition",
  "replay",
  "crash",
  "unfinished writes survive",
  "unsynced loss",
  "pause",
  "clock drift",
  "slow disk",
  "slow apply",
  "slow snapshot",
  "lost snapshot",
  "late drain",
  "unreachable",
] as const;

export type Fault = (typeof FAULTS)[number];

/** What clients and operators ask for, beside proposals. */
export const REQUESTS = [
  "read",
  "conf change",
  "joint change",
  "learner",
  "transfer",
  "forget leader",
  "compact",
  "campaign",
] as const;

export type Request = (typeof REQUESTS)[number];

export interface Plan {
  readonly seed: number;
  /** Events before everything is healed and the cluster has to agree. */
  readonly events: number;
  readonly voters: number;
  readonly faults: ReadonlySet<Fault>;
  readonly requests: ReadonlySet<Request>;
  /** True: the initial members stand in the log as conf changes. False: in a first snapshot, at index 1. */
  readonly bootstrapInLog: boolean;
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  readonly preVote: boolean;
  readonly checkQuorum: boolean;
  readonly messageBytesMax: number;
  readonly applyBytesMax: number;
  readonly applyEntriesMax: number;
  readonly uncommittedBytesMax: number;
  readonly inflightMessagesMax: number;
  readonly inflightBytesMax: number;
  /** Entries that stay in the log below a compaction, for followers that are a little behind. */
  readonly catchUpEntries: number;
  /** Writes that the disk reports together, at most. */
  readonly diskBatch: number;
  /** Units of time: `TICK_UNITS` make a tick. */
  readonly delayMax: number;
  readonly diskDelayMax: number;
  readonly clientGapMax: number;
  readonly faultGapMax: number;
  readonly dropPercent: number;
}

/** Units of time in a tick of a member whose clock is right. */
export const TICK_UNITS = 20;

export function drawPlan(seed: number): Plan {
  const chance = Chance.of(seed, "plan");
  const some = <T>(all: readonly T[], percent: number): ReadonlySet<T> =>
    new Set(all.filter(() => chance.percent(percent)));
  const heartbeatTicks = chance.pick([1, 1, 1, 2]);
  return {
    seed,
    events: chance.pick([400, 800, 800, 1600]),
    voters: chance.pick([1, 2, 3, 3, 3, 4, 5, 5, 7]),
    faults: some(FAULTS, chance.pick([20, 50, 80])),
    requests: some(REQUESTS, chance.pick([30, 60, 90])),
    bootstrapInLog: chance.percent(50),
    heartbeatTicks,
    electionTicks: heartbeatTicks + chance.pick([2, 2, 3, 5, 9]),
    preVote: chance.percent(70),
    checkQuorum: chance.percent(70),
    messageBytesMax: chance.pick([1, 40, 100, 1000]),
    applyBytesMax: chance.pick([1, 50, 100_000]),
    applyEntriesMax: chance.pick([1, 3, 1000]),
    uncommittedBytesMax: chance.pick([60, 400, 100_000]),
    inflightMessagesMax: chance.pick([1, 2, 8, 256]),
    inflightBytesMax: chance.pick([1, 100, 100_000]),
    catchUpEntries: chance.pick([0, 1, 5, 20]),
    diskBatch: chance.pick([1, 2, 8]),
    delayMax: chance.pick([3, 15, 60]),
    diskDelayMax: chance.pick([1, 10, 40]),
    clientGapMax: chance.pick([10, 40, 120]),
    faultGapMax: chance.pick([20, 60, 200]),
    dropPercent: chance.pick([2, 10, 30]),
  };
}

/** The same run with one kind of fault or request less; undefined when the plan does not have it. */
export function without(plan: Plan, name: Fault | Request): Plan | undefined {
  const faults = new Set([...plan.faults].filter((fault) => fault !== name));
  const requests = new Set([...plan.requests].filter((request) => request !== name));
  const same = faults.size === plan.faults.size && requests.size === plan.requests.size;
  return same ? undefined : { ...plan, faults, requests };
}
