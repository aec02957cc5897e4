/** HashKV: the figures of a real etcd, and what members must agree on whatever they have removed. */
import { describe, expect, it } from "vitest";
import { MemoryBackend } from "../../io/backend/memory-backend.js";
import { hashBackend } from "./hash.js";
import { finish, SliceBudget } from "./slices.js";
import type { Store } from "./store.js";
import { deleteOf, type OpenStore, openStore, putOf } from "./test-support.js";

/** Revisions 2 to 6. */
function firstWrites(store: Store): void {
  for (const [key, value] of [
    ["a", "1"],
    ["b", "2"],
    ["a", "3"],
  ] as const)
    store.put(putOf(key, value));
  store.deleteRange(deleteOf("b"));
  store.put(putOf("c", "x"));
}

/** Revisions 7 and 8, then a compaction that is not carried out yet. */
function laterWrites(store: Store): void {
  store.put(putOf("d", "9"));
  store.put(putOf("b", "again"));
  store.compact(5n);
}

function written(): OpenStore {
  const open = openStore(new MemoryBackend());
  firstWrites(open.store);
  return open;
}

describe("hash of the key-value history", () => {
  // Recorded from etcd 3.4.23 with `etcdctl endpoint hashkv` after the same writes.
  it("is etcd's, at the newest and at an older revision", () => {
    expect(openStore(new MemoryBackend()).store.hashKv(0n).hash).toBe(1084519789);
    const { store } = written();
    expect(store.hashKv(0n)).toEqual({ hash: 2949188763, compactRevision: -1n, hashRevision: 6n });
    expect(store.hashKv(3n)).toEqual({ hash: 1827592406, compactRevision: -1n, hashRevision: 3n });
  });

  it.each([
    ["scheduled", 0],
    ["half done", 1],
    ["finished", 100],
  ])("is etcd's with a compaction %s", (_, removed) => {
    const { store } = written();
    laterWrites(store);
    store.compactStep(removed);
    expect(store.hashKv(0n)).toEqual({ hash: 3076608730, compactRevision: 5n, hashRevision: 8n });
    store.put(putOf("a", "4"));
    expect(store.hashKv(0n).hash).toBe(1322570897);
    expect(store.hashKv(6n)).toEqual({ hash: 103875579, compactRevision: 5n, hashRevision: 6n });
  });

  it("refuses a future and a compacted revision", () => {
    const { store } = written();
    laterWrites(store);
    expect(() => store.hashKv(9n)).toThrow("future revision");
    expect(() => store.hashKv(4n)).toThrow("has been compacted");
    expect(store.hashKv(5n).hashRevision).toBe(5n);
  });

  it("is that of the revision it began at when writes and removals happen between slices", () => {
    const { store } = written();
    laterWrites(store);
    const expected = store.hashKv(0n);
    const slices = store.hashKvSlices(0n, new SliceBudget(1));
    let pauses = 0;
    for (let step = slices.next(); ; step = slices.next()) {
      if (step.done) {
        expect(step.value).toEqual(expected);
        break;
      }
      pauses++;
      store.put(putOf("z", `${pauses}`));
      store.compactStep(1);
    }
    expect(pauses).toBeGreaterThan(3);
  });

  it("begins again when a compaction overtakes it, and fails when its revision is gone", () => {
    const { store } = written();
    const again = store.hashKvSlices(0n, new SliceBudget(1));
    again.next();
    store.compact(5n);
    expect(finish(again)).toEqual(store.hashKv(6n));

    const gone = store.hashKvSlices(5n, new SliceBudget(1));
    gone.next();
    store.compact(6n);
    expect(() => finish(gone)).toThrow("has been compacted");
  });
});

describe("hash of a backend", () => {
  it("tells contents apart, by key, value and table", () => {
    const hashes = (["key", "meta"] as const).flatMap((table) =>
      [
        ["a", "b"],
        ["a", "c"],
        ["b", "b"],
      ].map(([key = "", value = ""]) => {
        const backend = new MemoryBackend();
        const entry = { key: new TextEncoder().encode(key), value: new TextEncoder().encode(value) };
        backend.commit([{ type: "put", table, ...entry }], backend.appliedAt());
        return hashBackend(backend);
      }),
    );
    expect(new Set(hashes).size).toBe(6);
  });
});
