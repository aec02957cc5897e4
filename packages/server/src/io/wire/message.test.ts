/** Raft messages survive their way between members, and what no member sends is refused. */
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type EntryType, RaftMessageSchema } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import type { Message } from "../../core/raft/types.js";
import { toMessage, toRaftMessage } from "./message.js";

const base = { from: 2n ** 64n - 1n, to: 3n, term: 2 ** 53 - 1 };
const confState = {
  voters: [1n, 2n ** 63n],
  learners: [3n],
  votersOutgoing: [1n],
  learnersNext: [4n],
  autoLeave: true,
};

const MESSAGES: readonly Message[] = [
  { ...base, type: "vote", lastIndex: 9, lastTerm: 4, transfer: true },
  { ...base, type: "pre-vote", lastIndex: 0, lastTerm: 0, transfer: false },
  { ...base, type: "vote-response", reject: true },
  { ...base, type: "pre-vote-response", reject: false },
  {
    ...base,
    type: "append",
    prevIndex: 7,
    prevTerm: 2,
    entries: [
      { type: "command", term: 3, index: 8, data: Uint8Array.of(1, 2) },
      { type: "conf-change", term: 3, index: 9, data: new Uint8Array(0) },
    ],
    commit: 6,
  },
  { ...base, type: "append", prevIndex: 0, prevTerm: 0, entries: [], commit: 0 },
  { ...base, type: "append-response", index: 9, reject: true, rejectHint: 5, rejectTerm: 2 },
  { ...base, type: "heartbeat", commit: 11, context: 12 },
  { ...base, type: "heartbeat-response", context: 12 },
  { ...base, type: "snapshot", snapshot: { index: 20, term: 3, confState } },
  { ...base, type: "read-index", context: 4 },
  { ...base, type: "read-index-response", context: 4, index: 30 },
  {
    ...base,
    type: "propose",
    entries: [
      { type: "command", data: Uint8Array.of(7) },
      { type: "conf-change", data: Uint8Array.of(8, 9) },
    ],
  },
  { ...base, type: "timeout-now" },
];

const overTheWire = (message: Message): Uint8Array =>
  toBinary(RaftMessageSchema, create(RaftMessageSchema, toRaftMessage(message)));

describe("the codec of Raft messages", () => {
  for (const message of MESSAGES) {
    it(`brings back ${message.type}`, () => {
      expect(toMessage(fromBinary(RaftMessageSchema, overTheWire(message)))).toEqual(message);
    });
  }

  it("copies the data of entries out of the frame", () => {
    const data = Uint8Array.of(5, 6);
    const append: Message = { ...base, type: "propose", entries: [{ type: "command", data }] };
    const bytes = overTheWire(append);
    const message = toMessage(fromBinary(RaftMessageSchema, bytes));
    bytes.fill(0);
    expect(message).toEqual(append);
  });

  const entry = { term: 1n, index: 5n };
  const REFUSED: readonly (readonly [string, MessageInitShape<typeof RaftMessageSchema>, string])[] = [
    ["no sender", { to: 1n, kind: { case: "timeoutNow", value: {} } }, "no sender"],
    ["no receiver", { from: 1n, kind: { case: "timeoutNow", value: {} } }, "no receiver"],
    ["no kind", { from: 1n, to: 2n }, "unknown"],
    ["a term beyond numbers", { from: 1n, to: 2n, term: 2n ** 53n, kind: { case: "timeoutNow", value: {} } }, "term"],
    [
      "an index beyond numbers",
      { from: 1n, to: 2n, kind: { case: "appendResponse", value: { index: 2n ** 64n - 1n } } },
      "index",
    ],
    [
      "an entry out of its place",
      { from: 1n, to: 2n, kind: { case: "append", value: { prevIndex: 5n, entries: [entry] } } },
      "entry 5 stands where 6 should",
    ],
    [
      "entries with a gap",
      {
        from: 1n,
        to: 2n,
        kind: { case: "append", value: { prevIndex: 4n, entries: [entry, { ...entry, index: 7n }] } },
      },
      "entry 7 stands where 6 should",
    ],
    [
      "an entry type of a later version",
      { from: 1n, to: 2n, kind: { case: "propose", value: { entries: [{ type: 9 as EntryType }] } } },
      "entry type 9",
    ],
  ];
  for (const [what, init, text] of REFUSED) {
    it(`refuses ${what}`, () => {
      const bytes = toBinary(RaftMessageSchema, create(RaftMessageSchema, init));
      expect(() => toMessage(fromBinary(RaftMessageSchema, bytes))).toThrow(text);
    });
  }
});
