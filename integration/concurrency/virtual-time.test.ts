/** Waits of locks, elections and transactions follow the time of a test cluster: hours of it take no time at all. */
import { createTestCluster } from "@kvorum/client/testing";
import { createSession, Election, Mutex, type Transition } from "@kvorum/concurrency";
import { describe, expect, it } from "vitest";
import { failure } from "./case.js";

const HOUR_MS = 3_600_000;

describe("in a test cluster's time", () => {
  it("the timeout of a lock passes when the cluster's time does, and not before", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [first, second] = [cluster.client(), cluster.client()];
    await using held = await new Mutex(first, "lock").lock();
    const session = await createSession(second, { ttl: 20 });
    let over = false;
    const waiting = failure(new Mutex(session, "lock").lock({ timeout: HOUR_MS })).finally(() => {
      over = true;
    });
    await cluster.advance(HOUR_MS - 60_000);
    expect(over).toBe(false);
    await cluster.advance(120_000);
    expect(await waiting).toMatchObject({ message: `the wait for ownership took longer than ${HOUR_MS} ms` });
    expect(held.held).toBe(true);
  });

  it("a leader that is cut off is told in time, waited for by the cluster's clock, and campaigns again", async () => {
    await using cluster = await createTestCluster({ seed: 3 });
    const client = cluster.client();
    const told: Transition["kind"][] = [];
    const stop = new AbortController();
    let terms = 0;
    const leading = new Election(client, "fleet", { ttl: 5 }).lead(
      "one",
      async ({ signal }) => {
        terms += 1;
        if (terms === 2) return;
        cluster.partition([client]);
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
        // It takes its time: half a minute on a clock that nobody but the test turns.
        await cluster.sleep(30_000);
        cluster.heal();
      },
      { signal: stop.signal, graceMs: 10_000, onTransition: ({ kind }) => told.push(kind) },
    );
    await cluster.until(leading);
    expect(told.filter((kind) => kind !== "failed")).toEqual([
      ...["campaigning", "leading", "lost", "overdue", "stopped"],
      ...["campaigning", "leading", "resigned"],
    ]);
  });
});
