/** The client with a user and a password, against a real etcd with auth enabled. */
import { type Client, createClient, PermissionDeniedError, prefix, UnauthenticatedError } from "@kvorum/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { etcdMissing, startEtcd, type TestServer } from "../support/etcd.js";

const missing = etcdMissing();

describe.skipIf(missing !== undefined)(`a user and a password against etcd${missing ? ` (${missing})` : ""}`, () => {
  let server: TestServer;
  let root: Client;
  let alice: Client;

  beforeAll(async () => {
    server = await startEtcd();
    const setUp = createClient({ endpoints: server.endpoint });
    const { auth } = setUp.rpc;
    for (const [name, password] of [
      ["root", "r"],
      ["alice", "a"],
    ] as const) {
      await auth.userAdd({ name, password });
    }
    await auth.roleAdd({ name: "root" });
    await auth.roleAdd({ name: "reader" });
    const [key, rangeEnd] = [new TextEncoder().encode("a/"), new TextEncoder().encode("a0")];
    await auth.roleGrantPermission({ name: "reader", perm: { permType: 0, key, rangeEnd } });
    await auth.userGrantRole({ user: "root", role: "root" });
    await auth.userGrantRole({ user: "alice", role: "reader" });
    await auth.authEnable({});
    await setUp.close();
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
    await root.rpc.auth.userChangePassword({ name: "alice", password: "a" });
    expect((await alice.get("a/1"))?.value).toBe("one");
    await root.rpc.auth.userChangePassword({ name: "alice", password: "a" });
    await using watch = alice.watch(prefix("a/"));
    expect(await watch.ready).toBeGreaterThan(0n);
  });

  it("ends at once with a wrong password, and without one", async () => {
    for (const auth of [{ auth: { username: "alice", password: "wrong" } }, {}]) {
      await using client = createClient({ endpoints: server.endpoint, ...auth });
      await expect(client.get("a/1")).rejects.toBeInstanceOf(UnauthenticatedError);
      await using watch = client.watch(prefix("a/"));
      await expect(watch.ready).rejects.toBeInstanceOf(UnauthenticatedError);
    }
  });
});
