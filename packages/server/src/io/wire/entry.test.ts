/** The WAL's payload codecs: what goes in comes out, nothing else is accepted. */
import { create, toBinary } from "@bufbuild/protobuf";
import { EntryBatchSchema, type EntryType } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import type { Entry } from "../../core/raft/types.js";
import {
  decodeEntries,
  decodeHardState,
  decodeSnapshotMark,
  encodeEntries,
  encodeHardState,
  encodeSnapshotMark,
} from "./entry.js";

describe("the payload codecs of the log", () => {
  it("brings back entries of both types, empty data and large indexes included", () => {
    const entries: readonly Entry[] = [
      { type: "command", term: 1, index: 1, data: new Uint8Array(0) },
      { type: "conf-change", term: 1, index: 2, data: Uint8Array.of(1, 2, 3) },
      { type: "command", term: 7, index: 2 ** 50, data: new Uint8Array(1000).fill(9) },
    ];
    expect(decodeEntries(encodeEntries(entries))).toEqual(entries);
    expect(decodeEntries(encodeEntries([]))).toEqual([]);
  });

  it("copies an entry's data out of the buffer it was read from", () => {
    const bytes = encodeEntries([{ type: "command", term: 1, index: 1, data: Uint8Array.of(5, 6) }]);
    const [entry] = decodeEntries(bytes);
    bytes.fill(0);
    expect(entry?.data).toEqual(Uint8Array.of(5, 6));
    expect(entry?.data.buffer.byteLength).toBe(2);
  });

  it("refuses an entry type of a later version instead of skipping the entry", () => {
    const batch = create(EntryBatchSchema, { entries: [{ type: 9 as EntryType, term: 1n, index: 1n }] });
    expect(() => decodeEntries(toBinary(EntryBatchSchema, batch))).toThrow("entry type 9");
  });

  it("refuses an index that a number cannot hold exactly", () => {
    const batch = create(EntryBatchSchema, { entries: [{ term: 1n, index: 2n ** 53n }] });
    expect(() => decodeEntries(toBinary(EntryBatchSchema, batch))).toThrow("entry index is 9007199254740992");
  });

  it("brings back a hard state with a 64-bit vote", () => {
    const state = { term: 3, vote: 0xffff_ffff_ffff_fffen, commit: 12 };
    expect(decodeHardState(encodeHardState(state))).toEqual(state);
  });

  it("brings back a snapshot mark with its whole configuration", () => {
    const confState = {
      voters: [1n, 2n ** 63n],
      learners: [3n],
      votersOutgoing: [4n],
      learnersNext: [5n],
      autoLeave: true,
    };
    const mark = { index: 100, term: 4, confState };
    expect(decodeSnapshotMark(encodeSnapshotMark(mark))).toEqual(mark);
  });
});
