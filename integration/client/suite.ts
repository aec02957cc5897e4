/** What the client promises, against any server that speaks etcd's protocol. Every case has a prefix of its own. */
import {
  bytes,
  type Client,
  CompactedError,
  codec,
  compare,
  createClient,
  DecodeError,
  fromKey,
  isEtcdError,
  LeaseNotFoundError,
  op,
  prefix,
  range,
  type WatchEvent,
} from "@kvorum/client";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";

export interface SuiteServer {
  readonly endpoint: string;
  /** A client of the server. Default: one that connects to the endpoint. */
  connect?(): Client;
  /** Lets so many milliseconds pass. Default: waits. */
  pass?(ms: number): Promise<void>;
  /** Lets time pass until the promise settles. Default: it passes by itself. */
  until?<T>(promise: Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

export function clientSuite(name: string, start: () => Promise<SuiteServer>, missing?: string): void {
  describe.skipIf(missing !== undefined)(`the client against ${name}${missing ? ` (skipped: ${missing})` : ""}`, () => {
    let server: SuiteServer;
    let client: Client;
    let space = "";
    let cases = 0;

    beforeAll(async () => {
      server = await start();
      client = connect();
      await client.ready({ timeout: 5_000 });
    });
    afterAll(async () => {
      await client?.close();
      await server?.stop();
    });
    beforeEach(() => {
      cases += 1;
      space = `case-${cases}/`;
    });
    const key = (suffix: string): string => `${space}${suffix}`;
    const connect = (): Client => server.connect?.() ?? createClient({ endpoints: server.endpoint });
    const pass = (ms: number): Promise<void> => server.pass?.(ms) ?? new Promise((resolve) => setTimeout(resolve, ms));

    describe("keys and values", () => {
      it("reads back what was put, with its revisions", async () => {
        const { header } = await client.put(key("a"), "1");
        expect(await client.get(key("a"))).toEqual({
          key: key("a"),
          keyBytes: new TextEncoder().encode(key("a")),
          value: "1",
          createRevision: header.revision,
          modRevision: header.revision,
          version: 1n,
          lease: 0n,
        });
        expect(await client.get(key("missing"))).toBeUndefined();
      });

      it("gives back what a put replaced and what a delete removed, when asked", async () => {
        expect((await client.put(key("a"), "1", { prevKv: true })).prev).toBeUndefined();
        expect((await client.put(key("a"), "2", { prevKv: true })).prev?.value).toBe("1");
        const { deleted, prev } = await client.delete(prefix(space), { prevKv: true });
        expect({ deleted, values: prev.map((kv) => kv.value) }).toEqual({ deleted: 1n, values: ["2"] });
      });

      it("lists, counts and names the keys of prefixes, ranges and tails, sorted and limited", async () => {
        for (const suffix of ["a", "b", "c", "d"]) await client.put(key(suffix), suffix);
        const listed = await client.list(prefix(space), { order: "desc", limit: 2 });
        expect(listed).toMatchObject({ count: 4n, more: true });
        expect(listed.kvs.map((kv) => kv.value)).toEqual(["d", "c"]);
        expect(await client.keys(range(key("b"), key("d")))).toEqual([key("b"), key("c")]);
        expect(await client.count(prefix(space))).toBe(4n);
        expect(await client.count(key("a"))).toBe(1n);
        expect(await client.keys(fromKey(key("c")), { limit: 2 })).toEqual([key("c"), key("d")]);
      });

      it("scans every key once at one revision, whatever is written meanwhile", async () => {
        for (let i = 0; i < 25; i++) await client.put(key(String(i).padStart(2, "0")), "old");
        const seen: string[] = [];
        for await (const kv of client.scan(prefix(space), { pageSize: 7 })) {
          if (seen.length === 0) await client.put(key("99"), "new");
          seen.push(kv.key);
          expect(kv.value).toBe("old");
        }
        expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => key(String(i).padStart(2, "0"))));
      });

      it("reads the past until it is compacted", async () => {
        const first = await client.put(key("a"), "1");
        const second = await client.put(key("a"), "2");
        expect((await client.get(key("a"), { revision: first.header.revision }))?.value).toBe("1");
        await client.compact(second.header.revision, { physical: true });
        const error = await client.get(key("a"), { revision: first.header.revision }).catch((e: unknown) => e);
        expect(error).toBeInstanceOf(CompactedError);
        expect(error).toMatchObject({ code: "OUT_OF_RANGE", reason: "compacted", outcome: "not-applied" });
      });
    });

    describe("writes on condition", () => {
      it("creates a key only once and then says what is there", async () => {
        expect(await client.create(key("a"), "1")).toMatchObject({ ok: true });
        expect(await client.create(key("a"), "2")).toMatchObject({ ok: false, current: { value: "1" } });
      });

      it("sets and deletes only at the expected revision", async () => {
        const { header } = await client.put(key("a"), "1");
        const set = await client.compareAndSet(key("a"), header.revision, "2");
        expect(set.ok).toBe(true);
        expect(await client.compareAndSet(key("a"), header.revision, "3")).toMatchObject({
          ok: false,
          current: { value: "2", modRevision: set.revision },
        });
        expect((await client.compareAndDelete(key("a"), header.revision)).ok).toBe(false);
        expect((await client.compareAndDelete(key("a"), set.revision)).ok).toBe(true);
        expect(await client.compareAndDelete(key("a"), set.revision)).toMatchObject({ ok: false, current: undefined });
      });

      it("runs the branch that its conditions choose and gives its results as a tuple", async () => {
        await client.put(key("a"), "1");
        await client.put(key("b"), "1");
        const result = await client.txn({
          if: [compare.value(key("a")).eq("1"), compare.version(prefix(space)).gt(0)],
          then: [
            op.put(key("a"), "2", { prevKv: true }),
            op.get(key("a")),
            op.list(prefix(space)),
            op.txn({ then: [op.delete(key("b"), { prevKv: true })] }),
          ],
          else: [op.get(key("a"))],
        });
        if (!result.succeeded) throw new Error("the conditions hold");
        const [put, got, listed, inner] = result.responses;
        expect(put.prev?.value).toBe("1");
        expect(got?.value).toBe("2");
        expect(listed.kvs.map((kv) => kv.value)).toEqual(["2", "1"]);
        expect(inner).toMatchObject({ succeeded: true, responses: [{ deleted: 1n, prev: [{ value: "1" }] }] });
        const refused = await client.txn({ if: [compare.createRevision(key("a")).eq(0)], else: [op.get(key("a"))] });
        expect(refused).toMatchObject({ succeeded: false, responses: [{ value: "2" }] });
      });

      it("reports what the server refuses in the server's words", async () => {
        const twice = client.txn({ then: [op.put(key("a"), "1"), op.put(key("a"), "2")] });
        await expect(twice).rejects.toMatchObject({
          message: "etcdserver: duplicate key given in txn request",
          code: "INVALID_ARGUMENT",
          reason: "duplicate-key",
          outcome: "not-applied",
          attempts: 1,
          endpoint: server.endpoint,
          method: "/etcdserverpb.KV/Txn",
        });
        await expect(client.put(key("a"), "1", { lease: 4711n })).rejects.toBeInstanceOf(LeaseNotFoundError);
        await expect(client.put(key("a"), undefined, { ignoreValue: true })).rejects.toMatchObject({
          reason: "key-not-found",
        });
      });
    });

    describe("views", () => {
      it("reads and writes through a codec, also in a txn and on a watch", async () => {
        const numbers = client.withCodec(codec.json<number>());
        await using watch = numbers.watch(key("n"));
        await watch.ready;
        await numbers.put(key("n"), 41);
        const result = await numbers.txn({ then: [numbers.op.put(key("n"), 42), numbers.op.get(key("n"))] });
        expect(result.succeeded && result.responses[1]?.value).toBe(42);
        expect((await client.get(key("n")))?.value).toBe("42");
        expect((await take(watch, 2)).map((event) => event.type === "put" && event.kv.value)).toEqual([41, 42]);
      });

      it("checks values against a schema when they are read", async () => {
        const ports = client.withCodec(codec.schema(z.object({ port: z.number().int() })));
        await ports.put(key("p"), { port: 80 });
        expect((await ports.get(key("p")))?.value.port).toBe(80);
        await client.put(key("p"), '{"port":"eighty"}');
        const error = await ports.get(key("p")).catch((e: unknown) => e);
        expect(error).toBeInstanceOf(DecodeError);
        expect(error).toMatchObject({ key: key("p"), issues: [{ path: ["port"] }] });
      });

      it("keeps bytes as they are", async () => {
        const raw = client.withCodec(bytes);
        await raw.put(new Uint8Array([...new TextEncoder().encode(space), 0, 255]), new Uint8Array([0, 255, 128]));
        const { kvs } = await raw.list(prefix(space));
        expect([...(kvs[0]?.value ?? [])]).toEqual([0, 255, 128]);
        expect([...(kvs[0]?.keyBytes ?? [])].slice(-2)).toEqual([0, 255]);
        await expect(client.list(prefix(space))).rejects.toBeInstanceOf(DecodeError);
      });

      it("shows a namespace as if there were nothing else", async () => {
        const inner = client.namespace(space).namespace("inner/");
        await client.put(key("inner0"), "outside");
        await using watch = inner.watch(prefix(""));
        await watch.ready;
        await inner.put("a", "1");
        expect((await client.get(key("inner/a")))?.value).toBe("1");
        expect(await inner.keys(prefix(""))).toEqual(["a"]);
        expect(await inner.keys(fromKey("a"))).toEqual(["a"]);
        const result = await inner.txn({ if: [compare.version("a").eq(1)], then: [op.get("a")] });
        expect(result.responses[0]?.key).toBe("a");
        expect((await take(watch, 1))[0]).toMatchObject({ type: "put", kv: { key: "a" }, isCreate: true });
        expect((await inner.delete(prefix(""))).deleted).toBe(1n);
      });
    });

    describe("leases", () => {
      it("keeps a lease alive past its time to live and deletes its keys when it is revoked", async () => {
        await using lease = await client.lease.keep({ ttl: 2 });
        await client.put(key("a"), "1", { lease });
        await pass(3_500);
        expect(lease.state).toBe("active");
        expect((await client.lease.timeToLive(lease.id, { keys: true }))?.keys).toHaveLength(1);
        await lease.revoke();
        expect(lease.state).toBe("released");
        expect(await client.get(key("a"))).toBeUndefined();
        expect(await client.lease.timeToLive(lease.id)).toBeUndefined();
      });

      it("tells the holder when someone else revokes the lease", async () => {
        await using lease = await client.lease.keep({ ttl: 2 });
        const lost = new Promise((resolve) =>
          lease.signal.addEventListener("abort", () => resolve(lease.signal.reason)),
        );
        await client.lease.revoke(lease.id);
        expect(await (server.until?.(lost) ?? lost)).toMatchObject({
          name: "LeaseLostError",
          leaseId: lease.id,
          reason: "lease-lost",
        });
        expect(lease.state).toBe("lost");
        expect(() => lease.assertActive()).toThrow("has expired on the server");
      });

      it("renews once, lists, and refuses a lease that is gone", async () => {
        const { id, ttl } = await client.lease.grant({ ttl: 60 });
        expect(ttl).toBe(60);
        expect(await client.lease.keepAliveOnce(id)).toEqual({ ttl: 60 });
        expect(await client.lease.list()).toContain(id);
        await client.lease.revoke(id);
        await client.lease.revoke(id);
        await expect(client.lease.keepAliveOnce(id)).rejects.toBeInstanceOf(LeaseNotFoundError);
        await expect(
          client.lease.grant({ ttl: 60, id: 9n }).then(() => client.lease.grant({ ttl: 60, id: 9n })),
        ).rejects.toMatchObject({ reason: "lease-exists" });
        await client.lease.revoke(9n);
      });
    });

    describe("watches", () => {
      it("reports changes from now on, grouped by revision", async () => {
        await using watch = client.watch(prefix(space), { prevKv: true });
        const after = await watch.ready;
        await client.txn({ then: [op.put(key("a"), "1"), op.put(key("b"), "1")] });
        await client.delete(key("a"));
        const batches = [];
        for await (const batch of watch.batches()) {
          batches.push(batch);
          if (batches.length === 2) break;
        }
        expect(batches[0]?.revision).toBeGreaterThan(after);
        expect(batches.map((batch) => batch.events.map((event) => event.type))).toEqual([["put", "put"], ["delete"]]);
        expect(batches[1]?.events[0]).toMatchObject({ key: key("a"), prev: { value: "1" } });
      });

      it("reports history from a revision on, filtered", async () => {
        const { header } = await client.put(key("a"), "1");
        await client.put(key("a"), "2");
        await client.delete(key("a"));
        await using all = client.watch(key("a"), { startRevision: header.revision });
        expect((await take(all, 3)).map((event) => event.type)).toEqual(["put", "put", "delete"]);
        await using puts = client.watch(key("a"), { startRevision: header.revision, only: "put" });
        expect((await take(puts, 2)).map((event) => event.type)).toEqual(["put", "put"]);
      });

      it("runs many watches at once over one client", async () => {
        const watches = Array.from({ length: 50 }, (_, i) => client.watch(key(String(i))));
        await Promise.all(watches.map((watch) => watch.ready));
        for (let i = 0; i < 50; i++) await client.put(key(String(i)), String(i));
        const events = await Promise.all(watches.map((watch) => take(watch, 1)));
        expect(events.map(([event]) => event?.type === "put" && event.kv.value)).toEqual(
          watches.map((_, i) => String(i)),
        );
      });

      it("ends with the compacted error when its start is gone", async () => {
        const { header } = await client.put(key("a"), "1");
        const last = await client.put(key("a"), "2");
        await client.compact(last.header.revision);
        await using watch = client.watch(key("a"), { startRevision: header.revision });
        const error = await take(watch, 1).catch((e: unknown) => e);
        expect(error).toBeInstanceOf(CompactedError);
        expect(error).toMatchObject({ compactRevision: last.header.revision, requested: header.revision });
      });

      it("resyncs over a compacted gap with the difference", async () => {
        const { header } = await client.put(key("a"), "1");
        await client.put(key("a"), "2");
        const last = await client.put(key("b"), "1");
        await client.compact(last.header.revision);
        await using watch = client.watch(prefix(space), { startRevision: header.revision, onCompacted: "resync" });
        const events = await take(watch, 3, async (seen) => {
          if (seen === 2) await client.put(key("c"), "live");
        });
        const [resync, ...puts] = events;
        expect(resync).toMatchObject({ type: "resync", compactRevision: last.header.revision });
        expect(puts.map((event) => event.type === "put" && event.kv.key)).toEqual([key("a"), key("b")]);
      });

      it("says how far it is, unless the server cannot be believed about that", async () => {
        await using watch = client.watch(prefix(space));
        await watch.ready;
        const { header } = await client.put(key("a"), "1");
        const reached = await watch.progress().catch((error: unknown) => error);
        if (isEtcdError(reached, "not-supported")) {
          expect((await client.maintenance.status()).version).toMatch(/^3\.[45]\./);
        } else {
          expect(reached).toBeGreaterThanOrEqual(header.revision);
          expect(watch.lag).toBe(1);
        }
      });

      it("ends without an error when it is closed or aborted", async () => {
        const abort = new AbortController();
        const watch = client.watch(key("a"), { signal: abort.signal });
        await watch.ready;
        setTimeout(() => abort.abort(), 20);
        expect(await take(watch, 1)).toEqual([]);
      });

      it("holds no more than its buffer for a slow consumer and still delivers everything", async () => {
        await using watch = client.watch(prefix(space), { bufferSize: 8 });
        await watch.ready;
        for (let i = 0; i < 100; i++) await client.put(key(String(i)), String(i));
        await pass(200);
        expect(watch.lag).toBeLessThan(100);
        const events = await take(watch, 100);
        expect(events.map((event) => event.type === "put" && event.kv.value)).toEqual(events.map((_, i) => String(i)));
      });
    });

    describe("calls", () => {
      it("rejects with the signal's reason when it is aborted", async () => {
        const reason = new Error("changed my mind");
        await expect(client.get(key("a"), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      });

      it("rejects with a closed error after the client is closed, and leaves other clients alone", async () => {
        const other = connect();
        const watch = other.watch(key("a"));
        await watch.ready;
        const ended = take(watch, 1).catch((error: unknown) => error);
        await other.close();
        await other.close();
        expect(isEtcdError(await ended, "closed")).toBe(true);
        await expect(other.get(key("a"))).rejects.toMatchObject({ reason: "closed" });
        expect(await client.get(key("a"))).toBeUndefined();
      });

      it("answers for the cluster and its members", async () => {
        const { members } = await client.cluster.memberList();
        const status = await client.maintenance.status({ endpoint: server.endpoint });
        expect(members.map(({ id }) => id)).toContain(status.leader);
        expect(await client.maintenance.alarms()).toEqual([]);
        expect((await client.maintenance.hashKv()).hash).toBeGreaterThan(0);
        await client.maintenance.defragment();
        expect((await client.rpc.kv.range({ key: new Uint8Array([1]) })).kvs).toEqual([]);
      });

      it("downloads a snapshot that matches its digest", async () => {
        let size = 0;
        for await (const chunk of client.maintenance.snapshot()) size += chunk.length;
        expect(size).toBeGreaterThan(32);
      });
    });
  });
}

/** The next events of a watch; fewer where it ends before. `between` runs after each. */
async function take<V>(
  events: AsyncIterable<WatchEvent<V>>,
  count: number,
  between?: (seen: number) => Promise<void>,
): Promise<WatchEvent<V>[]> {
  const taken: WatchEvent<V>[] = [];
  for await (const event of events) {
    taken.push(event);
    if (taken.length === count) break;
    await between?.(taken.length);
  }
  return taken;
}
