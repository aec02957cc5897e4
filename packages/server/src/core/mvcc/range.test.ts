/** Ranges: the forms of a request, and what happens when others write in between. */
import { describe, expect, it } from "vitest";
import { MemoryBackend } from "../../io/backend/memory-backend.js";
import type { RangeOperation, RangeResult } from "./operations.js";
import { finish, SliceBudget } from "./slices.js";
import type { Store } from "./store.js";
import { deleteOf, openStore, putOf, rangeOf, show, text } from "./test-support.js";

/** The answer with its rows taken apart. */
function withFields({ kvs, ...rest }: RangeResult): RangeResult {
  const rows = kvs.map(({ key, value, createRevision, modRevision, version, lease }) => {
    return { key, value, createRevision, modRevision, version, lease };
  });
  return { ...rest, kvs: rows };
}

/** a at 2 and 6, b at 3, c at 4, d at 5; values fall as keys rise, c has version 2 from 7. */
function filled(): Store {
  const { store } = openStore(new MemoryBackend());
  for (const [key, value] of [
    ["a", "9"],
    ["b", "8"],
    ["c", "7"],
    ["d", "6"],
    ["a", "5"],
    ["c", "5"],
  ] as const) {
    store.put(putOf(key, value));
  }
  return store;
}

function keys(result: RangeResult): string {
  return result.kvs.map((kv) => text(kv.key)).join("");
}

const all = (options: Partial<RangeOperation> = {}): RangeOperation => rangeOf("\0", "\0", options);

/** Puts the options in words before each case, for the name of its test. */
function named<Case extends readonly [Partial<RangeOperation>, ...unknown[]]>(cases: Case[]): [string, ...Case][] {
  return cases.map((each) => [Object.entries(each[0]).join(" ") || "default", ...each]);
}

describe("range", () => {
  it("returns pairs with their revisions and the store's revision", () => {
    const result = filled().range(rangeOf("a", "c"));
    expect(result.kvs.map(show)).toEqual(["a=5@2/6/2", "b=8@3/3/1"]);
    expect(result).toMatchObject({ kind: "range", count: 2, more: false, revision: 7n });
  });

  it("at an older revision shows that state, under the store's revision", () => {
    const result = filled().range(all({ revision: 4n }));
    expect(result.kvs.map(show)).toEqual(["a=9@2/2/1", "b=8@3/3/1", "c=7@4/4/1"]);
    expect(result).toMatchObject({ count: 3, revision: 7n });
  });

  it.each(
    named<[Partial<RangeOperation>, string]>([
      [{}, "abcd"],
      [{ sortOrder: "ascend" }, "abcd"],
      [{ sortOrder: "descend" }, "dcba"],
      [{ sortTarget: "mod" }, "bdac"],
      [{ sortTarget: "mod", sortOrder: "descend" }, "cadb"],
      [{ sortTarget: "create", sortOrder: "descend" }, "dcba"],
      [{ sortTarget: "value", sortOrder: "ascend", revision: 5n }, "dcba"],
      [{ sortTarget: "value", sortOrder: "ascend", revision: 5n, keysOnly: true }, "dcba"],
    ]),
  )("sorts by %s", (_, options, expected) => {
    expect(keys(filled().range(all(options)))).toBe(expected);
  });

  it.each(
    named<[Partial<RangeOperation>, string, boolean]>([
      [{ limit: 2 }, "ab", true],
      [{ limit: 4 }, "abcd", false],
      [{ limit: -1 }, "abcd", false],
      [{ limit: 2, sortOrder: "descend" }, "dc", true],
      [{ limit: 1, sortTarget: "mod", sortOrder: "descend" }, "c", true],
      [{ limit: 2, minModRevision: 5n }, "ac", true],
      [{ limit: 3, minModRevision: 5n }, "acd", false],
      [{ limit: 2, minModRevision: 5n, sortOrder: "descend" }, "dc", true],
      [{ minModRevision: 3n, maxModRevision: 5n }, "bd", false],
      [{ minCreateRevision: 3n, maxCreateRevision: 4n }, "bc", false],
      [{ minModRevision: 8n }, "", false],
    ]),
  )("filters and limits by %s, counting every key all the same", (_, options, expected, more) => {
    const result = filled().range(all(options));
    expect(keys(result)).toBe(expected);
    expect(result).toMatchObject({ more, count: 4 });
  });

  it("keys only empties the values and keeps the rest", () => {
    const result = filled().range(rangeOf("a", "", { keysOnly: true }));
    expect(result.kvs.map(show)).toEqual(["a=@2/6/2"]);
  });

  it("count only leaves the pairs out whatever else is asked", () => {
    const result = filled().range(all({ countOnly: true, limit: 1, sortTarget: "mod", minModRevision: 100n }));
    expect(result).toMatchObject({ kvs: [], count: 4, more: false });
  });

  it("zero and negative revisions are the newest; above it is future, below the compaction compacted", () => {
    const store = filled();
    expect(store.range(rangeOf("a", "", { revision: -5n })).kvs.map(show)).toEqual(["a=5@2/6/2"]);
    expect(() => store.range(rangeOf("a", "", { revision: 8n }))).toThrow("required revision is a future revision");
    expect(() => store.range(rangeOf("a", "", { revision: 2n ** 63n - 1n }))).toThrow("future revision");
    store.compact(5n);
    expect(() => store.range(rangeOf("a", "", { revision: 4n }))).toThrow("required revision has been compacted");
    expect(keys(store.range(all({ revision: 5n })))).toBe("abcd");
  });
});

describe("range in slices", () => {
  /** Runs one slice, then `between`, then the rest. */
  function interrupted(store: Store, operation: RangeOperation, between: (turn: number) => void): RangeResult {
    const slices = store.rangeSlices(operation, new SliceBudget(1));
    for (let turn = 0; ; turn++) {
      const step = slices.next();
      if (step.done) return step.value;
      between(turn);
    }
  }

  it("answers as of the revision it began at, whatever is written in between", () => {
    for (const operation of [all(), all({ limit: 3 }), all({ sortOrder: "descend" }), all({ sortTarget: "mod" })]) {
      const store = filled();
      const expected = store.range(operation);
      let turns = 0;
      const result = interrupted(store, operation, (turn) => {
        turns++;
        if (turn % 2 === 0) store.put(putOf(`${turn}`, "new"));
        else store.deleteRange(deleteOf("b", "d"));
      });
      expect(withFields(result)).toEqual(expected);
      expect(turns).toBeGreaterThan(4);
    }
  });

  it("a range of the newest revision begins again when a compaction overtakes it", () => {
    const store = filled();
    const result = interrupted(store, all(), (turn) => {
      if (turn !== 2) return;
      store.deleteRange(deleteOf("b"));
      store.compact(store.currentRevision);
      while (!store.compactStep(1));
    });
    expect(keys(result)).toBe("acd");
    expect(result).toMatchObject({ count: 3, revision: 8n });
  });

  it("a range of a given revision fails when a compaction overtakes it, while counting and while reading", () => {
    for (const turn of [1, 6]) {
      const store = filled();
      const compactThen = (now: number): void => {
        if (now === turn) store.compact(7n);
      };
      expect(() => interrupted(store, all({ revision: 6n }), compactThen)).toThrow("has been compacted");
    }
  });

  it("finish runs every slice", () => {
    const store = filled();
    expect(withFields(finish(store.rangeSlices(all(), new SliceBudget(1))))).toEqual(store.range(all()));
  });
});
