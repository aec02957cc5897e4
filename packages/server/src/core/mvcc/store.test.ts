/** Single writes, leases, and what a restart finds. */
import { describe, expect, it } from "vitest";
import { MemoryBackend } from "../../io/backend/memory-backend.js";
import { bytes, commit, deleteOf, openStore, putOf, rangeOf, show, showEvent } from "./test-support.js";

const open = (leases: readonly bigint[] = []) => openStore(new MemoryBackend(), leases);

describe("revisions", () => {
  it("an empty store is at revision 1 and its first write makes revision 2", () => {
    const { store } = open();
    expect(store.currentRevision).toBe(1n);
    expect(store.put(putOf("a", "1"))).toEqual({ kind: "put", prevKv: undefined, revision: 2n });
    expect(store.currentRevision).toBe(2n);
  });

  it("a put counts versions from the creation; a put after a delete creates the key again", () => {
    const { store } = open();
    store.put(putOf("a", "1"));
    store.put(putOf("a", "2"));
    store.deleteRange(deleteOf("a"));
    store.put(putOf("a", ""));
    const shown = [2n, 3n, 4n, 5n].map((revision) =>
      store
        .range(rangeOf("a", "", { revision }))
        .kvs.map(show)
        .join(),
    );
    expect(shown).toEqual(["a=1@2/2/1", "a=2@2/3/2", "", "a=@5/5/1"]);
  });

  it("the previous pair comes back only when it is asked for, and only where there is one", () => {
    const { store } = open();
    expect(store.put(putOf("a", "1", { prevKv: true })).prevKv).toBeUndefined();
    expect(store.put(putOf("a", "2")).prevKv).toBeUndefined();
    const { prevKv } = store.put(putOf("a", "3", { prevKv: true }));
    expect(prevKv && show(prevKv)).toBe("a=2@2/3/2");
  });

  it("a delete of several keys is one revision in key order; one without a match is none", () => {
    const { store } = open();
    for (const key of ["c", "a", "b", "z"]) store.put(putOf(key, key));
    store.takeEvents();
    const result = store.deleteRange(deleteOf("a", "d", true));
    expect(result).toMatchObject({ kind: "delete-range", deleted: 3, revision: 6n });
    expect(result.prevKvs.map(show)).toEqual(["a=a@3/3/1", "b=b@4/4/1", "c=c@2/2/1"]);
    expect(store.deleteRange(deleteOf("a", "d"))).toMatchObject({ deleted: 0, prevKvs: [], revision: 6n });
    expect(store.takeEvents().map(showEvent)).toEqual(["delete a@6", "delete b@6", "delete c@6"]);
  });

  it("the event of a delete has only the key and the revision", () => {
    const { store } = open([5n]);
    store.put(putOf("a", "1", { lease: 5n }));
    store.deleteRange(deleteOf("a"));
    const kv = { key: bytes("a"), value: bytes(""), createRevision: 0n, modRevision: 3n, version: 0n, lease: 0n };
    expect(store.takeEvents()[1]).toEqual({ type: "delete", kv });
    expect(store.takeEvents()).toEqual([]);
  });

  it("keys deleted by name are one revision in the order given; absent ones are passed over", () => {
    const { store } = open();
    for (const key of ["a", "b"]) store.put(putOf(key, key));
    store.takeEvents();
    store.deleteKeys(["b", "gone", "a"].map(bytes));
    expect(store.takeEvents().map(showEvent)).toEqual(["delete b@4", "delete a@4"]);
    store.deleteKeys([bytes("a")]);
    expect(store.currentRevision).toBe(4n);
  });
});

describe("values and leases kept", () => {
  it("a put may keep the value, or the lease, of the key it replaces", () => {
    const { store, leases } = open([5n, 6n]);
    store.put(putOf("a", "1", { lease: 5n }));
    store.put(putOf("a", "", { ignoreValue: true, lease: 6n }));
    store.put(putOf("a", "2", { ignoreLease: true }));
    const shown = [3n, 4n].map((revision) =>
      store
        .range(rangeOf("a", "", { revision }))
        .kvs.map(show)
        .join(),
    );
    expect(shown).toEqual(["a=1@2/3/2+6", "a=2@2/4/3+6"]);
    expect([leases.keysOf(5n), leases.keysOf(6n)]).toEqual([[], ["a"]]);
  });

  it("there must be a key to keep from", () => {
    const { store } = open();
    store.put(putOf("a", "1"));
    store.deleteRange(deleteOf("a"));
    for (const options of [{ ignoreValue: true }, { ignoreLease: true }]) {
      expect(() => store.put(putOf("a", "", options))).toThrow("etcdserver: key not found");
    }
    expect(store.currentRevision).toBe(3n);
  });

  it("an unknown lease is refused without effect", () => {
    const { store } = open();
    expect(() => store.put(putOf("a", "1", { lease: 9n }))).toThrow("etcdserver: requested lease not found");
    expect(store.currentRevision).toBe(1n);
    expect(store.keys).toBe(0);
  });

  it("keys hang on the lease of their last put until they are deleted", () => {
    const { store, leases } = open([5n]);
    for (const key of ["a", "b", "c"]) store.put(putOf(key, "1", { lease: 5n }));
    store.put(putOf("a", "2"));
    store.deleteRange(deleteOf("b"));
    store.put(putOf("c", "2", { lease: 5n }));
    expect(leases.keysOf(5n)).toEqual(["c"]);
  });
});

describe("restart", () => {
  it("finds content, revision and leases again", () => {
    const before = open([5n]);
    before.store.put(putOf("a", "1", { lease: 5n }));
    before.store.put(putOf("b", "1", { lease: 5n }));
    before.store.deleteRange(deleteOf("b"));
    commit(before);
    const { store, leases } = openStore(before.backend, [5n]);
    expect(store.currentRevision).toBe(4n);
    expect(store.range(rangeOf("\0", "\0", { revision: 3n })).kvs.map(show)).toEqual(["a=1@2/2/1+5", "b=1@3/3/1+5"]);
    expect(leases.keysOf(5n)).toEqual(["a"]);
    expect(store.takeEvents()).toEqual([]);
  });

  it("keeps a key whose lease is gone", () => {
    const before = open([5n]);
    before.store.put(putOf("a", "1", { lease: 5n }));
    commit(before);
    expect(openStore(before.backend).store.range(rangeOf("a")).kvs.map(show)).toEqual(["a=1@2/2/1+5"]);
  });
});
