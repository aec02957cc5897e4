/** Registrations and directories under faults, in the time of a test cluster. */
import { codec, type DecodeError, prefix, type Store } from "@kvorum/client";
import { createTestCluster, type TestCluster } from "@kvorum/client/testing";
import { createSession, SessionExpiredError } from "@kvorum/concurrency";
import { AddressTakenError, Discovery, type InstanceChange, ServiceRegistry } from "@kvorum/concurrency/recipes";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { failure } from "./case.js";

const ADDR = "10.0.0.7:8080";
const KEY = `search/${ADDR}`;

const addressesOf = async (store: Store, service = "search"): Promise<string[]> =>
  (await store.keys(prefix(`${service}/`))).map((key) => key.slice(service.length + 1));

/** What a directory reports, as `+addr`, `~addr` and `-addr`. */
function record(changes: AsyncIterable<InstanceChange>): string[] {
  const seen: string[] = [];
  void (async () => {
    for await (const change of changes) {
      const { addr } = change.type === "removed" ? change.previous : change.instance;
      seen.push(`${change.type === "added" ? "+" : change.type === "removed" ? "-" : "~"}${addr}`);
    }
  })();
  return seen;
}

describe("a registration", () => {
  it("stands for as long as its process lives, and is gone a time to live after it has died", async () => {
    await using cluster = await createTestCluster();
    const [worker, reader] = [cluster.client(), cluster.client()];
    const registration = await new ServiceRegistry(worker).register("search", { addr: ADDR }, { ttl: 10 });
    await cluster.advance(180_000);
    expect(registration.state).toBe("registered");
    expect(await reader.get(KEY)).toMatchObject({ value: `{"Op":0,"Addr":"${ADDR}","Metadata":null}`, version: 1n });
    await using directory = new Discovery(reader).watch("search");
    await cluster.until(directory.waitFor(1));
    cluster.pause(worker);
    const died = cluster.now;
    await cluster.until(() => directory.instances.length === 0);
    expect(cluster.now - died).toBeGreaterThan(6_000);
    expect(cluster.now - died).toBeLessThan(11_500);
  });

  it("is made again with a new lease when the lease has expired", async () => {
    await using cluster = await createTestCluster();
    const client = cluster.client();
    const registration = await new ServiceRegistry(client).register("search", { addr: ADDR, metadata: 1 });
    const first = registration.leaseId;
    await cluster.expireLease(first);
    expect(await client.get(KEY)).toBeUndefined();
    await cluster.until(async () => (await client.get(KEY))?.lease === registration.leaseId);
    expect(registration.leaseId).not.toBe(first);
    expect(registration.state).toBe("registered");
    expect(registration.signal.aborted).toBe(false);
  });

  it("is put back when somebody has deleted it, without a new lease", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const registration = await new ServiceRegistry(client).register("search", { addr: ADDR });
    const { leaseId } = registration;
    await client.delete(KEY);
    await cluster.until(async () => (await client.get(KEY)) !== undefined);
    expect(await client.get(KEY)).toMatchObject({ lease: leaseId });
    expect(registration.leaseId).toBe(leaseId);
  });

  it("does not race with one who deletes it again and again", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [worker, vandal] = [cluster.client(), cluster.client()];
    await new ServiceRegistry(worker).register("search", { addr: ADDR });
    let puts = 0;
    void (async () => {
      for await (const event of vandal.watch(KEY)) {
        if (event.type !== "put") continue;
        puts += 1;
        await vandal.delete(KEY);
      }
    })().catch(() => undefined);
    await cluster.advance(1_000);
    await vandal.delete(KEY);
    await cluster.advance(60_000);
    // 100 ms, doubling to 5 s: 6 in the first five seconds, then about one in four.
    expect(puts).toBeGreaterThan(8);
    expect(puts).toBeLessThan(30);
  });

  it("comes back after its process was cut off for longer than its time to live", async () => {
    await using cluster = await createTestCluster({ seed: 4 });
    const [worker, reader] = [cluster.client(), cluster.client()];
    const registration = await new ServiceRegistry(worker).register("search", { addr: ADDR }, { ttl: 5 });
    cluster.partition([worker]);
    await cluster.until(async () => (await reader.get(KEY)) === undefined);
    expect(registration.state).toBe("healing");
    await cluster.advance(30_000);
    cluster.heal();
    const healed = cluster.now;
    await cluster.until(async () => (await reader.get(KEY)) !== undefined);
    expect(cluster.now - healed).toBeLessThan(5_000);
    expect(registration.state).toBe("registered");
  });

  it("takes its key over from a lease of its own that it had to give up and that is not over yet", async () => {
    await using cluster = await createTestCluster({ seed: 7 });
    const [worker, other] = [cluster.client(), cluster.client()];
    const registration = await new ServiceRegistry(worker).register("search", { addr: ADDR }, { ttl: 5 });
    const { leaseId } = registration;
    cluster.partition([worker]);
    for (let i = 0; i < 10; i++) {
      await other.lease.keepAliveOnce(leaseId);
      await cluster.advance(2_000);
    }
    cluster.heal();
    await other.lease.keepAliveOnce(leaseId);
    await cluster.until(() => registration.state === "registered", { within: 4_000 });
    expect(await other.get(KEY)).toMatchObject({ lease: registration.leaseId, version: 2n });
    expect(registration.leaseId).not.toBe(leaseId);
  });

  it("outlives members that crash, a compaction and a restart of the whole cluster", async () => {
    await using cluster = await createTestCluster({ seed: 5 });
    const client = cluster.client();
    const registration = await new ServiceRegistry(client).register("search", { addr: ADDR }, { ttl: 5 });
    await cluster.crash(cluster.leader ?? "n1");
    await client.put("other", "1", { timeout: 30_000 });
    await cluster.compact();
    await cluster.advance(20_000);
    expect(await addressesOf(client)).toEqual([ADDR]);
    for (const { name, state } of cluster.members) if (state === "running") await cluster.crash(name);
    await cluster.advance(20_000);
    expect(registration.state).toBe("healing");
    for (const { name } of cluster.members) await cluster.restart(name);
    await cluster.until(() => registration.state === "registered");
    expect(await addressesOf(client)).toEqual([ADDR]);
  });

  it("survives that what it watches was compacted", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [worker, other] = [cluster.client(), cluster.client()];
    const registration = await new ServiceRegistry(worker).register("search", { addr: ADDR }, { ttl: 60 });
    cluster.partition([worker]);
    await other.delete(KEY);
    await other.put("other", "");
    await cluster.compact();
    await cluster.advance(20_000);
    cluster.heal();
    await cluster.until(async () => (await other.get(KEY)) !== undefined);
    expect(registration.state).toBe("registered");
  });

  it("is taken over by a newer one of the same address, says so, and does not come back", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [before, after] = [cluster.client(), cluster.client()];
    const old = await new ServiceRegistry(before).register("search", { addr: ADDR, metadata: "old" });
    const young = await new ServiceRegistry(after).register("search", { addr: ADDR, metadata: "young" });
    await cluster.until(() => old.signal.aborted);
    expect(old.state).toBe("ended");
    expect(old.signal.reason).toBeInstanceOf(AddressTakenError);
    expect(old.signal.reason).toMatchObject({ key: KEY, leaseId: young.leaseId });
    await cluster.advance(120_000);
    await old.close();
    const kv = await after.get(KEY);
    expect(kv).toMatchObject({ lease: young.leaseId, version: 2n });
    expect(kv?.value).toContain("young");
    expect(young.state).toBe("registered");
    expect(await failure(old.update("late"))).toBeInstanceOf(AddressTakenError);
  });

  it("that was away does not replace the one that took its place", async () => {
    await using cluster = await createTestCluster({ seed: 6 });
    const [away, here] = [cluster.client(), cluster.client()];
    const old = await new ServiceRegistry(away).register("search", { addr: ADDR }, { ttl: 5 });
    cluster.partition([away]);
    await cluster.until(async () => (await here.get(KEY)) === undefined);
    const young = await new ServiceRegistry(here).register("search", { addr: ADDR }, { ttl: 5 });
    cluster.heal();
    await cluster.until(() => old.signal.aborted);
    expect(old.signal.reason).toBeInstanceOf(AddressTakenError);
    await cluster.advance(30_000);
    expect(await here.get(KEY)).toMatchObject({ lease: young.leaseId, version: 1n });
  });

  it("that is asked not to take over fails, and leaves the other one and no lease behind", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [first, second] = [cluster.client(), cluster.client()];
    const there = await new ServiceRegistry(first).register("search", { addr: ADDR });
    const refused = await failure(
      new ServiceRegistry(second).register("search", { addr: ADDR }, { ifTaken: "fail", ttl: 30 }),
    );
    expect(refused).toBeInstanceOf(AddressTakenError);
    expect(await first.lease.list()).toEqual([there.leaseId]);
    expect(there.state).toBe("registered");
  });

  it("is there once although the answers to its writes were lost", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    let lost = 0;
    cluster.dropReplies(({ method }) => method === "Txn" && lost++ < 2);
    const registration = await cluster.until(new ServiceRegistry(client).register("search", { addr: ADDR }));
    expect(lost).toBeGreaterThan(1);
    expect(await client.get(KEY)).toMatchObject({ version: 1n, lease: registration.leaseId });
    lost = 0;
    await cluster.until(registration.update({ zone: "b" }));
    expect(lost).toBeGreaterThan(1);
    expect(await client.get(KEY)).toMatchObject({ version: 2n });
    expect((await client.get(KEY))?.value).toContain('{"zone":"b"}');
  });

  it("says what it was last told to, also when it is made again, and keeps the fields that nobody knows", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const endpoint = { addr: ADDR, metadata: 1, fields: { Weight: 3 } };
    const registration = await new ServiceRegistry<number>(client).register("search", endpoint);
    await Promise.all([registration.update(2), registration.update(3), registration.update(4)]);
    const value = `{"Op":0,"Addr":"${ADDR}","Metadata":4,"Weight":3}`;
    expect((await client.get(KEY))?.value).toBe(value);
    cluster.partition([client]);
    const gaveUp = failure(registration.update(5, { timeout: 1_000 }));
    expect(await cluster.until(gaveUp)).toMatchObject({ reason: "timeout" });
    await cluster.advance(30_000);
    cluster.heal();
    await cluster.until(async () => (await client.get(KEY))?.value === value.replace("4", "5"));
  });

  it("is out when closing it resolves, and closing does not wait for a cluster that is away", async () => {
    await using cluster = await createTestCluster({ seed: 8 });
    const [worker, reader] = [cluster.client(), cluster.client()];
    const registry = new ServiceRegistry(worker);
    const registration = await registry.register("search", { addr: ADDR });
    await registration.close();
    await registration.close();
    expect(await reader.get(KEY)).toBeUndefined();
    expect(await reader.lease.list()).toEqual([]);
    expect(registration.signal.reason).toMatchObject({ name: "AbortError" });
    expect(registry.registrations).toEqual([]);

    await registry.register("search", { addr: ADDR }, { ttl: 10 });
    cluster.partition([worker]);
    const before = cluster.now;
    await cluster.until(registry.close());
    expect(cluster.now - before).toBeLessThan(6_000);
    await cluster.until(async () => (await reader.get(KEY)) === undefined);
    expect(cluster.now - before).toBeLessThan(12_000);
  });

  it("leaves nothing behind when registering is given up", async () => {
    await using cluster = await createTestCluster({ seed: 9 });
    const [worker, reader] = [cluster.client(), cluster.client()];
    const registry = new ServiceRegistry(worker);
    const gone = new AbortController();
    gone.abort(new Error("not any more"));
    await expect(registry.register("search", { addr: ADDR }, { signal: gone.signal })).rejects.toThrow("not any more");
    cluster.dropReplies(({ method }) => method === "Txn");
    expect(await cluster.until(failure(registry.register("search", { addr: ADDR }, { timeout: 3_000 })))).toMatchObject(
      {
        reason: "timeout",
      },
    );
    cluster.heal();
    cluster.partition([worker]);
    const before = cluster.now;
    expect(await cluster.until(failure(registry.register("search", { addr: ADDR }, { timeout: 3_000 })))).toMatchObject(
      {
        reason: "timeout",
      },
    );
    expect(cluster.now - before).toBeLessThan(4_500);
    cluster.heal();
    await cluster.until(async () => (await reader.lease.list()).length === 0);
    expect(await addressesOf(reader)).toEqual([]);
    expect(registry.registrations).toEqual([]);
  });

  it("of a session shares its lease, is repaired while it lives, and ends with it", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const session = await createSession(client, { ttl: 10 });
    const registry = new ServiceRegistry(session);
    const [one, two] = [
      await registry.register("search", { addr: "a:1" }),
      await registry.register("search", { addr: "b:1" }),
    ];
    expect([one.leaseId, two.leaseId]).toEqual([session.leaseId, session.leaseId]);
    await one.close();
    expect(await addressesOf(client)).toEqual(["b:1"]);
    expect(session.state).toBe("active");
    await client.delete("search/b:1");
    await cluster.until(async () => (await addressesOf(client)).length === 1);
    await cluster.expireLease(session.leaseId);
    await cluster.until(() => two.signal.aborted);
    expect(two.signal.reason).toBeInstanceOf(SessionExpiredError);
    expect(await addressesOf(client)).toEqual([]);
  });

  it("refuses wrong arguments before anything is sent", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const registry = new ServiceRegistry(client);
    let calls = 0;
    cluster.disturb((_, next) => {
      calls += 1;
      return next();
    });
    for (const [attempt, message] of [
      [() => registry.register("", { addr: ADDR }), 'service must not be empty or end with a slash, not ""'],
      [() => registry.register("a/", { addr: ADDR }), 'service must not be empty or end with a slash, not "a/"'],
      [() => registry.register("a", { addr: "" }), 'addr must not be empty, not ""'],
      [() => registry.register("a", { addr: 8080 as unknown as string }), "addr must be text, not number"],
      [
        () => registry.register("a", { addr: ADDR }, { ttl: 0.5 }),
        "ttl must be a whole number of seconds, at least 1, not 0.5",
      ],
      [() => registry.register("a", { addr: ADDR, fields: { Op: 1 } }), 'fields must not have "Op"'],
      [() => registry.register("a", { addr: ADDR, metadata: () => 1 }), "codec.json: function has no JSON form"],
    ] as const) {
      expect(await failure(attempt())).toMatchObject({ message });
    }
    expect(() => new Discovery(client).watch("a", { strategy: "best" as "random" })).toThrow(TypeError);
    expect(() => new Discovery(client).watch("a", { ejection: { share: 2 } })).toThrow(RangeError);
    expect(calls).toBe(0);
    await registry.register("search", { addr: ADDR });
    expect(await failure(registry.register("search", { addr: ADDR }))).toBeInstanceOf(RangeError);
  });
});

describe("a directory", () => {
  const start = async (
    seed = 1,
  ): Promise<{ cluster: TestCluster; put(addr: string, value?: string): Promise<void> }> => {
    const cluster = await createTestCluster({ seed });
    const writer = cluster.client({ name: "writer" });
    return {
      cluster,
      put: async (addr, value) => {
        await writer.put(`search/${addr}`, value ?? `{"Op":0,"Addr":"${addr}","Metadata":null}`);
      },
    };
  };

  it("waits until the cluster answers, and then reports what comes and goes", async () => {
    const { cluster, put } = await start(2);
    await using _ = cluster;
    await put("a:1");
    const reader = cluster.client();
    cluster.partition([reader]);
    const directory = new Discovery(reader).watch("search");
    const seen = record(directory.changes());
    await cluster.advance(60_000);
    expect([directory.instances, directory.stale, directory.pick()]).toEqual([[], true, undefined]);
    cluster.heal();
    await cluster.until(directory.ready, { within: 20_000 });
    await put("b:1");
    await cluster.until(directory.waitFor(2));
    await put("b:1", '{"Addr":"b:1","Metadata":{"zone":"x"}}');
    await cluster.client().delete("search/a:1");
    await cluster.until(() => seen.length === 4);
    expect(seen).toEqual(["+a:1", "+b:1", "~b:1", "-a:1"]);
    expect(directory.instances).toMatchObject([
      { addr: "b:1", metadata: { zone: "x" }, service: "search", leaseId: 0n },
    ]);
    await directory.close();
    expect(directory.instances).toHaveLength(1);
    expect(directory.signal.reason).toMatchObject({ name: "AbortError" });
  });

  it("serves what it knew last while it is cut off, and finds what it missed although that was compacted", async () => {
    const { cluster, put } = await start(3);
    await using _ = cluster;
    await put("a:1");
    await put("b:1");
    const reader = cluster.client();
    await using directory = new Discovery(reader).watch("search");
    await cluster.until(directory.waitFor(2));
    const seen = record(directory.changes());
    cluster.partition([reader]);
    await put("c:1");
    await cluster.client().delete("search/a:1");
    await cluster.compact();
    await cluster.until(() => directory.stale);
    expect(directory.instances.map(({ addr }) => addr)).toEqual(["a:1", "b:1"]);
    expect(directory.pick()?.addr).toBe("a:1");
    cluster.heal();
    await cluster.until(() => !directory.stale);
    expect(directory.instances.map(({ addr }) => addr)).toEqual(["b:1", "c:1"]);
    expect([...seen].sort()).toEqual(["+c:1", "-a:1"]);
  });

  it("reports an instance that cannot be read, and neither loses the others nor what that one said before", async () => {
    const { cluster, put } = await start();
    await using _ = cluster;
    await put("a:1", '{"Addr":"a:1","Metadata":{"zone":"x"}}');
    await put("bad:1", "secret{");
    const invalid: DecodeError[] = [];
    const discovery = new Discovery(cluster.client(), { metadata: codec.schema(z.object({ zone: z.string() })) });
    await using directory = discovery.watch("search", { onInvalid: (error) => invalid.push(error) });
    await cluster.until(directory.waitFor(1));
    expect(directory.instances).toMatchObject([{ addr: "a:1", metadata: { zone: "x" } }]);
    await put("a:1", '{"Addr":"a:1","Metadata":{"zone":7}}');
    await put("none:1", '{"Op":0,"Metadata":{"zone":"y"}}');
    await put("c:1", '{"Addr":"c:1","Metadata":{"zone":"y"}}');
    await cluster.until(directory.waitFor(2));
    expect(directory.instances.map(({ metadata }) => metadata.zone)).toEqual(["x", "y"]);
    expect(invalid.map(({ key }) => key)).toEqual(["search/bad:1", "search/a:1", "search/none:1"]);
    expect(invalid[1]?.issues).toMatchObject([{ path: ["zone"] }]);
    expect(String(invalid[0])).not.toContain("secret");
  });

  it("does not take for its own what belongs to a service whose name goes on", async () => {
    const { cluster, put } = await start();
    await using _ = cluster;
    await put("eu/a:1", '{"Addr":"a:1"}');
    await put("unix:/run/search.sock");
    await put("0f3c", '{"Addr":"b:1"}');
    const discovery = new Discovery(cluster.client());
    await using outer = discovery.watch("search");
    await using inner = discovery.watch("search/eu");
    await cluster.until(outer.waitFor(2));
    expect(outer.instances.map(({ addr }) => addr)).toEqual(["b:1", "unix:/run/search.sock"]);
    await cluster.until(inner.waitFor(1));
    expect(inner.instances.map(({ addr }) => addr)).toEqual(["a:1"]);
  });

  it("passes over an instance that fails, for a while, and never over all", async () => {
    const { cluster, put } = await start();
    await using _ = cluster;
    for (const addr of ["a:1", "b:1"]) await put(addr);
    await using directory = new Discovery(cluster.client()).watch("search", {
      ejection: { failures: 2, baseMs: 5_000 },
    });
    const [a, b] = await cluster.until(directory.waitFor(2));
    if (a === undefined || b === undefined) throw new Error("two were waited for");
    const picked = (): string[] => [...new Set([1, 2, 3, 4].map(() => directory.pick()?.addr ?? ""))].sort();
    directory.reportFailure(a);
    directory.reportSuccess(a);
    directory.reportFailure(a);
    expect(picked()).toEqual(["a:1", "b:1"]);
    directory.reportFailure(a);
    expect(picked()).toEqual(["b:1"]);
    await cluster.advance(1_000);
    directory.reportFailure(b);
    directory.reportFailure(b);
    // Of two only one can be out: the one whose time is over first is in again.
    expect(picked()).toEqual(["a:1"]);
    expect(directory.pick({ exclude: [a] })?.addr).toBe("b:1");
    expect(directory.pick({ exclude: [a, b] })).toBeUndefined();
    await cluster.advance(6_000);
    expect(picked()).toEqual(["a:1", "b:1"]);
    directory.reportFailure(a);
    expect(picked()).toEqual(["b:1"]);
    await cluster.advance(6_000);
    expect(picked()).toEqual(["b:1"]);
    // One that registers anew is as good as new.
    await cluster.client().delete("search/a:1");
    await put("a:1");
    await cluster.advance(500);
    expect(picked()).toEqual(["a:1", "b:1"]);
  });

  it("prefers, tracks calls and waits as it is asked to", async () => {
    const { cluster, put } = await start();
    await using _ = cluster;
    for (const addr of ["a:1", "b:1", "c:1"])
      await put(addr, `{"Addr":"${addr}","Metadata":"${addr === "a:1" ? "x" : "y"}"}`);
    await using directory = new Discovery<string>(cluster.client()).watch("search", { strategy: "least-pending" });
    await cluster.until(directory.waitFor(3));
    const inZone = { prefer: ({ metadata }: { metadata: string }) => metadata === "y" };
    const first = directory.pick(inZone);
    if (first === undefined) throw new Error("there are two in the zone");
    const call = directory.track(first);
    for (let i = 0; i < 10; i++) expect(directory.pick(inZone)?.addr).toBe(first.addr === "b:1" ? "c:1" : "b:1");
    const another = directory.track(first);
    call[Symbol.dispose]();
    call[Symbol.dispose]();
    expect(directory.pick(inZone)?.addr).not.toBe(first.addr);
    another[Symbol.dispose]();
    const addresses = new Set(Array.from({ length: 30 }, () => directory.pick(inZone)?.addr));
    expect([...addresses].sort()).toEqual(["b:1", "c:1"]);
    expect(directory.pick({ prefer: () => false })).toBeDefined();
    expect(() => directory.pick({ strategy: "rendezvous" })).toThrow("needs the key");
    const tooMany = failure(directory.waitFor(4, { timeout: 500 }));
    expect(await cluster.until(tooMany)).toMatchObject({
      message: 'the wait for 4 instances of "search" took longer than 500 ms',
    });
    const closed = failure(directory.waitFor(4));
    await directory.close();
    expect(await closed).toMatchObject({ name: "AbortError" });
  });

  it("ends every iteration when it is closed, left or aborted, also before the first answer", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const reader = cluster.client();
    cluster.partition([reader]);
    const directory = new Discovery(reader).watch("search");
    const stop = new AbortController();
    const [aborted, left, closed] = [
      directory.changes({ signal: stop.signal }),
      directory.changes(),
      directory.changes({ initial: true }),
    ];
    const pending = aborted.next();
    stop.abort(new Error("enough"));
    expect(await pending).toEqual({ done: true, value: undefined });
    await left.return?.();
    expect(await left.next()).toEqual({ done: true, value: undefined });
    const last = closed.next();
    await directory.close();
    expect(await last).toEqual({ done: true, value: undefined });
    expect(await failure(directory.ready)).toMatchObject({ name: "AbortError" });
  });
});
