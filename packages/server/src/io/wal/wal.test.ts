/** The write-ahead log over the memory disk: what comes back after closing, rolling, releasing and failing. */
import { describe, expect, it } from "vitest";
import type { Entry, SnapshotMark } from "../../core/raft/types.js";
import { MemoryDisk } from "../disk/memory-disk.js";
import { type FlushReport, Wal, type WalOptions } from "./wal.js";

const DIRECTORY = "/data/member/wal";
const CONF_STATE = { voters: [1n], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };

function openWal(disk: MemoryDisk, options: Partial<WalOptions> = {}): ReturnType<typeof Wal.open> {
  return Wal.open({
    disk,
    directory: DIRECTORY,
    clusterId: 0xc1n,
    memberId: 0xa1n,
    segmentBytes: 16 * 1024,
    backendAppliedIndex: 0,
    ...options,
  });
}

function entry(index: number, term = 1, bytes = 8): Entry {
  return { type: "command", term, index, data: new Uint8Array(bytes).fill(index) };
}

const entries = (from: number, to: number, term = 1, bytes = 8): Entry[] =>
  Array.from({ length: to - from + 1 }, (_, i) => entry(from + i, term, bytes));

const mark = (index: number, term = 1): SnapshotMark => ({ index, term, confState: CONF_STATE });

const indexes = (list: readonly Entry[]): number[] => list.map(({ index }) => index);

describe("write-ahead log", () => {
  it("gives back entries, hard state and snapshot mark after a clean close", async () => {
    const disk = new MemoryDisk();
    const { wal, recovered } = await openWal(disk);
    expect(recovered).toEqual({ hardState: undefined, entries: [], snapshot: undefined });
    await wal.append({ entries: entries(1, 3), hardState: { term: 1, vote: 7n, commit: 2 }, mustSync: true });
    await wal.append({ snapshot: mark(2), mustSync: true });
    await wal.append({ entries: [entry(4, 1, 5000)], mustSync: true });
    await wal.close();
    await wal.close();

    const reopened = await openWal(disk);
    expect(reopened.recovered).toEqual({
      hardState: { term: 1, vote: 7n, commit: 2 },
      entries: [entry(3), entry(4, 1, 5000)],
      snapshot: mark(2),
    });
    await reopened.wal.close();
  });

  it("keeps what was appended before a crash without a close", async () => {
    const disk = new MemoryDisk();
    const { wal } = await openWal(disk);
    await wal.append({ entries: entries(1, 10), mustSync: true });
    disk.crash();
    const { recovered } = await openWal(disk, { backendAppliedIndex: 10 });
    expect(indexes(recovered.entries)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it("lets the last writer of an index win, and drops what stood behind it", async () => {
    const disk = new MemoryDisk();
    const { wal } = await openWal(disk);
    await wal.append({ entries: entries(1, 5, 1), mustSync: true });
    await wal.append({ entries: entries(3, 3, 2), mustSync: true });
    disk.crash();
    const { recovered } = await openWal(disk);
    expect(recovered.entries.map(({ index, term }) => [index, term])).toEqual([
      [1, 1],
      [2, 1],
      [3, 2],
    ]);
  });

  it("refuses an append that leaves a gap", async () => {
    const { wal } = await openWal(new MemoryDisk());
    await wal.append({ entries: entries(1, 2), mustSync: true });
    await expect(wal.append({ entries: [entry(4)], mustSync: true })).rejects.toThrow(
      "entry 4 continues a log that ends with 2",
    );
  });

  it("replaces the log by a snapshot mark that it does not agree with", async () => {
    const disk = new MemoryDisk();
    const { wal } = await openWal(disk);
    await wal.append({ entries: entries(1, 5, 1), mustSync: true });
    await wal.append({ snapshot: mark(4, 2), mustSync: true });
    await wal.append({ entries: entries(5, 6, 2), mustSync: true });
    disk.crash();
    const { recovered } = await openWal(disk);
    expect(recovered.snapshot).toEqual(mark(4, 2));
    expect(recovered.entries).toEqual(entries(5, 6, 2));
  });

  it("takes a backend that is ahead of the log for a loss, unless its replacement was announced", async () => {
    const disk = new MemoryDisk();
    const { wal } = await openWal(disk);
    await wal.append({ entries: entries(1, 5), mustSync: true });
    await expect(openWal(disk, { backendAppliedIndex: 6 })).rejects.toThrow(
      "the log ends with entry 5, and the backend has applied entry 6",
    );
    await wal.append({ replacement: mark(100), mustSync: true });
    disk.crash();
    await expect(openWal(disk, { backendAppliedIndex: 99 })).rejects.toThrow("the backend has applied entry 99");
    const { recovered } = await openWal(disk, { backendAppliedIndex: 100 });
    expect(recovered).toMatchObject({ entries: [], snapshot: mark(100) });
  });

  it("refuses to start without a log under a backend that has applied entries", async () => {
    await expect(openWal(new MemoryDisk(), { backendAppliedIndex: 1 })).rejects.toThrow("there is no log");
  });

  it("starts a new log behind a snapshot when asked to", async () => {
    const disk = new MemoryDisk();
    const options = { backendAppliedIndex: 50, initialSnapshot: mark(50) };
    const { wal, recovered } = await openWal(disk, options);
    expect(recovered.snapshot).toEqual(mark(50));
    await wal.append({ entries: [entry(51)], mustSync: true });
    disk.crash();
    const reopened = await openWal(disk, { backendAppliedIndex: 50 });
    expect(reopened.recovered).toEqual({
      hardState: { term: 1, vote: 0n, commit: 50 },
      entries: [entry(51)],
      snapshot: mark(50),
    });
  });

  it("refuses another member's log and another cluster's", async () => {
    const disk = new MemoryDisk();
    await (await openWal(disk)).wal.close();
    await expect(openWal(disk, { memberId: 0xa2n })).rejects.toThrow(
      "is the log of member a1 of cluster c1, not of member a2 of cluster c1",
    );
    await expect(openWal(disk, { clusterId: 0xc2n })).rejects.toThrow(/not of member a1 of cluster c2/);
  });

  it("lets a commit-only hard state ride along with the next flush", async () => {
    let writes = 0;
    const disk = new MemoryDisk({
      before: ({ type }) => {
        if (type === "write") writes++;
      },
    });
    const { wal } = await openWal(disk);
    await wal.append({ entries: entries(1, 2), hardState: { term: 1, vote: 1n, commit: 0 }, mustSync: true });
    const before = writes;
    await wal.append({ hardState: { term: 1, vote: 1n, commit: 1 }, mustSync: false });
    await wal.append({ hardState: { term: 1, vote: 1n, commit: 2 }, mustSync: false });
    expect(writes).toBe(before);
    await wal.append({ entries: [entry(3)], mustSync: true });
    expect(writes).toBe(before + 1);
    disk.crash();
    const { recovered } = await openWal(disk);
    expect(recovered.hardState).toEqual({ term: 1, vote: 1n, commit: 2 });
  });

  it("writes a waiting hard state at its close", async () => {
    const disk = new MemoryDisk();
    const { wal } = await openWal(disk);
    await wal.append({ entries: entries(1, 2), mustSync: true });
    await wal.append({ hardState: { term: 1, vote: 1n, commit: 2 }, mustSync: false });
    await wal.close();
    expect((await openWal(disk)).recovered.hardState).toEqual({ term: 1, vote: 1n, commit: 2 });
  });

  it("never recovers a commit index beyond the entries", async () => {
    const disk = new MemoryDisk();
    const { wal } = await openWal(disk);
    await wal.append({ hardState: { term: 1, vote: 1n, commit: 9 }, mustSync: true });
    disk.crash();
    expect((await openWal(disk)).recovered.hardState).toEqual({ term: 1, vote: 1n, commit: 0 });
  });

  it("puts everything that arrives during a flush into the next one", async () => {
    const reports: FlushReport[] = [];
    let now = 0;
    const onFlush = { nowMs: () => now++, report: (flush: FlushReport) => void reports.push(flush) };
    const { wal } = await openWal(new MemoryDisk(), { onFlush });
    const done: number[] = [];
    const append = (index: number): Promise<void> =>
      wal.append({ entries: [entry(index)], mustSync: true }).then(() => void done.push(index));
    const first = append(1);
    await Promise.resolve();
    await Promise.resolve();
    await Promise.all([first, ...entries(2, 65).map(({ index }) => append(index))]);
    expect(reports.map(({ appends }) => appends)).toEqual([1, 64]);
    expect(reports.every(({ durationMs, bytes }) => durationMs === 1 && bytes > 0)).toBe(true);
    expect(done).toEqual(indexes(entries(1, 65)));
  });

  it("rolls to new segments, also for a record larger than a segment, and reads them all back", async () => {
    const disk = new MemoryDisk();
    const { wal } = await openWal(disk);
    await wal.append({ hardState: { term: 3, vote: 2n, commit: 0 }, mustSync: true });
    for (let index = 1; index <= 60; index++) await wal.append({ entries: [entry(index, 3, 1000)], mustSync: true });
    await wal.append({ entries: [entry(61, 3, 100_000)], mustSync: true });
    await wal.append({ entries: [entry(62, 3)], mustSync: true });
    const names = await disk.list(DIRECTORY);
    expect(names.filter((name) => name.endsWith(".wal")).length).toBeGreaterThan(4);
    disk.crash();
    const { wal: reopened, recovered } = await openWal(disk, { backendAppliedIndex: 62 });
    expect(indexes(recovered.entries)).toEqual(indexes(entries(1, 62)));
    expect(recovered.entries[60]?.data.length).toBe(100_000);
    expect(recovered.hardState?.vote).toBe(2n);
    await reopened.close();
    expect((await disk.list(DIRECTORY)).every((name) => name.endsWith(".wal"))).toBe(true);
  });

  it("releases only whole segments below the index, and opens without them", async () => {
    const disk = new MemoryDisk();
    const { wal } = await openWal(disk);
    await wal.append({ hardState: { term: 1, vote: 2n, commit: 0 }, mustSync: true });
    for (let index = 1; index <= 60; index++) await wal.append({ entries: [entry(index, 1, 1000)], mustSync: true });
    const segments = (await disk.list(DIRECTORY)).filter((name) => name.endsWith(".wal"));
    const firstOf = (name: string): number => Number.parseInt(name.slice(17, 33), 16);
    const third = firstOf(segments[2] ?? "");
    expect(() => wal.release(third)).toThrow(/released under the snapshot mark 0/);
    await wal.append({ snapshot: mark(third), mustSync: true });

    await wal.release(third - 2);
    expect(await disk.list(DIRECTORY)).toContain(segments[1]);
    expect(await disk.list(DIRECTORY)).not.toContain(segments[0]);
    await wal.release(third - 1);
    expect(await disk.list(DIRECTORY)).not.toContain(segments[1]);
    expect(await disk.list(DIRECTORY)).toContain(segments[2]);

    disk.crash();
    const { recovered } = await openWal(disk, { backendAppliedIndex: third });
    expect(recovered.snapshot).toEqual(mark(third));
    expect(indexes(recovered.entries)).toEqual(indexes(entries(third + 1, 60)));
    expect(recovered.hardState?.vote).toBe(2n);
  });

  it("goes on in a new segment when the crash came between seal and successor", async () => {
    let countdown = Number.POSITIVE_INFINITY;
    const disk = new MemoryDisk({
      before: ({ type }) => {
        if (type === "rename" && countdown-- <= 0) throw new Error("power lost");
      },
    });
    const { wal } = await openWal(disk);
    countdown = 0;
    let acknowledged = 0;
    for (let index = 1; index <= 60; index++) {
      const appended = await wal.append({ entries: [entry(index, 1, 1000)], mustSync: true }).catch(() => "failed");
      if (appended === "failed") break;
      acknowledged = index;
    }
    expect(acknowledged).toBeLessThan(60);
    countdown = Number.POSITIVE_INFINITY;
    disk.crash();
    const { wal: reopened, recovered } = await openWal(disk, { backendAppliedIndex: acknowledged });
    expect(indexes(recovered.entries)).toEqual(indexes(entries(1, acknowledged)));
    await reopened.append({ entries: [entry(acknowledged + 1)], mustSync: true });
    disk.crash();
    expect((await openWal(disk)).recovered.entries.length).toBe(acknowledged + 1);
  });

  it("takes no more appends after a failed sync, whatever the disk says later", async () => {
    let failing = false;
    const disk = new MemoryDisk({
      before: ({ type }) => {
        if (failing && type === "sync") throw new Error("EIO");
      },
    });
    const { wal } = await openWal(disk);
    await wal.append({ entries: [entry(1)], mustSync: true });
    failing = true;
    const both = [2, 3].map((index) => wal.append({ entries: [entry(index)], mustSync: true }));
    for (const result of await Promise.allSettled(both)) expect(result.status).toBe("rejected");
    failing = false;
    await expect(wal.append({ entries: [entry(4)], mustSync: true })).rejects.toThrow(/failed earlier/);
    await wal.close();
  });

  it("refuses appends after its close", async () => {
    const { wal } = await openWal(new MemoryDisk());
    await wal.close();
    await expect(wal.append({ entries: [entry(1)], mustSync: true })).rejects.toThrow(/is open/);
  });
});
