/** What `list` gives for any order, limit and bounds, against a few lines of plain sorting, and how `scan` reads. */
import { type Client, CompactedError, createClient, type KeyValue, type ListOptions, op, prefix } from "@kvorum/client";
import { type Channel, niceChannel, type TransportFactory } from "@kvorum/transport";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SuiteServer } from "./suite.js";

const SORTS = { key: "key", version: "version", create: "createRevision", mod: "modRevision", value: "value" } as const;

const bound = fc.option(fc.nat(14), { nil: undefined });
const options = fc.record({
  limit: fc.option(fc.nat(9), { nil: undefined }),
  sortBy: fc.constantFrom(undefined, "key", "version", "create", "mod", "value"),
  order: fc.constantFrom(undefined, "asc", "desc"),
  minModRevision: bound,
  maxModRevision: bound,
  minCreateRevision: bound,
  maxCreateRevision: bound,
  keysOnly: fc.boolean(),
});

type Wanted = typeof options extends fc.Arbitrary<infer T> ? T : never;

export function listSuite(name: string, start: () => Promise<SuiteServer>, missing?: string, streams = true): void {
  describe.skipIf(missing !== undefined)(`lists of ${name}${missing ? ` (skipped: ${missing})` : ""}`, () => {
    let server: SuiteServer;
    let client: Client;
    /** All pairs, in the order of keys. */
    let all: KeyValue<string>[] = [];
    let first = 0n;

    beforeAll(async () => {
      server = await start();
      client = createClient({ endpoints: server.endpoint, namespace: "lists/" });
      // Orders that differ for key, value, version, creation and last change.
      for (const [at, key] of ["d", "b", "f", "a", "e", "c"].entries()) {
        const { header } = await client.put(key, String((at * 5) % 7));
        if (at === 0) first = header.revision;
      }
      for (const key of ["b", "b", "f", "e", "a", "b", "c", "c"]) await client.put(key, `${key.charCodeAt(0) % 4}`);
      all = (await client.list(prefix(""))).kvs;
    });
    afterAll(async () => {
      await client?.close();
      await server?.stop();
    });

    /** Bounds are small numbers, counted from the first write; 0 is no bound. */
    const bounded = (wanted: Wanted): ListOptions => {
      const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision, ...others } = wanted;
      const given = Object.entries({ minModRevision, maxModRevision, minCreateRevision, maxCreateRevision }).flatMap(
        ([field, value]) => (value === undefined ? [] : [[field, value === 0 ? 0n : first + BigInt(value) - 1n]]),
      );
      const present = Object.entries(others).filter(([, value]) => value !== undefined);
      return Object.fromEntries([...given, ...present]) as ListOptions;
    };

    it("are scanned in one page and one stream where there are streams, else in pages, until history is compacted", async () => {
      let pages = 0;
      const counting: TransportFactory = (endpoint, settings) => {
        const channel = niceChannel(endpoint, settings);
        const unary: Channel["unary"] = (method, request, wire) => {
          if (method.name === "Range") pages += 1;
          return channel.unary(method, request, wire);
        };
        return new Proxy(channel, {
          get: (target, property) => {
            if (property === "unary") return unary;
            const value: unknown = Reflect.get(target, property, target);
            return typeof value === "function" ? value.bind(target) : value;
          },
        });
      };
      await using scanning = createClient({ endpoints: server.endpoint, namespace: "scans/", transport: counting });
      const names = Array.from({ length: 120 }, (_, i) => String(i).padStart(3, "0"));
      await scanning.txn({ then: names.map((key) => op.put(key, "v")) });
      const seen: string[] = [];
      for await (const { key } of scanning.scan(prefix(""), { pageSize: 10 })) seen.push(key);
      expect(seen).toEqual(names);
      expect(pages).toBe(streams ? 1 : 12);
      const cut = (async () => {
        for await (const { key } of scanning.scan(prefix(""), { pageSize: 10 })) {
          if (key !== "005") continue;
          const { header } = await scanning.put("other", "x");
          await client.compact(header.revision, { physical: true });
        }
      })();
      await expect(cut).rejects.toBeInstanceOf(CompactedError);
    });

    const seed = Math.floor(Math.random() * 2 ** 31);
    it(`are sorted, bounded and cut as their options say (seed ${seed})`, async () => {
      await fc.assert(
        fc.asyncProperty(options, async (wanted) => {
          const asked = bounded(wanted);
          const within = all.filter(
            ({ modRevision, createRevision }) =>
              modRevision >= (asked.minModRevision ?? 0n) &&
              createRevision >= (asked.minCreateRevision ?? 0n) &&
              (!asked.maxModRevision || modRevision <= asked.maxModRevision) &&
              (!asked.maxCreateRevision || createRevision <= asked.maxCreateRevision),
          );
          const by = SORTS[asked.sortBy ?? "key"];
          const sign = asked.order === "desc" ? -1 : 1;
          const sorted = [...within].sort((left, right) =>
            left[by] < right[by] ? -sign : left[by] > right[by] ? sign : 0,
          );
          const expected = asked.limit ? sorted.slice(0, asked.limit) : sorted;
          const { kvs, count, more } = await client.list(prefix(""), asked);
          expect({ count, more }).toEqual({ count: 6n, more: expected.length < sorted.length });
          // Where two are equal in what is sorted by, nothing is said of their order.
          const sortedBy = all.filter(({ key }) => kvs.some((kv) => kv.key === key)).length;
          expect(sortedBy).toBe(kvs.length);
          const fieldOf = (key: string): unknown => all.find((kv) => kv.key === key)?.[by];
          expect(kvs.map(({ key }) => fieldOf(key))).toEqual(expected.map((kv) => kv[by]));
          expect(kvs.every(({ key }) => within.some((kv) => kv.key === key))).toBe(true);
          for (const kv of kvs) expect(Object.hasOwn(kv, "value")).toBe(!asked.keysOnly);
        }),
        { seed, numRuns: 60 },
      );
    });
  });
}
