/** The backend on segments against the backend contract, on a real disk and in memory, and what is its own. */
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Backend, type BackendEntry, type Table, UnreadableError } from "../../../core/mvcc/backend.js";
import { encodeRevision } from "../../../core/mvcc/revision.js";
import type { FailpointSite } from "../../../failpoint-sites.js";
import { MemoryDisk } from "../../disk/memory-disk.js";
import { NodeDisk } from "../../disk/node-disk.js";
import { backendContract, bytes, markAt, put, texts } from "../contract.js";
import { BackendFailedError, BackendMismatchError } from "./errors.js";
import { SegmentBackend, type SegmentBackendOptions } from "./segment-backend.js";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kvorum-segments-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const KIB = 1024;
const all = (backend: Backend, table: Table): string[] => texts(backend.range(table, bytes(""), undefined));

function onDisk(options: Partial<SegmentBackendOptions> = {}): Promise<SegmentBackend> {
  return SegmentBackend.open({ disk: new NodeDisk({ writer: "pool" }), directory, ...options });
}

describe("backend on segments, on a real disk", () => {
  for (const { name, run } of backendContract) it(name, () => run(onDisk));

  it("keeps its files to their owner", async () => {
    const backend = await onDisk();
    await backend.close();
    const names = await readdir(directory);
    expect(names).toEqual(["000001-00000001.seg", "CURRENT"]);
    for (const name of names) expect((await stat(join(directory, name))).mode & 0o777, name).toBe(0o600);
  });

  it("refuses a directory with a data file of LMDB, and a pointer that is damaged or gone", async () => {
    await mkdir(join(directory, "generation-000001"));
    await writeFile(join(directory, "CURRENT"), "generation-000001\n");
    await expect(onDisk()).rejects.toThrow(/does not name a generation/);
    await writeFile(join(directory, "generation-000001", "data.mdb"), "");
    await expect(onDisk()).rejects.toThrow(BackendMismatchError);
    await expect(onDisk()).rejects.toThrow(/data\.mdb is a data file of LMDB/);
    await rm(directory, { recursive: true });

    const backend = await onDisk();
    backend.commit([put("key", "a", "1")], markAt(1));
    await backend.close();
    await rm(join(directory, "CURRENT"));
    await expect(onDisk()).rejects.toThrow(/CURRENT is damaged.*it is missing, and there are segments/);
  });
});

describe.each([
  ["whole", {}],
  ["in small segments and without a cache", { segmentBytes: 2 * KIB, slackBytes: KIB, cacheBytes: 0 }],
] as const)("backend on segments in memory, %s", (_, options) => {
  for (const { name, run } of backendContract) {
    it(name, async () => {
      const disk = new MemoryDisk();
      await run(() => SegmentBackend.open({ disk, directory: "/backend", ...options }));
    });
  }
});

const revisions = (from: number, to: number, value: (main: number) => string): Parameters<Backend["commit"]>[0] =>
  Array.from({ length: to - from }, (_, i) => ({
    ...{ type: "put" as const, table: "key" as const, key: encodeRevision(from + i, 0) },
    value: bytes(value(from + i)),
  }));

async function segmentFiles(): Promise<readonly string[]> {
  return (await readdir(directory)).filter((name) => name.endsWith(".seg"));
}

describe("space", () => {
  it("is given back when it is defragmented, with commits and an open snapshot meanwhile", async () => {
    const backend = await onDisk({ segmentBytes: 64 * KIB, cacheBytes: 0 });
    for (let round = 0; round < 4; round++) {
      backend.commit(
        revisions(round * 500, round * 500 + 500, () => "x".repeat(1000)),
        markAt(round + 1),
      );
    }
    const removed = [...backend.range("key", encodeRevision(500, 0), undefined)].map(
      ({ key }: BackendEntry) => ({ type: "delete", table: "key", key }) as const,
    );
    backend.commit(removed, markAt(10));
    await backend.flush();
    const snapshot = backend.snapshot();
    const before = backend.size();
    const old = await segmentFiles();
    const defragmented = backend.defragment();
    let index = 10;
    while (index < 60) {
      backend.commit([put("meta", "counter", String(++index)), put("meta", `k${index}`, "")], markAt(index));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await defragmented;
    expect(backend.size().bytes).toBeLessThan(before.bytes / 2);
    expect(backend.appliedAt()).toEqual(markAt(60));
    expect(all(backend, "key").length).toBe(500);
    expect(all(backend, "meta").length).toBe(51);
    expect(snapshot.at).toEqual(markAt(10));
    expect([...snapshot.entries("key")].map(({ value }) => value.length)).toEqual(Array(500).fill(1000));
    expect(texts(snapshot.entries("meta"))).toEqual([]);
    expect(await segmentFiles()).toEqual(expect.arrayContaining([...old]));
    snapshot.close();
    await backend.close();
    const left = await segmentFiles();
    expect(left.filter((file) => old.includes(file))).toEqual([]);
    const reopened = await onDisk();
    expect(reopened.appliedAt()).toEqual(markAt(60));
    expect(all(reopened, "meta").length).toBe(51);
    expect(all(reopened, "key").length).toBe(500);
    await reopened.close();
  });

  it("is bounded while one key is written again and again", async () => {
    const backend = await onDisk({ segmentBytes: 16 * KIB, slackBytes: 64 * KIB });
    backend.commit(
      revisions(1, 200, (main) => `kept ${main}`),
      markAt(1),
    );
    for (let index = 2; index < 600; index++) {
      backend.commit([put("meta", "counter", `${index} `.repeat(400))], markAt(index));
      if (index % 10 === 0) await backend.flush();
    }
    await backend.flush();
    await expect.poll(() => backend.size().bytes).toBeLessThan(160 * KIB);
    expect(all(backend, "key").length).toBe(199);
    await backend.close();
    expect((await segmentFiles()).length).toBeLessThan(12);
    const reopened = await onDisk();
    expect(
      [...reopened.range("key", bytes(""), undefined)].map(({ value }) => texts([{ key: bytes(""), value }])[0]),
    ).toEqual(Array.from({ length: 199 }, (_, i) => `=kept ${i + 1}`));
    expect(reopened.appliedAt()).toEqual(markAt(599));
    await reopened.close();
  });

  it("is not taken by a replacement that failed, nor by what was replaced once nobody reads it", async () => {
    const backend = await onDisk();
    backend.commit([put("key", "a", "1")], markAt(1));
    await backend.flush();
    const failing = (function* () {
      for (let i = 0; i < 3; i++) yield { table: "key", key: bytes(`${i}`), value: new Uint8Array(2 ** 20) } as const;
      throw new Error("the stream broke");
    })();
    await expect(backend.replaceWith(markAt(9), failing)).rejects.toThrow("the stream broke");
    expect(await readdir(directory)).toEqual(["000001-00000001.seg", "CURRENT"]);
    const snapshot = backend.snapshot();
    await backend.replaceWith(markAt(9), []);
    expect(await readdir(directory)).toEqual(["000001-00000001.seg", "000002-00000001.seg", "CURRENT"]);
    expect(texts(snapshot.entries("key"))).toEqual(["a=1"]);
    await backend.close();
    expect(await readdir(directory)).toEqual(["000002-00000001.seg", "CURRENT"]);
  });
});

describe("a disk that fails", () => {
  it("stops the backend for good: no commit, no flush", async () => {
    let failing = false;
    const disk = new MemoryDisk({
      before: ({ type }) => {
        if (failing && type === "sync") throw new Error("input/output error");
      },
    });
    const backend = await SegmentBackend.open({ disk, directory: "/backend" });
    backend.commit([put("key", "a", "1")], markAt(1));
    await backend.flush();
    failing = true;
    backend.commit([put("key", "b", "1")], markAt(2));
    await expect(backend.flush()).rejects.toThrow(BackendFailedError);
    failing = false;
    await expect(backend.flush()).rejects.toThrow(BackendFailedError);
    expect(() => backend.commit([], markAt(3))).toThrow(BackendFailedError);
    expect(backend.durableAt()).toEqual(markAt(1));
    await backend.close();
    disk.crash();
    const reopened = await SegmentBackend.open({ disk, directory: "/backend" });
    expect(reopened.appliedAt()).toEqual(markAt(1));
    await reopened.close();
  });

  it("is told with the file when a value cannot be read, and stops the backend", async () => {
    const backend = await onDisk({ cacheBytes: 0 });
    backend.commit(
      revisions(1, 3, () => "value"),
      markAt(1),
    );
    await backend.flush();
    expect(backend.get("key", encodeRevision(1, 0))).toEqual(bytes("value"));
    await new NodeDisk({ writer: "pool" }).open(join(directory, "000001-00000001.seg"), "write").then(async (file) => {
      await file.truncate(100);
      await file.close();
    });
    expect(() => backend.get("key", encodeRevision(2, 0))).toThrow(UnreadableError);
    expect(() => backend.get("key", encodeRevision(2, 0))).toThrow(/000001-00000001\.seg/);
    expect(() => backend.commit([], markAt(2))).toThrow(BackendFailedError);
    await backend.close();
  });

  it("answers from what was durable before a write failed, until it is closed (simulation, seed 131)", async () => {
    let failing = false;
    const disk = new MemoryDisk({
      before: ({ type }) => {
        if (failing && type === "write") throw new Error("no space left on device");
      },
    });
    // Nothing stays in memory, so that what is read comes from the file.
    const backend = await SegmentBackend.open({ disk, directory: "/backend", cacheBytes: 0 });
    backend.commit(
      revisions(1, 3, () => "value"),
      markAt(1),
    );
    await backend.flush();
    failing = true;
    backend.commit([put("key", "b", "1")], markAt(2));
    await expect(backend.flush()).rejects.toThrow(BackendFailedError);
    expect(backend.get("key", encodeRevision(1, 0))).toEqual(bytes("value"));
    await backend.close();
  });

  it("fails what a failpoint before the swap fails, and the old content stays on disk", async () => {
    const failpoints = {
      hit: (site: FailpointSite) => {
        if (site === "backend-before-swap") throw new Error("dead");
      },
    };
    const backend = await onDisk({ failpoints });
    backend.commit([put("key", "a", "1")], markAt(1));
    await backend.flush();
    await expect(backend.replaceWith(markAt(9), [])).rejects.toThrow(BackendFailedError);
    await backend.close();
    const reopened = await onDisk();
    expect(reopened.appliedAt()).toEqual(markAt(1));
    await reopened.close();
  });
});

describe("work in one turn", () => {
  it("of a cleaning is bounded in records and in bytes, and commits come between", async () => {
    let turns = 0;
    let index = 1;
    const backend: SegmentBackend = await onDisk({
      pause: async () => {
        turns++;
        backend.commit([put("meta", "turn", String(turns))], markAt(++index));
      },
    });
    backend.commit(
      revisions(0, 10_000, () => "v".repeat(100)),
      markAt(1),
    );
    await backend.defragment();
    expect(turns).toBeGreaterThan(4);
    expect(all(backend, "key").length).toBe(10_000);
    expect(all(backend, "meta")).toEqual([`turn=${turns}`]);
    await backend.close();
  });
});
