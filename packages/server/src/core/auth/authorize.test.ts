/** Who may do what, rule by rule, and etcd's advisories by name. */
import { describe, expect, it } from "vitest";
import { addUser, grantRole, identity, permit, World } from "../../../testing/auth-world.js";
import { stringBytes } from "../bytes.js";
import type { Compare, Operation } from "../mvcc/operations.js";
import { compareOf, deleteOf, putOf, rangeOf, txnOf } from "../mvcc/test-support.js";
import type { Authorizer } from "./authorize.js";
import type { Identity } from "./types.js";

const put = (key: string, options: { prevKv?: boolean; lease?: bigint } = {}): Operation => putOf(key, "v", options);
const txn = (
  compare: readonly Compare[],
  success: readonly Operation[],
  failure: readonly Operation[] = [],
): Operation => txnOf(success, failure, compare);
const inTxn = (operation: Operation, depth: number): Operation =>
  depth === 0 ? operation : txn([], [], [inTxn(operation, depth - 1)]);

describe("who asks", () => {
  it("must be somebody", () => {
    const world = new World([["readwrite", "a"]]);
    const checks: ((authorizer: Authorizer, who: Identity | undefined) => void)[] = [
      (authorizer, who) => authorizer.checkUser(who),
      (authorizer, who) => authorizer.checkAdmin(who),
      (authorizer, who) => authorizer.checkOperation(who, rangeOf("a")),
      (authorizer, who) => authorizer.checkRead(who, stringBytes("a"), stringBytes("")),
      (authorizer, who) => authorizer.checkLease(who, 1n, "write"),
    ];
    for (const who of [undefined, world.as("")]) {
      expect(checks.map((check) => world.verdict((authorizer) => check(authorizer, who)))).toEqual(
        Array(5).fill("userEmpty"),
      );
    }
  });

  it("is refused by what has changed since, where keys are concerned; a newer identity is not", () => {
    const world = new World([["read", "a"]]);
    const { revision } = world.authorizer;
    const old = identity("ann", revision - 1n);
    expect(world.verdict((authorizer) => authorizer.checkOperation(old, rangeOf("a")))).toBe("authOldRevision");
    expect(world.verdict((authorizer) => authorizer.checkOperation(identity("root", 1n), rangeOf("a")))).toBe(
      "authOldRevision",
    );
    const ahead = identity("ann", revision + 1n);
    expect(world.verdict((authorizer) => authorizer.checkOperation(ahead, rangeOf("a")))).toBe("may");
    expect(world.verdict((authorizer) => authorizer.checkAdmin(identity("root", 1n)))).toBe("may");
  });

  it("may do nothing when it has no role, or is gone, and everything with role root", () => {
    const world = new World();
    world.opened.apply(addUser("boss"), grantRole("boss", "root"));
    const verdicts = ["bob", "nobody", "boss", "root"].map((user) =>
      world.verdict((authorizer) => authorizer.checkOperation(world.as(user), put("a"))),
    );
    expect(verdicts).toEqual(["permissionDenied", "permissionDenied", "may", "may"]);
    const admins = ["bob", "nobody", "boss", "root"].map((user) =>
      world.verdict((authorizer) => authorizer.checkAdmin(world.as(user))),
    );
    expect(admins).toEqual(verdicts);
    expect(["bob", "boss"].map((user) => world.authorizer.isAdmin(world.as(user)))).toEqual([false, true]);
  });

  it("does not count while authentication is off", () => {
    const world = new World();
    world.opened.apply({ kind: "auth-disable" });
    for (const who of [undefined, world.as("bob"), identity("root", 0n)]) {
      expect(world.verdict((authorizer) => authorizer.checkOperation(who, put("a")))).toBe("may");
      expect(world.verdict((authorizer) => authorizer.checkAdmin(who))).toBe("may");
    }
  });

  it("sees a change of its permissions at once", () => {
    const world = new World([["read", "a"]]);
    expect(world.ann(rangeOf("b"))).toBe("permissionDenied");
    world.opened.apply(permit("role0", "read", "b"));
    expect(world.ann(rangeOf("b"))).toBe("may");
    world.opened.apply({ kind: "role-delete", name: "role0" });
    expect(world.ann(rangeOf("b"))).toBe("permissionDenied");
  });
});

describe("permissions", () => {
  it("of several roles add up, also where they only touch", () => {
    const world = new World([["read", "a", "c"]], [["readwrite", "c", "e"]], [["read", "g"]]);
    expect([world.ann(rangeOf("a", "e")), world.ann(rangeOf("b", "d")), world.ann(rangeOf("g"))]).toEqual(
      Array(3).fill("may"),
    );
    expect([world.ann(rangeOf("a", "f")), world.ann(rangeOf("d", "g")), world.ann(deleteOf("b", "d"))]).toEqual(
      Array(3).fill("permissionDenied"),
    );
  });

  it("to read and to write are two things", () => {
    const world = new World([
      ["read", "r"],
      ["write", "w"],
      ["readwrite", "x"],
    ]);
    expect(["r", "w", "x"].map((key) => world.ann(rangeOf(key)))).toEqual(["may", "permissionDenied", "may"]);
    expect(["r", "w", "x"].map((key) => world.ann(put(key)))).toEqual(["permissionDenied", "may", "may"]);
    expect(["r", "w", "x"].map((key) => world.ann(deleteOf(key)))).toEqual(["permissionDenied", "may", "may"]);
  });

  it("to write do not show what was there before", () => {
    const world = new World([
      ["write", "w", "x"],
      ["read", "wb"],
    ]);
    expect([world.ann(put("wa", { prevKv: true })), world.ann(put("wb", { prevKv: true }))]).toEqual([
      "permissionDenied",
      "may",
    ]);
    expect([world.ann(deleteOf("w", "x", true)), world.ann(deleteOf("wb", "", true))]).toEqual([
      "permissionDenied",
      "may",
    ]);
  });

  it("are asked of both branches of a transaction and of its compares", () => {
    const world = new World([
      ["read", "r"],
      ["write", "w"],
    ]);
    const good = [compareOf("version", "r", "equal", 0n)];
    expect(world.ann(txn(good, [rangeOf("r"), put("w")], [deleteOf("w")]))).toBe("may");
    const bad: Operation[] = [
      txn(good, [rangeOf("w")]),
      txn(good, [], [put("r")]),
      txn([compareOf("version", "w", "equal", 0n)], []),
      txn([{ ...compareOf("version", "r", "equal", 0n), rangeEnd: stringBytes("s") }], []),
    ];
    expect(bad.map((each) => world.ann(each))).toEqual(Array(4).fill("permissionDenied"));
  });
});

describe("a lease", () => {
  it("takes a key only of someone who may write all that hang on it", () => {
    const world = new World([["write", "a", "c"]]);
    world.leases.set(1n, ["a", "b"]);
    world.leases.set(2n, ["a", "x"]);
    expect([1n, 2n, 3n].map((lease) => world.ann(put("a", { lease })))).toEqual(["may", "permissionDenied", "may"]);
  });

  it("is ended and looked at by someone who may write or read all its keys; an empty one by any user", () => {
    const world = new World([["write", "a"]], [["read", "b"]]);
    world.leases.set(1n, ["a"]);
    world.leases.set(2n, ["b"]);
    const verdict = (id: bigint, access: "read" | "write", user = "ann"): string =>
      world.verdict((authorizer) => authorizer.checkLease(world.as(user), id, access));
    expect([verdict(1n, "write"), verdict(2n, "write"), verdict(1n, "read"), verdict(2n, "read")]).toEqual([
      ...["may", "permissionDenied", "permissionDenied", "may"],
    ]);
    expect([verdict(9n, "write", "bob"), verdict(1n, "write", "bob"), verdict(1n, "write", "root")]).toEqual([
      ...["may", "permissionDenied", "may"],
    ]);
  });
});

describe("etcd's advisories", () => {
  it("CVE-2026-33343: what is nested in transactions is checked at every depth", () => {
    const world = new World([["readwrite", "mine"]]);
    for (let depth = 0; depth <= 5; depth++) {
      for (const operation of [put("theirs"), deleteOf("theirs"), rangeOf("theirs")]) {
        expect([depth, operation.kind, world.ann(inTxn(operation, depth))]).toEqual([
          ...[depth, operation.kind, "permissionDenied"],
        ]);
      }
      expect(world.ann(inTxn(txn([compareOf("version", "theirs", "equal", 0n)], []), depth))).toBe("permissionDenied");
      expect(world.ann(inTxn(put("mine"), depth))).toBe("may");
    }
  });

  it("CVE-2026-44283: a put inside a transaction is asked for its previous pair and its lease", () => {
    const world = new World([["write", "mine"]]);
    world.leases.set(1n, ["theirs"]);
    for (let depth = 0; depth <= 3; depth++) {
      expect(world.ann(inTxn(put("mine", { prevKv: true }), depth))).toBe("permissionDenied");
      expect(world.ann(inTxn(put("mine", { lease: 1n }), depth))).toBe("permissionDenied");
      expect(world.ann(inTxn(put("mine"), depth))).toBe("may");
    }
  });

  it("GHSA-xg4h-6gfc-h4m8: permission for one key is none for all keys from it on", () => {
    const world = new World([["readwrite", "k"]]);
    const watch = (key: string, end: string): string =>
      world.verdict((authorizer) => authorizer.checkRead(world.as("ann"), stringBytes(key), stringBytes(end)));
    expect([world.ann(rangeOf("k", "\0")), world.ann(deleteOf("k", "\0")), watch("k", "\0")]).toEqual(
      Array(3).fill("permissionDenied"),
    );
    expect([world.ann(rangeOf("k")), world.ann(deleteOf("k")), watch("k", "")]).toEqual(Array(3).fill("may"));
    world.opened.apply(permit("role0", "readwrite", "k", "\0"));
    expect([world.ann(rangeOf("k", "\0")), world.ann(deleteOf("z", "\0")), watch("k", "\0")]).toEqual(
      Array(3).fill("may"),
    );
    expect([watch("j", "\0"), watch("\0", "\0")]).toEqual(["permissionDenied", "permissionDenied"]);
    world.opened.apply(permit("role0", "read", "\0", "\0"));
    expect(watch("\0", "\0")).toBe("may");
  });

  it("CVE-2023-32082: who may not read a key does not learn that it hangs on a lease", () => {
    const world = new World([
      ["read", "mine"],
      ["write", "theirs"],
    ]);
    world.leases.set(1n, ["mine", "theirs"]);
    expect(world.verdict((authorizer) => authorizer.checkLease(world.as("ann"), 1n, "read"))).toBe("permissionDenied");
    world.leases.set(1n, ["mine"]);
    expect(world.verdict((authorizer) => authorizer.checkLease(world.as("ann"), 1n, "read"))).toBe("may");
  });
});
