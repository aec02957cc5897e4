/**
 * Users in the state machine: an entry is checked where it is applied, against the users as they are there, whatever was
 * true where it was proposed.
 */
import { describe, expect, it } from "vitest";
import { addUser, grantRole, HeardTokens, identity, permit, ROOT_CHANGES } from "../../../testing/auth-world.js";
import { MemoryBackend, MemoryStore } from "../../io/backend/memory-backend.js";
import { type Identity, NODE_IDENTITY } from "../auth/types.js";
import { ServerError } from "../errors.js";
import { compareOf, deleteOf, putOf, rangeOf, txnOf } from "../mvcc/test-support.js";
import { checkCommand } from "./check-command.js";
import type { Command } from "./command.js";
import { StateMachine } from "./state-machine.js";

/** Root, and Ann, who may read and write what begins with "a". */
const USERS: readonly Command[] = [
  ...ROOT_CHANGES,
  addUser("ann"),
  { kind: "role-add", name: "r" },
  permit("r", "readwrite", "a", "b"),
  grantRole("ann", "r"),
];
const enable: Command = { kind: "auth-enable" };

class Member {
  readonly disk = new MemoryStore();
  readonly tokens = new HeardTokens();
  backend: MemoryBackend = new MemoryBackend(this.disk);
  machine: StateMachine = this.#open();

  /** Without anybody's name: what the node proposes itself, and everything while authentication is off. */
  setUp(...commands: readonly Command[]): this {
    for (const command of commands) expect(this.#entry(command)).not.toBeInstanceOf(ServerError);
    return this;
  }

  /** The kind of the answer, or the reason of the refusal. */
  apply(command: Command, who?: Identity): string {
    const answer = this.#entry(command, who);
    return answer instanceof ServerError ? answer.reason : (answer?.kind ?? "nothing");
  }

  as(user: string): Identity {
    return identity(user, this.machine.auth.revision);
  }

  restart(): void {
    this.backend = new MemoryBackend(this.disk);
    this.machine = this.#open();
  }

  #entry(command: Command, who?: Identity): ReturnType<StateMachine["apply"]> {
    return this.machine.apply({ index: this.machine.appliedIndex + 1, term: 1, command, identity: who }, 0);
  }

  #open(): StateMachine {
    return StateMachine.open({ backend: this.backend, lessor: { minTtlSeconds: 2 }, tokens: this.tokens });
  }
}

describe("an entry", () => {
  it("of a user who may do it takes effect; of one who may not, it has none", () => {
    const member = new Member().setUp(...USERS, enable);
    expect(member.apply(putOf("a", "1"), member.as("ann"))).toBe("put");
    const { currentRevision } = member.machine.store;
    const commands = [putOf("b", "1"), deleteOf("a", "\0"), txnOf([rangeOf("b")]), txnOf([], [putOf("b", "1")])];
    expect(commands.map((command) => member.apply(command, member.as("ann")))).toEqual(
      Array(4).fill("permissionDenied"),
    );
    expect(member.apply(txnOf([], [], [compareOf("value", "b", "equal", "guess")]), member.as("ann"))).toBe(
      "permissionDenied",
    );
    expect(member.machine.store.currentRevision).toBe(currentRevision);
  });

  it("is refused when a permission was taken away between its proposal and its application", () => {
    const member = new Member().setUp(...USERS, enable);
    const proposedBy = member.as("ann");
    checkCommand(member.machine.auth, proposedBy, putOf("a", "1"));
    member.apply({ kind: "user-revoke-role", name: "ann", role: "r" }, member.as("root"));
    expect(member.apply(putOf("a", "1"), proposedBy)).toBe("authOldRevision");
    expect(member.apply(putOf("a", "1"), member.as("ann"))).toBe("permissionDenied");
  });

  it("is refused when its user was deleted, and made anew by the same name", () => {
    const member = new Member().setUp(...USERS, enable);
    const proposedBy = member.as("ann");
    member.apply({ kind: "user-delete", name: "ann" }, member.as("root"));
    member.apply(addUser("ann"), member.as("root"));
    member.apply(grantRole("ann", "r"), member.as("root"));
    expect(member.apply(putOf("a", "1"), proposedBy)).toBe("authOldRevision");
    expect(member.apply(putOf("a", "1"), member.as("ann"))).toBe("put");
  });

  it("of nobody, proposed before authentication was enabled, is refused after it", () => {
    const member = new Member().setUp(...USERS);
    expect(member.apply(putOf("a", "1"))).toBe("put");
    member.setUp(enable);
    const commands: Command[] = [
      ...[putOf("a", "2"), deleteOf("a"), txnOf([]), { kind: "lease-grant", id: 5n, ttlSeconds: 9 } as const],
      { kind: "compaction", revision: 2n, physical: false },
      { kind: "auth-disable" },
    ];
    expect(commands.map((command) => member.apply(command))).toEqual(Array(6).fill("userEmpty"));
  });

  it("of the node itself goes on", () => {
    const member = new Member().setUp({ kind: "lease-grant", id: 5n, ttlSeconds: 9 }, ...USERS);
    member.setUp(putOf("b", "1", { lease: 5n }), enable);
    expect(
      member.apply({ kind: "lease-checkpoint", leaderTerm: 0, checkpoints: [{ id: 5n, remainingTtlSeconds: 3 }] }),
    ).toBe("done");
    expect(member.apply({ kind: "alarm", action: "get", memberId: 0n, alarm: "none" })).toBe("alarm");
    expect(member.apply({ kind: "lease-revoke", id: 5n, leaderTerm: 1 })).toBe("lease-revoke");
    expect(member.apply({ kind: "compaction", revision: 2n, physical: false }, NODE_IDENTITY)).toBe("compaction");
    expect(member.machine.store.range(rangeOf("b")).count).toBe(0);
  });

  it("puts a key on a lease, or ends it, only for someone who may write all its keys", () => {
    const member = new Member().setUp({ kind: "lease-grant", id: 5n, ttlSeconds: 9 }, ...USERS, enable);
    expect(member.apply(putOf("a", "1", { lease: 5n }), member.as("ann"))).toBe("put");
    expect(member.apply(putOf("b", "1", { lease: 5n }), member.as("root"))).toBe("put");
    expect(member.apply(putOf("a", "2", { lease: 5n }), member.as("ann"))).toBe("permissionDenied");
    expect(member.apply(txnOf([putOf("a", "2", { lease: 5n })]), member.as("ann"))).toBe("permissionDenied");
    expect(member.apply({ kind: "lease-revoke", id: 5n, leaderTerm: 0 }, member.as("ann"))).toBe("permissionDenied");
    expect(member.apply(deleteOf("b"), member.as("root"))).toBe("delete-range");
    expect(member.apply({ kind: "lease-revoke", id: 5n, leaderTerm: 0 }, member.as("ann"))).toBe("lease-revoke");
  });

  it("that changes users is root's, at any revision that root was", () => {
    const member = new Member().setUp(...USERS, enable);
    const once = member.as("root");
    expect(member.apply(addUser("eve"), member.as("ann"))).toBe("permissionDenied");
    expect(member.apply(addUser("eve"), once)).toBe("done");
    expect(member.apply(addUser("fay"), once)).toBe("done");
    expect(member.apply({ kind: "auth-disable" }, once)).toBe("done");
    expect(member.apply(putOf("b", "1"))).toBe("put");
  });
});

describe("a token", () => {
  it("is told with the index of its entry, again after a restart, and no more once its password has changed", () => {
    const member = new Member().setUp(...USERS, enable);
    member.machine.commit();
    member.disk.flush();
    const { revision } = member.machine.auth;
    const command: Command = { kind: "authenticate", user: "ann", token: "abc", checkedRevision: revision };
    expect(member.apply(command)).toBe("authenticate");
    const index = member.machine.appliedIndex;
    member.restart();
    expect(member.apply(command)).toBe("authenticate");
    expect(member.machine.appliedIndex).toBe(index);
    const heard = `token of ann: abc.${index}`;
    expect(member.tokens.heard).toEqual([heard, heard]);
    member.apply({ kind: "user-change-password", name: "ann", passwordHash: "new" }, member.as("root"));
    expect(member.apply(command)).toBe("authOldRevision");
    expect(member.tokens.heard).toEqual([heard, heard, "void: ann"]);
  });
});

describe("users", () => {
  it("are there after a restart", () => {
    const member = new Member().setUp(...USERS, enable);
    const { revision } = member.machine.auth;
    member.machine.commit();
    member.disk.flush();
    member.restart();
    expect(member.machine.auth).toMatchObject({
      enabled: true,
      revision,
      userNames: ["ann", "root"],
      roleNames: ["r"],
    });
    expect(member.apply(putOf("a", "1"), member.as("ann"))).toBe("put");
    expect(member.apply(putOf("b", "1"), member.as("ann"))).toBe("permissionDenied");
    expect(member.apply(putOf("a", "1"))).toBe("userEmpty");
  });

  it("come with a snapshot; the view of them stays, and tokens go when anything has changed", async () => {
    const source = new Member().setUp(...USERS);
    const member = new Member().setUp(...USERS);
    const view = member.machine.auth;
    for (const each of [source, member]) each.machine.commit();
    source.setUp(putOf("a", "1"));
    await follow(source, member);
    expect(member.tokens.heard).toEqual([]);
    source.setUp(addUser("eve"), enable);
    await follow(source, member);
    expect(member.tokens.heard).toEqual(["void: all"]);
    expect(member.machine.auth).toBe(view);
    expect(view).toMatchObject({ enabled: true, userNames: ["ann", "eve", "root"] });
    expect(member.apply(putOf("b", "1"), member.as("eve"))).toBe("permissionDenied");
  });

  it("are no part of the hash of the keys", () => {
    const without = new Member().setUp(putOf("a", "1"));
    const withUsers = new Member().setUp(putOf("a", "1"), ...USERS, enable);
    expect(withUsers.machine.store.hashKv(0n)).toEqual(without.machine.store.hashKv(0n));
  });
});

/** The member takes up what the source has committed. */
async function follow(source: Member, member: Member): Promise<void> {
  source.machine.commit();
  const snapshot = source.backend.snapshot();
  const tables = ["key", "meta", "lease", "member", "alarm", "auth"] as const;
  const entries = tables.flatMap((table) => [...snapshot.entries(table)].map((entry) => ({ ...entry, table })));
  await member.backend.replaceWith(snapshot.at, entries);
  member.machine.reload();
}
