/** A cluster after its trouble, and how something is demanded of it within a time of the world's. */
import type { Machine, Simulation } from "../../../packages/server/testing/simulation/simulation.js";
import { violated } from "../../../packages/server/testing/simulation/violation.js";
import type { Environment } from "../environment.js";
import type { Witnesses } from "./witnesses.js";

export interface Healed {
  readonly simulation: Simulation;
  readonly environment: Environment;
  readonly witnesses: Witnesses;
  /** Lets the world run; rejects with whatever failure has turned up. */
  run(ms: number, done: () => boolean): Promise<void>;
}

/** For everybody to come together, and for every step of a service. */
export const TOGETHER_WITHIN_MS = 60_000;

/** The same where an operator may have to make room first, at the pace of compactions that the plan has drawn. */
export function withinMs({ simulation }: Healed): number {
  return TOGETHER_WITHIN_MS + simulation.scrubMs;
}

export const CALL = { timeoutMs: 10_000 };

/** Machines that belong to the cluster by the leader's account. */
export function members({ simulation }: Healed): Machine[] {
  const { leader, machines } = simulation;
  const confState = leader?.node?.raftStatus.confState;
  if (confState === undefined) return [];
  const ids = new Set([...confState.voters, ...confState.learners]);
  return machines.filter(({ node }) => node !== undefined && ids.has(node.raftStatus.id));
}

/** Those of them that serve clients: a learner does not. */
export function servers(healed: Healed): Machine[] {
  const learners = healed.simulation.leader?.node?.raftStatus.confState.learners ?? [];
  return members(healed).filter(({ node }) => node !== undefined && !learners.includes(node.raftStatus.id));
}

/** The leader's configuration is not joint. */
export function isPlain({ simulation }: Healed): boolean {
  return simulation.leader?.node?.raftStatus.confState.votersOutgoing.length === 0;
}

/** Entries that the leader's log has and the member that lacks most has not applied; without a leader, no end of them. */
export function entriesMissing(healed: Healed): number {
  const lastIndex = healed.simulation.leader?.node?.raftStatus.lastIndex;
  if (lastIndex === undefined) return Number.POSITIVE_INFINITY;
  return Math.max(0, ...members(healed).map(({ node }) => lastIndex - (node?.raftStatus.appliedIndex ?? 0)));
}

/** Errors: `SimulationViolation` of the rule when it does not come to hold in time. */
export async function demand(
  healed: Healed,
  rule: string,
  what: string | (() => string),
  withinMs: number,
  holds: () => boolean,
): Promise<void> {
  await healed.run(withinMs, holds);
  if (!holds()) missed(healed, rule, what, withinMs);
}

/** What is waited for again and again, and how much of it is still missing. */
export interface Progress {
  readonly rule: string;
  readonly what: () => string;
  readonly withinMs: number;
  readonly missing: () => number;
}

/** Demands it anew as long as less was missing at the end of the time than at its begin. Errors: as those of `demand`. */
export async function demandByProgress(healed: Healed, progress: Progress, holds: () => boolean): Promise<void> {
  const { rule, what, withinMs, missing } = progress;
  let before: number;
  do {
    before = missing();
    await healed.run(withinMs, holds);
    if (holds()) return;
  } while (missing() < before);
  missed(healed, rule, what, withinMs);
}

/** Errors: `SimulationViolation`, always. */
function missed({ simulation }: Healed, rule: string, what: string | (() => string), withinMs: number): never {
  const words = typeof what === "string" ? what : what();
  const states = simulation.machines.map(({ name, node, life }) => {
    if (node === undefined) return `${name} ${life === undefined ? "is down" : "recovers"}`;
    const { role, term, lead, appliedIndex, commitIndex } = node.raftStatus;
    return `${name} ${role} term ${term} lead ${lead.toString(16)} applied ${appliedIndex} of ${commitIndex}`;
  });
  violated(rule, `not within ${withinMs} ms of simulated time: ${words}; ${states.join("; ")}`);
}
