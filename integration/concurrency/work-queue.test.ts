/** Work queues under faults and in virtual time: dead, cut-off and paused workers, lost answers, delays. */
import { type Client, codec, op, prefix } from "@kvorum/client";
import { connectionBroke, createTestCluster } from "@kvorum/client/testing";
import { createSession, SessionExpiredError } from "@kvorum/concurrency";
import { ClaimLostError, type Job, Queue, WorkQueue } from "@kvorum/concurrency/recipes";
import { describe, expect, it } from "vitest";
import { failure } from "./case.js";
import { textOf } from "./request-text.js";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const keysOf = (client: Client, name: string): Promise<string[]> => client.keys(prefix(`${name}/`));

async function lettersOf(queue: WorkQueue): Promise<{ value: string; attempts: number; reason: string }[]> {
  const letters = [];
  for await (const letter of queue.deadLetters()) {
    letters.push({ value: await letter.value(), attempts: letter.attempts, reason: letter.reason });
  }
  return letters;
}

describe("a work queue under faults", () => {
  it("hands a dead worker's jobs out again, in order and with their deliveries counted", async () => {
    await using cluster = await createTestCluster({ seed: 2 });
    const [dying, living] = [cluster.client(), cluster.client()];
    const first = new WorkQueue(dying, "w", { ttl: 5 });
    for (const value of ["a", "b", "c", "d"]) await first.enqueue(value);
    const claimed = await first.claimBatch(3);
    expect(claimed.map(({ value, attempt }) => [value, attempt])).toEqual([
      ["a", 1],
      ["b", 1],
      ["c", 1],
    ]);
    cluster.partition([dying]);
    await using second = new WorkQueue(living, "w", { ttl: 5 });
    expect((await cluster.until(second.claim())).value).toBe("d");
    const next = await cluster.until(second.claim());
    const others = [next, await cluster.until(second.claim()), await cluster.until(second.claim())];
    expect(others.map(({ value, attempt }) => [value, attempt])).toEqual([
      ["a", 2],
      ["b", 2],
      ["c", 2],
    ]);
    expect(claimed.map(({ held, signal }) => [held, signal.aborted])).toEqual(Array(3).fill([false, true]));
    expect(claimed[0]?.signal.reason).toBeInstanceOf(ClaimLostError);
    cluster.heal();
    const late = await cluster.until(
      failure(claimed[0]?.ack({ then: [op.put("result", "late")] }) ?? Promise.resolve()),
    );
    expect(late).toBeInstanceOf(ClaimLostError);
    await next.ack({ then: [op.put("result", "right")] });
    expect(await living.get("result")).toMatchObject({ value: "right" });
    expect(next.fencingToken).toBeGreaterThan(claimed[0]?.fencingToken ?? 0n);
  });

  it("wakes a waiting worker as soon as the lease of another one ends", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [holder, waiter] = [cluster.client(), cluster.client()];
    const session = await createSession(holder, { ttl: 60 });
    const first = new WorkQueue(session, "w");
    await first.enqueue("a");
    const job = await first.claim();
    await using second = new WorkQueue(waiter, "w");
    const waiting = second.claim();
    await cluster.advance(10 * MINUTE_MS);
    expect(job.held).toBe(true);
    const before = cluster.now;
    await cluster.expireLease(session.leaseId);
    expect(await cluster.until(waiting)).toMatchObject({ value: "a", attempt: 2 });
    expect(cluster.now - before).toBeLessThan(1_000);
    await cluster.advance(60_000);
    expect(await failure(first.claim())).toBeInstanceOf(SessionExpiredError);
  });

  it("a worker that stood still past its time to live can neither acknowledge nor give back", async () => {
    await using cluster = await createTestCluster({ seed: 4 });
    const [paused, living] = [cluster.client(), cluster.client()];
    const first = new WorkQueue(paused, "w", { ttl: 5 });
    await first.enqueue("a");
    const stale = await first.claim();
    cluster.pause(paused);
    await using second = new WorkQueue(living, "w", { ttl: 5 });
    const fresh = await cluster.until(second.claim());
    expect(stale.held).toBe(false);
    cluster.resume(paused);
    expect(await cluster.until(failure(stale.nack()))).toBeInstanceOf(ClaimLostError);
    expect(await cluster.until(failure(stale.ack()))).toBeInstanceOf(ClaimLostError);
    expect((await living.txn({ if: [stale.ownership()] })).succeeded).toBe(false);
    expect((await living.txn({ if: [fresh.ownership()] })).succeeded).toBe(true);
    await fresh.ack();
    expect(await keysOf(living, "w")).toEqual([]);
  });

  it("does every job exactly once in etcd when every third answer gets lost", async () => {
    await using cluster = await createTestCluster({ seed: 1 });
    const [producer, consumer] = [cluster.client(), cluster.client()];
    const [input, output] = [new WorkQueue(producer, "w"), new WorkQueue(consumer, "w")];
    let calls = 0;
    cluster.dropReplies(({ method }) => method === "Txn" && ++calls % 3 === 0);
    const results = consumer.withCodec(codec.json<number>());
    for (let i = 0; i < 12; i++) await cluster.until(input.enqueue(String(i), { key: `k${i}` }));
    for (let done = 0; done < 12; ) {
      const job = await cluster.until(output.claim());
      if (job.attempt === 1 && done % 4 === 0) {
        await cluster.until(job.nack());
        continue;
      }
      // `create` would do as well; a version of 1 says that nothing was written twice.
      await cluster.until(job.ack({ then: [results.op.put(`done/${job.value}`, job.attempt)] }));
      done += 1;
    }
    cluster.heal();
    const { kvs } = await results.list(prefix("done/"));
    expect(kvs.map(({ version }) => version)).toEqual(Array(12).fill(1n));
    expect(kvs.map(({ value }) => value).filter((attempts) => attempts === 2)).toHaveLength(3);
    expect(await keysOf(consumer, "w")).toEqual([]);
  });

  it("a claim whose answer was lost is found, and a copy of it that comes late claims nothing", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const queue = new WorkQueue(client, "w");
    for (const value of ["a", "b"]) await queue.enqueue(value);
    cluster.dropReplies(({ method, request }) => method === "Txn" && isClaim(request));
    const job = await cluster.until(queue.claim());
    expect(job).toMatchObject({ value: "a", attempt: 1, held: true });
    cluster.heal();
    // The next claim stays on its way, is given up by its caller, and arrives after it was settled.
    let late: (() => Promise<unknown>) | undefined;
    const undo = cluster.disturb(async ({ method, request }, next) => {
      if (method !== "Txn" || !isClaim(request) || late !== undefined) return next();
      late = next;
      return new Promise(() => undefined);
    });
    const gaveUp = await cluster.until(failure(queue.claim({ timeout: 1_000 })));
    expect(gaveUp).toMatchObject({ message: "the wait for a job took longer than 1000 ms" });
    await cluster.advance(15_000);
    undo();
    await cluster.until(late?.().catch(() => undefined) ?? Promise.reject(new Error("nothing was held back")));
    expect(await queue.stats()).toEqual({ ready: 1, delayed: 0, claimed: 1, dead: 0 });
    const second = await cluster.until(queue.claim());
    expect(second).toMatchObject({ value: "b", attempt: 1 });
    await job.ack();
    await second.ack();
    expect(await keysOf(client, "w")).toEqual([]);
  });

  it.each(["orphaned", "delayed"] as const)(
    "a late move of a job that is claimed already moves nothing (%s)",
    async (how) => {
      await using cluster = await createTestCluster({ size: 1 });
      const [quick, slow] = [cluster.client(), cluster.client({ name: "slow" })].map(
        (each) => new WorkQueue(each, "w"),
      );
      await quick?.enqueue("a", how === "delayed" ? { delayMs: 1_000 } : {});
      if (how === "delayed") await cluster.advance(2_000);
      else {
        const session = await createSession(cluster.client());
        await new WorkQueue(session, "w").claim();
        await cluster.expireLease(session.leaseId);
      }
      let release: (() => void) | undefined;
      cluster.disturb(async ({ client, method, request }, next) => {
        if (client === "slow" && method === "Txn" && isMove(request) && release === undefined) {
          await new Promise<void>((resolve) => {
            release = resolve;
          });
        }
        return next();
      });
      const late = slow?.tryClaim();
      await cluster.until(() => release !== undefined);
      const job = await cluster.until(quick?.claim() ?? Promise.reject());
      release?.();
      expect(await cluster.until(late ?? Promise.reject())).toBeUndefined();
      expect(await quick?.stats()).toEqual({ ready: 0, delayed: 0, claimed: 1, dead: 0 });
      await job.ack();
    },
  );

  it("goes on after an outage that is longer than a call", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [producer, consumer] = [cluster.client(), cluster.client()];
    await new WorkQueue(producer, "w").enqueue("a");
    await new Queue(producer, "q").enqueue("a");
    const healAtMs = cluster.now + 30_000;
    cluster.disturb(async ({ request }, next) => {
      // Reads get through, so that it is the takes which fail.
      if (cluster.now < healAtMs && textOf(request ?? {}).includes("requestDeleteRange"))
        throw connectionBroke({ sent: false });
      return next();
    });
    const item = new Queue(consumer, "q").dequeue();
    const job = new WorkQueue(consumer, "w").claim();
    expect(await cluster.until(item)).toBe("a");
    expect(await cluster.until(job)).toMatchObject({ value: "a", attempt: 1 });
    expect(cluster.now).toBeGreaterThan(healAtMs);
  });

  it("gives back what was claimed for a caller who had gone, without counting it", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const queue = new WorkQueue(client, "w");
    await queue.enqueue("a");
    const abort = new AbortController();
    const undo = cluster.disturb(async ({ method, request }, next) => {
      const answer = await next();
      if (method === "Txn" && isClaim(request)) abort.abort(new Error("gone"));
      return answer;
    });
    expect(await cluster.until(failure(queue.claim({ signal: abort.signal })))).toBe(abort.signal.reason);
    undo();
    expect(await cluster.until(queue.claim())).toMatchObject({ value: "a", attempt: 1 });
  });

  it("follows the wall clock of the cluster with delays, however long", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    await using queue = new WorkQueue(client, "w");
    await queue.enqueue("tomorrow", { delayMs: 24 * HOUR_MS });
    await queue.enqueue("in ten minutes", { delayMs: 10 * MINUTE_MS });
    const got: Job<string>[] = [];
    const waiting = queue.claim().then((job) => got.push(job));
    await cluster.advance(10 * MINUTE_MS - 1_000);
    expect(got).toEqual([]);
    await cluster.advance(2_000);
    await waiting;
    expect(got[0]?.value).toBe("in ten minutes");
    await got[0]?.nack({ delayMs: 5_000 });
    const again = queue.claim();
    const before = cluster.now;
    expect(await cluster.until(again)).toMatchObject({ value: "in ten minutes", attempt: 2 });
    expect(cluster.now - before).toBeGreaterThan(4_000);
    expect(await queue.stats()).toEqual({ ready: 0, delayed: 1, claimed: 1, dead: 0 });
  });

  it("reads as little of a long queue as of a short one", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const [jobs, items] = [new WorkQueue(client, "w"), new Queue(client, "q")];
    for (let i = 0; i < 60; i++) {
      await jobs.enqueue(String(i), { delayMs: i % 2 });
      await items.enqueue(String(i));
    }
    let most = 0;
    cluster.disturb(async (_, next) => {
      const answer = await next();
      most = Math.max(most, pairsIn(answer));
      return answer;
    });
    for (let i = 0; i < 4; i++) {
      await (await cluster.until(jobs.claim())).ack();
      await cluster.until(items.dequeue());
    }
    expect(await jobs.size()).toBe(56);
    expect(most).toBeGreaterThan(1);
    // The first eight of a line, and once as many of the delayed as one txn moves.
    expect(most).toBeLessThanOrEqual(8 + 32 + 1);
  });

  it("a job that kills every worker becomes a dead letter", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const admin = new WorkQueue(cluster.client(), "w", { maxAttempts: 3 });
    await admin.enqueue("poison");
    for (let attempt = 1; attempt <= 3; attempt++) {
      const session = await createSession(cluster.client(), { ttl: 5 });
      const job = await new WorkQueue(session, "w", { maxAttempts: 3 }).claim();
      expect(job.attempt).toBe(attempt);
      await cluster.expireLease(session.leaseId);
    }
    expect(await admin.tryClaim()).toBeUndefined();
    expect(await lettersOf(admin)).toEqual([{ value: "poison", attempts: 3, reason: "attempts" }]);
  });
});

/** How many pairs an answer carries, those of a txn's operations included. */
function pairsIn(answer: unknown): number {
  if (typeof answer !== "object" || answer === null || answer instanceof Uint8Array) return 0;
  const pairs = "kvs" in answer && Array.isArray(answer.kvs) ? answer.kvs.length : 0;
  return Object.values(answer).reduce((sum: number, each) => sum + pairsIn(each), pairs);
}

/** A claim is the only txn that puts a key under a lease and deletes one. */
function isClaim(request: unknown): boolean {
  const text = textOf(request);
  return text.includes("w/index/held/") && text.includes("requestDeleteRange") && /"lease":"[1-9]/.test(text);
}

/** What gives a dead worker's job back, or makes a delayed one ready: it deletes a key of state and puts none of `held`. */
function isMove(request: unknown): boolean {
  const text = textOf(request);
  return text.includes("requestDeleteRange") && text.includes("w/index/ready/") && !text.includes("w/index/held/");
}
