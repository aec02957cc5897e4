/** Counters and allocators of ids in a cluster that fails: what a lost answer may cost, and what it may not. */
import { createTestCluster, type TestCluster } from "@kvorum/client/testing";
import { OutcomeUnknownError } from "@kvorum/concurrency";
import { AtomicCounter, IdAllocator } from "@kvorum/concurrency/recipes";
import { describe, expect, it } from "vitest";
import { judge } from "../coordination/model.js";
import { type CounterEvent, counterModel, type Given, idModel } from "../coordination/models/counter.js";
import { failure } from "./case.js";

/** The answer of every n-th txn is lost. */
function loseEvery(cluster: TestCluster, n: number): void {
  let calls = 0;
  cluster.dropReplies(({ method }) => method === "Txn" && ++calls % n === 0);
}

describe("an atomic counter in a cluster that fails", () => {
  it("says of a lost answer that it does not know, and has counted once or not at all", async () => {
    await using cluster = await createTestCluster({ seed: 5 });
    const counter = new AtomicCounter(cluster.client(), "hits");
    await counter.increment();
    cluster.dropReplies(1);
    expect(await failure(counter.increment())).toBeInstanceOf(OutcomeUnknownError);
    expect(await counter.get()).toMatchObject({ value: 2n });
    expect(await counter.increment()).toMatchObject({ value: 3n });
  });

  it("with exactly-once writes counts each increment once, whatever answers are lost", async () => {
    await using cluster = await createTestCluster({ seed: 6 });
    const history: CounterEvent[] = [];
    const worker = async (name: string): Promise<void> => {
      const counter = new AtomicCounter(cluster.client({ name }), "hits", { retry: "exactly-once" });
      const note = (kind: "adding" | "added", value: bigint): unknown =>
        history.push({ atMs: cluster.now, worker: name, kind, value });
      for (let i = 0; i < 12; i++) {
        note("adding", 1n);
        note("added", (await counter.increment()).value);
      }
    };
    loseEvery(cluster, 3);
    await cluster.until(Promise.all(["a", "b", "c"].map(worker)), { within: 600_000 });
    cluster.heal();
    const { value } = await new AtomicCounter(cluster.client(), "hits").get();
    history.push({ atMs: cluster.now, worker: "reader", kind: "read", value });
    expect(judge(counterModel, history)).toEqual({ events: 73, violation: undefined });
    expect(value).toBe(36n);
  });

  it("gives up in time where nobody answers, and not with the number of somebody else's turn", async () => {
    await using cluster = await createTestCluster({ seed: 7 });
    const client = cluster.client();
    const counter = new AtomicCounter(client, "hits");
    await counter.set(5);
    cluster.partition([client]);
    const results = Promise.all([
      failure(counter.increment(1, { timeout: 3_000 })),
      failure(counter.increment(1, { timeout: 1_000 })),
    ]);
    const [first, second] = await cluster.until(results);
    expect([OutcomeUnknownError.name, "TimeoutError", "UnavailableError"]).toContain((first as Error).name);
    expect(second).toMatchObject({ name: "TimeoutError", outcome: "not-applied" });
    cluster.heal();
    expect(await cluster.until(counter.increment())).toMatchObject({ value: 6n });
  });
});

describe("an id allocator in a cluster that fails", () => {
  it("gives no id twice when answers are lost and the leader dies: it only wastes blocks", async () => {
    await using cluster = await createTestCluster({ seed: 8 });
    const given: Given[] = [];
    const worker = async (name: string): Promise<void> => {
      const ids = new IdAllocator(cluster.client({ name }), "orders", { blockSize: 5 });
      for (let i = 0; i < 12; i++) {
        const some = await Promise.all([ids.next({ timeout: 60_000 }), ids.nextMany(2, { timeout: 60_000 })]);
        for (const id of some.flat()) given.push({ atMs: cluster.now, worker: name, kind: "given", id });
      }
    };
    loseEvery(cluster, 3);
    const working = Promise.all(["a", "b"].map(worker));
    await cluster.advance(20);
    const dead = cluster.leader ?? "n1";
    await cluster.crash(dead);
    await cluster.until(working, { within: 600_000 });
    expect(judge(idModel, given)).toEqual({ events: 72, violation: undefined });
    // Blocks were reserved whose answers were lost: more than two each are not accounted for.
    const stored = BigInt((await cluster.client().get("orders"))?.value ?? "0");
    expect(stored - 1n).toBeGreaterThan(72n + 2n * 2n * 5n);
  });

  it("shares one reservation, which outlives the caller that began it", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const ids = new IdAllocator(client, "orders", { blockSize: 10 });
    const abort = new AbortController();
    const gone = failure(ids.next({ signal: abort.signal }));
    const others = Promise.all([ids.next(), ids.next()]);
    abort.abort();
    expect(await gone).toBe(abort.signal.reason);
    expect(await cluster.until(others)).toEqual([1n, 2n]);
    expect(await client.get("orders")).toMatchObject({ value: "11", version: 1n });
  });
});
