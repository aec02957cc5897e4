/** The client with a user and a password, where authentication is on: Kvorum in this process and as another, and a real etcd. */
import {
  type Client,
  createClient,
  fromKey,
  PermissionDeniedError,
  prefix,
  range,
  UnauthenticatedError,
} from "@kvorum/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { etcdVersion } from "../support/etcd.js";
import { embedded, etcd, oneProcess, type ServerKind } from "./servers.js";
import type { SuiteServer } from "./suite.js";

for (const kind of [embedded, oneProcess, etcd]) {
  const { missing } = kind;
  const title = `a user and a password against ${kind.name}`;
  describe.skipIf(missing !== undefined)(missing === undefined ? title : `${title} (${missing})`, () => suite(kind));
}

function suite(kind: ServerKind): void {
  let server: SuiteServer;
  let root: Client;
  let alice: Client;

  beforeAll(async () => {
    server = await kind.start();
    await using setUp = createClient({ endpoints: server.endpoint });
    const { auth } = setUp;
    await expect(auth.enable()).rejects.toMatchObject({ reason: "root-user-missing" });
    await auth.userAdd("root", { password: "r" });
    await auth.userAdd("alice", { password: "a" });
    await expect(auth.enable()).rejects.toMatchObject({ reason: "root-role-missing" });
    await auth.roleAdd("root");
    await auth.roleAdd("reader");
    await auth.roleGrantPermission("reader", { access: "read", on: prefix("a/") });
    await auth.userGrantRole("root", "root");
    await auth.userGrantRole("alice", "reader");
    await auth.enable();
    root = createClient({ endpoints: server.endpoint, auth: { username: "root", password: "r" } });
    alice = createClient({ endpoints: server.endpoint, auth: { username: "alice", password: "a" } });
  });
  afterAll(async () => {
    await root?.close();
    await alice?.close();
    await server?.stop();
  });

  it("may do what the user may, and is told what it may not", async () => {
    await root.put("a/1", "one");
    expect((await alice.get("a/1"))?.value).toBe("one");
    const refused = await alice.put("a/1", "two").catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(PermissionDeniedError);
    expect(refused).toMatchObject({ outcome: "not-applied", attempts: 1 });
  });

  it("watches what the user may read, and one refusal does not touch the other watches", async () => {
    await using allowed = alice.watch(prefix("a/"));
    await allowed.ready;
    await using forbidden = alice.watch(prefix("b/"));
    await expect(forbidden.ready).rejects.toBeInstanceOf(PermissionDeniedError);
    await root.put("a/2", "two");
    for await (const event of allowed) {
      expect(event).toMatchObject({ type: "put", kv: { key: "a/2" } });
      break;
    }
  });

  it("gets another token when the server has dropped the one it had, for calls and for watches", async () => {
    await alice.get("a/1");
    // Setting a password, even the same one, drops the user's tokens.
    await root.auth.userChangePassword("alice", "a");
    expect((await alice.get("a/1"))?.value).toBe("one");
    await root.auth.userChangePassword("alice", "a");
    await using watch = alice.watch(prefix("a/"));
    expect(await watch.ready).toBeGreaterThan(0n);
  });

  it("is managed by root: users, roles, permissions on a key, a range and everything from a key on", async () => {
    const { auth } = root;
    await auth.userAdd("bob", { password: "b" });
    await expect(auth.userAdd("bob", { password: "b" })).rejects.toMatchObject({ reason: "user-exists" });
    await auth.roleAdd("writer");
    await auth.roleGrantPermission("writer", { access: "write", on: "w" });
    await auth.roleGrantPermission("writer", { access: "readwrite", on: range("x", "xz") });
    await auth.roleGrantPermission("writer", { access: "read", on: fromKey("z") });
    await auth.userGrantRole("bob", "writer");
    expect([(await auth.userList()).sort(), (await auth.roleList()).sort()]).toEqual([
      ["alice", "bob", "root"],
      ["reader", "root", "writer"],
    ]);
    expect(await auth.userGet("bob")).toEqual({ roles: ["writer"] });
    const { permissions } = await auth.roleGet("writer");
    expect(permissions.map(({ access, key }) => [access, key])).toEqual([
      ["write", "w"],
      ["readwrite", "x"],
      ["read", "z"],
    ]);

    await using bob = createClient({ endpoints: server.endpoint, auth: { username: "bob", password: "b" } });
    await bob.put("w", "1");
    await bob.put("xa", "1");
    expect((await bob.get("xa"))?.value).toBe("1");
    expect(await bob.get("zz")).toBeUndefined();
    const refused = await Promise.allSettled([bob.get("w"), bob.put("zz", "1"), bob.get("xz"), bob.auth.userList()]);
    const reasons = refused.map((result) => (result.status === "rejected" ? result.reason : result.value));
    for (const reason of reasons) expect(reason).toBeInstanceOf(PermissionDeniedError);
    // What a role has fits what takes it back.
    const [first] = permissions;
    if (first === undefined) throw new Error("the role has no permission");
    await auth.roleRevokePermission("writer", first.on);
    await expect(bob.put("w", "2")).rejects.toBeInstanceOf(PermissionDeniedError);
    await expect(auth.roleRevokePermission("writer", "w")).rejects.toMatchObject({ reason: "permission-not-granted" });
    await auth.userRevokeRole("bob", "writer");
    await expect(bob.get("xa")).rejects.toBeInstanceOf(PermissionDeniedError);
    await auth.roleDelete("writer");
    await auth.userDelete("bob");
    await expect(auth.userGet("bob")).rejects.toMatchObject({ reason: "user-not-found" });
    await expect(auth.roleGet("writer")).rejects.toMatchObject({ reason: "role-not-found" });
  });

  it("is told whether auth is on, or that a server before 3.5 cannot tell", async () => {
    const status = root.auth.status();
    if (kind === etcd && /^3\.[0-4]\./.test(etcdVersion() ?? ""))
      await expect(status).rejects.toMatchObject({ reason: "not-supported" });
    else expect(await status).toMatchObject({ enabled: true });
  });

  it("ends at once with a wrong password, and without one", async () => {
    for (const auth of [{ auth: { username: "alice", password: "wrong" } }, {}]) {
      await using client = createClient({ endpoints: server.endpoint, ...auth });
      await expect(client.get("a/1")).rejects.toBeInstanceOf(UnauthenticatedError);
      await using watch = client.watch(prefix("a/"));
      await expect(watch.ready).rejects.toBeInstanceOf(UnauthenticatedError);
    }
  });

  it("is over when root turns it off", async () => {
    await expect(alice.auth.disable()).rejects.toBeInstanceOf(PermissionDeniedError);
    await root.auth.disable();
    await using anybody = createClient({ endpoints: server.endpoint });
    await anybody.put("b/1", "free");
    expect((await alice.get("b/1"))?.value).toBe("free");
  });
}
