/** One Raft member on a perfect disk, member 1 of a few, and the messages that the others might send it. */
import { EMPTY_CONF_STATE } from "../conf-change.js";
import type { RaftOptions } from "../config.js";
import { Raft } from "../raft.js";
import type { ConfState, Entry, Message, MessageOf, ProposalData, Ready } from "../types.js";

const empty = new Uint8Array(0);

export const entry = (term: number, index: number, type: Entry["type"] = "command"): Entry => ({
  type,
  term,
  index,
  data: empty,
});

export const command = (size: number): ProposalData => ({ type: "command", data: new Uint8Array(size) });

export const confOf = (...voters: readonly bigint[]): ConfState => ({ ...EMPTY_CONF_STATE, voters });

export function raftOf(voters: readonly bigint[], options: Partial<RaftOptions> = {}): Raft {
  return new Raft({
    id: 1n,
    electionTicks: 10,
    heartbeatTicks: 1,
    random: () => 0,
    preVote: false,
    hardState: undefined,
    base: { index: 0, term: 0 },
    entries: [],
    applied: { index: 0, confState: confOf(...voters) },
    ...options,
  });
}

export const withLog = (entries: readonly Entry[], term: number): Partial<RaftOptions> => ({
  entries,
  hardState: { term, vote: 0n, commit: 0 },
});

/** Everything is durable and applied at once. Returns what left the member. */
export function drain(raft: Raft): { readonly messages: readonly Message[]; readonly readies: readonly Ready[] } {
  const messages: Message[] = [];
  const readies: Ready[] = [];
  while (raft.hasReady()) {
    const ready = raft.ready();
    readies.push(ready);
    messages.push(...ready.send, ...finishAppend(raft, ready));
    if (ready.apply !== undefined) raft.applied(ready.apply.token);
  }
  return { messages, readies };
}

/** The disk finishes the task; what the member says to itself is said. Returns the rest. */
export function finishAppend(raft: Raft, { append }: Pick<Ready, "append">): readonly Message[] {
  if (append === undefined) return [];
  raft.appended(append.token);
  for (const message of append.afterDurable) if (message.to === 1n) raft.step(message);
  return append.afterDurable.filter(({ to }) => to !== 1n);
}

/** Member 1, elected in the next term; nothing of it is handed out yet. */
export function leaderOf(voters: readonly bigint[], options: Partial<RaftOptions> = {}): Raft {
  const raft = raftOf(voters, options);
  raft.campaign();
  drain(raft);
  const { term } = raft.status;
  for (const id of voters) if (id !== 1n) raft.step(granted(id, term));
  return raft;
}

/** … and with its first entry committed and applied. */
export function settledLeaderOf(voters: readonly bigint[], options: Partial<RaftOptions> = {}): Raft {
  const raft = leaderOf(voters, options);
  drain(raft);
  const { term, lastIndex } = raft.status;
  for (const id of voters) if (id !== 1n) raft.step(acknowledged(id, term, lastIndex));
  drain(raft);
  return raft;
}

/** Members 1 and 2 hold three entries, all compacted away on leader 1; member 3 is known to hold the first. */
export function leaderAheadOf3(): Raft {
  const raft = settledLeaderOf([1n, 2n, 3n]);
  raft.propose([command(1), command(1)]);
  drain(raft);
  raft.step(acknowledged(2n, 1, 3));
  drain(raft);
  raft.compact(3);
  return raft;
}

export const vote = (term: number, lastTerm: number, lastIndex: number, from = 2n): MessageOf<"vote" | "pre-vote"> => ({
  type: "vote",
  from,
  to: 1n,
  term,
  lastIndex,
  lastTerm,
  transfer: false,
});

export const granted = (from: bigint, term: number): Message => ({
  type: "vote-response",
  from,
  to: 1n,
  term,
  reject: false,
});

export const append = (
  term: number,
  prev: readonly [number, number],
  entries: readonly Entry[] = [],
  commit = 0,
): MessageOf<"append"> => ({
  type: "append",
  from: 2n,
  to: 1n,
  term,
  prevTerm: prev[0],
  prevIndex: prev[1],
  entries,
  commit,
});

export const heartbeat = (term: number, commit = 0): MessageOf<"heartbeat"> => ({
  type: "heartbeat",
  from: 2n,
  to: 1n,
  term,
  commit,
  context: 0,
});

export const acknowledged = (from: bigint, term: number, index: number): MessageOf<"append-response"> => ({
  type: "append-response",
  from,
  to: 1n,
  term,
  index,
  reject: false,
  rejectHint: 0,
  rejectTerm: 0,
});

export const heartbeatAnswer = (from: bigint, term: number, context = 0): MessageOf<"heartbeat-response"> => ({
  type: "heartbeat-response",
  from,
  to: 1n,
  term,
  context,
});

export const snapshot = (
  term: number,
  mark: readonly [number, number],
  confState: ConfState,
): MessageOf<"snapshot"> => ({
  type: "snapshot",
  from: 2n,
  to: 1n,
  term,
  snapshot: { term: mark[0], index: mark[1], confState },
});
