/**
 * Single-step membership changes (thesis §4.1–4.2): one member at a time, so every majority of the old configuration
 * meets every majority of the new one. A change takes effect when its entry is applied.
 */
import { invariant } from "../invariant.js";
import type { ConfState } from "./types.js";

/** What Raft needs of a membership change; `ConfChange` of the state machine is one. */
export interface MemberChange {
  readonly type: "add-voter" | "add-learner" | "remove" | "update";
  readonly member: { readonly id: bigint };
}

export const EMPTY_CONF_STATE: ConfState = {
  voters: [],
  learners: [],
  votersOutgoing: [],
  learnersNext: [],
  autoLeave: false,
};

/** The configuration after the change. Adding a learner as voter promotes it; an update changes nothing here. */
export function changedConfState(conf: ConfState, change: MemberChange): ConfState {
  invariant(conf.votersOutgoing.length === 0, "a single-step change met a joint configuration");
  const { id } = change.member;
  const voters = without(conf.voters, id);
  const learners = without(conf.learners, id);
  switch (change.type) {
    case "add-voter":
      return { ...conf, voters: withMember(voters, id), learners };
    case "add-learner":
      // A voter never becomes a learner by this route: it would silently lose its vote.
      return conf.voters.includes(id) ? conf : { ...conf, voters, learners: withMember(learners, id) };
    case "remove":
      return { ...conf, voters, learners };
    case "update":
      return conf;
  }
}

/** Every member that gets entries, voters first. */
export function membersOf(conf: ConfState): readonly bigint[] {
  return [...new Set([...conf.voters, ...conf.votersOutgoing, ...conf.learners, ...conf.learnersNext])];
}

function without(ids: readonly bigint[], id: bigint): readonly bigint[] {
  return ids.filter((other) => other !== id);
}

function withMember(ids: readonly bigint[], id: bigint): readonly bigint[] {
  return [...ids, id].sort((a, b) => (a < b ? -1 : 1));
}
