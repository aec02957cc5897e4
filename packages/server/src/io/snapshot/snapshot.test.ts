/** The snapshot file, written and read back. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type BackendSnapshot, TABLES, type Table } from "../../core/mvcc/backend.js";
import { decodeSnapshot, type SnapshotEntry } from "./decode.js";
import { encodeSnapshot } from "./encode.js";
import { SnapshotError } from "./format.js";

const at = {
  index: 77,
  term: 3,
  confState: { voters: [1n, 2n ** 63n], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
};

function snapshotOf(entries: readonly SnapshotEntry[]): BackendSnapshot {
  const ofTable = (table: Table) =>
    entries.filter((entry) => entry.table === table).map(({ key, value }) => ({ key, value }));
  return { at, entries: ofTable, close: () => {} };
}

async function fileOf(entries: readonly SnapshotEntry[], pieceBytes = 32 * 1024): Promise<Uint8Array> {
  const { size, pieces } = await encodeSnapshot(snapshotOf(entries), {
    clusterId: 9n,
    revision: 40n,
    compactRevision: -1n,
    pieceBytes,
    pause: () => Promise.resolve(),
  });
  const parts = [...pieces];
  expect(parts.slice(0, -1).every((part) => part.length === pieceBytes)).toBe(true);
  const body = Buffer.concat(parts);
  expect(body.length).toBe(size);
  return sealed(body);
}

function sealed(body: Uint8Array): Uint8Array {
  return Uint8Array.from(Buffer.concat([body, createHash("sha256").update(body).digest()]));
}

/** Short enough to compare and to read; comparing megabytes byte by byte takes vitest seconds. */
function printed({ table, key, value }: SnapshotEntry): string {
  const digest = createHash("sha1").update(value).digest("hex");
  return `${table} ${Buffer.from(key).toString("hex")} ${value.length} ${digest}`;
}

/** One entry a table, an empty value, and a value longer than a chunk. */
function someEntries(): SnapshotEntry[] {
  const entries: SnapshotEntry[] = TABLES.map((table, i) => ({
    table,
    key: Uint8Array.of(i),
    value: new Uint8Array(i).fill(i),
  }));
  entries.push({ table: "key", key: Uint8Array.of(200), value: new Uint8Array(1_500_000).fill(7) });
  return TABLES.flatMap((table) => entries.filter((entry) => entry.table === table));
}

describe("a snapshot file", () => {
  it("gives back every entry of every table and the header", async () => {
    const entries = someEntries();
    const { header, entries: decoded } = decodeSnapshot(await fileOf(entries));
    expect(header).toMatchObject({ clusterId: 9n, revision: 40n, compactRevision: -1n, mark: at });
    expect(decoded.map(printed)).toEqual(entries.map(printed));
  });

  it("may be empty", async () => {
    expect(decodeSnapshot(await fileOf([])).entries).toEqual([]);
  });

  it("is 32 bytes longer than a multiple of 512, whatever it holds", async () => {
    for (const length of [0, 1, 400, 511, 512, 513, 1_048_576]) {
      const file = await fileOf([{ table: "key", key: Uint8Array.of(1), value: new Uint8Array(length) }]);
      expect(file.length % 512).toBe(32);
    }
  });

  it("is the same in pieces of any size", async () => {
    const entries = someEntries();
    expect(Buffer.compare(await fileOf(entries, 1000), await fileOf(entries, 1 << 20))).toBe(0);
  });

  it("is refused when any byte of it is another", async () => {
    const file = await fileOf([{ table: "key", key: Uint8Array.of(1), value: Uint8Array.of(2, 3) }]);
    for (let i = 0; i < file.length; i += 7) {
      const damaged = file.slice();
      damaged[i] = (damaged[i] as number) ^ 0x10;
      expect(() => decodeSnapshot(damaged)).toThrow(SnapshotError);
    }
    expect(() => decodeSnapshot(file.subarray(0, file.length - 1))).toThrow("no whole snapshot file");
  });

  it("is refused by its own checks even when the digest was made to match", async () => {
    const file = await fileOf([{ table: "key", key: Uint8Array.of(1), value: new Uint8Array(600).fill(9) }]);
    const body = file.subarray(0, file.length - 32);
    const changed = (offset: number): Uint8Array => {
      const copy = body.slice();
      copy[offset] = (copy[offset] as number) ^ 1;
      return sealed(copy);
    };
    expect(() => decodeSnapshot(changed(0))).toThrow("no snapshot file of Kvorum");
    expect(() => decodeSnapshot(changed(11))).toThrow("format");
    expect(() => decodeSnapshot(changed(20))).toThrow("the header is damaged");
    expect(() => decodeSnapshot(changed(400))).toThrow(/the chunk at offset \d+ is damaged/);
  });
});
