/** Snapshots that are received: stored whole or not at all, whatever the connection, the disk and the power do. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Backend, type BackendEntry, TABLES } from "../../core/mvcc/backend.js";
import type { SnapshotMark } from "../../core/raft/types.js";
import type { Disk, DiskFile } from "../../env.js";
import type { SnapshotBody } from "../../peer-network.js";
import { markAt, put } from "../backend/contract.js";
import { MemoryBackend } from "../backend/memory-backend.js";
import { SegmentBackend } from "../backend/segments/segment-backend.js";
import { diskError } from "../disk/disk-error.js";
import { MemoryDisk } from "../disk/memory-disk.js";
import { NodeDisk } from "../disk/node-disk.js";
import type { SnapshotEntry } from "./decode.js";
import { type ReceivedSnapshot, SnapshotFiles } from "./files.js";
import { CHUNK_BYTES_MAX, SnapshotError } from "./format.js";
import {
  at,
  bodyOf,
  CLUSTER_ID,
  fewEntries,
  fileOf,
  outgoing,
  printed,
  resealed,
  someEntries,
} from "./test-support.js";

const DIRECTORY = "/data/snapshots";
const NAME = "0000000000000003-000000000000004d";
const expected = { clusterId: CLUSTER_ID, mark: at };

async function opened(disk: Disk, directory = DIRECTORY): Promise<SnapshotFiles> {
  const files = new SnapshotFiles({ disk, directory });
  await files.open();
  return files;
}

async function printedEntries(received: ReceivedSnapshot): Promise<string[]> {
  const entries: string[] = [];
  for await (const entry of received.entries()) entries.push(printed(entry));
  return entries;
}

function dump(backend: Backend): string[] {
  const all = (table: (typeof TABLES)[number]): Iterable<BackendEntry> =>
    backend.range(table, new Uint8Array(0), undefined);
  return TABLES.flatMap((table) => [...all(table)].map((entry) => printed({ table, ...entry })));
}

describe("a received snapshot", () => {
  it("has the entries that were sent, until it is removed", async () => {
    const disk = new MemoryDisk();
    const files = await opened(disk);
    const body = bodyOf(await fileOf(someEntries()), 70_000);
    const received = await files.receive(expected, body);
    expect(body.closed).toBe(true);
    expect(received.header).toMatchObject({ clusterId: CLUSTER_ID, revision: 40n, compactRevision: -1n, mark: at });
    expect(await disk.list(DIRECTORY)).toEqual([`${NAME}.snap`]);
    for (let round = 0; round < 2; round++) {
      expect(await printedEntries(received)).toEqual(someEntries().map(printed));
    }
    await received.remove();
    await received.remove();
    expect(await disk.list(DIRECTORY)).toEqual([]);
    await expect(printedEntries(received)).rejects.toThrow("ENOENT");
  });

  it("is durable when it is announced", async () => {
    const disk = new MemoryDisk();
    const received = await (await opened(disk)).receive(expected, bodyOf(await fileOf(fewEntries())));
    const before = disk.contents().get(`${DIRECTORY}/${NAME}.snap`);
    disk.crash();
    expect(disk.contents().get(`${DIRECTORY}/${NAME}.snap`)).toEqual(before);
    expect(await printedEntries(received)).toEqual(fewEntries().map(printed));
  });

  it("is checked again when it is read, and a backend does not take what the disk has spoilt", async () => {
    const file = await fileOf(fewEntries());
    for (let offset = 0; offset < file.length; offset += 5) {
      const disk = new MemoryDisk();
      const received = await (await opened(disk)).receive(expected, bodyOf(file));
      disk.damage(`${DIRECTORY}/${NAME}.snap`, offset, Uint8Array.of((file[offset] as number) ^ 0x20));
      const backend = new MemoryBackend();
      backend.commit([put("key", "old", "1")], markAt(1));
      const before = dump(backend);
      await expect(backend.replaceWith(at, received.entries()), `byte ${offset}`).rejects.toThrow(SnapshotError);
      expect(dump(backend)).toEqual(before);
      expect(backend.appliedAt()).toEqual(markAt(1));
    }
  });
});

describe("a snapshot that is not what was expected", () => {
  async function refused(
    body: SnapshotBody & { readonly closed: boolean },
    label: string,
    wanted = expected,
  ): Promise<string> {
    const disk = new MemoryDisk();
    const files = await opened(disk);
    const error = await files.receive(wanted, body).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error, label).toBeInstanceOf(SnapshotError);
    expect(body.closed, label).toBe(true);
    expect(await disk.list(DIRECTORY), label).toEqual([]);
    // And the next one comes in.
    await files.receive(expected, bodyOf(await fileOf(fewEntries())));
    return (error as SnapshotError).message;
  }

  it("is refused for any flipped byte, any cut and any addition, announced or not", async () => {
    const file = await fileOf(fewEntries());
    for (let i = 0; i < file.length; i++) {
      const damaged = file.slice();
      damaged[i] = (damaged[i] as number) ^ (1 << (i % 8));
      await refused(bodyOf(damaged), `byte ${i}`);
      await refused(bodyOf(file.slice(0, i), 100, file.length), `cut at ${i}`);
      await refused(bodyOf(file.slice(0, i)), `cut at ${i}, and announced so`);
    }
    for (const more of [1, 480, 511, 512, 513]) {
      const longer = Uint8Array.from([...file, ...new Uint8Array(more)]);
      await refused(bodyOf(longer), `${more} more bytes, announced`);
      await refused(bodyOf(longer, 100, file.length), `${more} more bytes`);
      await refused(bodyOf(file, 100, file.length + more), `${more} more bytes announced than sent`);
    }
    await refused(
      bodyOf(resealed(Uint8Array.from([...file.subarray(0, -32), ...new Uint8Array(512), ...file.subarray(-32)]))),
      "more padding",
    );
  });

  it("is refused when it is another cluster's, or stands at another place in the log", async () => {
    const file = await fileOf(fewEntries());
    const withMark = (change: Partial<SnapshotMark>) => ({ ...expected, mark: { ...at, ...change } });
    const withConf = (change: Partial<SnapshotMark["confState"]>) =>
      withMark({ confState: { ...at.confState, ...change } });
    expect(await refused(bodyOf(file), "cluster", { ...expected, clusterId: 10n })).toContain(
      "is of cluster 9, not of a",
    );
    expect(await refused(bodyOf(file), "index", withMark({ index: 78 }))).toContain(
      "up to entry 77 of term 3, announced was entry 78 of term 3",
    );
    expect(await refused(bodyOf(file), "term", withMark({ term: 2 }))).toContain("announced was entry 77 of term 2");
    for (const conf of [
      withConf({ voters: [1n] }),
      withConf({ learners: [6n] }),
      withConf({ votersOutgoing: [1n] }),
      withConf({ learnersNext: [1n] }),
      withConf({ autoLeave: true }),
    ]) {
      expect(await refused(bodyOf(file), "members", conf)).toContain("another membership");
    }
    const files = await opened(new MemoryDisk());
    await files.receive(withConf({ voters: [2n ** 63n, 1n] }), bodyOf(file));
  });

  it("is refused before anything of it is written when its header says so", async () => {
    const written: string[] = [];
    const disk = new MemoryDisk({ before: ({ type }) => void written.push(type) });
    const files = await opened(disk);
    written.length = 0;
    const wrong = { ...expected, clusterId: 10n };
    await expect(files.receive(wrong, bodyOf(await fileOf(someEntries())))).rejects.toThrow("is of cluster");
    expect(written.filter((type) => type === "write").length).toBe(0);
  });

  it("is refused when its connection breaks, with what broke it as the cause", async () => {
    const file = await fileOf(fewEntries());
    const reset = new Error("connection reset");
    const body = bodyOf(file);
    const pieces = (async function* () {
      yield file.slice(0, 300);
      throw reset;
    })();
    const broken = Object.defineProperty(body, "pieces", { value: pieces });
    expect(await refused(broken, "reset")).toBe("the snapshot broke off after 300 of 544 bytes (connection reset)");
  });
});

describe("snapshots at the same time", () => {
  it("of different marks do not touch each other", async () => {
    const disk = new MemoryDisk();
    const files = await opened(disk);
    const marks = [at, { ...at, index: 78 }, { ...at, term: 4 }];
    const received = await Promise.all(
      marks.map(async (mark) => files.receive({ ...expected, mark }, bodyOf(await fileOf(fewEntries(), mark), 50))),
    );
    expect(received.map(({ header }) => header.mark)).toEqual(marks);
    for (const one of received) expect(await printedEntries(one)).toEqual(fewEntries().map(printed));
    expect((await disk.list(DIRECTORY)).length).toBe(3);
  });

  it("of one mark are refused until the first one is removed", async () => {
    const files = await opened(new MemoryDisk());
    const file = await fileOf(fewEntries());
    const first = files.receive(expected, bodyOf(file));
    const second = bodyOf(file);
    await expect(files.receive(expected, second)).rejects.toThrow(`snapshot ${NAME} is here already`);
    expect(second.closed).toBe(true);
    const received = await first;
    await expect(files.receive(expected, bodyOf(file))).rejects.toThrow("is here already");
    expect(await printedEntries(received)).toEqual(fewEntries().map(printed));
    await received.remove();
    const again = await files.receive(expected, bodyOf(file));
    await received.remove();
    expect(await printedEntries(again)).toEqual(fewEntries().map(printed));
  });
});

/** Counts the changing operations of a whole receive on a memory disk. */
async function operationsOf(file: Uint8Array): Promise<number> {
  let operations = 0;
  const files = await opened(new MemoryDisk({ before: () => void operations++ }));
  operations = 0;
  await files.receive(expected, bodyOf(file, 200));
  return operations;
}

describe("a disk that fails", () => {
  it("leaves nothing behind, is named in the error, and the next snapshot comes in", async () => {
    const file = await fileOf(fewEntries());
    const operations = await operationsOf(file);
    expect(operations).toBe(1 + 3 + 1 + 1 + 1);
    for (let failing = 0; failing < operations; failing++) {
      let left = Number.POSITIVE_INFINITY;
      const disk = new MemoryDisk({
        before: () => {
          if (left-- === 0) throw diskError("ENOSPC", "no space left on device");
        },
      });
      const files = await opened(disk);
      left = failing;
      const body = bodyOf(file, 200);
      const error = await files.receive(expected, body).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(SnapshotError);
      expect(error).toMatchObject({
        message: `snapshot ${DIRECTORY}/${NAME}.snap cannot be stored (ENOSPC: no space left on device)`,
        cause: { code: "ENOSPC" },
      });
      expect(body.closed).toBe(true);
      expect(await disk.list(DIRECTORY), `operation ${failing}`).toEqual([]);
      await files.receive(expected, bodyOf(file, 200));
    }
  });

  it("that does not even remove is told of in the log, and cleaned up at the next start", async () => {
    const warnings: object[] = [];
    const ignore = (): void => {};
    const logger = { debug: ignore, info: ignore, error: ignore, warn: (fields: object) => void warnings.push(fields) };
    let broken = false;
    const disk = new MemoryDisk({
      before: ({ type }) => {
        if (broken && type !== "create") throw diskError("EIO", "input/output error");
      },
    });
    const files = new SnapshotFiles({ disk, directory: DIRECTORY, logger });
    await files.open();
    broken = true;
    await expect(files.receive(expected, bodyOf(await fileOf(fewEntries())))).rejects.toThrow("EIO");
    expect(warnings).toMatchObject([{ path: `${DIRECTORY}/${NAME}.part` }, { path: `${DIRECTORY}/${NAME}.snap` }]);
    broken = false;
    await files.open();
    expect(await disk.list(DIRECTORY)).toEqual([]);
  });
});

describe("a power loss", () => {
  it("at any operation leaves what the next start removes, and nothing else is touched", async () => {
    const file = await fileOf(fewEntries());
    const operations = await operationsOf(file);
    for (const survive of [true, false]) {
      for (let crashAt = 0; crashAt <= operations; crashAt++) {
        let power = Number.POSITIVE_INFINITY;
        const disk = new MemoryDisk({
          before: () => {
            if (power-- <= 0) throw new Error("power lost");
          },
        });
        const files = await opened(disk);
        await (await disk.open(join(DIRECTORY, "notes.snap.txt"), "create")).close();
        await disk.syncDirectory(DIRECTORY);
        power = crashAt;
        await files.receive(expected, bodyOf(file, 200)).catch(() => {});
        power = Number.POSITIVE_INFINITY;
        disk.crash({ sectorSurvives: () => survive, directoriesSurvive: survive });
        const restarted = await opened(disk);
        disk.crash();
        expect(await disk.list(DIRECTORY), `power lost at operation ${crashAt}`).toEqual(["notes.snap.txt"]);
        await restarted.receive(expected, bodyOf(file, 200));
      }
    }
  });
});

describe("on a real disk", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "kvorum-snapshot-"));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it("a backend's content goes from segments through the files into segments and into memory", async () => {
    const open = (name: string): Promise<SegmentBackend> =>
      SegmentBackend.open({ disk: new NodeDisk({ writer: "pool" }), directory: join(directory, name) });
    const source = await open("source");
    for (const { table, key, value } of someEntries()) source.commit([{ type: "put", table, key, value }], at);
    const sent = source.snapshot();
    source.commit([put("key", "later", "not in the snapshot")], { ...at, index: 78 });
    const files = await opened(new NodeDisk(), join(directory, "snapshots"));
    const received = await files.receive(expected, await outgoing(sent));
    for (const target of [await open("target"), new MemoryBackend()]) {
      target.commit([put("key", "stale", "1"), put("auth", "stale", "1")], markAt(1));
      await target.replaceWith(received.header.mark, received.entries());
      expect(dump(target)).toEqual(someEntries().map(printed));
      expect(target.appliedAt()).toEqual(at);
      await target.close();
    }
    await received.remove();
    expect(await readdir(join(directory, "snapshots"))).toEqual([]);
    await source.close();
  });

  it("64 MiB go through with less than one in memory at any moment", async () => {
    const valueBytes = 100_000;
    const count = Math.ceil((64 * 1024 * 1024) / valueBytes);
    const held = { produced: 0, consumed: 0, most: 0, largest: 0 };
    const produce = (bytes: number): void => {
      held.produced += bytes;
      held.most = Math.max(held.most, held.produced - held.consumed);
    };
    const buffer = (bytes: number): void => {
      held.largest = Math.max(held.largest, bytes);
    };
    const entries = function* (table: string): Generator<BackendEntry> {
      if (table !== "key") return;
      for (let i = 0; i < count; i++) {
        produce(valueBytes);
        yield { key: Uint8Array.of(i >> 8, i), value: new Uint8Array(valueBytes).fill(i) };
      }
    };
    const disk = watched(new NodeDisk(), {
      write: (bytes) => {
        held.consumed += bytes;
        buffer(bytes);
      },
      read: (bytes) => {
        produce(bytes);
        buffer(bytes);
      },
    });
    const files = await opened(disk, directory);
    const body = await outgoing({ at, entries, close() {} });
    const restart = (): void => void Object.assign(held, { produced: 0, consumed: 0, most: 0 });
    restart();
    const received = await files.receive(expected, body);
    expect(held.consumed).toBe(body.bytes);
    expect(held.most).toBeLessThan(CHUNK_BYTES_MAX);
    expect(held.largest).toBeLessThanOrEqual(CHUNK_BYTES_MAX);

    restart();
    let wrong = 0;
    let seen = 0;
    const check = ({ value }: SnapshotEntry): void => {
      if (value.length !== valueBytes || value[0] !== seen % 256 || value.at(-1) !== seen % 256) wrong++;
      seen++;
      held.consumed += value.length;
    };
    for await (const entry of received.entries()) check(entry);
    expect([seen, wrong]).toEqual([count, 0]);
    expect(held.most).toBeLessThan(CHUNK_BYTES_MAX);
    expect(held.largest).toBeLessThanOrEqual(CHUNK_BYTES_MAX);
  });
});

/** The disk, telling what goes through it. */
function watched(disk: Disk, tell: { write(bytes: number): void; read(bytes: number): void }): Disk {
  const watchedFile = (file: DiskFile): DiskFile => ({
    get size() {
      return file.size;
    },
    async readAt(offset, length) {
      const bytes = await file.readAt(offset, length);
      tell.read(bytes.length);
      return bytes;
    },
    readNow: (offset, length) => file.readNow(offset, length),
    writeAt(offset, chunks, options) {
      for (const { length } of chunks) tell.write(length);
      return file.writeAt(offset, chunks, options);
    },
    dataSync: () => file.dataSync(),
    truncate: (size) => file.truncate(size),
    close: () => file.close(),
  });
  return {
    open: async (path, mode) => watchedFile(await disk.open(path, mode)),
    rename: (from, to) => disk.rename(from, to),
    remove: (path) => disk.remove(path),
    list: (directory) => disk.list(directory),
    makeDirectory: (directory) => disk.makeDirectory(directory),
    syncDirectory: (directory) => disk.syncDirectory(directory),
    lockDirectory: (directory) => disk.lockDirectory(directory),
  };
}
