/** What the client promises of keys, values, conditions, leases and maintenance beyond `suite.ts`: every option of every verb. */
import {
  bytes,
  type Client,
  codec,
  compare,
  createClient,
  fromKey,
  isEtcdError,
  type ListOptions,
  op,
  prefix,
  range,
} from "@kvorum/client";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Capabilities, capabilitiesOf, need } from "./capabilities.js";
import type { SuiteServer } from "./suite.js";

export function verbSuite(name: string, start: () => Promise<SuiteServer>, missing?: string): void {
  describe.skipIf(missing !== undefined)(`every verb against ${name}${missing ? ` (skipped: ${missing})` : ""}`, () => {
    let server: SuiteServer;
    let client: Client;
    let capabilities: Capabilities;
    let space = "";
    let cases = 0;

    beforeAll(async () => {
      server = await start();
      client = server.connect?.() ?? createClient({ endpoints: server.endpoint });
      await client.ready({ timeout: 10_000 });
      capabilities = await capabilitiesOf(client);
    });
    afterAll(async () => {
      await client?.close();
      await server?.stop();
    });
    beforeEach(() => {
      cases += 1;
      space = `verbs-${cases}/`;
    });
    const key = (suffix: string): string => `${space}${suffix}`;
    const keysOf = async (options: ListOptions): Promise<string> =>
      (await client.keys(prefix(space), options)).map((found) => found.slice(space.length)).join("");

    describe("reads", () => {
      it("are as new as they are asked to be", async () => {
        const first = await client.put(key("a"), "1");
        const second = await client.put(key("a"), "2");
        expect((await client.get(key("a"), { consistency: "linearizable" }))?.value).toBe("2");
        expect((await client.get(key("a"), { consistency: { atLeast: second.header.revision } }))?.value).toBe("2");
        expect((await client.get(key("a"), { consistency: "serializable" }))?.version).toBeGreaterThanOrEqual(1n);
        const past = { revision: first.header.revision };
        expect((await client.list(prefix(space), past)).kvs.map((kv) => kv.value)).toEqual(["1"]);
        expect(await client.count(prefix(space), { revision: first.header.revision - 1n })).toBe(0n);
        const future = client.get(key("a"), { revision: second.header.revision + 1_000_000n });
        await expect(future).rejects.toMatchObject({ reason: "future-revision", outcome: "not-applied" });
      });

      it("sort by every field and keep to bounds of revisions", async () => {
        const revisions = new Map<string, bigint>();
        for (const [suffix, value] of ["c3", "a2", "b1", "a4"].map((text) => [...text] as [string, string])) {
          revisions.set(`${suffix}${value}`, (await client.put(key(suffix), value)).header.revision);
        }
        expect(await keysOf({ sortBy: "key", order: "desc" })).toBe("cba");
        expect(await keysOf({ sortBy: "create" })).toBe("cab");
        expect(await keysOf({ sortBy: "mod" })).toBe("cba");
        expect(await keysOf({ sortBy: "value" })).toBe("bca");
        expect(await keysOf({ sortBy: "version", order: "desc", limit: 1 })).toBe("a");
        expect(await keysOf({ minModRevision: revisions.get("b1") ?? 0n })).toBe("ab");
        expect(await keysOf({ maxModRevision: revisions.get("b1") ?? 0n })).toBe("bc");
        expect(await keysOf({ minCreateRevision: revisions.get("a2") ?? 0n })).toBe("ab");
        expect(await keysOf({ maxCreateRevision: revisions.get("a2") ?? 0n, limit: 1 })).toBe("a");
      });

      it("leave the values on the server when only keys are asked for", async () => {
        const { id } = await client.lease.grant({ ttl: 60 });
        await client.put(key("a"), "value", { lease: id });
        const { kvs, count } = await client.list(prefix(space), { keysOnly: true });
        expect({ count, keys: kvs.map((entry) => entry.key) }).toEqual({ count: 1n, keys: [key("a")] });
        expect(kvs[0]).not.toHaveProperty("value");
        const scanned: string[] = [];
        for await (const entry of client.scan(prefix(space), { keysOnly: true })) scanned.push(entry.key);
        expect(scanned).toEqual([key("a")]);
        await client.lease.revoke(id);
      });

      it("walk over more than one message may carry", async () => {
        const value = "x".repeat(700_000);
        for (let i = 0; i < 7; i++) await client.put(key(String(i)), value);
        let length = 0;
        for await (const kv of client.scan(prefix(space))) length += kv.value.length;
        expect(length).toBe(7 * value.length);
        for await (const kv of client.scan(prefix(space), { pageSize: 1 })) {
          expect(kv.key).toBe(key("0"));
          break;
        }
      });
    });

    describe("writes", () => {
      it("keep the value or the lease of a key when asked, and say when there is no such key", async () => {
        const { id } = await client.lease.grant({ ttl: 60 });
        await client.put(key("a"), "1", { lease: id });
        await client.put(key("a"), undefined, { ignoreValue: true });
        expect(await client.get(key("a"))).toMatchObject({ value: "1", lease: 0n, version: 2n });
        await client.put(key("a"), "2", { lease: id });
        await client.put(key("a"), "3", { ignoreLease: true });
        expect(await client.get(key("a"))).toMatchObject({ value: "3", lease: id, version: 4n });
        await expect(client.put(key("b"), "1", { ignoreLease: true })).rejects.toMatchObject({
          reason: "key-not-found",
          outcome: "not-applied",
        });
        await client.lease.revoke(id);
        expect(await client.get(key("a"))).toBeUndefined();
      });

      it("take empty values and keys of any bytes, and delete by range and tail", async () => {
        const raw = client.withCodec(bytes);
        const key255 = new Uint8Array([...new TextEncoder().encode(space), 255, 255]);
        await raw.put(key255, new Uint8Array());
        expect((await raw.get(key255))?.value).toEqual(new Uint8Array());
        for (const suffix of ["a", "b", "c"]) await client.put(key(suffix), "");
        expect((await client.get(key("a")))?.value).toBe("");
        expect((await client.delete(range(key("a"), key("c")))).deleted).toBe(2n);
        const tail = client.namespace(space);
        expect((await tail.delete(fromKey("c"), { prevKv: false })).deleted).toBe(2n);
        expect((await client.delete(prefix(space))).deleted).toBe(0n);
      });

      it("on condition attach leases, also in a namespace and with a codec", async () => {
        const numbers = client.namespace(space).withCodec(codec.json<number>());
        const { id } = await client.lease.grant({ ttl: 60 });
        expect(await numbers.create("n", 1, { lease: id })).toMatchObject({ ok: true });
        const current = await numbers.get("n");
        expect(current).toMatchObject({ value: 1, lease: id });
        const modRevision = current?.modRevision ?? 0n;
        expect(await numbers.compareAndSet("n", modRevision, 2, { lease: id })).toMatchObject({ ok: true });
        expect(await numbers.compareAndSet("n", 0n, 3)).toMatchObject({ ok: false, current: { value: 2 } });
        expect(await numbers.compareAndDelete("n", modRevision)).toMatchObject({ ok: false, current: { value: 2 } });
        await client.lease.revoke(id);
        expect(await numbers.compareAndSet("n", 0n, 4)).toMatchObject({ ok: true });
      });

      it("are refused where they are too large, and have not happened", async () => {
        const large = await client.put(key("a"), "x".repeat(3_000_000)).catch((error: unknown) => error);
        expect(isEtcdError(large)).toBe(true);
        expect(large).toMatchObject({ outcome: "not-applied" });
        expect(await client.get(key("a"))).toBeUndefined();
      });
    });

    describe("txns", () => {
      it("hold every comparison against what is stored, over ranges for each key of it", async () => {
        const { id } = await client.lease.grant({ ttl: 60 });
        await client.put(key("a"), "m", { lease: id });
        const { header } = await client.put(key("b"), "m");
        const holds = async (condition: ReturnType<ReturnType<typeof compare.value>["eq"]>): Promise<boolean> =>
          (await client.txn({ if: [condition] })).succeeded;
        expect(await holds(compare.value(key("a")).gt("a"))).toBe(true);
        expect(await holds(compare.value(key("a")).lt("a"))).toBe(false);
        expect(await holds(compare.value(key("a")).ne("a"))).toBe(true);
        expect(await holds(compare.value(key("missing")).ne("a"))).toBe(false);
        expect(await holds(compare.lease(key("a")).eq(id))).toBe(true);
        expect(await holds(compare.lease(prefix(space)).eq(id))).toBe(false);
        expect(await holds(compare.modRevision(prefix(space)).lt(header.revision))).toBe(false);
        expect(await holds(compare.modRevision(prefix(space)).lt(header.revision + 1n))).toBe(true);
        expect(await holds(compare.createRevision(prefix(key("nothing"))).eq(0))).toBe(true);
        expect(await holds(compare.value(prefix(space)).eq("m"))).toBe(true);
        await client.lease.revoke(id);
      });

      it("nest, each with its own conditions and a tuple of results", async () => {
        await client.put(key("a"), "1");
        const inner = op.txn({
          if: [compare.value(key("a")).eq("2")],
          then: [op.get(key("a"))],
          else: [op.put(key("c"), "3"), op.txn({ then: [op.list(prefix(space), { keysOnly: true })] })],
        });
        const result = await client.txn({ then: [op.put(key("b"), "2", { prevKv: true }), inner] });
        if (!result.succeeded) throw new Error("a txn without conditions succeeds");
        const [put, nested] = result.responses;
        expect(put.prev).toBeUndefined();
        if (nested.succeeded) throw new Error("the inner condition does not hold");
        const [, innermost] = nested.responses;
        if (!innermost.succeeded) throw new Error("a txn without conditions succeeds");
        expect(innermost.responses[0].kvs.map((entry) => entry.key)).toEqual([key("a"), key("b"), key("c")]);
        const reads = await client.txn({ then: [op.get(key("a"), { revision: result.header.revision })] });
        expect(reads.responses[0]).toMatchObject({ value: "1" });
      });
    });

    describe("leases and members", () => {
      it("of another holder are adopted, told with their keys, and left alone on release", async () => {
        const { id } = await client.lease.grant({ ttl: 30 });
        await client.put(key("a"), "1", { lease: id });
        const adopted = await client.lease.adopt(id);
        expect(adopted).toMatchObject({ id, ttl: 30, state: "active" });
        const info = await client.lease.timeToLive(adopted.id, { keys: true });
        expect(info?.keys.map((found) => new TextDecoder().decode(found))).toEqual([key("a")]);
        adopted.release();
        expect(adopted.state).toBe("released");
        expect((await client.lease.timeToLive(id))?.grantedTtl).toBe(30);
        await client.lease.revoke(id);
      });

      it("tell of themselves and give their store as a file", async () => {
        const status = await client.maintenance.status();
        expect(status.errors).toEqual([]);
        expect(status.dbSize).toBeGreaterThan(0n);
        const { revision } = (await client.put(key("a"), "1")).header;
        const now = await client.maintenance.hashKv({ revision });
        await client.put(key("a"), "2");
        expect((await client.maintenance.hashKv({ revision })).hash).toBe(now.hash);
        const reader = client.maintenance.snapshot().getReader();
        expect((await reader.read()).value?.length).toBeGreaterThan(0);
        await reader.cancel();
      });

      it("say of which revision a hash is", async (test) => {
        need(test, capabilities, "hash-revision");
        const { revision } = (await client.put(key("a"), "1")).header;
        expect(await client.maintenance.hashKv({ revision })).toMatchObject({ hashRevision: revision });
      });
    });
  });
}
