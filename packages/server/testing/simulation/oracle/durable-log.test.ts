/** The mirror of a log that is read off a disk: it knows what a power loss would leave, and nothing else. */
import { describe, expect, it } from "vitest";
import type { Entry } from "../../../src/core/raft/types.js";
import { MemoryDisk } from "../../../src/io/disk/memory-disk.js";
import { Wal } from "../../../src/io/wal/wal.js";
import { type Ballot, DurableLog, type DurablePosition } from "./durable-log.js";

const CONF_STATE = { voters: [1n], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };

function openWal(disk: MemoryDisk, backendAppliedIndex = 0): ReturnType<typeof Wal.open> {
  const ids = { clusterId: 0xc1n, memberId: 0xa1n };
  return Wal.open({ disk, directory: "/wal", ...ids, segmentBytes: 16 * 1024, backendAppliedIndex });
}

function mirror(disk: MemoryDisk, onBallot: (before: Ballot, now: Ballot) => void = () => {}): DurableLog {
  const nothing = (): undefined => undefined;
  return new DurableLog({ disk, prefixAt: nothing, prefixOf: nothing, onEntry: nothing, onBallot });
}

const entries = (from: number, to: number, term = 1, bytes = 8): Entry[] =>
  Array.from({ length: to - from + 1 }, (_, i) => {
    return { type: "command", term, index: from + i, data: new Uint8Array(bytes).fill(from + i) };
  });

describe("the log as the disk has it", () => {
  it("follows entries, terms, votes and marks over many segments", async () => {
    const disk = new MemoryDisk();
    const { wal } = await openWal(disk);
    const log = mirror(disk);
    for (let index = 1; index <= 40; index++) {
      await wal.append({ entries: entries(index, index, 1, 3000), mustSync: true });
      log.refresh();
      expect(log.lastIndex).toBe(index);
    }
    await wal.append({ hardState: { term: 2, vote: 7n, commit: 30 }, mustSync: true });
    await wal.append({ snapshot: { index: 20, term: 1, confState: CONF_STATE }, mustSync: true });
    await wal.release(20);
    log.refresh();
    expect(log.memberId).toBe(0xa1n);
    expect(log.ballot).toEqual({ term: 2, vote: 7n });
    expect([log.commit, log.baseIndex, log.lastIndex]).toEqual([30, 20, 40]);
    expect([log.termAt(19), log.termAt(20), log.termAt(21)]).toEqual([undefined, 1, 1]);
    expect(log.released()).toBeGreaterThan(10);
    expect(log.released()).toBeLessThanOrEqual(20);
    const again = mirror(disk);
    again.refresh();
    expect([again.baseIndex, again.lastIndex, again.ballot]).toEqual([20, 40, { term: 2, vote: 7n }]);
    expect(again.end).toEqual(log.end);
  });

  it("ends torn when behind its last whole frame something else was written", async () => {
    const disk = new MemoryDisk();
    const { wal } = await openWal(disk);
    await wal.append({ entries: entries(1, 1), mustSync: true });
    const log = mirror(disk);
    log.refresh();
    expect(log.endsTorn).toBe(false);
    const { offset } = log.end;
    await wal.append({ entries: entries(2, 2), mustSync: true });
    const [path] = [...disk.durablePaths()].filter((one) => one.endsWith(".wal")).sort();
    // A byte of the second frame's content: the frame does not hold any more.
    const content = disk.durable(path as string) as Uint8Array;
    const last = content.findLastIndex((byte) => byte !== 0);
    expect(last).toBeGreaterThan(offset);
    disk.damage(path as string, last, Uint8Array.of((content[last] as number) ^ 1));
    const torn = mirror(disk);
    torn.refresh();
    expect(torn.lastIndex).toBe(1);
    expect(torn.endsTorn).toBe(true);
  });

  it("forgets what a later entry of the same index replaced", async () => {
    const disk = new MemoryDisk();
    const { wal } = await openWal(disk);
    const log = mirror(disk);
    await wal.append({
      entries: [...entries(1, 4), { ...entries(5, 5)[0], type: "conf-change" } as Entry],
      mustSync: true,
    });
    log.refresh();
    expect(log.confChanges).toEqual([5]);
    const before = log.at(3);
    await wal.append({ entries: entries(3, 3, 2), mustSync: true });
    log.refresh();
    expect([log.lastIndex, log.at(3)?.term, log.confChanges]).toEqual([3, 2, []]);
    expect(log.at(3)?.prefix).not.toBe(before?.prefix);
    expect(log.holds(3, before?.prefix)).toBe(false);
    expect(log.holds(4, undefined)).toBe(false);
  });

  it("does not know what was written and not synced", async () => {
    const disk = new MemoryDisk();
    const { wal } = await openWal(disk);
    await wal.append({ entries: entries(1, 2), mustSync: true });
    const log = mirror(disk);
    const [path] = [...disk.contents().keys()];
    const file = await disk.open(path as string, "write");
    const sealed = disk.durable(path as string)?.slice();
    await file.writeAt(8000, [new Uint8Array(100).fill(1)]);
    expect(disk.durable(path as string)).toEqual(sealed);
    log.refresh();
    expect(log.lastIndex).toBe(2);
    disk.crash();
    const after = mirror(disk);
    after.refresh();
    expect(after.end).toEqual(log.end);
  });

  it("gives every entry its own past again where the oldest segment begins behind entries that were overwritten", async () => {
    const disk = new MemoryDisk();
    const { wal } = await openWal(disk);
    const seen = new Map<string, number | undefined>();
    const named = ({ index, term }: DurablePosition): string => `${term}/${index}`;
    const options = {
      disk,
      prefixAt: (index: number) => (index === 0 ? 0 : log.at(index)?.prefix),
      onBallot: () => {},
    };
    const log: DurableLog = new DurableLog({
      ...{ ...options, prefixOf: () => undefined },
      onEntry: (position) => seen.set(named(position), position.prefix),
    });
    for (let index = 1; index <= 12; index++)
      await wal.append({ entries: entries(index, index, 1, 3000), mustSync: true });
    log.refresh();
    await wal.append({ entries: entries(3, 12, 2, 100), mustSync: true });
    log.refresh();
    await wal.append({ snapshot: { index: 8, term: 2, confState: CONF_STATE }, mustSync: true });
    await wal.release(8);
    const again: [string, number | undefined][] = [];
    const reread = new DurableLog({
      ...{ ...options, prefixOf: (index, term) => seen.get(`${term}/${index}`) },
      onEntry: (position) => again.push([named(position), position.prefix]),
    });
    reread.refresh();
    expect(reread.released()).toBeGreaterThan(2);
    expect(again.map(([name]) => name)).toContain("1/9");
    expect(again).toEqual(again.map(([name]) => [name, seen.get(name)]));
    expect(reread.at(12)).toEqual(log.at(12));
  });

  it("takes the past of an entry from another disk that tells it later", async () => {
    const disk = new MemoryDisk();
    const { wal } = await openWal(disk);
    for (let index = 1; index <= 12; index++)
      await wal.append({ entries: entries(index, index, 1, 3000), mustSync: true });
    await wal.append({ snapshot: { index: 8, term: 1, confState: CONF_STATE }, mustSync: true });
    await wal.release(8);
    const told = new Map<string, number>();
    const nothing = (): undefined => undefined;
    const log = new DurableLog({
      ...{ disk, prefixAt: nothing, onEntry: nothing, onBallot: nothing },
      prefixOf: (index, term) => told.get(`${term}/${index}`),
    });
    log.refresh();
    expect([log.at(12)?.prefix, log.holds(12, undefined), log.holds(12, 7)]).toEqual([undefined, true, false]);
    told.set("1/12", 7).set("2/12", 8);
    expect([log.holds(12, 7), log.holds(12, 8), log.holds(13, 7)]).toEqual([true, false, false]);
  });

  it("hears of every ballot in the order of the disk", async () => {
    const disk = new MemoryDisk();
    const { wal } = await openWal(disk);
    const heard: string[] = [];
    const log = mirror(disk, (before, now) => heard.push(`${before.term}/${before.vote} ${now.term}/${now.vote}`));
    await wal.append({ hardState: { term: 1, vote: 1n, commit: 0 }, mustSync: true });
    await wal.append({ hardState: { term: 3, vote: 2n, commit: 0 }, mustSync: true });
    log.refresh();
    expect(heard).toEqual(["0/0 1/1", "1/1 3/2"]);
  });
});
