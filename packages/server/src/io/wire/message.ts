/**
 * Raft messages on their way between members: `core/raft/types.ts` in the shapes of `proto/kvorum/internal/peer.proto`.
 *
 * What comes in was made by another process and is checked here, once: every number fits, every kind is known, entries
 * follow each other. An entry's data is copied out of the frame that it came in (`entry.ts`).
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { RaftMessage, RaftMessageSchema } from "@kvorum/proto";
import type { Entry, Message, ProposalData } from "../../core/raft/types.js";
import { toConfState, toConfStateMessage, toEntries, toEntryMessage, toEntryTypeNumber } from "./entry.js";
import { toSafeNumber } from "./numbers.js";

type RaftMessageInit = MessageInitShape<typeof RaftMessageSchema>;
type Kind = NonNullable<RaftMessageInit["kind"]>;

export function toRaftMessage(message: Message): RaftMessageInit {
  const { from, to, term } = message;
  return { from, to, term: BigInt(term), kind: kindOf(message) };
}

/** Throws `RangeError` for what no member of this version sends. */
export function toMessage({ from, to, term: wideTerm, kind }: RaftMessage): Message {
  if (from === 0n || to === 0n) throw new RangeError("a message names no sender or no receiver");
  const term = toSafeNumber(wideTerm, "message term");
  // Every shape is written out: spreading a common part into each was the dearest line of a member's messages.
  switch (kind.case) {
    case "vote":
    case "preVote": {
      const lastIndex = toSafeNumber(kind.value.lastIndex, "last index");
      const lastTerm = toSafeNumber(kind.value.lastTerm, "last term");
      const type = kind.case === "vote" ? "vote" : "pre-vote";
      return { from, to, term, type, lastIndex, lastTerm, transfer: kind.value.transfer };
    }
    case "voteResponse":
      return { from, to, term, type: "vote-response", reject: kind.value.reject };
    case "preVoteResponse":
      return { from, to, term, type: "pre-vote-response", reject: kind.value.reject };
    case "append": {
      const prevIndex = toSafeNumber(kind.value.prevIndex, "previous index");
      const prevTerm = toSafeNumber(kind.value.prevTerm, "previous term");
      const entries = toEntries(kind.value.entries);
      checkFollowEachOther(prevIndex, entries);
      const commit = toSafeNumber(kind.value.commit, "commit");
      return { from, to, term, type: "append", prevIndex, prevTerm, entries, commit };
    }
    case "appendResponse": {
      const index = toSafeNumber(kind.value.index, "answered index");
      const rejectHint = toSafeNumber(kind.value.rejectHint, "reject hint");
      const rejectTerm = toSafeNumber(kind.value.rejectTerm, "reject term");
      return { from, to, term, type: "append-response", index, reject: kind.value.reject, rejectHint, rejectTerm };
    }
    case "heartbeat": {
      const commit = toSafeNumber(kind.value.commit, "commit");
      return { from, to, term, type: "heartbeat", commit, context: toSafeNumber(kind.value.context, "context") };
    }
    case "heartbeatResponse":
      return { from, to, term, type: "heartbeat-response", context: toSafeNumber(kind.value.context, "context") };
    case "snapshot": {
      const index = toSafeNumber(kind.value.index, "snapshot index");
      const snapshotTerm = toSafeNumber(kind.value.term, "snapshot term");
      const snapshot = { index, term: snapshotTerm, confState: toConfState(kind.value.confState) };
      return { from, to, term, type: "snapshot", snapshot };
    }
    case "readIndex":
      return { from, to, term, type: "read-index", context: toSafeNumber(kind.value.context, "context") };
    case "readIndexResponse": {
      const index = toSafeNumber(kind.value.index, "read index");
      const context = toSafeNumber(kind.value.context, "context");
      return { from, to, term, type: "read-index-response", context, index };
    }
    case "propose":
      return { from, to, term, type: "propose", entries: toProposals(kind.value.entries) };
    case "timeoutNow":
      return { from, to, term, type: "timeout-now" };
    default:
      throw new RangeError("a message is of a kind that is unknown to this version");
  }
}

function kindOf(message: Message): Kind {
  switch (message.type) {
    case "vote":
    case "pre-vote": {
      const { lastIndex, lastTerm, transfer } = message;
      const value = { lastIndex: BigInt(lastIndex), lastTerm: BigInt(lastTerm), transfer };
      return { case: message.type === "vote" ? "vote" : "preVote", value };
    }
    case "vote-response":
      return { case: "voteResponse", value: { reject: message.reject } };
    case "pre-vote-response":
      return { case: "preVoteResponse", value: { reject: message.reject } };
    case "append": {
      const { prevIndex, prevTerm, entries, commit } = message;
      const value = {
        prevIndex: BigInt(prevIndex),
        prevTerm: BigInt(prevTerm),
        commit: BigInt(commit),
        entries: entries.map(toEntryMessage),
      };
      return { case: "append", value };
    }
    case "append-response": {
      const { reject } = message;
      const value = {
        index: BigInt(message.index),
        reject,
        rejectHint: BigInt(message.rejectHint),
        rejectTerm: BigInt(message.rejectTerm),
      };
      return { case: "appendResponse", value };
    }
    case "heartbeat":
      return { case: "heartbeat", value: { commit: BigInt(message.commit), context: BigInt(message.context) } };
    case "heartbeat-response":
      return { case: "heartbeatResponse", value: { context: BigInt(message.context) } };
    case "snapshot": {
      const { index, term, confState } = message.snapshot;
      const marker = { index: BigInt(index), term: BigInt(term), confState: toConfStateMessage(confState) };
      return { case: "snapshot", value: marker };
    }
    case "read-index":
      return { case: "readIndex", value: { context: BigInt(message.context) } };
    case "read-index-response":
      return { case: "readIndexResponse", value: { context: BigInt(message.context), index: BigInt(message.index) } };
    case "propose": {
      const entries = message.entries.map(({ type, data }) => ({ type: toEntryTypeNumber(type), data }));
      return { case: "propose", value: { entries } };
    }
    case "timeout-now":
      return { case: "timeoutNow", value: {} };
  }
}

function checkFollowEachOther(prevIndex: number, entries: readonly Entry[]): void {
  let expected = prevIndex;
  for (const { index } of entries) {
    expected += 1;
    if (index !== expected) throw new RangeError(`entry ${index} stands where ${expected} should`);
  }
}

/** Index and term are the leader's to give. */
function toProposals(messages: Parameters<typeof toEntries>[0]): ProposalData[] {
  return toEntries(messages).map(({ type, data }) => ({ type, data }));
}
