/** Rows over a backend behave like one list of rows: what is stored, without what was taken away, and what waits. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryBackend } from "../../io/backend/memory-backend.js";
import { encodeRevision, type StoredRevision } from "./revision.js";
import { RowBuffer } from "./row-buffer.js";
import { bytes, text } from "./test-support.js";

interface Row extends StoredRevision {
  readonly value: string;
}

/** `sub`: a row of the same revision as the one before. `pick`: which of the rows there are. */
type Step =
  | { readonly type: "add"; readonly sub: boolean; readonly tombstone: boolean }
  | { readonly type: "remove"; readonly pick: number }
  | { readonly type: "commit" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ type: fc.constant("add" as const), sub: fc.boolean(), tombstone: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("remove" as const), pick: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("commit" as const) }) },
);

/** Plays the steps; `rows` are those that are there in the end, in order. */
function run(steps: readonly Step[]): { buffer: RowBuffer; rows: readonly Row[]; removed: readonly Row[] } {
  const backend = new MemoryBackend();
  const buffer = new RowBuffer(backend);
  let rows: Row[] = [];
  const removed: Row[] = [];
  let [main, sub] = [1, 0];
  for (const [at, one] of steps.entries()) {
    if (one.type === "commit") {
      backend.commit(buffer.take(), backend.appliedAt());
      expect([buffer.size, buffer.bytes]).toEqual([0, 0]);
    } else if (one.type === "add") {
      [main, sub] = one.sub ? [main, sub + 1] : [main + 1, 0];
      const row = { main, sub, tombstone: one.tombstone, value: `v${at}` };
      buffer.add(row, bytes(row.value));
      rows.push(row);
    } else if (rows.length > 0) {
      const row = rows[one.pick % rows.length] as Row;
      buffer.remove(row);
      removed.push(row);
      rows = rows.filter((other) => other !== row);
    }
  }
  return { buffer, rows, removed };
}

const keyOf = ({ main, sub, tombstone }: StoredRevision): Uint8Array => encodeRevision(main, sub, tombstone);
const shown = (value: Uint8Array | undefined): string | undefined => (value === undefined ? undefined : text(value));

describe("row buffer", () => {
  it("finds each row that was put, stored or waiting, and none that was taken away", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { buffer, rows, removed } = run(steps);
        for (const { main, sub, tombstone, value } of rows) {
          const expected = tombstone ? undefined : value;
          expect([shown(buffer.get(main, sub)), shown(buffer.view(main, sub))]).toEqual([expected, expected]);
        }
        for (const { main, sub } of removed) {
          expect([buffer.get(main, sub), buffer.view(main, sub)]).toEqual([undefined, undefined]);
        }
        expect([buffer.get(1000, 0), buffer.get(1, 1000)]).toEqual([undefined, undefined]);
      }),
    );
  });

  it("walks stored and waiting rows in order, within bounds", () => {
    const bound = fc.record({ main: fc.nat(12), sub: fc.nat(3), tombstone: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.option(bound, { nil: undefined }),
        fc.option(bound, { nil: undefined }),
        (steps, first, last) => {
          const { buffer, rows } = run(steps);
          const from = first === undefined ? bytes("") : keyOf(first);
          const to = last && keyOf(last);
          const found = Array.from(buffer.range(from, to), ({ key, value }) => `${text(key)}=${text(value)}`);
          const isWithin = (key: string): boolean => key >= text(from) && (to === undefined || key < text(to));
          const expected = rows
            .filter((row) => isWithin(text(keyOf(row))))
            .map((row) => `${text(keyOf(row))}=${row.value}`);
          expect(found).toEqual(expected);
        },
      ),
    );
  });

  it("hands on what waits, once, and nothing of a row that came and went", () => {
    const buffer = new RowBuffer(new MemoryBackend());
    const [first, second] = [2, 3].map((main) => ({ main, sub: 0, tombstone: false })) as [
      StoredRevision,
      StoredRevision,
    ];
    buffer.add(first, bytes("1"));
    buffer.add(second, bytes("22"));
    buffer.remove(first);
    expect([buffer.size, buffer.bytes]).toEqual([3, 3 * 17 + 3]);
    expect(buffer.take()).toEqual([
      { type: "put", table: "key", key: keyOf(second), value: bytes("22") },
      { type: "delete", table: "key", key: keyOf(first) },
    ]);
    expect(buffer.take()).toEqual([]);
  });

  it("takes no row that is not the newest", () => {
    const buffer = new RowBuffer(new MemoryBackend());
    buffer.add({ main: 5, sub: 1, tombstone: false }, bytes("1"));
    for (const [main, sub] of [
      [5, 1],
      [5, 0],
      [4, 9],
    ] as const) {
      expect(() => buffer.add({ main, sub, tombstone: false }, bytes("2"))).toThrow(`row ${main}/${sub}`);
    }
  });
});
