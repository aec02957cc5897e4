/** Range: its options together, at old revisions and inside transactions, and values that no enum has. */
import { RangeRequest_SortOrder as Order, RangeRequest_SortTarget as Target } from "@kvorum/proto";
import { type Case, cases } from "../case.js";
import { FROM_KEY, type Probe } from "../probe.js";

/** Five keys of which no two agree in version, create revision, mod revision or value; answers the revision before. */
async function fiveKeys(p: Probe): Promise<bigint> {
  const start = await p.revision();
  for (const [key, value] of [
    ["e", "3"],
    ["b", "5"],
    ["d", "1"],
    ["a", "4"],
    ["c", "2"],
  ] as const) {
    await p.put(key, value);
  }
  for (const [key, times] of [
    ["b", 1],
    ["c", 3],
    ["d", 2],
    ["e", 4],
  ] as const) {
    for (let i = 0; i < times; i++) await p.put(key, `${key}${i}`);
  }
  return start;
}

const TARGETS = {
  key: Target.KEY,
  version: Target.VERSION,
  create: Target.CREATE,
  mod: Target.MOD,
  value: Target.VALUE,
};

const sorted: Record<string, Case["run"]> = {};
for (const [name, sortTarget] of Object.entries(TARGETS)) {
  sorted[`sorted by ${name}, keys only, up to a limit`] = async (p) => {
    await fiveKeys(p);
    for (const sortOrder of [Order.ASCEND, Order.DESCEND]) {
      await p.all({ sortTarget, sortOrder, keysOnly: true, limit: 3n });
    }
  };
  sorted[`sorted by ${name}, as it was`] = async (p) => {
    const start = await fiveKeys(p);
    for (const sortOrder of [Order.ASCEND, Order.DESCEND]) {
      await p.all({ sortTarget, sortOrder, revision: start + 5n });
      await p.all({ sortTarget, sortOrder, revision: start + 9n, limit: 2n });
    }
  };
  sorted[`sorted by ${name}, filtered by revisions`] = async (p) => {
    const start = await fiveKeys(p);
    const filters = { minModRevision: start + 4n, maxCreateRevision: start + 4n };
    await p.all({ sortTarget, sortOrder: Order.DESCEND, ...filters });
    await p.all({ sortTarget, sortOrder: Order.ASCEND, ...filters, limit: 2n });
  };
  sorted[`sorted by ${name}, inside a transaction`] = async (p) => {
    await fiveKeys(p);
    const options = { sortTarget, sortOrder: Order.DESCEND };
    await p.txn([], [p.opPut("f", "0"), p.opGet("", p.prefixEnd(), { ...options, limit: 4n })]);
  };
}

export const rangeOptionCases: Case[] = cases("range options", {
  ...sorted,
  "a count ignores every other option": async (p) => {
    const start = await fiveKeys(p);
    await p.all({ countOnly: true, limit: 2n, minModRevision: start + 9n, sortTarget: Target.VALUE });
    await p.all({ countOnly: true, revision: start + 3n, keysOnly: true, serializable: true });
  },
  "filters that let nothing through": async (p) => {
    const start = await fiveKeys(p);
    await p.all({ minModRevision: start + 9n, maxModRevision: start + 3n });
    await p.all({ maxCreateRevision: 1n });
  },
  "filters below zero": async (p) => {
    await fiveKeys(p);
    await p.all({ minModRevision: -1n, keysOnly: true });
    await p.all({ maxModRevision: -1n, keysOnly: true });
    await p.all({ maxCreateRevision: -5n, keysOnly: true });
  },
  "filters on one key": async (p) => {
    const start = await fiveKeys(p);
    await p.range("a", undefined, { minModRevision: start + 5n });
    await p.range("a", undefined, { maxCreateRevision: start + 4n });
  },
  "a limit on one key": async (p) => {
    await p.put("a", "1");
    await p.range("a", undefined, { limit: 1n });
    await p.range("a", undefined, { limit: 2n, keysOnly: true });
  },
  "the largest limit": async (p) => {
    await fiveKeys(p);
    await p.all({ limit: 9_223_372_036_854_775_807n, keysOnly: true });
    await p.all({ limit: -9_223_372_036_854_775_808n, keysOnly: true });
  },
  "the largest revision": async (p) => {
    await p.range("a", undefined, { revision: 9_223_372_036_854_775_807n });
    await p.range("a", undefined, { revision: -9_223_372_036_854_775_808n, countOnly: true });
  },
  "the whole store by its first key": async (p) => {
    await p.range(FROM_KEY, FROM_KEY, { limit: 1n, keysOnly: true, minModRevision: 9_000_000n });
    await p.range(FROM_KEY, p.key("zero"), { countOnly: true, revision: 1n });
  },
  "an end of more than one zero byte is an end": async (p) => {
    await p.put("a", "1");
    await p.range("a", Uint8Array.of(0, 0));
  },
  "keys with zero bytes": async (p) => {
    const key = (...tail: number[]) => Uint8Array.from([...p.key("z"), ...tail]);
    await p.put(key(0), "1");
    await p.put(key(0, 0), "2");
    await p.put(key(0, 1), "3");
    await p.range(key(0), key(0, 1));
    await p.range(key(), key(0, 0));
  },
  "a lease is shown with its key": async (p) => {
    await p.grant(0x980001n, 60n);
    await p.put("a", "1", { lease: 0x980001n });
    await p.range("a");
    await p.range("a", undefined, { serializable: true });
    await p.revoke(0x980001n);
  },
  "a key of one kilobyte": async (p) => {
    await p.put("k".repeat(1024), "1");
    await p.range("k".repeat(1024));
    await p.range("k".repeat(1023), p.prefixEnd("k".repeat(1024)), { countOnly: true });
  },
});
