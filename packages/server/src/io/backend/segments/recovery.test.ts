/** What a crash or damage leaves of the segments, and what becomes of it: a table of cases. */
import { describe, expect, it } from "vitest";
import type { Backend, BatchChange } from "../../../core/mvcc/backend.js";
import { encodeRevision } from "../../../core/mvcc/revision.js";
import { Chance } from "../../../core/seeded/chance.js";
import { MemoryDisk } from "../../disk/memory-disk.js";
import { bytes, markAt, put, remove } from "../contract.js";
import { MemoryBackend } from "../memory-backend.js";
import { BackendCorruptError, BackendMismatchError } from "./errors.js";
import { SegmentBackend, type SegmentBackendOptions } from "./segment-backend.js";
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES } from "./segment-header.js";

const DIRECTORY = "/backend";
const FIRST = "/backend/000001-00000001.seg";
const SEED = Number(process.env["SEED"] ?? 7);

function open(disk: MemoryDisk, options: Partial<SegmentBackendOptions> = {}): Promise<SegmentBackend> {
  return SegmentBackend.open({ disk, directory: DIRECTORY, salt: () => 12345, ...options });
}

/** Everything that a backend holds, as text. */
function contentOf(backend: Backend): string {
  const tables = (["key", "meta", "lease"] as const).map((table) => {
    return [...backend.range(table, bytes(""), undefined)].map(
      ({ key, value }) => `${Buffer.from(key).toString("hex")}=${Buffer.from(value).toString("hex")}`,
    );
  });
  return JSON.stringify(tables);
}

/** Batches that put, overwrite and delete; each is the effect of one index. */
function batches(count: number, seed = SEED): readonly (readonly BatchChange[])[] {
  const chance = Chance.of(seed, "batches");
  return Array.from({ length: count }, (_, i) => {
    const batch: BatchChange[] = [put("meta", "counter", String(i))];
    for (let sub = 0; sub < chance.int(4); sub++) {
      const value = bytes("v".repeat(chance.int(90)));
      batch.push({ type: "put", table: "key", key: encodeRevision(i, sub, chance.percent(20)), value });
      if (chance.percent(40)) batch.push({ type: "delete", table: "key", key: encodeRevision(chance.int(i + 1), 0) });
    }
    batch.push(chance.percent(50) ? put("lease", `l${chance.int(5)}`, `${i}`) : remove("lease", `l${chance.int(5)}`));
    return batch;
  });
}

/** What a backend holds after each index. */
function statesOf(all: readonly (readonly BatchChange[])[]): ReadonlyMap<number, string> {
  const model = new MemoryBackend();
  const states = new Map([[0, contentOf(model)]]);
  for (const [i, batch] of all.entries()) {
    model.commit(batch, markAt(i + 1));
    states.set(i + 1, contentOf(model));
  }
  return states;
}

/** Opens what the disk has, and checks that it is the state of one commit, with its mark; which. */
async function indexAfter(disk: MemoryDisk, states: ReadonlyMap<number, string>): Promise<number> {
  const backend = await open(disk);
  const { index } = backend.appliedAt();
  expect(contentOf(backend), `after commit ${index}`).toBe(states.get(index));
  expect(backend.durableAt().index).toBe(index);
  // Life goes on, and the next one sees it.
  backend.commit([put("meta", "after", "1")], markAt(index + 1000));
  await backend.close();
  const again = await open(disk);
  expect(again.appliedAt()).toEqual(markAt(index + 1000));
  expect(again.get("meta", bytes("after"))).toEqual(bytes("1"));
  await again.close();
  return index;
}

/** A disk with commits, each flushed but the last `unflushed`, which are written. */
async function written(count: number, options: Partial<SegmentBackendOptions> = {}): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const backend = await open(disk, options);
  for (const [i, batch] of batches(count).entries()) {
    backend.commit(batch, markAt(i + 1));
    await backend.flush();
  }
  await backend.close();
  return disk;
}

/** The file with its first bytes only. */
async function cut(disk: MemoryDisk, path: string, size: number): Promise<MemoryDisk> {
  const twin = disk.clone();
  const file = await twin.open(path, "write");
  await file.truncate(size);
  await file.dataSync();
  await file.close();
  return twin;
}

function flip(disk: MemoryDisk, path: string, offset: number): MemoryDisk {
  const twin = disk.clone();
  const byte = twin.durable(path)?.[offset] as number;
  twin.damage(path, offset, Uint8Array.of(byte ^ 0x10));
  return twin;
}

/** Where frames begin, and the end of the last. */
function framesOf(content: Uint8Array): number[] {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const starts = [SEGMENT_HEADER_BYTES];
  for (let at = SEGMENT_HEADER_BYTES; at < content.length; starts.push(at)) {
    at += 24 + Math.ceil(view.getUint32(at + 4, true) / 8) * 8;
  }
  return starts;
}

describe("the end of the newest segment", () => {
  it("may be torn at every byte of the last three batches: whole batches stay, the rest goes", async () => {
    const disk = await written(12);
    const states = statesOf(batches(12));
    const content = disk.durable(FIRST) as Uint8Array;
    const frames = framesOf(content);
    expect(frames.length).toBe(13);
    for (let size = frames[9] as number; size <= content.length; size++) {
      const whole = frames.filter((end) => end <= size).length - 1;
      expect(await indexAfter(await cut(disk, FIRST, size), states), `cut at ${size}`).toBe(whole);
    }
  });

  it("may be lost to zeros of any length, as a file system leaves them", async () => {
    const disk = await written(4);
    const states = statesOf(batches(4));
    const frames = framesOf(disk.durable(FIRST) as Uint8Array);
    for (const zeros of [1, 7, 8, 24, 511, 4096]) {
      const twin = await cut(disk, FIRST, frames[3] as number);
      const file = await twin.open(FIRST, "write");
      await file.truncate((frames[3] as number) + zeros);
      await file.dataSync();
      expect(await indexAfter(twin, states)).toBe(3);
    }
  });
});

describe("damage", () => {
  it("before a point that a later frame calls durable is refused, whichever byte it is, with file and offset", async () => {
    const disk = await written(6);
    const content = disk.durable(FIRST) as Uint8Array;
    const frames = framesOf(content);
    const view = new DataView(content.buffer, content.byteOffset);
    for (let offset = 0; offset < (frames[5] as number); offset++) {
      const start = frames.filter((at) => at <= offset).at(-1) ?? 0;
      const padding = start > 0 && offset >= start + 24 + view.getUint32(start + 4, true);
      const error = await open(flip(disk, FIRST, offset)).catch((reason: unknown) => reason);
      if (padding) continue;
      expect(error, `byte ${offset}`).toBeInstanceOf(BackendCorruptError);
      expect(error, `byte ${offset}`).toMatchObject({ file: FIRST, offset: start });
    }
  });

  it("in a segment that has a successor is refused, up to its very end", async () => {
    const disk = await written(60, { segmentBytes: 2048, slackBytes: 2 ** 30 });
    const content = disk.durable(FIRST) as Uint8Array;
    const last = framesOf(content).at(-2) as number;
    const error = await open(flip(disk, FIRST, last + 30)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "BackendCorruptError", file: FIRST, offset: last });
    await expect(open(await cut(disk, FIRST, last))).rejects.toThrow(BackendCorruptError);
    await expect(open(await cut(disk, FIRST, 10))).rejects.toThrow(/header does not hold/);
  });

  it("is a segment that is missing: in the middle, at the beginning, and every one", async () => {
    const disk = await written(80, { segmentBytes: 2048, slackBytes: 2 ** 30 });
    const segments = (await disk.list(DIRECTORY)).filter((name) => name.endsWith(".seg"));
    expect(segments.length).toBeGreaterThan(3);
    for (const missing of [segments.slice(1, 2), segments.slice(0, 1), segments.slice(0, 2), segments]) {
      const twin = disk.clone();
      for (const name of missing) await twin.remove(`${DIRECTORY}/${name}`);
      await twin.syncDirectory(DIRECTORY);
      await expect(open(twin), String(missing)).rejects.toThrow(/segment is missing|not one segment/);
    }
  });

  it("is a segment in the place of another, and another format is no damage", async () => {
    const disk = await written(60, { segmentBytes: 2048, slackBytes: 2 ** 30 });
    const second = FIRST.replace("00000001.seg", "00000002.seg");
    const twin = disk.clone();
    await twin.rename(FIRST, second);
    await twin.syncDirectory(DIRECTORY);
    await expect(open(twin)).rejects.toThrow(/header is that of another segment/);
    const header = { format: 2, generation: 1, number: 1, chainCrc: 0, salt: 12345 };
    const other = disk.clone();
    other.damage(FIRST, 0, encodeSegmentHeader(header));
    await expect(open(other)).rejects.toThrow(BackendMismatchError);
  });

  it("is met by a cleaning as an error that stops the backend, and nothing damaged is copied", async () => {
    const disk = await written(20);
    const backend = await open(disk, { cacheBytes: 0 });
    const frames = framesOf(disk.durable(FIRST) as Uint8Array);
    const start = frames[3] as number;
    disk.damage(FIRST, start + 40, Uint8Array.of(0xaa, 0xaa, 0xaa));
    await expect(backend.defragment()).rejects.toThrow();
    expect(() => backend.commit([], markAt(99))).toThrow(/failed earlier/);
    await backend.close();
    const error = await open(disk).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ file: FIRST, offset: start });
  });
});

/** What a story does to a backend, step by step; each step may be the last. */
type Step = (backend: SegmentBackend, committed: (index: number, content: string) => void) => Promise<void>;

const REPLACEMENT = Array.from({ length: 9 }, (_, i) => {
  return { table: "key", key: encodeRevision(i, 0), value: bytes(`new ${i}`) } as const;
});

const STEPS: Readonly<Record<string, Step>> = {
  "commits and flushes": async (backend, committed) => {
    const model = new MemoryBackend();
    for (const [i, batch] of batches(14).entries()) {
      for (const one of [model, backend]) one.commit(batch, markAt(i + 1));
      committed(i + 1, contentOf(model));
      if (i % 3 === 2) await backend.flush();
    }
    await backend.close();
  },
  "cleaning, by itself and asked for, between commits": async (backend, committed) => {
    const model = new MemoryBackend();
    let defragmented: Promise<void> | undefined;
    for (const [i, batch] of batches(40).entries()) {
      for (const one of [model, backend]) one.commit(batch, markAt(i + 1));
      committed(i + 1, contentOf(model));
      if (i % 2 === 1) await backend.flush();
      if (i % 15 === 9) defragmented = backend.defragment();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await defragmented;
    await backend.close();
  },
  "a replacement of everything": async (backend, committed) => {
    const model = new MemoryBackend();
    for (const [i, batch] of batches(8).entries()) {
      for (const one of [model, backend]) one.commit(batch, markAt(i + 1));
      committed(i + 1, contentOf(model));
    }
    await model.replaceWith(markAt(50), REPLACEMENT);
    committed(50, contentOf(model));
    await backend.replaceWith(markAt(50), REPLACEMENT);
    backend.commit([put("meta", "later", "1")], markAt(51));
    model.commit([put("meta", "later", "1")], markAt(51));
    committed(51, contentOf(model));
    await backend.close();
  },
};

interface CrashImage {
  readonly disk: MemoryDisk;
  /** What was durable for sure. */
  readonly durable: number;
  readonly cause: string;
}

const SMALL = { segmentBytes: 1500, slackBytes: 1024, cacheBytes: 0 } as const;

describe("a crash before every operation of the disk, whatever survives of it", () => {
  it.each(Object.entries(STEPS))(
    "leaves the state of one commit, at or behind the durable one: %s",
    async (_, step) => {
      const images: CrashImage[] = [];
      const states = new Map([[0, contentOf(new MemoryBackend())]]);
      let backend: SegmentBackend | undefined;
      const disk: MemoryDisk = new MemoryDisk({
        before: ({ type, path }) => {
          images.push({ disk: disk.clone(), durable: backend?.durableAt().index ?? 0, cause: `${type} ${path}` });
        },
      });
      backend = await open(disk, SMALL);
      const running = backend;
      // After the close the durable mark cannot be asked for any more.
      backend = new Proxy(running, {
        get: (target, name) => {
          if (name !== "durableAt") return Reflect.get(target, name);
          return () => {
            try {
              return target.durableAt();
            } catch {
              return markAt(0);
            }
          };
        },
      });
      await step(running, (index, content) => void states.set(index, content));
      expect(images.length).toBeGreaterThan(15);

      const chance = Chance.of(SEED, "survival");
      let torn = 0;
      for (const { disk: before, durable, cause } of images) {
        for (const way of ["nothing", "everything", "coin", "coin", "coin", "lengths"] as const) {
          const image = before.clone();
          const percent = way === "coin" ? chance.pick([10, 50, 90]) : 100;
          image.crash({
            sectorSurvives: () => (way === "everything" ? true : way === "coin" && chance.percent(percent)),
            namesSurvive: (names) => (way === "nothing" ? 0 : way === "coin" ? chance.int(names + 1) : names),
            sizesSurvive: way === "lengths",
          });
          const label = `before ${cause}, ${way} survives, seed ${SEED}`;
          const opened = await open(image, SMALL).catch((error: Error) => {
            throw new Error(`${label}: ${error.message}`, { cause: error });
          });
          const { index } = opened.appliedAt();
          expect(contentOf(opened), label).toBe(states.get(index));
          expect(index, label).toBeGreaterThanOrEqual(durable);
          if (index > durable) torn++;
          await opened.defragment();
          expect(contentOf(opened), `${label}, defragmented`).toBe(states.get(index));
          await opened.close();
        }
      }
      expect(torn).toBeGreaterThan(0);
    },
  );
});
