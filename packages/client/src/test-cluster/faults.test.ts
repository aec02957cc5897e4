/** What a test can do to a cluster, and what its clients see of that. */
import { describe, expect, it } from "vitest";
import { bytes } from "../codec.js";
import { CompactedError } from "../errors.js";
import { prefix } from "../keys.js";
import { connectionBroke, createTestCluster, type TestCall } from "../testing.js";
import type { WatchEvent } from "../watch/options.js";

function keyOf(event: WatchEvent<string>): string {
  return event.type === "put" ? event.kv.key : event.type === "delete" ? event.key : "resync";
}

describe("members of a test cluster", () => {
  it("keep what they have acknowledged when the power of all of them goes", async () => {
    await using cluster = await createTestCluster();
    const client = cluster.client();
    await client.put("k", "v");
    for (const { name } of cluster.members) await cluster.crash(name);
    expect(cluster.members.map(({ state, id }) => [state, id])).toEqual(Array(3).fill(["crashed", undefined]));
    for (const { name } of cluster.members) await cluster.restart(name);
    expect((await client.get("k"))?.value).toBe("v");
  });

  it("elect another leader when theirs is gone", async () => {
    await using cluster = await createTestCluster();
    const client = cluster.client();
    const old = cluster.leader ?? "";
    await cluster.crash(old);
    await client.put("k", "v");
    expect(cluster.leader).not.toBe(old);
    await cluster.restart(old);
    await cluster.advance(5_000);
    expect((await client.get("k", { endpoint: `http://${old}:2379`, consistency: "serializable" }))?.value).toBe("v");
  });

  it("take no write where only a minority is left", async () => {
    await using cluster = await createTestCluster();
    const old = cluster.leader ?? "";
    const others = cluster.members.map(({ name }) => name).filter((name) => name !== old);
    const [inside, outside] = [cluster.client({ members: [old] }), cluster.client({ members: others })];
    cluster.partition([old], others);
    await expect(inside.put("k", "minority")).rejects.toMatchObject({ outcome: "unknown" });
    await outside.put("k", "majority");
    cluster.heal();
    await cluster.advance(5_000);
    expect((await inside.get("k"))?.value).toBe("majority");
  });

  it("stand still while they are paused, and go on", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    await client.put("k", "v");
    cluster.pause("n1");
    expect(cluster.members[0]?.state).toBe("paused");
    await expect(client.get("k", { timeout: 1_000 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    cluster.resume("n1");
    expect((await client.get("k"))?.value).toBe("v");
  });

  it("forget history and end leases when they are told to", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const { header } = await client.put("k", "1");
    const lease = await client.lease.keep({ ttl: 5 });
    await client.put("k", "2", { lease });
    const compacted = await cluster.compact();
    expect(compacted).toBe(header.revision + 1n);
    await expect(client.get("k", { revision: header.revision })).rejects.toBeInstanceOf(CompactedError);
    await cluster.expireLease(lease);
    expect(await client.get("k")).toBeUndefined();
    await cluster.advance(5_000);
    expect(lease.state).toBe("lost");
  });

  it("are asked for by their names alone", async () => {
    await using cluster = await createTestCluster();
    await expect(cluster.crash("n4")).rejects.toThrow('there is no member "n4"');
    await expect(cluster.restart("n1")).rejects.toThrow("n1 runs already");
    expect(() => cluster.partition(["n1"], ["nobody"])).toThrow('is called "nobody"');
    expect(() => cluster.client({ members: ["x"] })).toThrow(TypeError);
    expect(() => cluster.client({ name: "n1" })).toThrow("is taken");
    await expect(createTestCluster({ size: 0 })).rejects.toThrow("size must be a whole number from 1 to 7, not 0");
  });
});

describe("clients of a test cluster", () => {
  it("do not learn what became of a write whose answer is dropped", async () => {
    await using cluster = await createTestCluster();
    const client = cluster.client();
    cluster.dropReplies();
    await expect(client.put("k", "v")).rejects.toMatchObject({ outcome: "unknown", code: "UNAVAILABLE", attempts: 1 });
    // A read asks again by itself.
    cluster.dropReplies(({ method, member }) => method === "Range" && member !== "n2");
    expect((await client.get("k"))?.value).toBe("v");
  });

  it("wait longer where messages are delayed", async () => {
    await using cluster = await createTestCluster();
    const [slow, fast] = [cluster.client({ name: "slow" }), cluster.client()];
    const took = async (work: Promise<unknown>): Promise<number> => {
      const start = cluster.now;
      await work;
      return cluster.now - start;
    };
    cluster.delay(200, "slow");
    expect(await took(slow.get("k"))).toBeGreaterThan(400);
    expect(await took(fast.get("k"))).toBeLessThan(100);
    cluster.heal();
    expect(await took(slow.get("k"))).toBeLessThan(100);
  });

  it("lose nothing of a watch whose connection breaks, or whose member dies or is cut off from the others", async () => {
    await using cluster = await createTestCluster();
    const [writer, reader] = [cluster.client(), cluster.client()];
    await using watch = reader.watch(prefix(""));
    await watch.ready;
    const seen: string[] = [];
    const reading = (async () => {
      for await (const event of watch) seen.push(keyOf(event));
    })();
    await writer.put("a", "");
    cluster.cutConnections(reader);
    await writer.put("b", "");
    for (const { name } of cluster.members) {
      await cluster.crash(name);
      await writer.put(`without ${name}`, "");
      await cluster.restart(name);
      cluster.partition(
        [name],
        cluster.members.map((member) => member.name).filter((other) => other !== name),
      );
      await cluster.advance(10_000);
      await cluster
        .client({ name: `beside ${name}`, members: [name === "n1" ? "n2" : "n1"] })
        .put(`beside ${name}`, "");
      await cluster.advance(10_000);
      cluster.heal();
      await cluster.advance(5_000);
    }
    await watch.close();
    await reading;
    expect(seen).toEqual(["a", "b", ...["n1", "n2", "n3"].flatMap((name) => [`without ${name}`, `beside ${name}`])]);
  });

  it("lose a lease in time when they are cut off, and know that nothing was sent once the connection is gone", async () => {
    await using cluster = await createTestCluster();
    const [holder, other] = [cluster.client(), cluster.client()];
    const lease = await holder.lease.keep({ ttl: 10 });
    await holder.put("mine", "", { lease });
    let lostAt = 0;
    lease.signal.addEventListener("abort", () => {
      lostAt = cluster.now;
    });
    cluster.partition([holder]);
    await cluster.until(async () => (await other.get("mine")) === undefined);
    expect(lostAt).toBeGreaterThan(0);
    expect(lostAt).toBeLessThan(cluster.now);
    await cluster.advance(20_000);
    await expect(holder.put("k", "v", { retry: "never" })).rejects.toMatchObject({
      code: "UNAVAILABLE",
      outcome: "not-applied",
    });
    cluster.heal();
    await holder.put("k", "v");
  });

  it("find out after a pause that their lease is lost, before anything else", async () => {
    await using cluster = await createTestCluster();
    const [holder, other] = [cluster.client(), cluster.client()];
    const lease = await holder.lease.keep({ ttl: 5 });
    await holder.put("mine", "", { lease });
    cluster.pause(holder);
    await cluster.advance(15_000);
    expect(await other.get("mine")).toBeUndefined();
    expect(lease.signal.aborted).toBe(false);
    expect(() => lease.assertActive()).toThrow();
    cluster.resume(holder);
    await cluster.advance(0);
    expect(lease.state).toBe("lost");
  });

  it("can be disturbed in single calls", async () => {
    await using cluster = await createTestCluster();
    const client = cluster.client({ name: "app" });
    const seen: TestCall[] = [];
    const calm = cluster.disturb(async (call, next) => {
      seen.push(call);
      if (seen.length === 1) throw connectionBroke({ sent: false });
      await cluster.sleep(300);
      return next();
    });
    const before = cluster.now;
    await client.put("k", "v");
    expect(cluster.now - before).toBeGreaterThan(300);
    expect(seen.map(({ client: name, method, path, stream }) => ({ name, method, path, stream }))).toEqual(
      Array(2).fill({ name: "app", method: "Put", path: "/etcdserverpb.KV/Put", stream: false }),
    );
    expect(seen[0]?.member).not.toBe(seen[1]?.member);
    cluster.disturb(() => new Promise(() => {}));
    await expect(client.get("k", { timeout: 500 })).rejects.toMatchObject({ reason: "timeout" });
    cluster.heal();
    calm();
    await client.get("k");
    expect(seen).toHaveLength(2);
  });

  it("share no bytes with the members", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client().withCodec(bytes);
    const value = Uint8Array.of(1, 2, 3);
    await client.put("k", value);
    value[0] = 9;
    const read = (await client.get("k"))?.value ?? new Uint8Array();
    expect([...read]).toEqual([1, 2, 3]);
    read[0] = 9;
    expect([...((await client.get("k"))?.value ?? [])]).toEqual([1, 2, 3]);
  });

  it("are closed with the cluster, also in the middle of everything", async () => {
    for (const time of ["auto", "manual"] as const) {
      const cluster = await createTestCluster({ time });
      const client = cluster.client();
      await cluster.until(client.lease.keep({ ttl: 5 }));
      const watch = client.watch("k");
      const next = watch[Symbol.asyncIterator]().next();
      next.catch(() => {});
      cluster.partition([client]);
      cluster.pause(client);
      await cluster.close();
      await cluster.close();
      await expect(next).rejects.toMatchObject({ reason: "closed" });
      await expect(client.get("k")).rejects.toMatchObject({ reason: "closed" });
      await expect(cluster.advance(1)).rejects.toThrow("the test cluster is closed");
      expect(() => cluster.client()).toThrow("the test cluster is closed");
    }
  });
});
