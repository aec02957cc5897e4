/** When time passes in a test cluster, and that it passes the same way again. */
import { describe, expect, it } from "vitest";
import { createTestCluster } from "../testing.js";

/** Lets everything run that needs no time to pass. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 300; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Some use of a cluster, as somebody who looks at it sees it. */
async function history(seed: number): Promise<string[]> {
  await using cluster = await createTestCluster({ size: 3, seed });
  const seen: string[] = [];
  const note = (what: string): number => seen.push(`${cluster.now} ${what}`);
  const [writer, reader] = [cluster.client(), cluster.client()];
  await using watch = reader.watch("k");
  await watch.ready;
  const reading = (async () => {
    for await (const event of watch) note(`${event.type} at ${event.type === "put" && event.kv.modRevision}`);
  })();
  const lease = await writer.lease.keep({ ttl: 5 });
  for (let i = 0; i < 3; i++) await writer.put("k", `${i}`, { lease });
  await cluster.crash(cluster.leader ?? "");
  await writer.put("k", "after the crash");
  await cluster.advance(20_000);
  note(`lease ${lease.id} ${lease.state}, ${cluster.leader} leads`);
  await watch.close();
  await reading;
  seen.push(cluster.fingerprint);
  return seen;
}

describe("the time of a test cluster", () => {
  it("stands still while nobody waits for the cluster", async () => {
    await using cluster = await createTestCluster();
    const client = cluster.client();
    await client.lease.keep({ ttl: 3 });
    await settle();
    const before = cluster.now;
    await settle();
    expect(cluster.now).toBe(before);
    await client.get("k");
    await settle();
    await settle();
    expect(cluster.now - before).toBeLessThan(250);
  });

  it("passes by itself as far as a call needs it", async () => {
    await using cluster = await createTestCluster();
    const before = cluster.now;
    await cluster.client().put("k", "v");
    expect(cluster.now).toBeGreaterThan(before);
    expect(cluster.now).toBeLessThan(before + 50);
  });

  it("brings what a call has set off to those who watch, at another member", async () => {
    for (let seed = 1; seed <= 4; seed++) {
      await using cluster = await createTestCluster({ seed });
      const follower = cluster.members.find(({ isLeader }) => !isLeader)?.name ?? "";
      const writer = cluster.client({ members: [cluster.leader ?? ""] });
      await using watch = cluster.client({ members: [follower] }).watch("k");
      await watch.ready;
      // By then nothing else of the clients is on its way.
      await cluster.advance(5_000);
      await writer.put("k", "v");
      const { value } = await watch[Symbol.asyncIterator]().next();
      expect(value).toMatchObject({ type: "put", kv: { value: "v" } });
    }
  });

  it("passes by itself until a call has failed that nobody answers", async () => {
    await using cluster = await createTestCluster();
    const client = cluster.client();
    cluster.partition([client]);
    const before = cluster.now;
    await expect(client.get("k", { timeout: 3_000 })).rejects.toMatchObject({ outcome: "not-applied" });
    expect(cluster.now - before).toBeGreaterThan(2_000);
    expect(cluster.now - before).toBeLessThan(3_002);
  });

  it("lets everything happen in its order when it is told to advance, also what is due in the very end", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const start = cluster.now;
    const seen: number[] = [];
    for (const ms of [1_000, 10, 400]) void cluster.sleep(ms).then(() => seen.push(Math.round(cluster.now - start)));
    const advanced = cluster.advance(1_000);
    void (async () => {
      for (const ms of [0.1, 0.2, 999.7]) await cluster.sleep(ms);
      seen.push(1_001);
    })();
    await advanced;
    expect(seen).toEqual([10, 400, 1_000, 1_001]);
    expect(cluster.now - start).toBeCloseTo(1_000);
  });

  it("is moved by hand alone where the test wants that", async () => {
    await using cluster = await createTestCluster({ time: "manual" });
    const client = cluster.client();
    const before = cluster.now;
    let done = false;
    const put = client.put("k", "v").finally(() => {
      done = true;
    });
    await settle();
    expect({ done, now: cluster.now }).toEqual({ done: false, now: before });
    await cluster.advance(100);
    expect(done).toBe(true);
    expect(cluster.now).toBeCloseTo(before + 100);
    await put;
    expect((await cluster.until(client.get("k")))?.value).toBe("v");
  });

  it("passes until something is true, and not for ever", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const start = cluster.now;
    expect(await cluster.until(() => cluster.now >= start + 500 && "late")).toBe("late");
    expect(cluster.now - start).toBeLessThan(520);
    const never = cluster.until(() => false, { within: 2_000 });
    await expect(never).rejects.toThrow("did not happen within 2000 ms of the test cluster's time");
    await expect(cluster.until(Promise.reject(new Error("its own")))).rejects.toThrow("its own");
  });

  it("does not run on for a client that tries again for good", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    await using watch = client.watch("k");
    await watch.ready;
    const crashed = cluster.now;
    await cluster.crash("n1");
    await settle();
    const before = cluster.now;
    await settle();
    expect(cluster.now).toBe(before);
    expect(before - crashed).toBeLessThan(10_000);
  });

  it("refuses to go back", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    await expect(cluster.advance(-1)).rejects.toThrow(RangeError);
    await expect(cluster.advance(Number.NaN)).rejects.toThrow(RangeError);
  });

  it("is the same again for the same seed, and other for another", async () => {
    const first = await history(11);
    expect(await history(11)).toEqual(first);
    expect((await history(12)).at(-1)).not.toBe(first.at(-1));
    expect(first.length).toBeGreaterThan(5);
  });
});
