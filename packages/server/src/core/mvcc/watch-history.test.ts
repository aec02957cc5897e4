/** History as watchers read it. */
import { describe, expect, it } from "vitest";
import { MemoryBackend } from "../../io/backend/memory-backend.js";
import type { Store } from "./store.js";
import { bytes, commit, deleteOf, openStore, putOf, show, showEvent, txnOf } from "./test-support.js";

/** Half of it stored, half of it still buffered. */
function filled(): Store {
  const open = openStore(new MemoryBackend());
  open.store.put(putOf("a", "1"));
  open.store.txn(txnOf([putOf("b", "1"), putOf("c", "1"), deleteOf("a")]));
  commit(open);
  open.store.put(putOf("b", "2"));
  open.store.put(putOf("a", "2"));
  return open.store;
}

describe("events", () => {
  it("come in order of revision and of execution inside one", () => {
    const { events, nextRevision } = filled().events(2n, 5n, 100);
    expect(events.map(showEvent)).toEqual([
      "put a=1@2/2/1",
      "put b=1@3/3/1",
      "put c=1@3/3/1",
      "delete a@3",
      "put b=2@3/4/2",
      "put a=2@5/5/1",
    ]);
    expect(nextRevision).toBe(6n);
  });

  it("are limited by revisions, never inside one", () => {
    const store = filled();
    expect(store.events(2n, 5n, 2)).toMatchObject({ events: { length: 4 }, nextRevision: 4n });
    expect(store.events(4n, 5n, 2)).toMatchObject({ events: { length: 2 }, nextRevision: 6n });
    expect(store.events(3n, 5n, 1)).toMatchObject({ events: { length: 3 }, nextRevision: 4n });
  });

  it("end at the bound, and at the current revision", () => {
    const store = filled();
    expect(store.events(2n, 3n, 100)).toMatchObject({ events: { length: 4 }, nextRevision: 4n });
    expect(store.events(2n, 99n, 100)).toMatchObject({ events: { length: 6 }, nextRevision: 6n });
    expect(store.events(6n, 5n, 100)).toEqual({ events: [], nextRevision: 6n });
  });

  it("of a compacted revision are refused, at the compact revision they are whole", () => {
    const store = filled();
    store.compact(3n);
    store.compactStep(100);
    expect(() => store.events(2n, 5n, 100)).toThrow("has been compacted");
    expect(store.events(3n, 3n, 100).events.map(showEvent)).toEqual(["put b=1@3/3/1", "put c=1@3/3/1", "delete a@3"]);
  });
});

describe("the pair before a change", () => {
  it("is that of the revision before, absent for a creation and after a delete", () => {
    const store = filled();
    const before = (key: string, revision: bigint) => {
      const kv = store.previous(bytes(key), revision);
      return kv && show(kv);
    };
    expect(before("b", 4n)).toBe("b=1@3/3/1");
    expect(before("a", 3n)).toBe("a=1@2/2/1");
    expect(before("b", 3n)).toBeUndefined();
    expect(before("a", 5n)).toBeUndefined();
    expect(before("nokey", 4n)).toBeUndefined();
  });

  it("is absent where compaction reached it, removed yet or not", () => {
    const store = filled();
    store.compact(4n);
    expect(store.previous(bytes("b"), 4n)).toBeUndefined();
    expect(store.previous(bytes("b"), 5n)).toBeDefined();
  });
});
