/**
 * What a seed decides before a run begins: how large the cluster is, how the product's constants are set, which kinds of fault
 * there are and how often they strike. Runs that leave some faults out reach states that a run with all of them does not
 * (swarm testing), and constants far from their defaults reach in minutes what would take years.
 */
import { Chance } from "../../src/core/seeded/chance.js";
import type { Tuning } from "../../src/node/tuning.js";
import type { BackendFigures } from "../../src/simulation/simulated-backend.js";

/** What can go wrong, and what operators do while it does. `strikes.ts` says what each of them is. */
export const FAULTS = [
  "kill",
  "power cut",
  "kill all",
  "stop",
  "pause",
  "suspend",
  "clock drift",
  "partition",
  "loss",
  "clog",
  "slow network",
  "duplicate",
  "reorder",
  "replay",
  "reset",
  "bandwidth",
  "slow disk",
  "sync error",
  "read error",
  "no space",
  "damage",
  "wipe",
  "failpoint crash",
  "failpoint stall",
  "transfer",
  "compaction",
  "defragment",
  "snapshot download",
  "add learner",
  "add voter",
  "promote",
  "remove member",
  "replace member",
  "move member",
] as const;

export type Fault = (typeof FAULTS)[number];

export interface Plan {
  readonly seed: number;
  /** Simulated milliseconds of trouble, before everything is healed and the cluster has to come together. */
  readonly durationMs: number;
  readonly size: number;
  readonly faults: ReadonlySet<Fault>;
  /** Milliseconds between two faults: an exponential distribution around it. */
  readonly faultGapMs: number;
  readonly clients: number;
  /** Milliseconds that a client thinks between two calls, at most. */
  readonly thinkMs: number;
  readonly keys: number;
  readonly heartbeatMs: number;
  readonly electionMs: number;
  readonly preVote: boolean;
  readonly snapshotCount: number;
  readonly catchUpEntries: number;
  readonly walSegmentBytes: number;
  /** 0: the default, which no run reaches. */
  readonly quotaBytes: number;
  readonly corruptCheckMs: number;
  readonly progressNotifyMs: number;
  readonly tuning: Partial<Tuning>;
  readonly backend: BackendFigures;
  /** One way, between members. */
  readonly networkDelayMs: { readonly min: number; readonly max: number };
  readonly diskDelayMs: { readonly min: number; readonly max: number };
}

export interface PlanOptions {
  readonly durationMs?: number;
}

export function drawPlan(seed: number, { durationMs = 120_000 }: PlanOptions = {}): Plan {
  const chance = Chance.of(seed, "plan");
  // Some seeds have no trouble at all, to show what the others are compared with, and some have nearly all of it.
  const some = chance.weighted({ 0: 5, 15: 25, 35: 35, 60: 30, 95: 5 });
  const heartbeatMs = chance.pick([50, 100, 100, 100, 200, 200, 500]);
  const clients = chance.pick([3, 5, 5, 8]);
  const tuning = drawTuning(Chance.of(seed, "tuning"));
  const plan: Plan = {
    seed,
    durationMs,
    // One chance for each, so that a new kind of fault leaves the rest of the plan as it was.
    faults: new Set(FAULTS.filter((fault) => Chance.of(seed, `has ${fault}`).percent(Number(some)))),
    faultGapMs: chance.pick([1000, 3000, 3000, 8000]),
    size: chance.pick([3, 3, 3, 4, 5]),
    clients,
    thinkMs: chance.pick([200, 400, 800, 1500]),
    keys: chance.pick([3, 8, 20]),
    heartbeatMs,
    electionMs: heartbeatMs * chance.pick([5, 10, 10]),
    preVote: chance.percent(85),
    snapshotCount: chance.pick([5, 20, 60, 300, 5000]),
    catchUpEntries: chance.pick([5, 20, 100, 500]),
    walSegmentBytes: chance.pick([16, 16, 64, 1024]) * 1024,
    quotaBytes: chance.percent(10) ? chance.between(20, 200) * 1024 : 0,
    corruptCheckMs: chance.pick([0, 2000, 10_000]),
    progressNotifyMs: chance.pick([500, 5000, 600_000]),
    tuning,
    backend: drawBackend(Chance.of(seed, "backend")),
    networkDelayMs: chance.pick([
      { min: 1, max: 1 },
      { min: 1, max: 5 },
      { min: 5, max: 40 },
    ]),
    diskDelayMs: chance.pick([
      { min: 1, max: 2 },
      { min: 1, max: 10 },
      { min: 2, max: 40 },
    ]),
  };
  return plan.catchUpEntries < CATCH_UP_ENTRIES_FOR_PIECES
    ? { ...plan, tuning: { ...tuning, snapshotPieceBytes: 128 * 1024 } }
    : plan;
}

/** With fewer, the log has gone past a snapshot in many pieces before it is there, and another one is sent, for good. */
const CATCH_UP_ENTRIES_FOR_PIECES = 100;

/** From segments of a few batches, cleaned all the time and read from the disk, to the product's own figures. */
function drawBackend(chance: Chance): BackendFigures {
  return {
    segmentBytes: chance.pick([2, 8, 64, 4096]) * 1024,
    slackBytes: chance.pick([1, 16, 8192]) * 1024,
    cacheBytes: chance.pick([0, 256 * 1024, 64 * 1024 * 1024]),
  };
}

/** From one of each to the product's own figure; what a run can tell apart from it. */
function drawTuning(chance: Chance): Partial<Tuning> {
  return {
    applySliceEntries: chance.pick([1, 2, 16, 256]),
    applyEntriesMax: chance.pick([1, 8, 4096]),
    backendCommitIntervalMs: chance.pick([1, 20, 100, 500]),
    backendCommitChangesMax: chance.pick([1, 10, 10_000]),
    compactionBatch: chance.pick([1, 10, 100, 1000]),
    compactionPauseMs: chance.pick([0, 10, 100]),
    watchResponsesMax: chance.pick([1, 4, 128, 1024]),
    // With one watcher and one revision a pass they would fall behind the writers for good.
    watchCatchUpWatchersMax: chance.pick([2, 4, 512]),
    watchCatchUpRevisionsMax: chance.pick([10, 30, 1000]),
    messageBytesMax: chance.pick([256, 4096, 1024 * 1024]),
    inflightMessagesMax: chance.pick([1, 4, 64, 512]),
    walFlushBytesMax: chance.pick([4096, 64 * 1024, 8 * 1024 * 1024]),
    leaseScanIntervalMs: chance.pick([50, 500]),
    leaseScanMax: chance.pick([1, 500]),
    leaseRevokesMax: chance.pick([1, 16]),
    leaseCheckpointIntervalSeconds: chance.pick([2, 10, 300]),
    snapshotPieceBytes: chance.pick([4096, 128 * 1024]),
  };
}

/** The same run with one kind of fault less; undefined when the plan does not have it. */
export function without(plan: Plan, fault: Fault): Plan | undefined {
  if (!plan.faults.has(fault)) return undefined;
  return { ...plan, faults: new Set([...plan.faults].filter((other) => other !== fault)) };
}
