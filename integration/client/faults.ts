/** What the client promises when the network misbehaves, against any server that speaks etcd's protocol. */
import { type Client, createClient, type EtcdError, op, prefix } from "@kvorum/client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type FaultProxy, startProxy } from "../support/proxy.js";
import type { SuiteServer } from "./suite.js";

export function faultSuite(name: string, start: () => Promise<SuiteServer>, missing?: string): void {
  const label = `the client and a bad network before ${name}${missing ? ` (skipped: ${missing})` : ""}`;
  describe.skipIf(missing !== undefined)(label, () => {
    let server: SuiteServer;
    let proxy: FaultProxy;
    /** Goes around the proxy. */
    let direct: Client;
    let client: Client;
    let space = "";
    let cases = 0;

    beforeAll(async () => {
      server = await start();
      direct = createClient({ endpoints: server.endpoint });
      await direct.ready({ timeout: 5_000 });
    });
    afterAll(async () => {
      await direct?.close();
      await server?.stop();
    });
    beforeEach(async () => {
      cases += 1;
      space = `fault-${cases}/`;
      proxy = await startProxy(server.endpoint);
      client = createClient({ endpoints: proxy.endpoint });
    });
    afterEach(async () => {
      await client.close();
      await proxy.close();
    });

    const values = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));

    /** The values of the next puts that a watch through the proxy reports. */
    function watched(count: number, startRevision?: bigint): Promise<string[]> {
      return watchedUntil((seen) => seen.length === count, startRevision);
    }

    async function watchedUntil(isAll: (seen: string[]) => boolean, startRevision?: bigint): Promise<string[]> {
      const seen: string[] = [];
      await using watch = client.watch(prefix(space), startRevision === undefined ? {} : { startRevision });
      for await (const event of watch) {
        if (event.type === "put") seen.push(event.kv.value);
        if (isAll(seen)) break;
      }
      return seen;
    }

    it("a watch that is cut again and again loses nothing and repeats nothing", async () => {
      const first = await direct.put(`${space}start`, "start");
      const seen = watchedUntil((values) => values.at(-1) === "end", first.header.revision);
      const cutting = setInterval(() => proxy.cut(), 40);
      let count = 0;
      // A fast server has taken 300 before the watch has come back three times.
      while (count < 300 || proxy.connections <= 3) {
        await direct.put(`${space}${count}`, String(count));
        count += 1;
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
      clearInterval(cutting);
      await direct.put(`${space}end`, "end");
      expect(await seen).toEqual(["start", ...values(count), "end"]);
      expect(proxy.connections).toBeGreaterThan(3);
    });

    it("a watch over history is complete wherever its first connection is cut", async () => {
      const first = await direct.put(`${space}start`, "start");
      for (const value of values(40)) await direct.put(`${space}${value}`, value.padEnd(2_000));
      const expected = ["start", ...values(40)];
      // 41 events of 2 kB: the cuts fall into the handshake, the created answer, and the events.
      for (const bytes of [1, 20, 40, 60, 80, 100, 120, 140, 180, 250, 1_000, 5_000, 20_000, 40_000, 60_000, 80_000]) {
        proxy.cutAfter(bytes);
        const before = proxy.connections;
        const seen = watched(41, first.header.revision);
        // The second connection shows that the first was cut.
        await until(async () => proxy.connections >= before + 2);
        proxy.forward();
        expect((await seen).map((value) => value.trim())).toEqual(expected);
        proxy.cut();
      }
    });

    it("a put whose reply is swallowed rejects with an unknown outcome and is applied once", async () => {
      await client.ready();
      proxy.swallowReplies();
      const put = client.put(`${space}a`, "1").catch((error: unknown) => error as EtcdError);
      await until(async () => (await direct.get(`${space}a`)) !== undefined);
      proxy.forward();
      proxy.cut();
      expect(await put).toMatchObject({ outcome: "unknown", attempts: 1, code: "UNAVAILABLE" });
      expect((await direct.get(`${space}a`))?.version).toBe(1n);
    });

    it("a transfer whose reply is swallowed is not made twice", async () => {
      await direct.txn({ then: [op.put(`${space}from`, "100"), op.put(`${space}to`, "0")] });
      await client.ready();
      proxy.swallowReplies();
      const transfer = client
        .txn({ then: [op.put(`${space}from`, "90"), op.put(`${space}to`, "10")] })
        .catch((error: unknown) => error as EtcdError);
      await until(async () => (await direct.get(`${space}to`))?.value === "10");
      proxy.forward();
      proxy.cut();
      expect(await transfer).toMatchObject({ outcome: "unknown" });
      expect((await direct.list(prefix(space))).kvs.map((kv) => [kv.value, kv.version])).toEqual([
        ["90", 2n],
        ["10", 2n],
      ]);
    });

    it("a read whose connection is cut is asked again and answers", async () => {
      await direct.put(`${space}a`, "1");
      await client.ready();
      proxy.swallowReplies();
      const read = client.get(`${space}a`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      proxy.forward();
      proxy.cut();
      expect((await read)?.value).toBe("1");
    });

    it("a write waits for a server that is away, and was not applied when it stays away", async () => {
      await proxy.refuse();
      const gone = await client.put(`${space}a`, "1", { timeout: 400 }).catch((error: unknown) => error as EtcdError);
      expect(gone).toMatchObject({ name: "UnavailableError", outcome: "not-applied", reason: "transport" });
      const put = client.put(`${space}a`, "2", { timeout: 8_000 });
      setTimeout(() => void proxy.listen(), 300);
      await put;
      expect(await direct.get(`${space}a`)).toMatchObject({ value: "2", version: 1n });
    });

    it("one dead address among the endpoints costs nothing", async () => {
      await proxy.refuse();
      await using both = createClient({ endpoints: [proxy.endpoint, server.endpoint] });
      await using watch = both.watch(`${space}a`);
      await watch.ready;
      const startMs = performance.now();
      for (const value of values(20)) await both.put(`${space}a`, value, { timeout: 1_000 });
      expect(performance.now() - startMs).toBeLessThan(1_500);
    });

    it("a call into a black hole ends with its timeout", async () => {
      await client.ready();
      proxy.blackHole();
      const startMs = performance.now();
      const error = await client.get(`${space}a`, { timeout: 300 }).catch((cause: unknown) => cause);
      expect(error).toMatchObject({ name: "TimeoutError", reason: "timeout", outcome: "not-applied" });
      expect(performance.now() - startMs).toBeLessThan(2_000);
    });

    it("a lease in a black hole is reported lost before the server ends it", async () => {
      const lease = await client.lease.keep({ ttl: 2 });
      await direct.put(`${space}a`, "held", { lease });
      await using deletions = direct.watch(`${space}a`, { only: "delete" });
      await deletions.ready;
      let lostAtMs = Number.POSITIVE_INFINITY;
      lease.signal.addEventListener("abort", () => {
        lostAtMs = performance.now();
      });
      proxy.blackHole();
      for await (const event of deletions) {
        expect(event.type).toBe("delete");
        break;
      }
      expect(lostAtMs).toBeLessThan(performance.now());
      expect(lease.signal.reason).toMatchObject({ name: "LeaseLostError", leaseId: lease.id });
      proxy.forward();
      proxy.cut();
    });

    it("a lease lives on over another member when the one it uses turns into a black hole", async () => {
      const other = await startProxy(server.endpoint);
      const both = createClient({ endpoints: [proxy.endpoint, other.endpoint], balancer: "pick-first" });
      try {
        const lease = await both.lease.keep({ ttl: 3 });
        // Past the first renewal.
        await new Promise((resolve) => setTimeout(resolve, 1_300));
        expect([proxy.connections, other.connections]).toEqual([1, 0]);
        proxy.blackHole();
        await new Promise((resolve) => setTimeout(resolve, 4_500));
        expect(other.connections).toBe(1);
        expect(lease.state).toBe("active");
        expect(await direct.lease.timeToLive(lease.id)).toBeDefined();
      } finally {
        await both.close();
        await other.close();
      }
    });
  });
}

/** Polls until the check holds. The test's own time limit ends it. */
async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 5));
}
