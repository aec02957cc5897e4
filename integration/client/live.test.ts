/**
 * Live views over real servers and a network that misbehaves: nothing torn, nothing lost, nothing reported that did not
 * happen.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Change, type Client, codec, createClient, type KeyCache, op, prefix } from "@kvorum/client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { type FaultProxy, startProxy } from "../support/proxy.js";
import { embedded, etcd } from "./servers.js";
import type { SuiteServer } from "./suite.js";

const TXNS = 500;
const CUTS = 200;
/** Whose connections are cut. */
const CUT_CLIENTS = 4;
const SYNCS = 200;

for (const { name, start, missing } of [embedded, etcd]) liveSuite(name, start, missing);

function liveSuite(name: string, start: () => Promise<SuiteServer>, missing?: string): void {
  const label = `live views before ${name}${missing ? ` (skipped: ${missing})` : ""}`;
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
      space = `live-${cases}/`;
      proxy = await startProxy(server.endpoint);
      client = createClient({ endpoints: proxy.endpoint });
    });
    afterEach(async () => {
      await client.close();
      await proxy.close();
    });

    /** Cuts every connection over and over, as often as asked, until `done` aborts. */
    async function cutting(times: number, done: AbortSignal): Promise<number> {
      let cuts = 0;
      for (; cuts < times || !done.aborted; cuts++) {
        proxy.cut();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return cuts;
    }

    it("caches that are cut again and again show no torn txn, and they and their changes end as the store does", async () => {
      const view = direct.namespace(space);
      await view.txn({ then: ["x", "y", "z"].map((key) => op.put(key, "0")) });
      const clients = Array.from({ length: CUT_CLIENTS }, () => createClient({ endpoints: proxy.endpoint }));
      const observed = await Promise.all(
        clients.map(async (each) => new Observed(await each.namespace(space).cache(prefix("")))),
      );
      const written = new AbortController();
      const looking = (async () => {
        while (!written.signal.aborted) {
          for (const each of observed) each.look();
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      })();
      const cuts = cutting(CUTS, written.signal);
      for (let i = 0; i < TXNS; i += 10) {
        // Three keys to one value, or three that come and go.
        const txns = Array.from({ length: 10 }, (_, j) => {
          const keys = j % 5 === 0 ? ["a", "b", "c"].map((key) => `${i % 100}/${key}`) : ["x", "y", "z"];
          return view.txn({ then: keys.map((key) => (j === 5 ? op.delete(key) : op.put(key, String(i + j)))) });
        });
        await Promise.all(txns);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      written.abort();
      expect(await cuts).toBeGreaterThanOrEqual(CUTS);
      await looking;
      // Most cuts meet clients that wait before they connect again.
      expect(proxy.connections).toBeGreaterThan(6 * CUT_CLIENTS);
      await Promise.all(observed.map(({ cache }) => cache.sync()));
      const { kvs } = await view.list(prefix(""));
      for (const { cache, torn, looks } of observed) {
        expect([...cache]).toEqual(kvs);
        expect(torn).toEqual([]);
        expect(looks).toBeGreaterThan(100);
      }
      // A last change tells when what was pending for the consumers is taken.
      await view.put("end", "1");
      for (const { mirror } of observed) {
        await eventually(() => mirror.get("end") === "1");
        expect([...mirror].sort()).toEqual([...kvs.map((kv) => [kv.key, kv.value]), ["end", "1"]].sort());
      }
      await Promise.all(clients.map((each) => each.close()));
      expect(await Promise.all(observed.map(({ ended }) => ended))).toMatchObject(
        clients.map(() => ({ name: "ClientClosedError" })),
      );
    });

    it("a cache whose history was compacted while it was away reports what differs and nothing else", async () => {
      const view = direct.namespace(space);
      await view.txn({ then: ["kept", "changed", "deleted", "back"].map((key) => op.put(key, "1")) });
      await using cache = await client.namespace(space).cache(prefix(""));
      const changes: string[] = [];
      const told = (async () => {
        for await (const change of cache.changes()) changes.push(`${change.type} ${change.key}`);
      })();
      await proxy.refuse();
      await eventually(() => cache.stale);
      await view.txn({ then: [op.put("changed", "2"), op.put("flash", "1"), op.delete("back")] });
      await view.txn({ then: [op.delete("flash"), op.delete("deleted"), op.put("created", "1"), op.put("back", "2")] });
      const { header } = await view.put("changed", "3");
      await direct.compact(header.revision, { physical: true });
      await proxy.listen();
      await cache.sync();
      expect(changes.sort()).toEqual(["added created", "removed deleted", "updated back", "updated changed"]);
      expect([...cache]).toEqual((await view.list(prefix(""))).kvs);
      await eventually(() => !cache.stale);
      await cache.close();
      await told;
    });

    it("a consumer that stops reading costs one change a key", async () => {
      const view = direct.namespace(space);
      const keys = Array.from({ length: 50 }, (_, i) => `k${i}`);
      const write = (value: string): Promise<unknown> => view.txn({ then: keys.map((key) => op.put(key, value)) });
      await write("0");
      await using cache = await client.namespace(space).cache(prefix(""));
      const stopped = cache.changes();
      for (let i = 1; i <= 40; i++) await write(String(i));
      await view.put("end", "1");
      await cache.sync();
      const held: Change<string>[] = [];
      for await (const change of stopped) {
        held.push(change);
        if (change.key === "end") break;
      }
      expect(held).toHaveLength(51);
      for (const change of held.slice(0, 50)) {
        expect(change).toMatchObject({ type: "updated", previous: { value: "0" }, kv: { value: "40" } });
      }
    });

    it("`sync` always sees what another client has written before it", async () => {
      const view = direct.namespace(space);
      const pairs = Array.from({ length: 1_001 }, (_, i) => op.put(`long/${i}`, "0"));
      for (let i = 0; i < pairs.length; i += 100) await view.txn({ then: pairs.slice(i, i + 100) });
      await using short = await client.namespace(space).cache(prefix("short/"));
      await using long = await client.namespace(space).cache(prefix("long/"));
      for (let i = 0; i < SYNCS; i++) {
        // A longer range is asked for otherwise; and every third time something else is all that is written.
        const [cache, key] = i % 4 === 0 ? [long, "long/7"] : [short, "short/7"];
        const { header } = await view.put(i % 3 === 0 ? "elsewhere" : key, String(i));
        await cache.sync();
        expect(cache.revision).toBeGreaterThanOrEqual(header.revision);
        if (i % 3 !== 0) expect(cache.get(key)?.value).toBe(String(i));
      }
    });

    it("a configuration of several keys is never half of one txn and half of another", async () => {
      const view = direct.namespace(space).withCodec(codec.json<number>());
      const write = (n: number): Promise<unknown> =>
        view.txn({ then: [view.op.put("a", n), view.op.put("far/away", n)] });
      await write(0);
      const pair = z.object({ a: z.number(), b: z.number() });
      await using config = await client.namespace(space).config({ a: "a", b: "far/away" }, pair);
      const seen: { a: number; b: number }[] = [];
      const told = (async () => {
        for await (const value of config.changes()) seen.push(value);
      })();
      for (let n = 1; n <= 200; n++) {
        await write(n);
        if (n % 20 !== 0) continue;
        await eventually(() => config.current.a === n);
        proxy.cut();
      }
      await eventually(() => seen.length >= 10);
      expect(seen.filter(({ a, b }) => a !== b)).toEqual([]);
      expect(seen.map(({ a }) => a)).toEqual(seen.map(({ a }) => a).sort((left, right) => left - right));
      await config.close();
      await told;
    });

    it("a configuration starts from its file while no server is there, and goes on when one is", async () => {
      const directory = await mkdtemp(join(tmpdir(), "kvorum-live-"));
      try {
        const options = { fallbackFile: join(directory, "last-good.json"), timeout: 300 };
        await direct.put(`${space}limit`, "1");
        await (await client.config(`${space}limit`, z.number(), options)).close();
        proxy.blackHole();
        const unheard = await client.config(`${space}limit`, z.number(), options);
        expect([unheard.current, unheard.source, unheard.stale]).toEqual([1, "file", true]);
        await unheard.close();
        proxy.forward();
        await proxy.refuse();
        await direct.put(`${space}limit`, "2");
        await using config = await client.config(`${space}limit`, z.number(), options);
        expect([config.current, config.source, config.stale]).toEqual([1, "file", true]);
        await proxy.listen();
        await eventually(() => !config.stale);
        expect([config.current, config.source]).toEqual([2, "store"]);
      } finally {
        await rm(directory, { recursive: true });
      }
    });
  });
}

/** A cache that is looked at all the time, and a map to which its changes are applied. */
class Observed {
  readonly cache: KeyCache<string>;
  readonly mirror = new Map<string, string>();
  /** Sights of two revisions at once, of half a txn, or of a change that does not fit to what was there. */
  readonly torn: string[] = [];
  /** Resolves with what ended the changes. */
  readonly ended: Promise<unknown>;
  looks = 0;
  #revision = 0n;

  constructor(cache: KeyCache<string>) {
    this.cache = cache;
    this.ended = this.#follow().catch((error: unknown) => error);
  }

  look(): void {
    this.looks += 1;
    const values = ["x", "y", "z"].map((key) => this.cache.get(key)?.value);
    if (new Set(values).size > 1) this.torn.push(values.join(" "));
    if (this.cache.revision < this.#revision) this.torn.push(`back to ${this.cache.revision}`);
    this.#revision = this.cache.revision;
  }

  async #follow(): Promise<void> {
    for await (const change of this.cache.changes({ initial: true })) {
      const before = "previous" in change ? change.previous.value : undefined;
      if (this.mirror.get(change.key) !== before) this.torn.push(`${change.type} ${change.key}`);
      if (change.type === "removed") this.mirror.delete(change.key);
      else this.mirror.set(change.key, change.kv.value);
      this.look();
    }
  }
}

/** Polls until the check holds. The test's own time limit ends it. */
async function eventually(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => setTimeout(resolve, 5));
}
