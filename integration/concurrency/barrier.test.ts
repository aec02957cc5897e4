/** Barriers and latches in a cluster that fails: lost answers, participants that are cut off, compaction, leaders that die. */
import type { Client } from "@kvorum/client";
import { createTestCluster, type TestCluster } from "@kvorum/client/testing";
import { createSession, OutcomeUnknownError, SessionExpiredError, TooManyParticipantsError } from "@kvorum/concurrency";
import { Barrier, CountDownLatch, DoubleBarrier } from "@kvorum/concurrency/recipes";
import { describe, expect, it } from "vitest";
import { judge } from "../coordination/model.js";
import { type RoundEvent, roundModel } from "../coordination/models/barrier.js";
import { type LatchEvent, latchModel } from "../coordination/models/latch.js";
import { failure } from "./case.js";

/** The answer of every n-th txn is lost. */
function loseEvery(cluster: TestCluster, n: number): void {
  let calls = 0;
  cluster.dropReplies(({ method }) => method === "Txn" && ++calls % n === 0);
}

/** Before the n-th txn of the client leaves it, something else happens. */
function before(cluster: TestCluster, client: string, n: number, happens: () => Promise<unknown>): void {
  let txns = 0;
  cluster.disturb(async (call, next) => {
    if (call.client === client && call.method === "Txn" && ++txns === n) await happens();
    return next();
  });
}

/** While the client hears nothing, `change` happens and history is forgotten. */
async function behindItsBack(cluster: TestCluster, client: Client, change: () => Promise<unknown>): Promise<void> {
  await cluster.advance(100);
  cluster.partition([client]);
  await change();
  await cluster.compact();
  cluster.heal();
}

describe("a barrier in a cluster that fails", () => {
  it("says of a hold with a lost answer that it does not know, or finds out", async () => {
    await using cluster = await createTestCluster({ seed: 1 });
    const client = cluster.client();
    const barrier = new Barrier(client, "gate");
    cluster.dropReplies(1);
    expect(await failure(barrier.hold())).toBeInstanceOf(OutcomeUnknownError);
    expect(await barrier.isHeld()).toBe(true);
    await barrier.release();
    const sure = new Barrier(client, "gate", { retry: "exactly-once" });
    await sure.hold();
    await sure.release();
    cluster.dropReplies(1);
    expect(await cluster.until(sure.hold())).toBe(true);
  });

  it("opens once when the answer is lost: the next hold stays", async () => {
    await using cluster = await createTestCluster({ seed: 2 });
    const [client, other] = [cluster.client(), cluster.client()];
    const barrier = new Barrier(client, "gate");
    await barrier.hold();
    // Closed again between the release that was carried out and the one that is sent for its lost answer.
    let again: Promise<boolean> | undefined;
    cluster.dropReplies(({ method }) => {
      if (method !== "Txn" || again !== undefined) return false;
      again = cluster.sleep(1).then(() => new Barrier(other, "gate").hold());
      return true;
    });
    expect(await cluster.until(barrier.release())).toBe(true);
    expect(await again).toBe(true);
    expect(await barrier.isHeld()).toBe(true);
  });

  it("lets pass who was cut off while it opened, closed again and was forgotten", async () => {
    await using cluster = await createTestCluster({ seed: 3 });
    const [client, other] = [cluster.client(), cluster.client()];
    const barrier = new Barrier(other, "gate");
    await barrier.hold();
    const passed = new Barrier(client, "gate").wait();
    await behindItsBack(cluster, client, async () => {
      await barrier.release();
      await barrier.hold();
    });
    await cluster.until(passed);
  });

  it("opens when its holder is cut off for longer than its session lives", async () => {
    await using cluster = await createTestCluster({ seed: 4 });
    const [client, other] = [cluster.client(), cluster.client()];
    const session = await createSession(client, { ttl: 5 });
    await new Barrier(client, "gate", { session }).hold();
    const since = cluster.now;
    cluster.partition([client]);
    await cluster.until(new Barrier(other, "gate").wait());
    expect(cluster.now - since).toBeGreaterThan(2_500);
  });
});

describe("a double barrier in a cluster that fails", () => {
  /** Every participant goes through so many rounds; what they saw. */
  async function rounds(cluster: TestCluster, count: number, number: number): Promise<RoundEvent[]> {
    const history: RoundEvent[] = [];
    const participate = async (worker: string): Promise<void> => {
      const barrier = new DoubleBarrier(await createSession(cluster.client({ name: worker }), { ttl: 30 }), "b", count);
      const note = (kind: RoundEvent["kind"], round: number): unknown =>
        history.push({ atMs: cluster.now, worker, kind, round });
      for (let round = 0; round < number; round++) {
        note("arriving", round);
        await barrier.enter();
        note("entered", round);
        await cluster.sleep(10);
        note("leaving", round);
        await barrier.leave();
        note("left", round);
      }
    };
    const all = Promise.all(Array.from({ length: count }, (_, index) => participate(`p${index}`)));
    await cluster.until(all, { within: 600_000 });
    return history;
  }

  it("keeps its rounds apart when answers are lost", async () => {
    for (const seed of [11, 12]) {
      await using cluster = await createTestCluster({ seed });
      loseEvery(cluster, 2 + (seed % 3));
      expect(judge(roundModel(3), await rounds(cluster, 3, 4))).toEqual({ events: 48, violation: undefined });
      cluster.heal();
      expect(
        await cluster.client().keys({ key: new TextEncoder().encode("b"), end: new TextEncoder().encode("c") }),
      ).toEqual([]);
    }
  });

  it("goes on when the leader dies and history is compacted", async () => {
    await using cluster = await createTestCluster({ seed: 14 });
    const writer = cluster.client();
    const disturbing = (async () => {
      for (let i = 0; i < 3; i++) {
        await cluster.sleep(300);
        const leader = cluster.leader;
        if (leader === undefined) continue;
        await cluster.crash(leader);
        await cluster.restart(leader);
        await writer.put("other", "");
        await cluster.compact();
      }
    })();
    expect(judge(roundModel(3), await rounds(cluster, 3, 6))).toEqual({ events: 72, violation: undefined });
    await cluster.until(disturbing);
  });

  it("lets the others enter with a replacement and leave without one that is cut off", async () => {
    await using cluster = await createTestCluster({ seed: 15 });
    const clients = ["a", "b", "c"].map((name) => cluster.client({ name }));
    const [a, b, c] = clients as [Client, Client, Client];
    const make = async (client: Client): Promise<DoubleBarrier> =>
      new DoubleBarrier(await createSession(client, { ttl: 5 }), "b", 2);
    // The first one is cut off while it waits, and does not count once its session is over.
    const first = failure((await make(a)).enter());
    await cluster.advance(100);
    cluster.partition([a]);
    await cluster.advance(20_000);
    const second = await make(b);
    let entered = false;
    const entering = second.enter().then(() => {
      entered = true;
    });
    await cluster.advance(1_000);
    expect(entered).toBe(false);
    const third = await make(c);
    await cluster.until(Promise.all([entering, third.enter()]));
    expect(await cluster.until(first)).toBeInstanceOf(SessionExpiredError);
    // One of the two is cut off inside.
    cluster.partition([c]);
    const since = cluster.now;
    await cluster.until(second.leave());
    expect(cluster.now - since).toBeGreaterThan(2_500);
    cluster.heal();
    expect(await cluster.until(failure(third.leave()))).toBeInstanceOf(SessionExpiredError);
  });

  it("does not begin without one that dies between the look that counted it and the beginning", async () => {
    await using cluster = await createTestCluster({ seed: 17, size: 1 });
    const [a, b, c] = await Promise.all(
      ["a", "b", "c"].map((name) => createSession(cluster.client({ name }), { ttl: 30 })),
    );
    if (a === undefined || b === undefined || c === undefined) throw new Error("no sessions");
    const dying = failure(new DoubleBarrier(a, "b", 2).enter());
    await cluster.advance(100);
    // Look, join, look, and the txn that begins the round.
    before(cluster, "b", 4, () => c.client.lease.revoke(a.leaseId));
    let entered = false;
    const second = new DoubleBarrier(b, "b", 2);
    const entering = second.enter().then(() => {
      entered = true;
    });
    await cluster.advance(1_000);
    expect(entered).toBe(false);
    const third = new DoubleBarrier(c, "b", 2);
    await cluster.until(Promise.all([entering, third.enter()]));
    await cluster.until(Promise.all([second.leave(), third.leave()]));
    await cluster.advance(30_000);
    expect(await cluster.until(dying)).toBeInstanceOf(SessionExpiredError);
  });

  it("lets nobody join a round that begins between the look that saw none and the joining", async () => {
    await using cluster = await createTestCluster({ seed: 18, size: 1 });
    const [a, b, c] = ["a", "b", "c"].map((name) => new DoubleBarrier(cluster.client({ name }), "b", 2));
    if (a === undefined || b === undefined || c === undefined) throw new Error("no participants");
    const first = a.enter();
    await cluster.advance(100);
    before(cluster, "c", 2, () => b.enter());
    expect(await cluster.until(failure(c.enter()))).toBeInstanceOf(TooManyParticipantsError);
    await cluster.until(first);
    await cluster.until(Promise.all([a.leave(), b.leave()]));
  });

  it("leaves no key when it is aborted while its answers are lost", async () => {
    for (const afterMs of [0, 1, 2, 3, 5, 8, 13, 40]) {
      await using cluster = await createTestCluster({ seed: 16, size: 1 });
      const client = cluster.client();
      const session = await createSession(client);
      const abort = new AbortController();
      loseEvery(cluster, 2);
      const entering = failure(new DoubleBarrier(session, "b", 2).enter({ signal: abort.signal }));
      await cluster.advance(afterMs);
      abort.abort();
      expect(await cluster.until(entering)).toBe(abort.signal.reason);
      cluster.heal();
      await cluster.advance(5_000);
      expect(await client.count({ key: new TextEncoder().encode("b"), end: new TextEncoder().encode("c") })).toBe(0n);
    }
  });
});

describe("a count-down latch in a cluster that fails", () => {
  it("counts once when answers are lost", async () => {
    await using cluster = await createTestCluster({ seed: 21 });
    const history: LatchEvent[] = [];
    await new CountDownLatch(cluster.client(), "jobs").create(40);
    loseEvery(cluster, 3);
    const work = async (worker: string): Promise<void> => {
      const latch = new CountDownLatch(cluster.client({ name: worker }), "jobs");
      for (let i = 0; i < 10; i++) {
        const participant = `${worker}-${i}`;
        history.push({ atMs: cluster.now, worker, kind: "counting", amount: 1, participant });
        // Without a name of its own as well: what makes it count once is then made up.
        const named = i % 2 === 0 ? { participant } : {};
        const amount = await latch.countDown(1, { timeout: 60_000, ...named });
        history.push({ atMs: cluster.now, worker, kind: "counted", amount, participant });
      }
    };
    await cluster.until(Promise.all(["a", "b", "c"].map(work)), { within: 600_000 });
    cluster.heal();
    const amount = await new CountDownLatch(cluster.client(), "jobs").count();
    history.push({ atMs: cluster.now, worker: "r", kind: "read", amount: amount ?? Number.NaN });
    expect(judge(latchModel(40), history)).toEqual({ events: 61, violation: undefined });
    expect(amount).toBe(10);
  });

  it("lets pass who was cut off when it came to zero and that was forgotten", async () => {
    await using cluster = await createTestCluster({ seed: 22 });
    const [client, other] = [cluster.client(), cluster.client()];
    const latch = new CountDownLatch(other, "jobs");
    await latch.create(1);
    const passed = new CountDownLatch(client, "jobs").wait();
    await behindItsBack(cluster, client, () => latch.countDown());
    await cluster.until(passed);
    // One that was deleted and made anew is not the one that was waited for.
    await latch.delete();
    await latch.create(1);
    const waiting = failure(new CountDownLatch(client, "jobs").wait());
    await behindItsBack(cluster, client, async () => {
      await latch.delete();
      await latch.create(1);
    });
    expect(await cluster.until(waiting)).toMatchObject({ name: "LatchNotFoundError" });
  });

  it("is neither counted nor deleted by who meant the latch before it", async () => {
    await using cluster = await createTestCluster({ seed: 24, size: 1 });
    const [mine, other] = ["a", "b"].map((name) => new CountDownLatch(cluster.client({ name }), "jobs"));
    if (mine === undefined || other === undefined) throw new Error("no latches");
    const anew = async (): Promise<void> => {
      await other.delete();
      await other.create(3);
    };
    await other.create(3);
    // The first txn of a count is its look.
    before(cluster, "a", 2, anew);
    expect(await cluster.until(failure(mine.countDown()))).toMatchObject({ name: "LatchNotFoundError" });
    cluster.heal();
    before(cluster, "a", 1, anew);
    await cluster.until(mine.delete());
    expect(await other.count()).toBe(3);
  });

  it("says that it does not know when the time runs out on a lost answer", async () => {
    await using cluster = await createTestCluster({ seed: 23 });
    const client = cluster.client();
    const latch = new CountDownLatch(client, "jobs");
    await latch.create(2);
    // The first txn is the read, and its answer arrives.
    let txns = 0;
    cluster.dropReplies(({ method }) => method === "Txn" && ++txns > 1);
    const error = await cluster.until(failure(latch.countDown(1, { participant: "a", timeout: 2_000 })));
    expect(error).toBeInstanceOf(OutcomeUnknownError);
    cluster.heal();
    expect(await cluster.until(latch.countDown(1, { participant: "a" }))).toBe(1);
  });
});
