/** What users do with a test cluster: stories of services, told in virtual time. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Client, codec, prefix } from "@kvorum/client";
import { createTestCluster, type TestCluster } from "@kvorum/client/testing";
import { createSession, Election, Mutex } from "@kvorum/concurrency";
import { describe, expect, it } from "vitest";

/** Milliseconds of the processor that the work takes; the machine may have more to do than this. */
async function processorMs(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Three workers that take turns at a lock while members die, and what each of them saw, with the time. */
async function turns(seed: number): Promise<string[]> {
  await using cluster = await createTestCluster({ seed });
  const seen: string[] = [];
  const work = async (name: string): Promise<void> => {
    const client = cluster.client({ name });
    await using session = await createSession(client, { ttl: 10 });
    for (let turn = 0; turn < 3; turn++) {
      await using lock = await new Mutex(session, "turn").lock();
      seen.push(`${cluster.now} ${name} has ${lock.fencingToken}`);
      await cluster.sleep(700);
      await client.put("last", name);
    }
  };
  const trouble = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) {
      await cluster.sleep(1_000);
      const { leader } = cluster;
      if (leader === undefined) continue;
      await cluster.crash(leader);
      await cluster.sleep(500);
      await cluster.restart(leader);
    }
  };
  await cluster.until(Promise.all([...["a", "b", "c"].map(work), trouble()]), { within: 120_000 });
  return [...seen, cluster.fingerprint];
}

describe("a service on a test cluster", () => {
  it("that holds a lock and is cut off knows that it has lost it before another one has it", async () => {
    await using cluster = await createTestCluster({ seed: 3 });
    const [first, second] = [cluster.client(), cluster.client()];
    const lock = await new Mutex(await createSession(first, { ttl: 10 }), "job").lock();
    const waiting = new Mutex(await createSession(second, { ttl: 10 }), "job").lock();
    let lostAt = Number.POSITIVE_INFINITY;
    lock.signal.addEventListener("abort", () => {
      lostAt = cluster.now;
    });
    await cluster.advance(60_000);
    expect(lock.held).toBe(true);
    cluster.partition([first]);
    const start = cluster.now;
    const next = await cluster.until(waiting);
    expect(lostAt).toBeGreaterThan(start + 5_000);
    expect(lostAt).toBeLessThan(cluster.now);
    expect(cluster.now - start).toBeLessThan(15_000);
    expect(lock.held).toBe(false);
    expect(next.fencingToken).toBeGreaterThan(lock.fencingToken);
  });

  it("that leads hands over when its process stands still, and stops when it goes on", async () => {
    await using cluster = await createTestCluster({ seed: 4 });
    const leading: string[] = [];
    const stop = new AbortController();
    const candidates = ["a", "b"].map((name) => {
      const client = cluster.client({ name });
      const election = new Election(client, "boss", { ttl: 5 });
      const over = election.lead(
        name,
        async (leadership) => {
          leading.push(name);
          await new Promise((resolve) => leadership.signal.addEventListener("abort", resolve, { once: true }));
          leading.push(`not ${name}`);
        },
        { signal: stop.signal },
      );
      return { client, over: over.catch(() => undefined) };
    });
    await cluster.until(() => leading.length === 1);
    const [old = ""] = leading;
    cluster.pause(old);
    await cluster.until(() => leading.length === 2);
    expect(leading).toEqual([old, old === "a" ? "b" : "a"]);
    cluster.resume(old);
    await cluster.advance(100);
    expect(leading.at(-1)).toBe(`not ${old}`);
    stop.abort();
    await cluster.until(Promise.all(candidates.map(({ over }) => over)));
  });

  it("that follows a configuration for half an hour does not wait for it", async () => {
    const applied: number[] = [];
    let state = "";
    const tookMs = await processorMs(async () => {
      await using cluster = await createTestCluster();
      const [service, operator] = [cluster.client(), cluster.client()].map((one: Client) =>
        one.withCodec(codec.json<number>()),
      );
      if (service === undefined || operator === undefined) throw new Error("there are two of them");
      const lease = await cluster.client().lease.keep({ ttl: 30 });
      await using watch = service.watch("config");
      await watch.ready;
      const following = (async () => {
        for await (const event of watch) if (event.type === "put") applied.push(event.kv.value);
      })();
      for (let minute = 0; minute < 30; minute++) {
        await operator.put("config", minute);
        await cluster.advance(60_000);
      }
      ({ state } = lease);
      expect(cluster.now).toBeGreaterThan(30 * 60_000);
      await watch.close();
      await following;
    });
    expect(applied).toEqual(Array.from({ length: 30 }, (_, minute) => minute));
    expect(state).toBe("active");
    // About two seconds of a processor; what counts is that nothing of the half hour passes outside.
    expect(tookMs).toBeLessThan((30 * 60_000) / 60);
  });

  it("that watches misses nothing when the member that it watches at dies, whichever that is", async () => {
    await using cluster = await createTestCluster({ seed: 5 });
    const [writer, reader] = [cluster.client(), cluster.client()];
    await using watch = reader.watch(prefix("n"));
    await watch.ready;
    const seen: string[] = [];
    const reading = (async () => {
      for await (const event of watch) if (event.type === "put") seen.push(event.kv.key);
    })();
    for (const { name } of cluster.members) {
      await cluster.crash(name);
      await writer.put(name, "");
      await cluster.restart(name);
      await cluster.advance(3_000);
    }
    await watch.close();
    await reading;
    expect(seen).toEqual(["n1", "n2", "n3"]);
  });

  it("that loses an answer is told that it does not know, and learns the truth by asking", async () => {
    await using cluster = await createTestCluster();
    const client = cluster.client();
    cluster.dropReplies(({ method }) => method === "Put");
    const error = await client.put("k", "v").catch((reason: unknown) => reason);
    expect(error).toMatchObject({ outcome: "unknown", attempts: 1 });
    cluster.heal();
    expect(await client.get("k")).toMatchObject({ value: "v", version: 1n });
  });

  it("that is played twice from one seed does the same at the same times", async () => {
    const first = await turns(21);
    expect(first).toHaveLength(10);
    expect(await turns(21)).toEqual(first);
    expect((await turns(22)).at(-1)).not.toBe(first.at(-1));
  });

  it("leaves no memory behind", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const used = async (): Promise<{ cluster: WeakRef<TestCluster>; client: WeakRef<Client> }> => {
      const cluster = await createTestCluster();
      const client = cluster.client();
      await client.lease.keep({ ttl: 10 });
      const watch = client.watch("k");
      await watch.ready;
      await cluster.advance(30_000);
      await cluster.close();
      return { cluster: new WeakRef(cluster), client: new WeakRef(client) };
    };
    const left = await used();
    for (let turn = 0; turn < 20 && (left.cluster.deref() ?? left.client.deref()) !== undefined; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      collect();
    }
    expect(left.client.deref()).toBeUndefined();
    expect(left.cluster.deref()).toBeUndefined();
  });
});
