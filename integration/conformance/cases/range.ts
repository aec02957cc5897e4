/** Range: key forms, revisions, sorting, limits, filters, counts and their errors. */
import { RangeRequest_SortOrder as Order, RangeRequest_SortTarget as Target } from "@kvorum/proto";
import { type Case, cases } from "../case.js";
import { FROM_KEY, type Probe } from "../probe.js";

/** Four keys written in an order that differs from the order of their names, values and versions. */
async function fourKeys(p: Probe): Promise<bigint> {
  const start = await p.revision();
  await p.put("c", "3");
  await p.put("a", "9");
  await p.put("d", "1");
  await p.put("b", "5");
  await p.put("a", "2");
  await p.put("a", "4");
  await p.put("c", "7");
  return start;
}

const sorts: Record<string, Case["run"]> = {};
for (const [orderName, order] of [
  ["none", Order.NONE],
  ["ascend", Order.ASCEND],
  ["descend", Order.DESCEND],
] as const) {
  for (const [targetName, target] of [
    ["key", Target.KEY],
    ["version", Target.VERSION],
    ["create", Target.CREATE],
    ["mod", Target.MOD],
    ["value", Target.VALUE],
  ] as const) {
    // Ties have no defined order, so versions are made to differ first.
    sorts[`sort ${orderName} by ${targetName}`] = async (p) => {
      await fourKeys(p);
      for (let i = 0; i < 3; i++) await p.put("d", "1");
      for (let i = 0; i < 5; i++) await p.put("b", "5");
      await p.all({ sortOrder: order, sortTarget: target });
      await p.all({ sortOrder: order, sortTarget: target, limit: 2n });
    };
  }
}

export const rangeCases: Case[] = cases("range", {
  ...sorts,
  "a missing key is an empty answer": async (p) => {
    await p.range("nothing");
  },
  "one key": async (p) => {
    await p.put("a", "1");
    await p.range("a");
  },
  "a half-open range": async (p) => {
    await fourKeys(p);
    await p.range("b", "d");
  },
  "a prefix": async (p) => {
    await p.put("x/1");
    await p.put("x/2");
    await p.put("y/1");
    await p.range("x/", p.prefixEnd("x/"));
  },
  "from a key on, counted": async (p) => {
    await p.put("zzz", "last");
    await p.range(p.key("zzz"), FROM_KEY, { limit: 1n });
  },
  "an end before the key is empty": async (p) => {
    await fourKeys(p);
    await p.range("c", "a");
  },
  "an end equal to the key is empty": async (p) => {
    await fourKeys(p);
    await p.range("c", "c");
  },
  "an empty key is refused": async (p) => {
    await p.range(new Uint8Array());
  },
  "an empty key is refused with a range end too": async (p) => {
    await p.range(new Uint8Array(), FROM_KEY);
  },
  "limit cuts and says more": async (p) => {
    await fourKeys(p);
    await p.all({ limit: 3n });
    await p.all({ limit: 4n });
    await p.all({ limit: 5n });
  },
  "limit zero and below is no limit": async (p) => {
    await fourKeys(p);
    await p.all({ limit: 0n });
    await p.all({ limit: -1n });
  },
  "count only": async (p) => {
    await fourKeys(p);
    await p.all({ countOnly: true });
    await p.range("b", "d", { countOnly: true });
    await p.range("nothing", undefined, { countOnly: true });
  },
  "count only with a limit and with keys only": async (p) => {
    await fourKeys(p);
    await p.all({ countOnly: true, limit: 1n });
    await p.all({ countOnly: true, keysOnly: true });
  },
  "keys only": async (p) => {
    await fourKeys(p);
    await p.all({ keysOnly: true });
  },
  "keys only sorted by value": async (p) => {
    await fourKeys(p);
    await p.all({ keysOnly: true, sortTarget: Target.VALUE, sortOrder: Order.DESCEND });
  },
  "an old revision": async (p) => {
    const start = await fourKeys(p);
    for (let offset = 0n; offset <= 7n; offset++) await p.all({ revision: start + offset });
  },
  "an old revision with count and limit": async (p) => {
    const start = await fourKeys(p);
    await p.all({ revision: start + 3n, limit: 1n });
    await p.all({ revision: start + 3n, countOnly: true });
  },
  "a key deleted since is still there at its revision": async (p) => {
    const start = await p.revision();
    await p.put("a", "1");
    await p.del("a");
    await p.range("a");
    await p.range("a", undefined, { revision: start + 1n });
    await p.range("a", undefined, { revision: start + 2n });
  },
  "a future revision": async (p) => {
    await p.range("a", undefined, { revision: (await p.revision()) + 1n });
  },
  "a negative revision is the newest": async (p) => {
    await p.put("a", "1");
    await p.range("a", undefined, { revision: -5n });
  },
  "serializable reads the local state": async (p) => {
    await p.put("a", "1");
    await p.range("a", undefined, { serializable: true });
  },
  "serializable at a future revision": async (p) => {
    await p.range("a", undefined, { serializable: true, revision: (await p.revision()) + 9n });
  },
  "min and max mod revision": async (p) => {
    const start = await fourKeys(p);
    await p.all({ minModRevision: start + 4n });
    await p.all({ maxModRevision: start + 4n });
    await p.all({ minModRevision: start + 3n, maxModRevision: start + 6n });
  },
  "min and max create revision": async (p) => {
    const start = await fourKeys(p);
    await p.all({ minCreateRevision: start + 2n });
    await p.all({ maxCreateRevision: start + 2n });
    await p.all({ minCreateRevision: start + 2n, maxCreateRevision: start + 3n });
  },
  "filters keep the count and say more behind the limit": async (p) => {
    const start = await fourKeys(p);
    await p.all({ minModRevision: start + 3n, limit: 1n });
    await p.all({ minModRevision: start + 3n, limit: 3n });
    await p.all({ minModRevision: start + 100n });
  },
  "the newest key below a create revision": async (p) => {
    const start = await fourKeys(p);
    await p.all({ maxCreateRevision: start + 3n, sortOrder: Order.DESCEND, sortTarget: Target.CREATE, limit: 1n });
  },
  "bytes that are not text": async (p) => {
    await p.put(Uint8Array.from([...p.key("bin"), 0, 255, 128]), Uint8Array.from([0, 1, 254, 255]));
    await p.range("bin", p.prefixEnd("bin"));
  },
  "keys sort by unsigned bytes": async (p) => {
    for (const byte of [0x7f, 0x80, 0x00, 0xff, 0x41]) await p.put(Uint8Array.from([...p.key("b"), byte]));
    await p.range("b", p.prefixEnd("b"), { keysOnly: true });
  },
  "a key sorts before its extensions": async (p) => {
    await p.put("aa");
    await p.put("a");
    await p.put(Uint8Array.from([...p.key("a"), 0]));
    await p.range("a", p.prefixEnd("a"), { keysOnly: true });
  },
});
