/** The grace period after an expiry, in the time of a test cluster. */
import type { Client } from "@kvorum/client";
import { createTestCluster, type TestCluster } from "@kvorum/client/testing";
import { createSession, LockLostError, Mutex, type Session, SessionExpiredError } from "@kvorum/concurrency";
import { describe, expect, it } from "vitest";
import { failure } from "./case.js";

const DELAY_MS = 4_000;

/** The moment at which the session's holder is told, and a promise of the moment at which the next one holds. */
async function holdAndWait(
  cluster: TestCluster,
  session: Session,
  other: Client,
): Promise<{ readonly told: () => number; readonly next: Promise<number> }> {
  const held = await new Mutex(session, "lock").lock();
  let toldAt = Number.POSITIVE_INFINITY;
  held.signal.addEventListener("abort", () => {
    toldAt = cluster.now;
  });
  const next = new Mutex(other, "lock").lock().then(() => cluster.now);
  return { told: () => toldAt, next };
}

describe("a session with a lock delay", () => {
  it("whose holder is cut off stops to believe that long before anyone else can hold", async () => {
    for (const lockDelay of [0, DELAY_MS]) {
      await using cluster = await createTestCluster({ size: 1 });
      const [first, second] = [cluster.client(), cluster.client()];
      const session = await createSession(first, { ttl: 10, lockDelay });
      const { told, next } = await holdAndWait(cluster, session, second);
      cluster.partition([first]);
      const gap = (await cluster.until(next)) - told();
      // Without it the margin of the lease is all there is.
      if (lockDelay === 0) expect(gap).toBeLessThan(DELAY_MS);
      expect(gap).toBeGreaterThanOrEqual(lockDelay);
      expect(session.signal.reason).toBeInstanceOf(SessionExpiredError);
    }
  });

  it("does not free its locks early when the network is back after it has expired", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [first, second] = [cluster.client(), cluster.client()];
    const session = await createSession(first, { ttl: 10, lockDelay: DELAY_MS });
    const { told, next } = await holdAndWait(cluster, session, second);
    cluster.partition([first]);
    await cluster.until(() => session.state === "expired");
    cluster.heal();
    // Nor by closing what has expired, nor by hearing from the server again.
    await session.close();
    expect(session.remaining()).toBe(0);
    expect((await cluster.until(next)) - told()).toBeGreaterThanOrEqual(DELAY_MS);
    expect(session.state).toBe("expired");
  });

  it("of a process that stands still is over when it goes on, before any timer has fired", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [first, second] = [cluster.client(), cluster.client()];
    const session = await createSession(first, { ttl: 10, lockDelay: DELAY_MS });
    const held = await new Mutex(session, "lock").lock();
    const from = cluster.now;
    cluster.pause(first);
    await cluster.advance(9_900);
    // By the clock alone: the server would wait another four seconds.
    expect(held.held).toBe(false);
    expect(() => session.assertActive()).toThrow(SessionExpiredError);
    expect(() => held.assertHeld()).toThrow(LockLostError);
    const next = new Mutex(second, "lock").lock().then(() => cluster.now);
    expect((await cluster.until(next)) - from).toBeGreaterThan(13_000);
  });

  it("gives its locks away at once when it unlocks or closes", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [first, second] = [cluster.client(), cluster.client()];
    const session = await createSession(first, { ttl: 10, lockDelay: DELAY_MS });
    for (const giveUp of [
      (lock: { unlock(): Promise<void> }): Promise<void> => lock.unlock(),
      (): Promise<void> => session.close(),
    ]) {
      const lock = await new Mutex(session, "lock").lock();
      const waiting = new Mutex(second, "lock").lock();
      const from = cluster.now;
      await giveUp(lock);
      await (await waiting).unlock();
      expect(cluster.now - from).toBeLessThan(1_000);
    }
  });

  it("of half its time to live is renewed in good time, and is suspect before it expires", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const session = await createSession(client, { ttl: 4, lockDelay: 2_000 });
    cluster.delay(200);
    for (let seconds = 0; seconds < 60; seconds++) {
      await cluster.advance(1_000);
      expect(session.state).toBe("active");
    }
    cluster.partition([client]);
    const seen = new Set<string>();
    await cluster.until(() => seen.add(session.state) && session.state === "expired");
    expect([...seen]).toEqual(["active", "suspect", "expired"]);
  });

  it("says how long it lives without the delay, and is adopted with the same delay", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [first, second] = [cluster.client(), cluster.client()];
    const session = await createSession(first, { ttl: 10, lockDelay: 2_500 });
    expect(session).toMatchObject({ ttl: 10, lockDelay: 2_500 });
    expect((await second.lease.timeToLive(session.leaseId))?.grantedTtl).toBe(13);
    expect(session.remaining()).toBeGreaterThan(9_000);
    expect(session.remaining()).toBeLessThan(10_000);
    const leaseId = session.orphan();
    expect(session.state).toBe("closed");
    const adopted = await createSession(second, { leaseId, lockDelay: 2_500 });
    expect(adopted.ttl).toBe(10);
    expect(adopted.remaining()).toBeLessThan(10_000);
  });

  it("refuses a delay that is none or too long, before anything is sent", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    for (const lockDelay of [-1, Number.NaN, 5_001]) {
      expect(await failure(createSession(client, { ttl: 10, lockDelay }))).toBeInstanceOf(RangeError);
      expect(() => new Mutex(client, "lock", { ttl: 10, lockDelay })).toThrow(`not ${lockDelay}`);
    }
    expect(await client.lease.list()).toEqual([]);
    // A lease that turns out too short for it is left as it was.
    const { id } = await client.lease.grant({ ttl: 10 });
    expect(await failure(createSession(client, { leaseId: id, lockDelay: 4_000 }))).toBeInstanceOf(RangeError);
    await cluster.advance(15_000);
    expect(await client.lease.timeToLive(id)).toBeUndefined();
    const session = await createSession(client, { ttl: 10, lockDelay: 1_000 });
    expect(() => new Mutex(session, "lock", { lockDelay: 2_000 })).toThrow("as the session of the lock has it");
    expect((await new Mutex(session, "lock", { lockDelay: 1_000 }).lock()).held).toBe(true);
  });

  it("is opened by a mutex that owns its session", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [first, second] = [cluster.client(), cluster.client()];
    const held = await new Mutex(first, "lock", { ttl: 6, lockDelay: 3_000 }).lock();
    let toldAt = Number.POSITIVE_INFINITY;
    held.signal.addEventListener("abort", () => {
      toldAt = cluster.now;
    });
    const next = new Mutex(second, "lock").lock().then(() => cluster.now);
    cluster.partition([first]);
    expect((await cluster.until(next)) - toldAt).toBeGreaterThanOrEqual(3_000);
  });
});
