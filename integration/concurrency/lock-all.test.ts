/** Several locks at once, in the time of a test cluster. */
import { compare, type Key, op, prefix } from "@kvorum/client";
import { createTestCluster } from "@kvorum/client/testing";
import { createSession, LockLostError, lockAll, Mutex, SessionExpiredError } from "@kvorum/concurrency";
import { describe, expect, it } from "vitest";
import { failure } from "./case.js";

describe("lockAll", () => {
  it("takes the locks in the order of their bytes and gives them up in the reverse one", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const session = await createSession(client);
    const watch = client.watch(prefix("l/"));
    await watch.ready;
    const binary = new Uint8Array([0x6c, 0x2f, 0xff]);
    const locks = await lockAll(session, ["l/b", binary, "l/a", "l/é"]);
    const id = session.leaseId.toString(16);
    expect(locks.locks.map(({ key }) => key)).toEqual([`l/a/${id}`, `l/b/${id}`, `l/é/${id}`, `l/\ufffd/${id}`]);
    expect(locks.lockOf("l/b")).toBe(locks.locks[1]);
    expect(locks.lockOf(binary)).toBe(locks.locks[3]);
    expect(() => locks.lockOf("l/c")).toThrow('"l/c" is not among the locks');
    expect(locks.held).toBe(true);
    await locks.unlock();
    expect(locks.held).toBe(false);
    const happened: string[] = [];
    for await (const { type, ...event } of watch) {
      const key = "kv" in event ? event.kv.key : "key" in event ? event.key : "";
      happened.push(`${type} ${key.split("/")[1]}`);
      if (happened.length === 8) break;
    }
    const order = ["a", "b", "é", "\ufffd"];
    expect(happened).toEqual([
      ...order.map((name) => `put ${name}`),
      ...order.reverse().map((name) => `delete ${name}`),
    ]);
  });

  it("does not deadlock with others who name the same locks in other orders", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const orders: Key[][] = [
      ["a", "b", "c"],
      ["c", "b", "a"],
      ["b", "c"],
      ["c", "a"],
    ];
    const inside = new Map<string, number>();
    let rounds = 0;
    const workers = orders.map(async (names) => {
      const session = await createSession(cluster.client());
      for (let round = 0; round < 5; round++) {
        await using locks = await lockAll(session, names);
        for (const name of names) inside.set(String(name), (inside.get(String(name)) ?? 0) + 1);
        await cluster.sleep(20);
        expect(names.map((name) => inside.get(String(name)))).toEqual(names.map(() => 1));
        for (const name of names) inside.set(String(name), 0);
        locks.assertHeld();
        rounds += 1;
      }
    });
    await cluster.until(Promise.all(workers));
    expect(rounds).toBe(20);
  });

  it("holds none of them where it gives up, whether the time is up, the caller aborts or a name is taken", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [client, other] = [cluster.client(), cluster.client()];
    await using holder = await new Mutex(other, "l/c").lock();
    const session = await createSession(client);
    for (const owner of [session, client]) {
      const from = cluster.now;
      const late = failure(lockAll(owner, ["l/a", "l/b", "l/c", "l/d"], { timeout: 5_000 }));
      expect(await cluster.until(late)).toMatchObject({
        name: "TimeoutError",
        message: "the wait for all locks took longer than 5000 ms",
      });
      expect(cluster.now - from).toBeLessThan(5_500);
      expect(await client.keys(prefix("l/"))).toEqual([holder.key]);
      const abort = new AbortController();
      const aborted = failure(lockAll(owner, ["l/a", "l/c"], { signal: abort.signal }));
      await cluster.advance(1_000);
      abort.abort("enough");
      expect(await aborted).toBe("enough");
      expect(await client.keys(prefix("l/"))).toEqual([holder.key]);
    }
    // What a client opens for them it ends as well.
    expect((await client.lease.list()).length).toBe(2);
  });

  it("opens one session for all of them where the owner is a client, and ends it with them", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const locks = await lockAll(client, ["a", "b", "c"], { ttl: 10, lockDelay: 2_000 });
    const [id] = await client.lease.list();
    expect(await client.lease.list()).toEqual([id]);
    expect(await client.lease.timeToLive(id ?? 0n)).toMatchObject({ grantedTtl: 12 });
    await locks[Symbol.asyncDispose]();
    expect(await client.lease.list()).toEqual([]);
  });

  it("says that all are lost when one is, and a write guarded by all of them is refused", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [client, other] = [cluster.client(), cluster.client()];
    const session = await createSession(client);
    const locks = await lockAll(session, ["a", "b"]);
    const { signal } = locks;
    const guard = locks.ownership();
    expect((await client.txn({ if: guard, then: [op.put("doc", "ours")] })).succeeded).toBe(true);
    await other.delete(locks.lockOf("b").key);
    await cluster.until(() => signal.aborted);
    expect(signal.reason).toMatchObject({ name: "LockLostError", key: locks.lockOf("b").key });
    expect(locks.held).toBe(false);
    expect(() => locks.assertHeld()).toThrow(LockLostError);
    expect((await client.txn({ if: guard, then: [op.put("doc", "stale")] })).succeeded).toBe(false);
    // The other one is given up all the same.
    expect(await failure(locks.unlock())).toBeInstanceOf(LockLostError);
    expect(await client.keys(prefix("a/"))).toEqual([]);
  });

  it("gives its session's end as the reason to all", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const session = await createSession(client, { ttl: 5 });
    const locks = await lockAll(session, ["a", "b"]);
    const { signal } = locks;
    cluster.partition([client]);
    await cluster.until(() => signal.aborted);
    expect(locks.held).toBe(false);
    expect(signal.reason).toBeInstanceOf(LockLostError);
    expect(signal.reason.cause).toBeInstanceOf(SessionExpiredError);
    // An owner who was told is not told again on the way out.
    await locks[Symbol.asyncDispose]();
  });

  it("does not take itself for the holder of a lock that was taken away while it waited for another", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [client, other] = [cluster.client(), cluster.client()];
    const session = await createSession(client);
    const holder = await new Mutex(other, "b").lock();
    const waiting = failure(lockAll(session, ["a", "b"]));
    await cluster.until(async () => (await other.keys(prefix("b/"))).length === 2);
    await other.delete(`a/${session.leaseId.toString(16)}`);
    await holder.unlock();
    expect(await cluster.until(waiting)).toBeInstanceOf(LockLostError);
    expect((await other.txn({ if: [compare.createRevision(prefix("b/")).eq(0n)] })).succeeded).toBe(true);
  });

  it("refuses no names, too many and one twice, before anything is sent", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const many = Array.from({ length: 129 }, (_, index) => `n${index}`);
    expect(await failure(lockAll(client, []))).toMatchObject({ message: "names must be 1 to 128 names, not 0" });
    expect(await failure(lockAll(client, many))).toBeInstanceOf(RangeError);
    expect(await failure(lockAll(client, ["a", "b", new Uint8Array([0x61])]))).toMatchObject({
      name: "RangeError",
      message: 'names must differ, and "a" is there twice',
    });
    expect(await failure(lockAll(client, ["a", ""]))).toBeInstanceOf(TypeError);
    expect(await client.lease.list()).toEqual([]);
  });
});
