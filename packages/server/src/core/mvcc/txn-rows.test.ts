/** What a transaction may gather, and what it reads only once. */
import { describe, expect, it } from "vitest";
import { ROW_BYTES } from "./answer-size.js";
import type { KeyValue } from "./key-value.js";
import { rangeOf } from "./test-support.js";
import { type RowSource, TxnRows } from "./txn-rows.js";

const row = (main: number, bytes: number): KeyValue => {
  const modRevision = BigInt(main);
  return {
    key: Uint8Array.of(1),
    value: new Uint8Array(bytes),
    createRevision: 1n,
    modRevision,
    version: 1n,
    lease: 0n,
  };
};

describe("the rows of a transaction", () => {
  it("are too many where their bytes are, and where they would fill memory by their number", () => {
    const table = { readAt: (main: number) => row(main, 9) };
    const rows = new TxnRows(table, 1000);
    rows.count([row(1, 999 - ROW_BYTES)]);
    expect(rows.excess).toBeUndefined();
    rows.count([]);
    expect(rows.excess).toBeUndefined();
    rows.count([row(1, 0)]);
    expect(rows.excess).toBe(1000 + 1 + ROW_BYTES);
    const small = new TxnRows(table, 10 * ROW_BYTES);
    small.count(Array.from({ length: 10 }, () => row(1, 0)));
    expect(small.excess).toBe(10 * (ROW_BYTES + 1));
  });

  it("are read once where they are large and answered, told apart by main and sub revision", () => {
    const table = new AskedTable((main) => row(main, main < 10 ? 4096 : 4095));
    const rows = new TxnRows(table);
    const first = [...read(rows, [3, 0], [3, 1], [4, 0], [10, 0])];
    expect(new Set(first).size).toBe(4);
    expect(read(rows, [3, 0], [3, 1], [4, 0])).toEqual(first.slice(0, 3));
    expect(read(rows, [3, 1])[0]).toBe(first[1]);
    read(rows, [10, 0]);
    expect(table.asked).toEqual(["3/0", "3/1", "4/0", "10/0", "10/0"]);
  });

  it("are not kept where the answer does without them, nor without bound while that is not known", () => {
    const MIB = 1024 * 1024;
    const table = new AskedTable((main) => row(main, MIB));
    const rows = new TxnRows(table);
    const source = rows.sourceOf(rangeOf("a", "z"));
    const all = Array.from({ length: 40 }, (_, i) => source.readAt(i, 0));
    rows.count(all.slice(8));
    table.asked.length = 0;
    for (let i = 0; i < 40; i++) rows.sourceOf(rangeOf("a", "z")).readAt(i, 0);
    const again = [...Array(8).keys(), ...Array.from({ length: 8 }, (_, i) => 32 + i)];
    expect(table.asked).toEqual(again.map((i) => `${i}/0`));
  });

  it("of keys alone are read once, and keep no value in memory", () => {
    const table = new AskedTable((main) => {
      const stored = new Uint8Array(10_000);
      return { ...row(main, 0), key: stored.subarray(0, 1), value: stored.subarray(1) };
    });
    const rows = new TxnRows(table);
    const keys = rangeOf("a", "z", { keysOnly: true });
    const [first, second] = [rows.sourceOf(keys).readAt(3, 0), rows.sourceOf(keys).readAt(3, 0)];
    expect(second).toBe(first);
    expect([first.value.length, first.key.buffer.byteLength]).toEqual([0, 1]);
    expect(table.asked).toEqual(["3/0"]);
    expect(rows.sourceOf({ ...keys, sortTarget: "value" }).readAt(3, 0).value.length, "sorted by it").toBe(9999);
  });
});

class AskedTable implements RowSource {
  readonly asked: string[] = [];
  readonly #rowOf: (main: number) => KeyValue;

  constructor(rowOf: (main: number) => KeyValue) {
    this.#rowOf = rowOf;
  }

  readAt(main: number, sub: number): KeyValue {
    this.asked.push(`${main}/${sub}`);
    return this.#rowOf(main);
  }
}

/** One range that answers all that it reads. */
function read(rows: TxnRows, ...places: readonly (readonly [number, number])[]): KeyValue[] {
  const source = rows.sourceOf(rangeOf("a", "z"));
  const found = places.map(([main, sub]) => source.readAt(main, sub));
  rows.count(found);
  return found;
}
