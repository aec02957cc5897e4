/** The buffer over a backend behaves like the backend with the buffered writes already in it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryBackend } from "../../io/backend/memory-backend.js";
import type { BackendEntry } from "./backend.js";
import { encodeRevision } from "./revision.js";
import { bytes, text } from "./test-support.js";
import { type SmallTable, WriteBuffer } from "./write-buffer.js";

type Step =
  | { readonly type: "put"; readonly table: SmallTable; readonly key: string; readonly value: string }
  | { readonly type: "delete"; readonly table: SmallTable; readonly key: string }
  | { readonly type: "commit" };

const key = fc.string({ unit: fc.constantFrom("a", "b", "\0"), maxLength: 3, minLength: 1 });
const table = fc.constantFrom<SmallTable>("lease", "meta");
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant("put" as const), table, key, value: fc.string({ maxLength: 2 }) }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("delete" as const), table, key }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("commit" as const) }) },
);

function show(entries: Iterable<BackendEntry>): string[] {
  return Array.from(entries, (entry) => `${text(entry.key)}=${text(entry.value)}`);
}

function run(steps: readonly Step[]): { buffer: WriteBuffer; model: Map<string, string> } {
  const backend = new MemoryBackend();
  const buffer = new WriteBuffer(backend);
  const model = new Map<string, string>();
  for (const step of steps) {
    if (step.type === "commit") {
      backend.commit(buffer.take(), backend.appliedAt());
      expect(buffer.size).toBe(0);
    } else if (step.type === "put") {
      buffer.put(step.table, bytes(step.key), bytes(step.value));
      model.set(`${step.table}/${step.key}`, step.value);
    } else {
      buffer.delete(step.table, bytes(step.key));
      model.delete(`${step.table}/${step.key}`);
    }
  }
  return { buffer, model };
}

describe("write buffer", () => {
  it("reads see the newest write, buffered or stored, and no deleted key", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.array(key, { maxLength: 10 }), (steps, keys) => {
        const { buffer, model } = run(steps);
        for (const each of keys) {
          const found = buffer.get("lease", bytes(each));
          expect(found === undefined ? undefined : text(found)).toBe(model.get(`lease/${each}`));
        }
      }),
    );
  });

  it("ranges merge both sides in order, within bounds and limit", () => {
    const bounds = fc.record({ from: fc.oneof(key, fc.constant("")), to: fc.option(key, { nil: undefined }) });
    const limit = fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), bounds, limit, (steps, { from, to }, limit) => {
        const { buffer, model } = run(steps);
        const expected = Array.from(model)
          .filter(([name]) => name.startsWith("lease/"))
          .map(([name, value]) => [name.slice(6), value] as const)
          .filter(([name]) => name >= from && (to === undefined || name < to))
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, value]) => `${name}=${value}`);
        const end = to === undefined ? undefined : bytes(to);
        expect(show(buffer.range("lease", bytes(from), end, limit))).toEqual(expected.slice(0, limit));
      }),
    );
  });

  it("counts one change a key and all bytes written, and forgets both when they are taken", () => {
    const buffer = new WriteBuffer(new MemoryBackend());
    buffer.put("lease", bytes("a"), bytes("12"));
    buffer.put("lease", bytes("a"), bytes("34"));
    buffer.delete("meta", bytes("b"));
    buffer.rows.add({ main: 2, sub: 0, tombstone: false }, bytes("567"));
    expect([buffer.size, buffer.bytes]).toEqual([3, 7 + 17 + 3]);
    expect(buffer.take()).toEqual([
      { type: "put", table: "key", key: encodeRevision(2, 0), value: bytes("567") },
      { type: "delete", table: "meta", key: bytes("b") },
      { type: "put", table: "lease", key: bytes("a"), value: bytes("34") },
    ]);
    expect([buffer.size, buffer.bytes, buffer.take()]).toEqual([0, 0, []]);
  });

  it("a delete hides the stored value until it is committed", () => {
    const backend = new MemoryBackend();
    const buffer = new WriteBuffer(backend);
    buffer.put("lease", bytes("a"), bytes("1"));
    backend.commit(buffer.take(), backend.appliedAt());
    buffer.delete("lease", bytes("a"));
    expect(buffer.get("lease", bytes("a"))).toBeUndefined();
    expect(show(buffer.range("lease", bytes(""), undefined))).toEqual([]);
    expect(backend.get("lease", bytes("a"))).toBeDefined();
  });
});
