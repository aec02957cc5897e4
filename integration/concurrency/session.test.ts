/** What a session says of itself, what it leaves behind, and the line of a process in front of the one in etcd. */
import { type Client, LeaseLostError, prefix } from "@kvorum/client";
import { createTestCluster } from "@kvorum/client/testing";
import { createSession, type Lock, Mutex, Semaphore, SessionExpiredError } from "@kvorum/concurrency";
import { describe, expect, it } from "vitest";
import { failure } from "./case.js";

const keysOf = (client: Client): Promise<string[]> => client.keys(prefix("lock/"));

describe("a session", () => {
  it("that hears nothing is active, then suspect, then expired for good, and says why", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const session = await createSession(client, { ttl: 9 });
    const { signal } = session;
    await cluster.advance(30_000);
    expect(session.state).toBe("active");
    cluster.partition([client]);
    const seen: string[] = [];
    let last = session.remaining();
    while (last > 0) {
      if (seen.at(-1) !== session.state) seen.push(session.state);
      await cluster.advance(100);
      expect(session.remaining()).toBeLessThan(last);
      last = session.remaining();
      expect(signal.aborted).toBe(last === 0);
    }
    expect([...seen, session.state]).toEqual(["active", "suspect", "expired"]);
    expect(signal.reason).toBeInstanceOf(SessionExpiredError);
    expect(signal.reason).toMatchObject({ leaseId: session.leaseId });
    expect(signal.reason.cause).toBeInstanceOf(LeaseLostError);
    cluster.heal();
    await cluster.advance(5_000);
    expect([session.state, session.remaining()]).toEqual(["expired", 0]);
    expect(() => session.assertActive()).toThrow(SessionExpiredError);
  });

  it("that is closed has removed its keys when that resolves", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const session = await createSession(client, { ttl: 60 });
    const lock = await new Mutex(session, "lock").lock();
    const closing = session.close();
    expect(session.close()).toBe(closing);
    await closing;
    expect(await keysOf(client)).toEqual([]);
    expect(session.state).toBe("closed");
    expect(session.signal.reason).toMatchObject({ name: "AbortError" });
    expect(lock.held).toBe(false);
    expect(await failure((async () => session.assertActive())())).toMatchObject({ name: "SessionExpiredError" });
  });

  it.each([
    [30, 0, 5_000],
    [9, 4_000, 4_600],
  ])(
    "of %i s that nobody answers %i ms long is closed within what remains, at most %i ms",
    async (ttl, silent, most) => {
      await using cluster = await createTestCluster({ size: 1 });
      const [client, other] = [cluster.client(), cluster.client()];
      const session = await createSession(client, { ttl });
      await new Mutex(session, "lock").lock();
      cluster.partition([client]);
      await cluster.advance(silent);
      const remaining = session.remaining();
      const from = cluster.now;
      await cluster.until(session.close());
      expect(cluster.now - from).toBeLessThanOrEqual(Math.min(most, remaining) + 50);
      expect(cluster.now - from).toBeGreaterThan(Math.min(most, remaining) - 500);
      expect(session.state).toBe("closed");
      // The lease runs out by itself.
      await cluster.until(async () => (await keysOf(other)).length === 0);
    },
  );

  it("whose closing is aborted rejects with the reason, and is over", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const session = await createSession(client, { ttl: 30 });
    cluster.partition([client]);
    const abort = new AbortController();
    const closing = failure(session.close({ signal: abort.signal }));
    await cluster.advance(100);
    abort.abort("enough");
    expect(await closing).toBe("enough");
    expect(session.state).toBe("closed");
  });

  it("that is left alone runs out, unless somebody adopts it", async () => {
    for (const isAdopted of [true, false]) {
      await using cluster = await createTestCluster({ size: 1 });
      const [first, second] = [cluster.client(), cluster.client()];
      const session = await createSession(first, { ttl: 10 });
      const lock = await new Mutex(session, "lock").lock();
      const { signal } = lock;
      const leaseId = session.orphan();
      expect([session.state, session.remaining(), lock.held, signal.aborted]).toEqual(["closed", 0, false, true]);
      // Closing what was left alone takes nothing from whoever adopts it.
      await session.close();
      if (isAdopted) await createSession(second, { leaseId });
      await cluster.advance(60_000);
      expect(await keysOf(second)).toHaveLength(isAdopted ? 1 : 0);
    }
  });

  it("of a process that died goes on in another, and the first one knows in time that it can rely on nothing", async () => {
    await using cluster = await createTestCluster();
    const [first, second] = [cluster.client(), cluster.client()];
    const session = await createSession(first, { ttl: 10 });
    await new Mutex(session, "lock").lock();
    cluster.partition([first]);
    const adopted = await createSession(second, { leaseId: session.leaseId });
    await cluster.advance(60_000);
    expect([session.state, adopted.state]).toEqual(["expired", "active"]);
    expect(await keysOf(second)).toHaveLength(1);
    await adopted.close();
    expect(await keysOf(second)).toEqual([]);
  });

  it("whose opening is aborted leaves no lease", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const abort = new AbortController();
    cluster.disturb(async ({ method }, next) => {
      const answer = await next();
      if (method === "LeaseGrant") abort.abort("enough");
      return answer;
    });
    expect(await failure(createSession(client, { signal: abort.signal }))).toBe("enough");
    await cluster.until(async () => (await client.lease.list()).length === 0);
  });

  it("ends with its client, and takes its locks along", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [client, other] = [cluster.client(), cluster.client()];
    const session = await createSession(client, { ttl: 60 });
    const lock = await new Mutex(session, "lock").lock();
    await client.close();
    expect(lock.held).toBe(false);
    expect(session.state).toBe("closed");
    expect(await keysOf(other)).toEqual([]);
  });

  it("may be shared by hundreds of locks without a warning of leaking listeners", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const session = await createSession(cluster.client());
    const warnings: string[] = [];
    const warn = ({ name }: Error): void => void warnings.push(name);
    process.on("warning", warn);
    try {
      const semaphore = new Semaphore(session, "lock", 100);
      const held = await Promise.all(Array.from({ length: 100 }, () => semaphore.acquire()));
      await new Promise((resolve) => setImmediate(resolve));
      await Promise.all(held.map((lock) => lock.unlock()));
      expect(warnings).toEqual([]);
    } finally {
      process.off("warning", warn);
    }
  });
});

describe("the line of a process", () => {
  it("has one place in etcd for all who wait in it, and serves them in the order of asking", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [client, other] = [cluster.client(), cluster.client()];
    const sessions = [await createSession(client), await createSession(client)];
    const order: number[] = [];
    const inside: Lock[] = [];
    const work = Array.from({ length: 12 }, (_, index) => {
      const owner = sessions[index % 3] ?? client;
      return new Mutex(owner, "lock").withLock(async (lock) => {
        expect(inside).toEqual([]);
        inside.push(lock);
        order.push(index);
        // Nobody else of this process stands in etcd's line.
        expect(await keysOf(other)).toEqual([lock.key]);
        inside.pop();
      });
    });
    await cluster.until(Promise.all(work));
    expect(order).toEqual(Array.from({ length: 12 }, (_, index) => index));
  });

  it("does not hold up another process: each stands in etcd's line in the order of its place", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [one, two] = [cluster.client(), cluster.client()];
    const held = await new Mutex(one, "lock").lock();
    const order: string[] = [];
    const ours = new Mutex(one, "lock").withLock(async () => void order.push("the same process"));
    const theirs = new Mutex(two, "lock").withLock(async () => void order.push("another process"));
    await cluster.until(async () => (await keysOf(two)).length === 2);
    await held.unlock();
    await cluster.until(Promise.all([ours, theirs]));
    // The one in etcd's line was there before the other could come to it.
    expect(order).toEqual(["another process", "the same process"]);
  });
});
