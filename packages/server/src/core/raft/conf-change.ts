/**
 * Membership changes, applied to a configuration. A single step adds or removes one voter, so every majority of the old
 * configuration meets every majority of the new one (thesis §4.1–4.2). Anything larger goes through a joint configuration,
 * in which both majorities are asked, until it is left (thesis §4.3). A change takes effect when its entry is applied.
 *
 * The entry of a change is committed whatever it says, so what is not allowed must come out the same on every member: the
 * configuration stays as it is. Who proposes asks `confChangeRefusal` before.
 */
import type { ConfState } from "./types.js";

/** What Raft needs of a membership change; `ConfChange` of the state machine is one. */
export interface MemberChange {
  readonly type: "add-voter" | "add-learner" | "remove" | "update";
  readonly member: { readonly id: bigint };
}

/**
 * Several changes at once, or the end of a joint configuration.
 *
 * - `auto`: a single step where one change is all there is, else like `implicit`
 * - `implicit`: joint; the leader proposes to leave as soon as the joint configuration is applied
 * - `explicit`: joint until somebody proposes `leave-joint`
 *
 * Here, unlike in a plain `MemberChange`, adding a voter as learner demotes it.
 */
export type JointChange =
  | {
      readonly type: "joint";
      readonly transition: "auto" | "implicit" | "explicit";
      readonly changes: readonly MemberChange[];
    }
  | { readonly type: "leave-joint" };

export const EMPTY_CONF_STATE: ConfState = {
  voters: [],
  learners: [],
  votersOutgoing: [],
  learnersNext: [],
  autoLeave: false,
};

/** The configuration after the change; the same object when the change is refused or changes nothing. */
export function changedConfState(conf: ConfState, change: MemberChange | JointChange): ConfState {
  return confChangeRefusal(conf, change) === undefined ? unchecked(conf, change) : conf;
}

/** Why the change does not apply to the configuration, or undefined. */
export function confChangeRefusal(conf: ConfState, change: MemberChange | JointChange): string | undefined {
  if (change.type === "leave-joint") return isJoint(conf) ? undefined : "the configuration is not joint";
  if (isJoint(conf)) return "the joint configuration has to be left first";
  if (stepsOf(change).some(({ member }) => member.id === 0n)) return "member id 0 means nobody";
  if (isJointEntry(change) && conf.voters.length === 0) return "a joint configuration needs voters to come from";
  const after = unchecked(conf, change);
  // An empty configuration may take learners before its first voter; one that has voters must keep some.
  if (conf.voters.length > 0 && after.voters.length === 0) return "no voter would be left";
  return undefined;
}

export function isJoint(conf: ConfState): boolean {
  return conf.votersOutgoing.length > 0;
}

/** Every member that gets entries, voters first. */
export function membersOf(conf: ConfState): readonly bigint[] {
  return [...new Set([...conf.voters, ...conf.votersOutgoing, ...conf.learners, ...conf.learnersNext])];
}

function unchecked(conf: ConfState, change: MemberChange | JointChange): ConfState {
  if (change.type === "leave-joint") return leftJoint(conf);
  if (change.type !== "joint") return afterStep(conf, change, false);
  const { transition, changes } = change;
  const start = isJointEntry(change)
    ? { ...conf, votersOutgoing: conf.voters, autoLeave: transition !== "explicit" }
    : conf;
  return changes.reduce((after, step) => afterStep(after, step, true), start);
}

function isJointEntry(change: MemberChange | JointChange): boolean {
  return change.type === "joint" && (change.transition !== "auto" || change.changes.length > 1);
}

function stepsOf(change: MemberChange | Extract<JointChange, { type: "joint" }>): readonly MemberChange[] {
  return change.type === "joint" ? change.changes : [change];
}

/** Adding a learner as voter promotes it; an update changes nothing here. */
function afterStep(conf: ConfState, change: MemberChange, mayDemote: boolean): ConfState {
  const { id } = change.member;
  const voters = without(conf.voters, id);
  const learners = without(conf.learners, id);
  const learnersNext = without(conf.learnersNext, id);
  switch (change.type) {
    case "add-voter":
      if (conf.voters.includes(id)) return conf;
      return { ...conf, voters: withMember(voters, id), learners, learnersNext };
    case "add-learner":
      if (conf.learners.includes(id) || conf.learnersNext.includes(id)) return conf;
      // By the plain route a voter never becomes a learner: it would silently lose its vote.
      if (conf.voters.includes(id) && !mayDemote) return conf;
      // One that votes in the outgoing half cannot be a learner beside it; it becomes one when the joint is left.
      return conf.votersOutgoing.includes(id)
        ? { ...conf, voters, learnersNext: withMember(learnersNext, id) }
        : { ...conf, voters, learners: withMember(learners, id) };
    case "remove":
      return membersOf(conf).includes(id) ? { ...conf, voters, learners, learnersNext } : conf;
    case "update":
      return conf;
  }
}

function leftJoint(conf: ConfState): ConfState {
  const learners = conf.learnersNext.reduce(withMember, conf.learners);
  return { ...conf, learners, votersOutgoing: [], learnersNext: [], autoLeave: false };
}

function without(ids: readonly bigint[], id: bigint): readonly bigint[] {
  return ids.filter((other) => other !== id);
}

function withMember(ids: readonly bigint[], id: bigint): readonly bigint[] {
  return [...ids, id].sort((a, b) => (a < b ? -1 : 1));
}
