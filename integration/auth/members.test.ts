/** Tokens and permissions in a cluster of three, across restarts, and while users change. */
import { Auth, KV, Lock, Permission_Type } from "@kvorum/proto";
import { type KvorumCluster, startCluster, startNode } from "@kvorum/server";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { temporaryDirectory } from "../support/process.js";
import { bytes, withToken } from "./actor.js";
import { addUsers, as, Channels, type Person, ROOT, textOf, tokenOf } from "./support.js";

const ALICE: Person = { name: "alice", password: "a", folders: ["a"] };
const INVALID = "etcdserver: invalid auth token";
const OLD = "etcdserver: revision of auth store is old";
const DENIED = "etcdserver: permission denied";

describe("in a cluster of three", () => {
  const channels = new Channels();
  let cluster: KvorumCluster;

  beforeAll(async () => {
    cluster = await startCluster({ auth: { bcryptCost: 4 } });
    await addUsers(channels.to(cluster.endpoints[0]), [ALICE]);
  });
  afterAll(async () => {
    await channels.close();
    await cluster.close();
  });

  it("a token that one member gave is good at the others at once", async () => {
    const members = cluster.endpoints.map((endpoint) => channels.to(endpoint));
    for (const giver of members) {
      const token = await tokenOf(giver, ALICE);
      const answers = members.map((member) =>
        textOf(withToken(member, token).unary(KV.method.put, { key: bytes("a/1") })),
      );
      expect(await Promise.all(answers)).toEqual(["answered", "answered", "answered"]);
    }
  });

  it("a new password makes the tokens worthless at every member", async () => {
    const members = cluster.endpoints.map((endpoint) => channels.to(endpoint));
    const [first, second] = [members[0], members[1]];
    if (first === undefined || second === undefined) throw new Error("there are three members");
    const token = await tokenOf(first, ALICE);
    await (await as(second, ROOT)).unary(Auth.method.userChangePassword, ALICE);
    for (const member of members) {
      // A linearizable call of root brings the member up to the change; the token is looked at before that.
      await (await as(member, ROOT)).unary(KV.method.range, { key: bytes("a/1") });
      expect(await textOf(withToken(member, token).unary(KV.method.range, { key: bytes("a/1") }))).toBe(INVALID);
    }
  });

  it("a member that starts again has forgotten the tokens and knows the users; the others know both", async () => {
    const [first, , third] = cluster.endpoints.map((endpoint) => channels.to(endpoint));
    if (first === undefined || third === undefined) throw new Error("there are three members");
    const token = await tokenOf(first, ALICE);
    await cluster.stop("n3");
    await cluster.start("n3");
    expect(await textOf(withToken(third, token).unary(KV.method.put, { key: bytes("a/1") }))).toBe(INVALID);
    expect(await textOf(withToken(first, token).unary(KV.method.put, { key: bytes("a/1") }))).toBe("answered");
    expect(await textOf((await as(third, ALICE)).unary(KV.method.put, { key: bytes("a/1") }))).toBe("answered");
  });
});

describe("a node", () => {
  const channels = new Channels();
  const cleanUp: (() => Promise<void>)[] = [() => channels.close()];
  afterEach(async () => {
    for (const close of cleanUp.splice(0)) await close();
  });

  it("that starts again knows its users, and that authentication is on", async () => {
    const directory = await temporaryDirectory("auth");
    const options = { dataDir: directory.path, auth: { bcryptCost: 4 } };
    const before = await startNode(options);
    const channel = channels.to(before.endpoints[0]);
    await addUsers(channel, [ALICE]);
    const token = await tokenOf(channel, ALICE);
    await before.close();
    const after = await startNode(options);
    cleanUp.push(() => after.close(), directory.remove);
    const again = channels.to(after.endpoints[0]);
    expect(await textOf(again.unary(KV.method.put, { key: bytes("a/1") }))).toBe("etcdserver: user name is empty");
    expect(await textOf(withToken(again, token).unary(KV.method.put, { key: bytes("a/1") }))).toBe(INVALID);
    const alice = await as(again, ALICE);
    expect(await textOf(alice.unary(KV.method.put, { key: bytes("a/1") }))).toBe("answered");
    expect(await textOf(alice.unary(KV.method.put, { key: bytes("b/1") }))).toBe(DENIED);
  });

  it("stays healthy while authentication is on", async () => {
    const node = await startNode({ auth: { bcryptCost: 4 } });
    cleanUp.push(() => node.close());
    const [endpoint = ""] = node.endpoints;
    await addUsers(channels.to(endpoint));
    const statuses = ["/health", "/health?serializable=true", "/livez", "/readyz"].map(async (path) => {
      const { status } = await fetch(`${endpoint}${path}`);
      return status;
    });
    expect(await Promise.all(statuses)).toEqual([200, 200, 200, 200]);
  });

  it("acknowledges no write that comes after the revocation of its permission, however they race", async () => {
    const node = await startNode({ auth: { bcryptCost: 4 } });
    cleanUp.push(() => node.close());
    const channel = channels.to(node.endpoints[0]);
    await addUsers(channel, [ALICE]);
    const [root, alice] = [await as(channel, ROOT), await as(channel, ALICE)];
    const range = { key: bytes("a/"), rangeEnd: bytes("a0") };
    for (let round = 0; round < 20; round++) {
      const puts: Promise<bigint | string>[] = [];
      const put = async (): Promise<bigint | string> => {
        try {
          const { header } = await alice.unary(KV.method.put, { key: bytes(`a/${puts.length}`) });
          return header?.revision ?? 0n;
        } catch (error) {
          return (error as { details: string }).details;
        }
      };
      for (let i = 0; i < 20; i++) puts.push(put());
      const revoked = root.unary(Auth.method.roleRevokePermission, { role: "alice", ...range });
      for (let i = 0; i < 20; i++) puts.push(put());
      const revision = (await revoked).header?.revision ?? 0n;
      for (let i = 0; i < 5; i++) puts.push(put());
      const outcomes = await Promise.all(puts);
      for (const outcome of outcomes) {
        // The revocation says at which revision of the store it happened: nothing of alice's is later.
        if (typeof outcome === "bigint") expect(outcome).toBeLessThanOrEqual(revision);
        else expect([DENIED, OLD]).toContain(outcome);
      }
      expect(outcomes.slice(-5), "after the answer").toEqual(Array(5).fill(DENIED));
      await root.unary(Auth.method.roleGrantPermission, {
        name: "alice",
        perm: { permType: Permission_Type.READWRITE, ...range },
      });
    }
  });

  it("lets who waits for a lock have it, although users changed meanwhile", async () => {
    const node = await startNode({ auth: { bcryptCost: 4 } });
    cleanUp.push(() => node.close());
    const channel = channels.to(node.endpoints[0]);
    await addUsers(channel, [ALICE]);
    const [root, alice] = [await as(channel, ROOT), await as(channel, ALICE)];
    const { key } = await alice.unary(Lock.method.lock, { name: bytes("a/lock") });
    const second = alice.unary(Lock.method.lock, { name: bytes("a/lock") });
    const waiters = async (): Promise<bigint> =>
      (await root.unary(KV.method.range, { key: bytes("a/lock/"), rangeEnd: bytes("a/lock0"), countOnly: true })).count;
    while ((await waiters()) < 2n);
    await root.unary(Auth.method.userAdd, { name: "bob", password: "b" });
    await alice.unary(Lock.method.unlock, { key });
    expect((await second).key.length).toBeGreaterThan(0);
  });
});
