/** Membership changes as the data of log entries in the simulated cluster, and when the driver lets one take effect. */
import type { JointChange, MemberChange } from "../conf-change.js";
import type { ConfState, Entry } from "../types.js";

export type ConfChange = MemberChange | JointChange;

const LEAVE: ConfChange = { type: "leave-joint" };

/** No data at all says that the joint configuration is to be left. */
export function encodeChange(change: ConfChange): Uint8Array {
  if (change.type === "leave-joint") return new Uint8Array(0);
  const text = JSON.stringify(change, (_, value) => (typeof value === "bigint" ? String(value) : value));
  return new TextEncoder().encode(text);
}

export function decodeChange(data: Uint8Array): ConfChange {
  if (data.length === 0) return LEAVE;
  return JSON.parse(new TextDecoder().decode(data), (key, value) => (key === "id" ? BigInt(value) : value));
}

/**
 * Every member decides so at the same index: a change that does not fit the configuration it meets has no effect. Nothing
 * may be changed within a joint configuration, and somebody must be left to vote.
 */
export function mayApply(conf: ConfState, change: ConfChange): boolean {
  const joint = conf.votersOutgoing.length > 0;
  if (change.type === "leave-joint") return joint;
  return !joint && votersAfter(conf, change.type === "joint" ? change.changes : [change]).size > 0;
}

/** The first configuration as entries of the log, for members that are to learn it from there. */
export function firstEntries(voters: readonly bigint[]): readonly Entry[] {
  return voters.map((id, i) => {
    const data = encodeChange({ type: "add-voter", member: { id } });
    return { type: "conf-change", term: 1, index: i + 1, data };
  });
}

export function isJoint(conf: ConfState): boolean {
  return conf.votersOutgoing.length > 0;
}

export function isMember(conf: ConfState, id: bigint): boolean {
  return [conf.voters, conf.votersOutgoing, conf.learners, conf.learnersNext].some((ids) => ids.includes(id));
}

/** The halves that must each agree to whatever is decided. */
export function halvesOf(conf: ConfState): readonly (readonly bigint[])[] {
  return isJoint(conf) ? [conf.voters, conf.votersOutgoing] : [conf.voters];
}

export function isVoter(conf: ConfState, id: bigint): boolean {
  return halvesOf(conf).some((half) => half.includes(id));
}

/** True when in every half more than half of the voters pass the test. */
export function isQuorum(conf: ConfState, test: (id: bigint) => boolean): boolean {
  return halvesOf(conf).every((half) => 2 * half.filter(test).length > half.length);
}

export function describeConf(conf: ConfState): string {
  const list = (ids: readonly bigint[]): string =>
    [...ids]
      .map(Number)
      .sort((a, b) => a - b)
      .join(" ");
  const joint = isJoint(conf) ? ` out(${list(conf.votersOutgoing)}) next(${list(conf.learnersNext)})` : "";
  return `voters(${list(conf.voters)}) learners(${list(conf.learners)})${joint}${conf.autoLeave ? " auto" : ""}`;
}

function votersAfter(conf: ConfState, changes: readonly MemberChange[]): ReadonlySet<bigint> {
  const voters = new Set(conf.voters);
  for (const { type, member } of changes) {
    if (type === "add-voter") voters.add(member.id);
    else if (type !== "update") voters.delete(member.id);
  }
  return voters;
}
