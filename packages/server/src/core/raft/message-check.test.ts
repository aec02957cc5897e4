/** Messages that no correct member sends are dropped, one kind of fault a case. */
import { describe, expect, it } from "vitest";
import { EMPTY_CONF_STATE } from "./conf-change.js";
import { isWellFormed } from "./message-check.js";
import type { Entry, Message } from "./types.js";

const entry = (term: number, index: number): Entry => ({ type: "command", term, index, data: new Uint8Array(0) });
const common = { from: 2n, to: 1n, term: 3 };
const append: Message = {
  ...common,
  type: "append",
  prevIndex: 4,
  prevTerm: 2,
  entries: [entry(2, 5), entry(3, 6)],
  commit: 4,
};
const snapshot: Message = {
  ...common,
  type: "snapshot",
  snapshot: { index: 9, term: 3, confState: { ...EMPTY_CONF_STATE, voters: [1n, 2n] } },
};
const response: Message = { ...common, type: "append-response", index: 4, reject: false, rejectHint: 0, rejectTerm: 0 };
const ballot: Message = { ...common, type: "vote", lastIndex: 4, lastTerm: 2, transfer: false };
const heartbeat: Message = { ...common, type: "heartbeat", commit: 3, context: 0 };

const sound: readonly Message[] = [
  append,
  { ...append, prevIndex: 0, prevTerm: 0, entries: [] },
  snapshot,
  response,
  { ...response, from: 1n },
  ballot,
  { ...ballot, type: "pre-vote" },
  heartbeat,
  { ...common, type: "heartbeat-response", context: 7 },
  { ...common, type: "vote-response", reject: true },
  { ...common, from: 1n, type: "vote-response", reject: false },
  { ...common, term: 0, type: "pre-vote-response", reject: true },
  { ...common, type: "read-index", context: 2 ** 48 },
  { ...common, type: "read-index-response", context: 7, index: 4 },
  { ...common, type: "propose", entries: [{ type: "command", data: new Uint8Array(1) }] },
  { ...common, type: "timeout-now" },
];

const faults: readonly (readonly [string, Message])[] = [
  ["is for another member", { ...heartbeat, to: 3n }],
  ["comes from nobody", { ...heartbeat, from: 0n }],
  ["claims to be of this member and is not of the kind that it sends itself", { ...heartbeat, from: 1n }],
  ["has a term that is no count", { ...heartbeat, term: 2 ** 53 }],
  ["is a leader's, in term 0", { ...heartbeat, term: 0 }],
  ["asks for a vote in term 0", { ...ballot, term: 0 }],
  ["has a broken index", { ...ballot, lastIndex: Number.NaN }],
  ["has a negative index", { ...response, index: -1 }],
  ["has half a hint", { ...response, rejectHint: 0.5 }],
  ["has a negative commit index", { ...append, commit: -1 }],
  ["leaves a gap before its entries", { ...append, entries: [entry(3, 6)] }],
  ["leaves a gap among its entries", { ...append, entries: [entry(2, 5), entry(3, 7)] }],
  ["has entries whose terms fall", { ...append, entries: [entry(3, 5), entry(2, 6)] }],
  ["has an entry older than the one before it", { ...append, entries: [entry(1, 5)] }],
  ["has an entry of a later term than its own", { ...append, entries: [entry(4, 5)] }],
  ["comes after an entry of a later term than its own", { ...append, prevTerm: 4, entries: [] }],
  ["has an entry of term 0", { ...append, prevIndex: 0, prevTerm: 0, entries: [entry(0, 1)] }],
  ["comes after an entry without a term", { ...append, prevTerm: 0 }],
  ["has a mark of a later term", { ...snapshot, snapshot: { ...snapshot.snapshot, term: 4 } }],
  ["has a mark at index 0", { ...snapshot, snapshot: { ...snapshot.snapshot, index: 0 } }],
  ["has a mark without voters", { ...snapshot, snapshot: { ...snapshot.snapshot, confState: EMPTY_CONF_STATE } }],
  [
    "has a mark that names a voter twice",
    { ...snapshot, snapshot: { ...snapshot.snapshot, confState: { ...EMPTY_CONF_STATE, voters: [2n, 2n] } } },
  ],
  ["proposes nothing", { ...common, type: "propose", entries: [] }],
];

describe("a message", () => {
  for (const message of sound) {
    it(`of type ${message.type} from ${message.from} is taken as it should be`, () => {
      expect(isWellFormed(message, 1n)).toBe(true);
    });
  }

  for (const [fault, message] of faults) {
    it(`that ${fault} is dropped`, () => {
      expect(isWellFormed(message, 1n)).toBe(false);
    });
  }
});
