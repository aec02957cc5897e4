/** What each kind of command is checked for. */
import { describe, expect, it } from "vitest";
import { addUser, grantRole, permit, World } from "../../../testing/auth-world.js";
import { type Identity, NODE_IDENTITY } from "../auth/types.js";
import { stringBytes } from "../bytes.js";
import { checkCommand } from "./check-command.js";
import type { Command } from "./command.js";

describe("commands", () => {
  const admin: readonly Command[] = [
    { kind: "compaction", revision: 1n, physical: false },
    { kind: "auth-enable" },
    { kind: "auth-disable" },
    addUser("x"),
    { kind: "user-delete", name: "x" },
    { kind: "user-change-password", name: "x", passwordHash: "h" },
    grantRole("x", "r"),
    { kind: "user-revoke-role", name: "x", role: "r" },
    { kind: "role-add", name: "r" },
    { kind: "role-delete", name: "r" },
    permit("r", "read", "a"),
    { kind: "role-revoke-permission", name: "r", key: stringBytes("a"), rangeEnd: stringBytes("") },
  ];

  it.each(admin)("of root are root's, and the node's own: $kind", (command) => {
    const world = new World([["readwrite", "\0", "\0"]]);
    const verdicts = [undefined, world.as("ann"), world.as("root"), NODE_IDENTITY].map((who) =>
      world.verdict((authorizer) => checkCommand(authorizer, who, command)),
    );
    expect(verdicts).toEqual(["userEmpty", "permissionDenied", "may", "may"]);
  });

  it("of members and leaders ask for nobody", () => {
    const world = new World();
    const commands: Command[] = [
      { kind: "lease-checkpoint", leaderTerm: 0, checkpoints: [] },
      { kind: "member-attributes", memberId: 1n, name: "n", clientUrls: [] },
      { kind: "cluster-version", version: "3.6.0" },
      { kind: "authenticate", user: "ann", token: "t", checkedRevision: 1n },
    ];
    for (const command of commands) {
      expect(world.verdict((authorizer) => checkCommand(authorizer, undefined, command))).toBe("may");
    }
    const grant: Command = { kind: "lease-grant", id: 1n, ttlSeconds: 5 };
    expect(world.verdict((authorizer) => checkCommand(authorizer, undefined, grant))).toBe("userEmpty");
    expect(world.verdict((authorizer) => checkCommand(authorizer, world.as("bob"), grant))).toBe("may");
  });

  it("that end a lease are checked for its keys, unless the leader saw it expire", () => {
    const world = new World();
    world.leases.set(1n, ["a"]);
    const revoke = (leaderTerm: number, who?: Identity): string =>
      world.verdict((authorizer) => checkCommand(authorizer, who, { kind: "lease-revoke", id: 1n, leaderTerm }));
    expect([revoke(5), revoke(0), revoke(0, world.as("bob"))]).toEqual(["may", "userEmpty", "permissionDenied"]);
  });

  it("ask for nobody while authentication is off", () => {
    const world = new World();
    world.opened.apply({ kind: "auth-disable" });
    for (const command of admin) expect(world.verdict((auth) => checkCommand(auth, undefined, command))).toBe("may");
  });
});
