/**
 * What comes from another process is looked at before anything relies on it. A message that no correct member can have
 * sent is dropped; the peer, not this member, has the fault. Only a message that is right in itself and contradicts what
 * is known for certain (two leaders in one term, two values of a committed entry) stops the member.
 */
import type { ConfState, Message, MessageOf } from "./types.js";

/** Whether the member with this id may act on the message. */
export function isWellFormed(message: Message, id: bigint): boolean {
  const { type, from, to, term } = message;
  if (to !== id || from === 0n || !isCount(term)) return false;
  // The answers to its own vote and its own append are what a member says to itself, after the disk.
  if (from === id && type !== "vote-response" && type !== "append-response") return false;
  return hasSoundContent(message);
}

function hasSoundContent(message: Message): boolean {
  switch (message.type) {
    case "vote":
    case "pre-vote":
      return message.term > 0 && isCount(message.lastIndex) && isCount(message.lastTerm);
    case "append":
      return message.term > 0 && isCount(message.commit) && hasSoundEntries(message);
    case "append-response":
      return isCount(message.index) && isCount(message.rejectHint) && isCount(message.rejectTerm);
    case "heartbeat":
      return message.term > 0 && isCount(message.commit) && isCount(message.context);
    case "heartbeat-response":
    case "read-index":
      return isCount(message.context);
    case "read-index-response":
      return isCount(message.context) && isCount(message.index);
    case "snapshot":
      return isSoundMark(message);
    case "propose":
      return message.entries.length > 0;
    case "vote-response":
    case "pre-vote-response":
    case "timeout-now":
      return true;
  }
}

/** Entries follow `prevIndex` without a gap, and terms never fall along a log nor pass the sender's. */
function hasSoundEntries({ term, prevIndex, prevTerm, entries }: MessageOf<"append">): boolean {
  if (!isCount(prevIndex) || !isCount(prevTerm) || (prevIndex === 0) !== (prevTerm === 0)) return false;
  let lastTerm = prevTerm;
  let lastIndex = prevIndex;
  for (const entry of entries) {
    lastIndex += 1;
    if (entry.index !== lastIndex || !isCount(entry.term) || entry.term < Math.max(lastTerm, 1)) return false;
    lastTerm = entry.term;
  }
  return lastTerm <= term;
}

function isSoundMark({ term, snapshot }: MessageOf<"snapshot">): boolean {
  const { index, confState } = snapshot;
  const isPosition = isCount(index) && index > 0 && isCount(snapshot.term) && snapshot.term > 0;
  return isPosition && snapshot.term <= term && isSoundConf(confState);
}

function isSoundConf({ voters, votersOutgoing, learners, learnersNext }: ConfState): boolean {
  const halves = [voters, votersOutgoing, learners, learnersNext];
  const isSet = (ids: readonly bigint[]): boolean => new Set(ids).size === ids.length && !ids.includes(0n);
  return voters.length > 0 && halves.every(isSet);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
