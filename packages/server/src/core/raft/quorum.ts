/**
 * Majorities, of one configuration or of two at once. While a joint configuration is active every decision needs a
 * majority of the incoming and of the outgoing voters (thesis §4.3); outside of it the outgoing half is empty.
 */
import type { ConfState } from "./types.js";

export type VoteResult = "won" | "lost" | "pending";

type Voters = Pick<ConfState, "voters" | "votersOutgoing">;

/** What the votes heard so far decide; a member that is missing in `votes` has not answered. */
export function tallyVotes(conf: Voters, votes: ReadonlyMap<bigint, boolean>): VoteResult {
  const halves = voterHalves(conf).map((voters) => tallyHalf(voters, votes));
  if (halves.includes("lost")) return "lost";
  return halves.every((half) => half === "won") ? "won" : "pending";
}

/** The highest value that a majority has reached: with match indexes this is what may be committed (paper §5.3). */
export function quorumValue(conf: Voters, reached: (id: bigint) => number): number {
  return Math.min(...voterHalves(conf).map((voters) => quorumValueOfHalf(voters, reached)));
}

/** The incoming voters and, while the configuration is joint, the outgoing ones. */
function voterHalves(conf: Voters): readonly (readonly bigint[])[] {
  return conf.votersOutgoing.length === 0 ? [conf.voters] : [conf.voters, conf.votersOutgoing];
}

function tallyHalf(voters: readonly bigint[], votes: ReadonlyMap<bigint, boolean>): VoteResult {
  const needed = majority(voters.length);
  let granted = 0;
  let refused = 0;
  for (const id of voters) {
    const vote = votes.get(id);
    if (vote === true) granted++;
    if (vote === false) refused++;
  }
  if (granted >= needed) return "won";
  return voters.length - refused < needed ? "lost" : "pending";
}

function quorumValueOfHalf(voters: readonly bigint[], reached: (id: bigint) => number): number {
  if (voters.length === 0) return 0;
  const descending = voters.map(reached).sort((a, b) => b - a);
  return descending[majority(voters.length) - 1] as number;
}

function majority(size: number): number {
  return Math.floor(size / 2) + 1;
}
