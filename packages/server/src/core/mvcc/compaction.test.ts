/** Compaction: what is given up, what is removed when, and what a restart takes up again. */
import { describe, expect, it } from "vitest";
import { MemoryBackend } from "../../io/backend/memory-backend.js";
import { decodeRevision, encodeRevision } from "./revision.js";
import { commit, deleteOf, type OpenStore, openStore, putOf, rangeOf, show, showEvent } from "./test-support.js";

/** a at 2 and 4, b at 3 and deleted at 5, c at 6. */
function filled(): OpenStore {
  const open = openStore(new MemoryBackend());
  for (const [key, value] of [
    ["a", "1"],
    ["b", "1"],
    ["a", "2"],
  ] as const)
    open.store.put(putOf(key, value));
  open.store.deleteRange(deleteOf("b"));
  open.store.put(putOf("c", "1"));
  return open;
}

function stored({ buffer }: OpenStore): number {
  return Array.from(buffer.rows.range(encodeRevision(0, 0), undefined)).length;
}

function eventsFrom({ store }: OpenStore, revision: bigint): string[] {
  return store.events(revision, store.currentRevision, 100).events.map(showEvent);
}

describe("compaction", () => {
  it("is allowed above the last one and up to the current revision", () => {
    const { store } = filled();
    expect(() => store.compact(7n)).toThrow("future revision");
    expect(() => store.compact(-1n)).toThrow("has been compacted");
    store.compact(4n);
    expect(() => store.compact(4n)).toThrow("has been compacted");
    expect(() => store.compact(3n)).toThrow("has been compacted");
    store.compact(6n);
    expect(store.compactRevision).toBe(6n);
  });

  it("of a store never compacted is possible at 0, once, as in etcd", () => {
    const { store } = filled();
    expect(store.compactRevision).toBe(-1n);
    store.compact(0n);
    expect(store.compactRevision).toBe(0n);
    expect(() => store.compact(0n)).toThrow("has been compacted");
  });

  it("closes older revisions to reads and watches at once, before anything is removed", () => {
    const open = filled();
    open.store.compact(4n);
    expect(stored(open)).toBe(5);
    expect(() => open.store.range(rangeOf("a", "", { revision: 3n }))).toThrow("has been compacted");
    expect(() => open.store.events(3n, 6n, 100)).toThrow("has been compacted");
    expect(open.store.range(rangeOf("b", "", { revision: 4n })).kvs.map(show)).toEqual(["b=1@3/3/1"]);
  });

  it("removes so many revisions a step, and says when it is finished", () => {
    const open = filled();
    open.store.compact(6n);
    expect(open.store).toMatchObject({ compactionPending: true, finishedCompactRevision: -1n });
    const left: number[] = [];
    let finished = false;
    while (!finished) {
      finished = open.store.compactStep(1);
      left.push(stored(open));
    }
    expect(left).toEqual([4, 3, 2, 2]);
    expect(open.store).toMatchObject({ compactionPending: false, finishedCompactRevision: 6n, keys: 2 });
    expect(open.store.range(rangeOf("\0", "\0")).kvs.map(show)).toEqual(["a=2@2/4/2", "c=1@6/6/1"]);
  });

  it("one key with a long history is removed in steps too", () => {
    const { store } = openStore(new MemoryBackend());
    for (let i = 0; i < 11; i++) store.put(putOf("a", `${i}`));
    store.compact(store.currentRevision);
    const steps = [3, 3, 3, 3].map((most) => store.compactStep(most));
    expect(steps).toEqual([false, false, false, true]);
    expect(store.put(putOf("a", "x", { prevKv: true })).prevKv).toMatchObject({ version: 11n, createRevision: 2n });
  });

  it("a delete exactly at the compact revision stays visible to a watch from it, until the next compaction", () => {
    const open = filled();
    open.store.compact(5n);
    expect(eventsFrom(open, 5n)).toEqual(["delete b@5", "put c=1@6/6/1"]);
    while (!open.store.compactStep(1)) expect(eventsFrom(open, 5n)).toHaveLength(2);
    expect(eventsFrom(open, 5n)).toEqual(["delete b@5", "put c=1@6/6/1"]);
    open.store.compact(6n);
    open.store.compactStep(100);
    expect(open.store.keys).toBe(2);
    expect(stored(open)).toBe(2);
  });

  it("a delete at the compact revision survives a restart between two steps", () => {
    const open = filled();
    open.store.compact(5n);
    open.store.compactStep(1);
    commit(open);
    const again = openStore(open.backend);
    expect(again.store.compactionPending).toBe(true);
    expect(eventsFrom(again, 5n)).toEqual(["delete b@5", "put c=1@6/6/1"]);
    again.store.compactStep(100);
    expect(eventsFrom(again, 5n)).toEqual(["delete b@5", "put c=1@6/6/1"]);
    expect(stored(again)).toBe(3);
  });

  it("a restart takes an unfinished compaction up and leaves a finished one alone", () => {
    const open = filled();
    open.store.compact(6n);
    commit(open);
    const unfinished = openStore(open.backend);
    expect(unfinished.store).toMatchObject({ compactRevision: 6n, compactionPending: true });
    expect(unfinished.store.compactStep(100)).toBe(true);
    commit(unfinished);
    const finished = openStore(open.backend);
    expect(finished.store).toMatchObject({
      compactRevision: 6n,
      compactionPending: false,
      finishedCompactRevision: 6n,
    });
  });

  it("a later compaction takes over one under way", () => {
    const open = filled();
    open.store.compact(3n);
    open.store.compactStep(0);
    open.store.compact(6n);
    expect(open.store.compactStep(100)).toBe(true);
    expect(open.store.finishedCompactRevision).toBe(6n);
    expect(stored(open)).toBe(2);
  });

  it("the revision does not go back when the newest writes are no longer stored", () => {
    const open = filled();
    open.store.deleteRange(deleteOf("\0", "\0"));
    open.store.compact(7n);
    commit(open);
    // What an older rule did: it removed the deletes at the compact revision, and with them its only trace.
    for (const { key } of Array.from(open.buffer.rows.range(encodeRevision(0, 0), undefined)))
      open.buffer.rows.remove(decodeRevision(key));
    commit(open);
    expect(openStore(open.backend).store.currentRevision).toBe(7n);
  });

  it("nothing to compact is finished", () => {
    const { store } = filled();
    expect(store.compactStep(1)).toBe(true);
  });
});
