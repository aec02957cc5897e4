/**
 * What a healed cluster owes its users (L1 to L4 of the invariants): one leader soon, a configuration that is not in the middle
 * of a change, members that hold the same, and every service at every member. Times are the world's.
 */
import type { Dump } from "../checker/history.js";
import { demandAgreement } from "./agreement.js";
import {
  demand,
  demandByProgress,
  entriesMissing,
  type Healed,
  isPlain,
  members,
  servers,
  TOGETHER_WITHIN_MS,
  withinMs,
} from "./healed.js";
import { demandLeasesEnd } from "./lease-end.js";
import { Operator } from "./operator.js";
import { demandServices } from "./serving.js";

/** Of election timeouts. */
const LEADER_WITHIN_ELECTIONS = 10;
/** After this a watch on a healed member that has been told nothing more has missed something. */
const WATCHES_CATCH_UP_MS = 5_000;

/** Errors: `SimulationViolation` naming what the cluster owes. The answer: what every member holds. */
export async function demandLiveness(healed: Healed): Promise<Dump[]> {
  await demandLeader(healed);
  await demandSettledMembers(healed);
  const operator = await demandNoAlarm(healed);
  await demandServices(healed);
  operator.stop();
  await demand(healed, "L4", "the operator comes to an end", withinMs(healed), () => {
    if (operator.failure !== undefined) throw operator.failure;
    return operator.gone;
  });
  healed.witnesses.stopClients();
  healed.witnesses.settle();
  await demand(healed, "L4", "every client ends", TOGETHER_WITHIN_MS, () => healed.witnesses.clientsAtWork === 0);
  await demandLeasesEnd(healed);
  const dumps = await demandAgreement(healed);
  await healed.run(WATCHES_CATCH_UP_MS, () => false);
  return dumps;
}

async function demandLeader(healed: Healed): Promise<void> {
  const { simulation } = healed;
  // A member that still waits for its disk takes part in no election; without pre-vote it unseats the leader afterwards.
  const slowMs = Math.max(0, simulation.slowDisksUntilMs - simulation.world.nowMs);
  const within = slowMs + simulation.plan.electionMs * LEADER_WITHIN_ELECTIONS;
  await demand(healed, "L1", "one member leads and the others follow it", within, () => {
    const lead = simulation.leader?.node?.raftStatus.id;
    return lead !== undefined && isPlain(healed) && members(healed).every(({ node }) => node?.raftStatus.lead === lead);
  });
}

/** The operator gets everybody to run who belongs to the cluster, and whatever change was on its way is over. */
async function demandSettledMembers(healed: Healed): Promise<void> {
  const { simulation } = healed;
  const { membership } = simulation.nemesis;
  const settled = (): boolean => {
    const confState = simulation.leader?.node?.raftStatus.confState;
    if (confState === undefined || !membership.settled) return false;
    return members(healed).length === confState.voters.length + confState.learners.length;
  };
  const names = (): string => membership.machines.map(({ name }) => name).join(", ");
  const what = (): string => `the members settle (${names()} belong to the cluster)`;
  // An empty learner is promoted once it has the log, which the plan may have it get by an entry a message.
  const missing = (): number => entriesMissing(healed);
  await demandByProgress(healed, { rule: "L2", what, withinMs: TOGETHER_WITHIN_MS, missing }, settled);
}

/** The operator goes on: what clients write meanwhile may use up the quota again. */
async function demandNoAlarm(healed: Healed): Promise<Operator> {
  const { simulation, environment, witnesses } = healed;
  const names = new Set(servers(healed).map(({ name }) => name));
  const told = (): number[] => witnesses.watches.filter(({ name }) => names.has(name)).map(({ revision }) => revision);
  const compactable = (): number => Math.min(...told());
  const operator = new Operator(simulation, environment, compactable);
  void operator.watchOver(servers(healed));
  await demand(
    healed,
    "L4",
    () => `no alarm is left (${operator.last})`,
    withinMs(healed),
    () => {
      if (operator.failure !== undefined) throw operator.failure;
      return operator.clear;
    },
  );
  return operator;
}
