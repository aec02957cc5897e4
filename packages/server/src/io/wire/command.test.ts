/** Commands and membership changes survive their way through the log. */
import { create, toBinary } from "@bufbuild/protobuf";
import { CommandSchema, ConfChangeSchema, type ConfChangeType } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import type { Command, ConfChange } from "../../core/apply/command.js";
import type { PutOperation } from "../../core/mvcc/operations.js";
import { decodeCommand, decodeConfChange, encodeCommand, encodeConfChange } from "./command.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const put: PutOperation = {
  kind: "put",
  key: bytes("k"),
  value: bytes("v"),
  lease: 7n,
  prevKv: true,
  ignoreValue: false,
  ignoreLease: true,
};

const COMMANDS: readonly Command[] = [
  put,
  { kind: "delete-range", key: bytes("a"), rangeEnd: bytes("b"), prevKv: true },
  {
    kind: "txn",
    compare: [{ target: "mod", result: "greater", key: bytes("k"), rangeEnd: bytes(""), operand: 5n }],
    success: [put, { kind: "txn", compare: [], success: [], failure: [put] }],
    failure: [{ kind: "delete-range", key: bytes("a"), rangeEnd: bytes(""), prevKv: false }],
  },
  { kind: "compaction", revision: 12n, physical: true },
  { kind: "lease-grant", id: 2n ** 62n, ttlSeconds: 9_000_000_000 },
  { kind: "lease-revoke", id: 3n, leaderTerm: 17 },
  { kind: "lease-checkpoint", checkpoints: [{ id: 3n, remainingTtlSeconds: 250 }], leaderTerm: 9 },
  { kind: "member-attributes", memberId: 2n ** 63n + 5n, name: "n1", clientUrls: ["http://127.0.0.1:2379"] },
  { kind: "alarm", action: "activate", memberId: 9n, alarm: "no-space" },
  { kind: "alarm", action: "get", memberId: 0n, alarm: "none" },
  { kind: "alarm", action: "deactivate", memberId: 9n, alarm: "corrupt" },
  { kind: "cluster-version", version: "3.6.0" },
  { kind: "downgrade", target: "3.5.0" },
  { kind: "downgrade", target: undefined },
  { kind: "authenticate", user: "ann", token: "abc", checkedRevision: 7n },
  { kind: "auth-enable" },
  { kind: "auth-disable" },
  { kind: "user-add", name: "ann", passwordHash: "$2b$10$x" },
  { kind: "user-add", name: "bob", passwordHash: undefined },
  { kind: "user-delete", name: "ann" },
  { kind: "user-change-password", name: "ann", passwordHash: "$2b$10$y" },
  { kind: "user-grant-role", name: "ann", role: "reader" },
  { kind: "user-revoke-role", name: "ann", role: "reader" },
  { kind: "role-add", name: "reader" },
  { kind: "role-delete", name: "reader" },
  ...(["read", "write", "readwrite"] as const).map((type): Command => {
    return { kind: "role-grant-permission", name: "r", permission: { type, key: bytes("a"), rangeEnd: bytes("\0") } };
  }),
  { kind: "role-revoke-permission", name: "reader", key: bytes("a"), rangeEnd: bytes("") },
];

describe("the command codec", () => {
  for (const command of COMMANDS) {
    it(`brings back ${command.kind} with its request id`, () => {
      const requestId = 0xffff_0000_1234_5678n;
      expect(decodeCommand(encodeCommand(requestId, command))).toEqual({
        requestId,
        content: command,
        identity: undefined,
      });
    });
  }

  it.each([
    { user: "ann", authRevision: 9n },
    { user: "root", authRevision: 0n },
  ])("brings back who asked: $user", (identity) => {
    expect(decodeCommand(encodeCommand(1n, put, identity))).toEqual({ requestId: 1n, content: put, identity });
  });

  it("writes nothing about who asked while nobody needs an identity", () => {
    const identity = { user: "ann", authRevision: 9n };
    expect(encodeCommand(1n, put).length).toBeLessThan(encodeCommand(1n, put, identity).length - "ann".length);
  });

  it("refuses a command of a later version instead of skipping it", () => {
    expect(() => decodeCommand(toBinary(CommandSchema, create(CommandSchema, { requestId: 1n })))).toThrow("unknown");
  });
});

describe("the membership change codec", () => {
  const member = { id: 2n ** 63n, name: "n1", peerUrls: ["http://a", "http://b"], clientUrls: [], isLearner: false };
  for (const type of ["add-voter", "add-learner", "remove", "update"] as const) {
    it(`brings back ${type}`, () => {
      const change: ConfChange = { type, member };
      expect(decodeConfChange(encodeConfChange(4n, change))).toEqual({ requestId: 4n, content: change });
    });
  }

  it("refuses a kind of a later version", () => {
    const message = create(ConfChangeSchema, { type: 9 as ConfChangeType });
    expect(() => decodeConfChange(toBinary(ConfChangeSchema, message))).toThrow("membership change 9");
  });
});
