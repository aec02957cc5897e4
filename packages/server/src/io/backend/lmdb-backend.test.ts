/** The LMDB backend against the backend contract, a plain model, restarts, kills and replacements. */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Backend, BackendEntry, BatchChange, Table } from "../../core/mvcc/backend.js";
import { backendContract, bytes, markAt, put, texts } from "./contract.js";
import { LmdbBackend } from "./lmdb-backend.js";
import { MemoryBackend, MemoryStore } from "./memory-backend.js";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kvorum-lmdb-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const mapBytes = 64 * 1024 * 1024;
const open = (): LmdbBackend => new LmdbBackend({ directory, mapBytes });
const all = (backend: Backend, table: Table): string[] => texts(backend.range(table, bytes(""), undefined));

describe("lmdb backend", () => {
  for (const { name, run } of backendContract) it(name, () => run(async () => open()));

  it("walks a range that is longer than a portion, by count and by bytes", async () => {
    const backend = open();
    const key = (i: number): string => String(i).padStart(5, "0");
    backend.commit(
      Array.from({ length: 1000 }, (_, i) => put("key", key(i), `${i}`)),
      markAt(1),
    );
    backend.commit(
      Array.from({ length: 30 }, (_, i) => put("meta", key(i), "v".repeat(200_000))),
      markAt(2),
    );
    const expected = Array.from({ length: 1000 }, (_, i) => `${key(i)}=${i}`);
    expect(all(backend, "key")).toEqual(expected);
    expect(texts(backend.range("key", bytes(key(3)), bytes(key(777)), 600))).toEqual(expected.slice(3, 603));
    expect([...backend.range("meta", bytes(""), undefined)].length).toBe(30);
    await backend.close();
  });

  it("stores empty values, and values larger than a page", async () => {
    const backend = open();
    const large = new Uint8Array(3_000_000).map((_, i) => i % 251);
    backend.commit(
      [
        { type: "put", table: "key", key: bytes("empty"), value: new Uint8Array(0) },
        { type: "put", table: "key", key: bytes("large"), value: large },
      ],
      markAt(1),
    );
    expect(backend.get("key", bytes("empty"))).toEqual(new Uint8Array(0));
    expect(Buffer.compare(backend.get("key", bytes("large")) ?? bytes(""), large)).toBe(0);
    const walked = [...backend.range("key", bytes(""), undefined)];
    expect(walked.map(({ value }) => value.length)).toEqual([0, large.length]);
    await backend.close();
  });

  it("keeps its files to their owner", async () => {
    await open().close();
    const [generation = ""] = (await readdir(directory)).filter((name) => name.startsWith("generation"));
    expect((await stat(join(directory, generation))).mode & 0o777).toBe(0o700);
    for (const file of await readdir(join(directory, generation))) {
      expect((await stat(join(directory, generation, file))).mode & 0o777, file).toBe(0o600);
    }
  });

  it("gives back space when it is defragmented, with commits and an open snapshot meanwhile", async () => {
    const backend = open();
    const key = (i: number): string => String(i).padStart(5, "0");
    for (let round = 0; round < 4; round++) {
      const puts = Array.from({ length: 500 }, (_, i) => put("key", `${round}${key(i)}`, "x".repeat(1000)));
      backend.commit(puts, markAt(round + 1));
    }
    const removed = [...backend.range("key", bytes("1"), undefined)].map((entry: BackendEntry): BatchChange => {
      return { type: "delete", table: "key", key: entry.key };
    });
    backend.commit(removed, markAt(10));
    const snapshot = backend.snapshot();
    const before = backend.size();
    const defragmented = backend.defragment();
    let index = 10;
    while (index < 60) {
      backend.commit([put("meta", "counter", String(++index)), put("meta", key(index), "")], markAt(index));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await defragmented;
    expect(backend.size().bytes).toBeLessThan(before.bytes / 2);
    expect(backend.appliedAt()).toEqual(markAt(60));
    expect(backend.get("meta", bytes("counter"))).toEqual(bytes("60"));
    expect(all(backend, "key").length).toBe(500);
    expect(all(backend, "meta").length).toBe(51);
    expect(snapshot.at).toEqual(markAt(10));
    expect(texts(snapshot.entries("key")).length).toBe(500);
    expect(texts(snapshot.entries("meta"))).toEqual([]);
    snapshot.close();
    await backend.close();
    const reopened = open();
    expect(reopened.appliedAt()).toEqual(markAt(60));
    expect(all(reopened, "meta").length).toBe(51);
    await reopened.close();
    expect((await readdir(directory)).length).toBe(2);
  });

  it("takes no space for a replacement that failed, nor for what was replaced", async () => {
    const backend = open();
    backend.commit([put("key", "a", "1")], markAt(1));
    const failing = (function* () {
      for (let i = 0; i < 3; i++) yield { table: "key", key: bytes(`${i}`), value: new Uint8Array(2 ** 20) } as const;
      throw new Error("the stream broke");
    })();
    await expect(backend.replaceWith(markAt(9), failing)).rejects.toThrow("the stream broke");
    expect(await readdir(directory)).toEqual(["CURRENT", "generation-000001"]);
    const snapshot = backend.snapshot();
    await backend.replaceWith(markAt(9), []);
    expect(await readdir(directory)).toEqual(["CURRENT", "generation-000001", "generation-000002"]);
    expect(texts(snapshot.entries("key"))).toEqual(["a=1"]);
    await backend.close();
    expect(await readdir(directory)).toEqual(["CURRENT", "generation-000002"]);
  });

  it("refuses a directory whose pointer is damaged", async () => {
    await open().close();
    await writeFile(join(directory, "CURRENT"), "generation-");
    expect(open).toThrow(/does not name a generation/);
  });

  it("keeps data and mark together when its process is killed", async () => {
    for (const waitMs of [30, 120]) {
      await killWriter(waitMs);
      const backend = open();
      const { index } = backend.appliedAt();
      expect(index).toBeGreaterThan(0);
      const counters = [..."ab"].map((name) => Number(new TextDecoder().decode(backend.get("meta", bytes(name)))));
      expect(counters).toEqual([index, index]);
      expect([...backend.range("key", bytes(""), undefined)].length).toBe(index * 3);
      await backend.close();
    }
  });
});

/** A process that commits as fast as it can, killed some time after its first commit. */
async function killWriter(waitMs: number): Promise<void> {
  const built = (path: string): string =>
    JSON.stringify(new URL(`../../../dist/io/backend/${path}`, import.meta.url).href);
  const script = `
    const { LmdbBackend } = await import(${built("lmdb-backend.js")});
    const { put, markAt } = await import(${built("contract.js")});
    const backend = new LmdbBackend({ directory: ${JSON.stringify(directory)}, mapBytes: ${mapBytes} });
    for (let index = backend.appliedAt().index + 1; ; index++) {
      const keys = [0, 1, 2].map((i) => put("key", String(index * 3 + i).padStart(8, "0"), "x".repeat(index % 700)));
      backend.commit([put("meta", "a", String(index)), ...keys, put("meta", "b", String(index))], markAt(index));
      if (index % 50 === 1) process.stdout.write("committed\\n");
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
  const gone = new Promise((resolve) => child.once("exit", resolve));
  setTimeout(() => child.kill("SIGKILL"), waitMs);
  await gone;
}

describe.each([
  ["lmdb", () => open],
  [
    "memory",
    () => {
      const store = new MemoryStore();
      return () => new MemoryBackend(store);
    },
  ],
] as const)("random batches on %s", (_, create) => {
  it("leave what a plain model leaves, over restarts, snapshots and defragmentation", async () => {
    const key = fc.uint8Array({ minLength: 1, maxLength: 3 });
    const table = fc.constantFrom<Table>("key", "meta", "auth");
    const change = fc.oneof(
      fc.record({ type: fc.constant("put" as const), table, key, value: fc.uint8Array({ maxLength: 40 }) }),
      fc.record({ type: fc.constant("delete" as const), table, key }),
    );
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ type: fc.constant("commit" as const), batch: fc.array(change) }) },
      {
        weight: 1,
        arbitrary: fc.record({ type: fc.constantFrom("restart", "defragment", "replace-by-itself" as const) }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        await rm(directory, { recursive: true, force: true });
        const restart = create();
        let backend: Backend = restart();
        const model = new Map<string, string>();
        let index = 0;
        for (const step of steps) {
          if (step.type === "commit") {
            backend.commit(step.batch, markAt(++index));
            for (const change of step.batch) applyToModel(model, change);
          } else if (step.type === "defragment") {
            await backend.defragment();
          } else if (step.type === "restart") {
            await backend.close();
            backend = restart();
          } else {
            await replaceByItself(backend);
          }
          expect(backend.appliedAt().index).toBe(index);
          expect(dump(backend)).toEqual([...model].sort(([a], [b]) => (a < b ? -1 : 1)));
        }
        await backend.close();
      }),
      { numRuns: 25 },
    );
  });
});

const hex = (part: Uint8Array): string => Buffer.from(part).toString("hex");

function applyToModel(model: Map<string, string>, change: BatchChange): void {
  const key = `${change.table}/${hex(change.key)}`;
  if (change.type === "put") model.set(key, hex(change.value));
  else model.delete(key);
}

function dump(backend: Backend): [string, string][] {
  return (["auth", "key", "meta"] as const).flatMap((table) =>
    [...backend.range(table, bytes(""), undefined)].map(({ key, value }): [string, string] => {
      expect(backend.get(table, key)).toEqual(value);
      return [`${table}/${hex(key)}`, hex(value)];
    }),
  );
}

async function replaceByItself(backend: Backend): Promise<void> {
  const snapshot = backend.snapshot();
  const entries = (["key", "meta", "auth"] as const).flatMap((table) =>
    [...snapshot.entries(table)].map((entry) => ({ table, ...entry })),
  );
  snapshot.close();
  await backend.replaceWith(snapshot.at, entries);
}
