/** The rules of users and roles, each as a test; their errors are those that etcd answers with. */
import { fromBinary } from "@bufbuild/protobuf";
import { AuthStateSchema, RoleSchema, UserSchema } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import { addUser, forbid, grantRole, OpenAuthStore, permit, ROOT_CHANGES } from "../../../testing/auth-world.js";
import { stringBytes } from "../bytes.js";
import { encodeRole, encodeState, encodeUser } from "./auth-record.js";
import { NAME_BYTES_MAX } from "./auth-store.js";
import type { AuthChange } from "./command.js";

const addRole = (name: string): AuthChange => ({ kind: "role-add", name });
const deleteUser = (name: string): AuthChange => ({ kind: "user-delete", name });
const deleteRole = (name: string): AuthChange => ({ kind: "role-delete", name });
const revokeRole = (name: string, role: string): AuthChange => ({ kind: "user-revoke-role", name, role });
const changePassword = (name: string, passwordHash: string): AuthChange => ({
  kind: "user-change-password",
  name,
  passwordHash,
});
const enable: AuthChange = { kind: "auth-enable" };
const disable: AuthChange = { kind: "auth-disable" };

function open(...changes: readonly AuthChange[]): OpenAuthStore {
  const opened = new OpenAuthStore();
  opened.apply(...changes);
  return opened;
}

/** The role's permissions as text. */
function permissionsOf({ store }: OpenAuthStore, role: string): string[] {
  const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
  return (store.role(role)?.permissions ?? []).map(
    ({ type, key, rangeEnd }) => `${type} ${text(key)}-${text(rangeEnd)}`,
  );
}

describe("enabling authentication", () => {
  it("needs a user root that has role root; the role need not be there itself", () => {
    const opened = open();
    expect(opened.outcome(enable)).toBe("rootUserNotExist");
    opened.apply(addUser("root"));
    expect(opened.outcome(enable)).toBe("rootRoleNotExist");
    opened.apply(grantRole("root", "root"));
    expect(opened.store.role("root")).toBeUndefined();
    expect(opened.outcome(enable)).toBe("done");
    expect(opened.store.enabled).toBe(true);
  });

  it("counts as no change, once or twice; disabling does, once", () => {
    const opened = open(...ROOT_CHANGES);
    const { revision } = opened.store;
    opened.apply(enable, enable);
    expect(opened.store.revision).toBe(revision);
    opened.apply(disable, disable);
    expect(opened.store).toMatchObject({ enabled: false, revision: revision + 1n });
  });

  it("protects root from then on, and only then", () => {
    const opened = open(...ROOT_CHANGES, addRole("root"), enable);
    const attacks = [deleteUser("root"), deleteRole("root"), revokeRole("root", "root")];
    expect(attacks.map((change) => opened.outcome(change))).toEqual(Array(3).fill("invalidAuthManagement"));
    opened.apply(disable);
    expect(attacks.reverse().map((change) => opened.outcome(change))).toEqual(["done", "done", "done"]);
  });
});

describe("users", () => {
  it("have a name, once", () => {
    const opened = open(addUser("ann"));
    expect(opened.outcome(addUser(""))).toBe("userEmpty");
    expect(opened.outcome(addUser("ann"))).toBe("userExists");
  });

  it("and roles whose names no table can hold are refused", () => {
    const opened = open();
    // Two bytes each in UTF-8.
    const longest = "ü".repeat(NAME_BYTES_MAX / 2);
    expect([opened.outcome(addUser(longest)), opened.outcome(addRole(longest))]).toEqual(["done", "done"]);
    expect([opened.outcome(addUser(`${longest}x`)), opened.outcome(addRole(`${longest}x`))]).toEqual([
      "requestTooLarge",
      "requestTooLarge",
    ]);
  });

  it("that are not there cannot be changed", () => {
    const opened = open(addRole("r"));
    const changes = [deleteUser("bob"), changePassword("bob", "x"), grantRole("bob", "r"), revokeRole("bob", "r")];
    expect(changes.map((change) => opened.outcome(change))).toEqual(Array(4).fill("userNotFound"));
  });

  it("lose their tokens with their password and with themselves", () => {
    const opened = open(addUser("ann"), changePassword("ann", "other"), deleteUser("ann"));
    expect(opened.tokens.heard).toEqual(["void: ann", "void: ann"]);
  });

  it("without a password stay without one, and that is no error", () => {
    const opened = open({ kind: "user-add", name: "cert", passwordHash: undefined });
    expect(opened.outcome(changePassword("cert", "x"))).toBe("done");
    expect(opened.reopen().user("cert")).toEqual({ name: "cert", passwordHash: undefined, roles: [] });
  });

  it("are listed in the order of their bytes", () => {
    // By code units the second would come first.
    const opened = open(addUser("\uffff"), addUser("\u{10000}"), addUser("b"), addUser("a"));
    expect(opened.store.userNames).toEqual(["a", "b", "\uffff", "\u{10000}"]);
  });
});

describe("roles of a user", () => {
  it("must exist, except root, and stand in order", () => {
    const opened = open(addUser("ann"), addRole("b"), addRole("a"));
    expect(opened.outcome(grantRole("ann", "c"))).toBe("roleNotFound");
    opened.apply(grantRole("ann", "root"), grantRole("ann", "b"), grantRole("ann", "a"));
    expect(opened.store.user("ann")?.roles).toEqual(["a", "b", "root"]);
  });

  it("granted once more are no change", () => {
    const opened = open(addUser("ann"), addRole("a"), grantRole("ann", "a"));
    const { revision } = opened.store;
    expect(opened.outcome(grantRole("ann", "a"))).toBe("done");
    expect(opened.store.revision).toBe(revision);
  });

  it("that it does not have cannot be revoked", () => {
    const opened = open(addUser("ann"), addRole("a"), grantRole("ann", "a"));
    expect(opened.outcome(revokeRole("ann", "b"))).toBe("roleNotGranted");
    opened.apply(revokeRole("ann", "a"));
    expect(opened.outcome(revokeRole("ann", "a"))).toBe("roleNotGranted");
  });

  it("go with the role", () => {
    const opened = open(addUser("ann"), addUser("bob"), addRole("a"), addRole("b"));
    opened.apply(grantRole("ann", "a"), grantRole("ann", "b"), grantRole("bob", "b"), deleteRole("a"));
    const store = opened.reopen();
    expect([store.user("ann")?.roles, store.user("bob")?.roles, store.roleNames]).toEqual([["b"], ["b"], ["b"]]);
  });
});

describe("roles and their permissions", () => {
  it("have a name, once, and must be there", () => {
    const opened = open(addRole("a"));
    expect(opened.outcome(addRole(""))).toBe("roleEmpty");
    expect(opened.outcome(addRole("a"))).toBe("roleExists");
    const changes = [deleteRole("b"), permit("b", "read", "k"), forbid("b", "k")];
    expect(changes.map((change) => opened.outcome(change))).toEqual(Array(3).fill("roleNotFound"));
  });

  it("need a key and an end behind it; one zero byte is no end", () => {
    const opened = open(addRole("a"));
    const outcomes = [permit("a", "read", ""), permit("a", "read", "b", "b"), permit("a", "read", "b", "a")];
    expect(outcomes.map((change) => opened.outcome(change))).toEqual(Array(3).fill("invalidAuthManagement"));
    expect(opened.outcome(permit("a", "read", "", "\0"))).toBe("invalidAuthManagement");
    opened.apply(permit("a", "read", "b", "\0"), permit("a", "read", "\0", "\0"));
    expect(permissionsOf(opened, "a")).toEqual(["read \0-\0", "read b-\0"]);
  });

  it("on the same range replace each other, and on another range stand beside it", () => {
    const opened = open(addRole("a"), permit("a", "read", "k", "m"), permit("a", "write", "k"));
    opened.apply(permit("a", "readwrite", "k", "m"), permit("a", "read", "j"));
    expect(permissionsOf(opened, "a")).toEqual(["read j-", "readwrite k-m", "write k-"]);
  });

  it("are revoked by exactly their range", () => {
    const opened = open(addRole("a"), permit("a", "read", "k", "m"));
    expect([opened.outcome(forbid("a", "k")), opened.outcome(forbid("a", "k", "n"))]).toEqual([
      "permissionNotGranted",
      "permissionNotGranted",
    ]);
    expect(opened.outcome(forbid("a", "k", "m"))).toBe("done");
    expect(permissionsOf(opened, "a")).toEqual([]);
  });

  it("keep nothing of the message they came in", () => {
    const message = stringBytes("xxkeyxx");
    const opened = open(addRole("a"));
    opened.apply({
      kind: "role-grant-permission",
      name: "a",
      permission: { type: "read", key: message.subarray(2, 5), rangeEnd: message.subarray(0, 0) },
    });
    message.fill(0);
    expect(permissionsOf(opened, "a")).toEqual(["read key-"]);
  });
});

describe("the revision of the auth store", () => {
  it("begins at 1, rises by one with every change, and with nothing else", () => {
    const opened = open();
    expect(opened.store.revision).toBe(1n);
    const changes = [
      ...[addUser("ann"), addRole("a"), grantRole("ann", "a"), permit("a", "read", "k"), permit("a", "write", "k")],
      ...[forbid("a", "k"), revokeRole("ann", "a"), changePassword("ann", "x"), deleteRole("a"), deleteUser("ann")],
    ];
    changes.forEach((change, i) => {
      opened.apply(change);
      expect(opened.store.revision).toBe(BigInt(i) + 2n);
    });
    expect(opened.outcome(deleteUser("ann"))).toBe("userNotFound");
    expect(opened.store.revision).toBe(BigInt(changes.length) + 1n);
  });
});

describe("a token", () => {
  const authenticate = (user: string, checkedRevision: bigint, token = "abc") =>
    ({ kind: "authenticate", user, token, checkedRevision }) as const;

  it("is told of with the index of its entry, unless it carries its own proof", () => {
    const opened = open(...ROOT_CHANGES, enable);
    const { store, tokens } = opened;
    store.authenticate(authenticate("root", store.revision), 17);
    store.authenticate(authenticate("root", store.revision, ""), 18);
    expect(tokens.heard).toEqual(["token of root: abc.17"]);
  });

  it("is given to nobody while authentication is off, to no stranger, and to no one without a password", () => {
    const opened = open(...ROOT_CHANGES, { kind: "user-add", name: "cert", passwordHash: undefined });
    const { store, tokens } = opened;
    expect(() => store.authenticate(authenticate("root", store.revision), 1)).toThrow("authentication is not enabled");
    opened.apply(enable);
    for (const user of ["nobody", "cert"]) {
      expect(() => store.authenticate(authenticate(user, store.revision), 1)).toThrow("authentication failed");
    }
    expect(tokens.heard).toEqual([]);
  });

  it("is not given for a password that has been changed since it was checked", () => {
    const opened = open(...ROOT_CHANGES, enable);
    const checked = opened.store.revision;
    opened.apply(changePassword("root", "other"));
    expect(() => opened.store.authenticate(authenticate("root", checked), 1)).toThrow("revision of auth store is old");
    expect(opened.tokens.heard).toEqual(["void: root"]);
  });

  it("is worth nothing when authentication is switched off", () => {
    const opened = open(...ROOT_CHANGES, enable, disable);
    expect(opened.tokens.heard).toEqual(["void: all"]);
  });
});

describe("storage", () => {
  it("gives everything back", () => {
    const opened = open(...ROOT_CHANGES, addUser("ann", "$2b$10$hash"), addRole("a"), grantRole("ann", "a"));
    opened.apply(permit("a", "readwrite", "k\xff", "\0"), permit("a", "write", "k"), enable);
    const before = opened.store;
    const after = opened.reopen();
    expect(after).not.toBe(before);
    expect(after).toMatchObject({ enabled: true, revision: before.revision });
    expect(after.userNames.map((name) => after.user(name))).toEqual(before.userNames.map((name) => before.user(name)));
    expect(after.roleNames.map((name) => after.role(name))).toEqual(before.roleNames.map((name) => before.role(name)));
    expect(after.user("ann")).toEqual({ name: "ann", passwordHash: "$2b$10$hash", roles: ["a"] });
  });

  it("forgets what was deleted", () => {
    const opened = open(addUser("ann"), addRole("a"));
    opened.reopen();
    opened.apply(deleteUser("ann"), deleteRole("a"));
    const store = opened.reopen();
    expect([store.userNames, store.roleNames, store.revision]).toEqual([[], [], 5n]);
  });

  it("holds etcd's own records", () => {
    const user = fromBinary(UserSchema, encodeUser({ name: "änn", passwordHash: "h", roles: ["a", "b"] }));
    expect([new TextDecoder().decode(user.name), new TextDecoder().decode(user.password)]).toEqual(["änn", "h"]);
    expect([user.roles, user.options?.noPassword ?? false]).toEqual([["a", "b"], false]);
    const certified = fromBinary(UserSchema, encodeUser({ name: "c", passwordHash: undefined, roles: [] }));
    expect(certified.options?.noPassword).toBe(true);
    const permission = { type: "write", key: stringBytes("k"), rangeEnd: stringBytes("\0") } as const;
    const role = fromBinary(RoleSchema, encodeRole({ name: "r", permissions: [permission] }));
    expect(role.keyPermission).toMatchObject([{ permType: 1, key: permission.key, rangeEnd: permission.rangeEnd }]);
    const state = fromBinary(AuthStateSchema, encodeState({ enabled: true, revision: 7n }));
    expect(state).toMatchObject({ enabled: true, revision: 7n });
  });
});
