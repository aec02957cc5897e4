/** One key's history: what a read at a revision finds, what a compaction drops. */
import { describe, expect, it } from "vitest";
import { KeyIndex, NOT_FOUND } from "./key-index.js";

/** Put at 4, put at 6, deleted at 7 as third change, put at 9: the example of the source. */
function example(): KeyIndex {
  const index = new KeyIndex("k");
  index.put(4, 0, 0n);
  index.put(6, 0, 77n);
  index.tombstone(7, 2);
  index.put(9, 1, 0n);
  return index;
}

/** Main revisions still remembered, a tombstone in brackets. */
function remembered(index: KeyIndex): string {
  const shown = Array.from({ length: index.length }, (_, at) =>
    index.isTombstoneAt(at) ? `[${index.mainAt(at)}]` : `${index.mainAt(at)}`,
  );
  return shown.join(" ");
}

describe("key index", () => {
  it("finds the put a read sees, and nothing before the key, while it is deleted, or in an empty history", () => {
    const index = example();
    const seen = [3, 4, 5, 6, 7, 8, 9, 100].map((at) => {
      const position = index.find(at);
      return position === NOT_FOUND ? "-" : `${index.mainAt(position)}/${index.subAt(position)}`;
    });
    expect(seen).toEqual(["-", "4/0", "4/0", "6/0", "-", "-", "9/1", "9/1"]);
    expect(new KeyIndex("k").find(5)).toBe(NOT_FOUND);
  });

  it("counts versions from the creation and begins anew after a delete", () => {
    const index = new KeyIndex("k");
    index.put(4, 0, 0n);
    index.put(6, 0, 77n);
    expect(index).toMatchObject({ created: 4, version: 2, modified: 6, lease: 77n, isLive: true });
    index.tombstone(7, 0);
    expect(index).toMatchObject({ created: 0, version: 0, modified: 0, lease: 0n, isLive: false });
    index.put(9, 0, 0n);
    expect(index).toMatchObject({ created: 9, version: 1, modified: 9, lease: 0n, isLive: true });
  });

  it("reads at one revision see the last of several changes of one request", () => {
    const index = new KeyIndex("k");
    index.put(4, 0, 0n);
    index.put(5, 0, 0n);
    index.tombstone(5, 3);
    expect(index.find(5)).toBe(NOT_FOUND);
    expect(index.subAt(index.find(4))).toBe(0);
  });

  it.each([
    [3, "4 6 [7] 9"],
    [4, "4 6 [7] 9"],
    [5, "4 6 [7] 9"],
    [6, "6 [7] 9"],
    // The delete stands exactly here: a watch from 7 must still see it.
    [7, "[7] 9"],
    [8, "9"],
    [9, "9"],
    [10, "9"],
  ])("a compaction at %i leaves %s", (at, left) => {
    const index = example();
    index.drop(index.droppable(at));
    expect(remembered(index)).toBe(left);
  });

  it("what a compaction leaves answers reads at and after it as before", () => {
    for (let at = 1; at <= 10; at++) {
      const [whole, compacted] = [example(), example()];
      compacted.drop(compacted.droppable(at));
      for (let read = at; read <= 11; read++) {
        const [a, b] = [whole.find(read), compacted.find(read)];
        const main = a === NOT_FOUND ? undefined : whole.mainAt(a);
        expect(b === NOT_FOUND ? undefined : compacted.mainAt(b), `compacted at ${at}, read at ${read}`).toBe(main);
      }
      expect(compacted).toMatchObject({ created: 9, version: 1 });
    }
  });

  it("a key whose delete is older than the compaction is gone, at the next compaction too when it was kept once", () => {
    const index = new KeyIndex("k");
    index.put(2, 0, 0n);
    index.tombstone(3, 0);
    index.drop(index.droppable(3));
    expect(remembered(index)).toBe("[3]");
    index.drop(index.droppable(4));
    expect(index.length).toBe(0);
  });

  it("everything of the request exactly at the compaction stays", () => {
    const index = new KeyIndex("k");
    index.put(4, 0, 0n);
    index.put(5, 0, 0n);
    index.tombstone(5, 1);
    index.drop(index.droppable(5));
    expect(remembered(index)).toBe("5 [5]");
  });

  it("a single put, first or later in its request, reads, grows and is dropped alike", () => {
    for (const sub of [0, 3]) {
      const index = new KeyIndex("k");
      index.put(4, sub, 0n);
      expect([index.length, index.mainAt(0), index.subAt(0), index.isTombstoneAt(0)]).toEqual([1, 4, sub, false]);
      expect([index.find(3), index.find(4), index.droppable(4), index.droppable(9)]).toEqual([NOT_FOUND, 0, 0, 0]);
      expect(index.drop(0)).toEqual([]);
      expect(remembered(index)).toBe("4");
      index.tombstone(7, 1);
      expect([remembered(index), index.subAt(0), index.subAt(1)]).toEqual(["4 [7]", sub, 1]);
      expect(index.drop(2)).toEqual([
        { main: 4, sub, tombstone: false },
        { main: 7, sub: 1, tombstone: true },
      ]);
      expect(index).toMatchObject({ length: 0, isLive: false });
      index.put(9, sub, 0n);
      expect([remembered(index), index.subAt(0), index.created]).toEqual(["9", sub, 9]);
      expect(index.drop(1)).toEqual([{ main: 9, sub, tombstone: false }]);
      expect(index.length).toBe(0);
    }
  });

  it("says which changes it dropped", () => {
    expect(example().drop(3)).toEqual([
      { main: 4, sub: 0, tombstone: false },
      { main: 6, sub: 0, tombstone: false },
      { main: 7, sub: 2, tombstone: true },
    ]);
  });
});
