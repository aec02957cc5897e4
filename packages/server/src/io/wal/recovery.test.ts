/** Recovery told apart: torn tails are mended, damage to acknowledged data is refused, at every byte and every write. */
import { describe, expect, it } from "vitest";
import type { Entry } from "../../core/raft/types.js";
import { MemoryDisk } from "../disk/memory-disk.js";
import { WalCorruptError } from "./errors.js";
import { type FrameHeader, frameBytes } from "./frame.js";
import type { RecoveredLog } from "./replay.js";
import { scanFrames } from "./scan.js";
import { decodeSegmentHeader, headerSeed, SEGMENT_HEADER_BYTES } from "./segment-header.js";
import { Wal } from "./wal.js";

const DIRECTORY = "/data/wal";

async function openWal(disk: MemoryDisk, backendAppliedIndex = 0): Promise<{ wal: Wal; recovered: RecoveredLog }> {
  const segmentBytes = 8 * 1024;
  return Wal.open({ disk, directory: DIRECTORY, clusterId: 1n, memberId: 2n, segmentBytes, backendAppliedIndex });
}

const entry = (index: number, bytes = 40): Entry => ({
  type: "command",
  term: 1,
  index,
  data: new Uint8Array(bytes).fill(index + 1),
});

/** Appends entries 1..count in flushes of their own, and pulls the plug. */
async function writtenLog(
  count: number,
  bytes?: number,
): Promise<{ disk: MemoryDisk; path: string; image: Uint8Array }> {
  const disk = new MemoryDisk();
  const { wal } = await openWal(disk);
  const hardState = { term: 1, vote: 2n, commit: 0 };
  for (let index = 1; index <= count; index++) {
    await wal.append({
      entries: [entry(index, bytes)],
      hardState: { ...hardState, commit: index - 1 },
      mustSync: true,
    });
  }
  disk.crash();
  const path = `${DIRECTORY}/${(await disk.list(DIRECTORY)).filter((name) => name.endsWith(".wal"))[0]}`;
  return { disk, path, image: disk.contents().get(path) ?? new Uint8Array(0) };
}

function frames(image: Uint8Array): { offset: number; end: number; header: FrameHeader }[] {
  const header = decodeSegmentHeader(image);
  if (header === undefined) throw new Error("the image has a header");
  const start = { offset: SEGMENT_HEADER_BYTES, headerSeed: headerSeed(header), chainCrc: header.chainCrc };
  return [...scanFrames(image, start)].map(({ offset, payload, header }) => {
    return { offset, end: offset + frameBytes(payload.length), header };
  });
}

async function diskWith(path: string, image: Uint8Array): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const file = await disk.open(path, "create");
  await file.writeAt(0, [image], { sync: true });
  await disk.syncDirectory(DIRECTORY);
  return disk;
}

describe("torn tails", () => {
  it("are cut off at every byte of the last flush, and the log goes on", async () => {
    const { path, image } = await writtenLog(3);
    const all = frames(image);
    const lastEpoch = all.at(-1)?.header.epoch ?? 0;
    const flush = all.filter(({ header }) => header.epoch === lastEpoch);
    const start = flush[0]?.offset ?? 0;
    const end = flush.at(-1)?.end ?? 0;
    expect(flush.length).toBe(2);
    for (let cut = start; cut < end; cut++) {
      const torn = image.slice().fill(0, cut);
      const disk = await diskWith(path, torn);
      const { wal, recovered } = await openWal(disk, 2);
      const whole = cut >= (flush[0]?.end ?? 0) ? 3 : 2;
      expect(recovered.entries.length, `cut at ${cut}`).toBe(whole);
      await wal.append({ entries: [entry(whole + 1)], mustSync: true });
      disk.crash();
      expect((await openWal(disk, 2)).recovered.entries.length).toBe(whole + 1);
    }
  });

  it("with its first part missing and its last part there are torn all the same", async () => {
    const { path, image } = await writtenLog(3);
    const all = frames(image);
    const [first, second] = all.slice(-2);
    const torn = image.slice().fill(0, first?.offset, second?.offset);
    const disk = await diskWith(path, torn);
    const { recovered } = await openWal(disk, 2);
    expect(recovered.entries.length).toBe(2);
    const broken = disk.contents().get(`${path}.broken`);
    expect(broken?.length).toBe((second?.end ?? 0) - (first?.offset ?? 0));
  });

  it("that kept entries or a mark of a new term and lost the hard state behind them are made up for", async () => {
    const confState = { voters: [2n], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
    for (const record of [{ entries: [{ ...entry(3), term: 5 }] }, { snapshot: { index: 3, term: 5, confState } }]) {
      const { disk, path } = await writtenLog(2);
      const { wal } = await openWal(disk);
      await wal.append({ ...record, hardState: { term: 5, vote: 9n, commit: 2 }, mustSync: true });
      disk.crash();
      const image = disk.contents().get(path) ?? new Uint8Array(0);
      const torn = await diskWith(path, image.slice().fill(0, frames(image).at(-1)?.offset));
      const { recovered } = await openWal(torn);
      expect(recovered.entries.at(-1)?.term ?? recovered.snapshot?.term).toBe(5);
      expect(recovered.hardState).toMatchObject({ term: 5, vote: 0n });
      torn.crash();
      expect((await openWal(torn)).recovered).toEqual(recovered);
    }
  });

  it("may be followed by another power cut while the log goes on, whichever sectors of that survive", async () => {
    let torn = 0;
    // Records begin at every place of a sector.
    for (let bytes = 8; bytes <= 512; bytes += 8) {
      const { path, image } = await writtenLog(3, bytes);
      const all = frames(image);
      const lastEpoch = all.at(-1)?.header.epoch ?? 0;
      const [first, second] = all.filter(({ header }) => header.epoch === lastEpoch);
      const cut = image.slice().fill(0, first?.offset, second?.offset);
      const images: MemoryDisk[] = [];
      const disk = (await diskWith(path, cut)).clone({
        before: ({ type }) => type === "sync" && images.push(disk.clone()),
      });
      const { wal } = await openWal(disk);
      await wal.append({ hardState: { term: 9, vote: 2n, commit: 0 }, entries: [entry(3, 600)], mustSync: true });
      for (const before of images) {
        for (const kept of [0, 1, 2]) {
          const after = before.clone();
          let sectors = 0;
          after.crash({ directoriesSurvive: true, sectorSurvives: () => sectors++ === kept });
          if (sectors > kept) torn++;
          const { recovered } = await openWal(after);
          expect(recovered.entries.length, `${bytes} bytes, sector ${kept} survives`).toBeGreaterThanOrEqual(2);
        }
      }
    }
    expect(torn).toBeGreaterThan(100);
  });

  it("are refused when the backend has applied what they held", async () => {
    const { path, image } = await writtenLog(3);
    const last = frames(image).at(-2);
    const disk = await diskWith(path, image.slice().fill(0, last?.offset));
    await expect(openWal(disk, 3)).rejects.toThrow(/the log ends with entry 2, and the backend has applied entry 3/);
  });
});

describe("damage to acknowledged data", () => {
  it("is refused with file and offset, for a flip of any bit before the last flush", async () => {
    const { path, image } = await writtenLog(4);
    const all = frames(image);
    const lastEpoch = all.at(-1)?.header.epoch ?? 0;
    const acknowledged = all.filter(({ header }) => header.epoch < lastEpoch);
    const end = acknowledged.at(-1)?.end ?? 0;
    for (let byte = SEGMENT_HEADER_BYTES; byte < end; byte++) {
      const damaged = image.slice();
      damaged[byte] = (damaged[byte] ?? 0) ^ (1 << (byte % 8));
      const error = await openWal(await diskWith(path, damaged)).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error === undefined && isPadding(image, byte)) continue;
      const frame = all.find(({ offset, end }) => offset <= byte && byte < end);
      expect(error, `flip in byte ${byte}`).toBeInstanceOf(WalCorruptError);
      expect(error).toMatchObject({ file: path, offset: frame?.offset });
      expect((error as Error).message).toContain("backup");
    }
  });

  it("is refused for any flipped byte of the segment's header", async () => {
    const { path, image } = await writtenLog(1);
    for (let byte = 0; byte < SEGMENT_HEADER_BYTES; byte += 7) {
      const damaged = image.slice();
      damaged[byte] = (damaged[byte] ?? 0) ^ 0x10;
      await expect(openWal(await diskWith(path, damaged)), `byte ${byte}`).rejects.toThrow(/header/);
    }
  });

  it("is refused for zeroed sectors that a later flush vouches for", async () => {
    const { path, image } = await writtenLog(30);
    const [, , third] = frames(image);
    const start = Math.ceil((third?.offset ?? 0) / 512) * 512;
    const disk = await diskWith(path, image.slice().fill(0, start, start + 512));
    await expect(openWal(disk)).rejects.toThrow(/a later one shows that flush \d+ was durable/);
  });

  it("is refused in a segment that has a successor, and so is a missing segment", async () => {
    const { disk, path, image } = await writtenLog(20, 1000);
    const names = (await disk.list(DIRECTORY)).filter((name) => name.endsWith(".wal"));
    expect(names.length).toBeGreaterThan(2);
    const last = frames(image).at(-2);
    disk.damage(path, (last?.offset ?? 0) + 40, Uint8Array.of(1, 2, 3));
    await expect(openWal(disk)).rejects.toThrow(/was written after it/);
    disk.damage(path, 0, image);
    await disk.remove(`${DIRECTORY}/${names[1]}`);
    await expect(openWal(disk)).rejects.toThrow(/segment 2 is missing/);
  });

  it("is not feigned by a client's value that looks like a frame", async () => {
    const { disk, image } = await writtenLog(2);
    const copied = image.slice(frames(image)[2]?.offset);
    const { wal } = await openWal(disk);
    const forged = copied.slice(0, 160);
    // An honest copy of this log's own frame, its durable epoch raised, without the segment's seed in its checksum.
    new DataView(forged.buffer).setUint32(16, 1000, true);
    await wal.append({ entries: [{ ...entry(3), data: forged }], mustSync: true });
    disk.crash();
    const after = disk.contents();
    const [path = "", whole = new Uint8Array(0)] = [...after].find(([name]) => name.endsWith(".wal")) ?? [];
    const last = frames(whole).at(-1);
    const torn = await diskWith(path, whole.slice().fill(0, last?.offset, (last?.offset ?? 0) + 8));
    expect((await openWal(torn)).recovered.entries.length).toBe(2);
  });
});

/** Bytes between a payload's end and the next frame carry nothing. */
function isPadding(image: Uint8Array, byte: number): boolean {
  const frame = frames(image).find(({ offset, end }) => offset <= byte && byte < end);
  return frame !== undefined && byte >= frame.offset + 32 + frame.header.payloadLength;
}

describe("power loss at every write boundary", () => {
  const SEED = Number(process.env["SEED"] ?? 20240611);

  for (const survivors of ["none", "all", "some"] as const) {
    it(`loses no acknowledged append and refuses no torn tail (unsynced sectors that survive: ${survivors})`, async () => {
      const random = lcg(SEED);
      const operations = await countOperations();
      expect(operations).toBeGreaterThan(60);
      for (let crashAt = 1; crashAt <= operations; crashAt++) {
        const label = `seed ${SEED}, power lost at operation ${crashAt} of ${operations}, survivors ${survivors}`;
        let power = crashAt;
        const disk = new MemoryDisk({
          before: () => {
            if (power-- <= 0) throw new Error("power lost");
          },
        });
        const written = await script(disk);
        power = Number.POSITIVE_INFINITY;
        disk.crash({
          sectorSurvives: () => survivors === "all" || (survivors === "some" && random() < 0.5),
          directoriesSurvive: random() < 0.5,
        });
        const backendAt = Math.floor(random() * (written.acknowledged + 1));
        const { wal, recovered } = await openWal(disk, backendAt).catch((error: unknown) => {
          throw new Error(label, { cause: error });
        });
        expectSurvived(recovered, written, label);

        // A second life, cut short as well: flushes of several records, on top of what the first one left behind.
        const last = recovered.entries.at(-1)?.index ?? recovered.snapshot?.index ?? 0;
        power = Math.floor(random() * 6);
        const burst = [1, 2, 3].map((i) => wal.append({ entries: [entry(last + i, 300)], mustSync: true }));
        const settled = await Promise.allSettled(burst);
        const acknowledged = last + settled.filter(({ status }) => status === "fulfilled").length;
        power = Number.POSITIVE_INFINITY;
        disk.crash({ sectorSurvives: () => survivors === "all" || (survivors === "some" && random() < 0.5) });
        const again = await openWal(disk, backendAt).catch((error: unknown) => {
          throw new Error(`second life: ${label}`, { cause: error });
        });
        expectSurvived(again.recovered, { ...written, acknowledged, submitted: last + 3 }, `second life: ${label}`);
      }
    });
  }
});

interface Written {
  acknowledged: number;
  submitted: number;
  marked: number;
  vote: bigint;
}

/** Appends in bursts, with marks, votes and releases in between, until the power goes. */
async function script(disk: MemoryDisk): Promise<Written> {
  const written: Written = { acknowledged: 0, submitted: 0, marked: 0, vote: 0n };
  try {
    const { wal } = await openWal(disk);
    for (let round = 1; round <= 8; round++) {
      const burst: Promise<void>[] = [];
      for (let i = 0; i < 3; i++) {
        const index = ++written.submitted;
        const appended = wal.append({ entries: [entry(index, 300)], mustSync: true });
        burst.push(
          appended.then(() => {
            written.acknowledged = Math.max(written.acknowledged, index);
          }),
        );
      }
      for (const result of await Promise.allSettled(burst)) if (result.status === "rejected") throw result.reason;
      await wal.append({
        hardState: { term: round, vote: BigInt(round), commit: written.acknowledged },
        mustSync: true,
      });
      written.vote = BigInt(round);
      if (round % 3 !== 0) continue;
      const confState = { voters: [1n], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
      await wal.append({ snapshot: { index: written.acknowledged - 1, term: 1, confState }, mustSync: true });
      written.marked = written.acknowledged - 1;
      await wal.release(written.marked);
    }
    await wal.close();
  } catch {
    // The power is gone; what was acknowledged until then is what counts.
  }
  return written;
}

async function countOperations(): Promise<number> {
  let operations = 0;
  await script(new MemoryDisk({ before: () => void operations++ }));
  return operations;
}

function expectSurvived({ entries, snapshot, hardState }: RecoveredLog, written: Written, label: string): void {
  const first = (snapshot?.index ?? 0) + 1;
  const last = entries.at(-1)?.index ?? first - 1;
  expect(snapshot?.index ?? 0, label).toBeGreaterThanOrEqual(written.marked);
  expect(last, label).toBeGreaterThanOrEqual(written.acknowledged);
  expect(last, label).toBeLessThanOrEqual(written.submitted);
  expect(entries, label).toEqual(Array.from({ length: last - first + 1 }, (_, i) => entry(first + i, 300)));
  expect(hardState?.vote ?? 0n, label).toBeGreaterThanOrEqual(written.vote);
}

/** A small generator: the seed alone replays a run. */
function lcg(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
