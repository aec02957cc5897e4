/** What `list` gives for any order, limit and bounds, against a few lines of plain sorting. */
import { type Client, createClient, type KeyValue, type ListOptions, prefix } from "@kvorum/client";
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

export function listSuite(name: string, start: () => Promise<SuiteServer>, missing?: string): void {
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
