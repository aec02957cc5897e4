/** Members come and go by conf-change entries; the rules of ids, names and learners, each as a test. */
import { fromBinary } from "@bufbuild/protobuf";
import { MemberRecordSchema } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import { MemoryBackend } from "../../io/backend/memory-backend.js";
import { WriteBuffer } from "../mvcc/write-buffer.js";
import type { ConfChange, Member } from "./command.js";
import { decodeMember, encodeMember } from "./member-record.js";
import { Membership } from "./membership.js";

function member(id: bigint, options: Partial<Member> = {}): Member {
  return { id, name: "", peerUrls: [`http://127.0.0.1:${2000n + id}`], clientUrls: [], isLearner: false, ...options };
}

function open(...changes: [ConfChange["type"], Member][]): Membership {
  const membership = new Membership(new WriteBuffer(new MemoryBackend()));
  for (const [type, changed] of changes) membership.apply({ type, member: changed });
  return membership;
}

describe("membership", () => {
  it("makes a configuration of voters and learners, ids ascending", () => {
    const membership = open(["add-voter", member(9n)], ["add-learner", member(5n)], ["add-voter", member(3n)]);
    expect(membership.confState).toMatchObject({ voters: [3n, 9n], learners: [5n] });
  });

  it("lists members by their first peer URL", () => {
    const membership = open(
      ["add-voter", member(1n, { peerUrls: ["http://b"] })],
      ["add-voter", member(2n, { peerUrls: ["http://a"] })],
    );
    expect(membership.members.map(({ id }) => id)).toEqual([2n, 1n]);
  });

  it("refuses an id or a peer URL that another member has", () => {
    const membership = open(["add-voter", member(1n)], ["add-voter", member(2n)]);
    const add = (changed: Member): void => membership.apply({ type: "add-voter", member: changed });
    expect(() => add(member(1n, { peerUrls: ["http://new"] }))).toThrow("etcdserver: member ID already exist");
    expect(() => add(member(3n, { peerUrls: ["http://127.0.0.1:2001"] }))).toThrow(
      "etcdserver: Peer URLs already exists",
    );
    expect(() =>
      membership.apply({ type: "update", member: member(2n, { peerUrls: ["http://127.0.0.1:2001"] }) }),
    ).toThrow("etcdserver: Peer URLs already exists");
  });

  it("bans a removed id for ever, whatever is asked of it", () => {
    const membership = open(["add-voter", member(1n)], ["add-voter", member(2n)], ["remove", member(2n)]);
    for (const type of ["add-voter", "add-learner", "update", "remove"] as const) {
      expect(() => membership.apply({ type, member: member(2n) })).toThrow("etcdserver: member not found");
    }
    membership.publish(2n, "zombie", []);
    expect(membership.members.map(({ id }) => id)).toEqual([1n]);
  });

  it("refuses to remove or update a member it does not know", () => {
    const membership = open(["add-voter", member(1n)]);
    for (const type of ["update", "remove"] as const) {
      expect(() => membership.apply({ type, member: member(2n) })).toThrow("etcdserver: member not found");
    }
  });

  it("refuses to remove the last voter", () => {
    const membership = open(["add-voter", member(1n)], ["add-learner", member(2n)]);
    expect(() => membership.apply({ type: "remove", member: member(1n) })).toThrow(/not enough started members/);
  });

  it("gives a learner its vote and keeps everything else of it", () => {
    const membership = open(["add-voter", member(1n)], ["add-learner", member(2n)]);
    membership.publish(2n, "second", ["http://client"]);
    membership.apply({ type: "add-voter", member: member(2n, { peerUrls: [] }) });
    expect(membership.member(2n)).toEqual(member(2n, { name: "second", clientUrls: ["http://client"] }));
  });

  it("updates the peer URLs and nothing else: a learner stays one", () => {
    const membership = open(["add-voter", member(1n)], ["add-learner", member(2n)]);
    membership.publish(2n, "second", ["http://client"]);
    membership.apply({ type: "update", member: member(2n, { peerUrls: ["http://moved"] }) });
    expect(membership.member(2n)).toEqual(
      member(2n, { name: "second", peerUrls: ["http://moved"], clientUrls: ["http://client"], isLearner: true }),
    );
  });

  it("is read back from storage, banned ids included", () => {
    const buffer = new WriteBuffer(new MemoryBackend());
    const before = new Membership(buffer);
    for (const id of [1n, 2n, 0xffff_ffff_ffff_ffffn]) before.apply({ type: "add-voter", member: member(id) });
    before.apply({ type: "remove", member: member(2n) });
    before.publish(1n, "größe", ["http://client:1", ""]);
    const after = new Membership(buffer);
    expect(after.members).toEqual(before.members);
    expect(after.isRemoved(2n)).toBe(true);
    expect(after.isRemoved(1n)).toBe(false);
  });

  it("stores records that read as the published message", () => {
    const record = member(0xffff_ffff_ffff_fff0n, { name: "größe", clientUrls: ["a", "b"], isLearner: true });
    const bytes = encodeMember(record);
    expect(decodeMember(bytes)).toEqual(record);
    const { id, name, peerUrls, clientUrls, isLearner } = fromBinary(MemberRecordSchema, bytes);
    expect({ id, name, peerUrls, clientUrls, isLearner }).toEqual(record);
  });
});
