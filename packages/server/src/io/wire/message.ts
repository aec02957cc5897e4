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
type AppendBody = Extract<RaftMessage["kind"], { case: "append" }>["value"];

export function toRaftMessage(message: Message): RaftMessageInit {
  const { from, to, term } = message;
  return { from, to, term: BigInt(term), kind: kindOf(message) };
}

/** Throws `RangeError` for what no member of this version sends. */
export function toMessage({ from, to, term: wideTerm, kind }: RaftMessage): Message {
  if (from === 0n || to === 0n) throw new RangeError("a message names no sender or no receiver");
  const base = { from, to, term: toSafeNumber(wideTerm, "message term") };
  switch (kind.case) {
    case "vote":
    case "preVote": {
      const lastIndex = toSafeNumber(kind.value.lastIndex, "last index");
      const lastTerm = toSafeNumber(kind.value.lastTerm, "last term");
      const type = kind.case === "vote" ? "vote" : "pre-vote";
      return { ...base, type, lastIndex, lastTerm, transfer: kind.value.transfer };
    }
    case "voteResponse":
      return { ...base, type: "vote-response", reject: kind.value.reject };
    case "preVoteResponse":
      return { ...base, type: "pre-vote-response", reject: kind.value.reject };
    case "append":
      return { ...base, type: "append", ...toAppend(kind.value) };
    case "appendResponse":
      return {
        ...base,
        type: "append-response",
        index: toSafeNumber(kind.value.index, "answered index"),
        reject: kind.value.reject,
        rejectHint: toSafeNumber(kind.value.rejectHint, "reject hint"),
        rejectTerm: toSafeNumber(kind.value.rejectTerm, "reject term"),
      };
    case "heartbeat": {
      const commit = toSafeNumber(kind.value.commit, "commit");
      return { ...base, type: "heartbeat", commit, context: toSafeNumber(kind.value.context, "context") };
    }
    case "heartbeatResponse":
      return { ...base, type: "heartbeat-response", context: toSafeNumber(kind.value.context, "context") };
    case "snapshot": {
      const index = toSafeNumber(kind.value.index, "snapshot index");
      const term = toSafeNumber(kind.value.term, "snapshot term");
      return { ...base, type: "snapshot", snapshot: { index, term, confState: toConfState(kind.value.confState) } };
    }
    case "readIndex":
      return { ...base, type: "read-index", context: toSafeNumber(kind.value.context, "context") };
    case "readIndexResponse": {
      const index = toSafeNumber(kind.value.index, "read index");
      return { ...base, type: "read-index-response", context: toSafeNumber(kind.value.context, "context"), index };
    }
    case "propose":
      return { ...base, type: "propose", entries: toProposals(kind.value.entries) };
    case "timeoutNow":
      return { ...base, type: "timeout-now" };
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
      const marks = { prevIndex: BigInt(prevIndex), prevTerm: BigInt(prevTerm), commit: BigInt(commit) };
      return { case: "append", value: { ...marks, entries: entries.map(toEntryMessage) } };
    }
    case "append-response": {
      const { index, reject, rejectHint, rejectTerm } = message;
      const hints = { rejectHint: BigInt(rejectHint), rejectTerm: BigInt(rejectTerm) };
      return { case: "appendResponse", value: { index: BigInt(index), reject, ...hints } };
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

function toAppend(
  body: AppendBody,
): Pick<Extract<Message, { type: "append" }>, "prevIndex" | "prevTerm" | "entries" | "commit"> {
  const prevIndex = toSafeNumber(body.prevIndex, "previous index");
  const entries = toEntries(body.entries);
  checkFollowEachOther(prevIndex, entries);
  const prevTerm = toSafeNumber(body.prevTerm, "previous term");
  return { prevIndex, prevTerm, entries, commit: toSafeNumber(body.commit, "commit") };
}

function checkFollowEachOther(prevIndex: number, entries: readonly Entry[]): void {
  for (const [offset, { index }] of entries.entries()) {
    if (index !== prevIndex + 1 + offset)
      throw new RangeError(`entry ${index} stands where ${prevIndex + 1 + offset} should`);
  }
}

/** Index and term are the leader's to give. */
function toProposals(messages: Parameters<typeof toEntries>[0]): ProposalData[] {
  return toEntries(messages).map(({ type, data }) => ({ type, data }));
}
