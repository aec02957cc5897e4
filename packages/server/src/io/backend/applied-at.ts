/** The mark of a backend that holds nothing, and the mark's encoding: `kvorum.internal.AppliedAt`. */
import { AppliedAtSchema, decodeMessage, encodeMessage } from "@kvorum/proto";
import type { AppliedAt } from "../../core/mvcc/backend.js";
import { toConfState, toConfStateMessage } from "../wire/entry.js";
import { toSafeNumber } from "../wire/numbers.js";

export const NOTHING_APPLIED: AppliedAt = {
  index: 0,
  term: 0,
  confState: { voters: [], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
};

export function encodeAppliedAt(at: AppliedAt): Uint8Array {
  const { index, term, confState } = at;
  return encodeMessage(AppliedAtSchema, {
    index: BigInt(index),
    term: BigInt(term),
    confState: toConfStateMessage(confState),
  });
}

/** Throws when the bytes are not a mark. */
export function decodeAppliedAt(bytes: Uint8Array): AppliedAt {
  const message = decodeMessage(AppliedAtSchema, bytes);
  return {
    index: toSafeNumber(message.index, "applied index"),
    term: toSafeNumber(message.term, "applied term"),
    confState: toConfState(message.confState),
  };
}
