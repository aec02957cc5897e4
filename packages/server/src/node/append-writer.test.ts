/** One write at a time, in order, and nothing after a failure. */
import { describe, expect, it } from "vitest";
import type { AppendTask, Entry } from "../core/raft/types.js";
import { NO_FAILPOINTS } from "../io/no-failpoints.js";
import type { WalRecord } from "../io/wal/wal.js";
import { AppendWriter, mergedRecord } from "./append-writer.js";

const entry = (term: number, index: number): Entry => ({ type: "command", term, index, data: new Uint8Array(0) });

function task(sequence: number, entries: readonly Entry[], parts: Partial<AppendTask> = {}): AppendTask {
  return {
    token: { term: 1, lastIndex: entries.at(-1)?.index ?? 0, sequence },
    entries,
    hardState: undefined,
    snapshot: undefined,
    mustSync: entries.length > 0,
    afterDurable: [],
    ...parts,
  };
}

/** A log whose writes end when the test says so. */
class SlowWal {
  readonly records: WalRecord[] = [];
  finish: (error?: Error) => void = () => {};

  append(record: WalRecord): Promise<void> {
    this.records.push(record);
    return new Promise((resolve, reject) => {
      this.finish = (error) => (error === undefined ? resolve() : reject(error));
    });
  }
}

function writer(): { wal: SlowWal; writer: AppendWriter; durable: number[]; installed: number[]; errors: unknown[] } {
  const wal = new SlowWal();
  const durable: number[] = [];
  const installed: number[] = [];
  const errors: unknown[] = [];
  const made = new AppendWriter({
    wal,
    failpoints: NO_FAILPOINTS,
    install: async (_task, { index }) => {
      installed.push(index);
    },
    onDurable: (tasks) => durable.push(...tasks.map(({ token }) => token.sequence)),
    onError: (error) => errors.push(error),
  });
  return { wal, writer: made, durable, installed, errors };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("the append writer", () => {
  it("gathers what arrives during a write into the next one", async () => {
    const { wal, writer: appends, durable } = writer();
    appends.write(task(1, [entry(1, 1)]));
    appends.write(task(2, [entry(1, 2)]));
    appends.write(task(3, [entry(1, 3)]));
    expect(wal.records).toHaveLength(1);
    wal.finish();
    await turn();
    expect(durable).toEqual([1]);
    expect(wal.records[1]?.entries?.map(({ index }) => index)).toEqual([2, 3]);
    wal.finish();
    await appends.idle();
    expect(durable).toEqual([1, 2, 3]);
  });

  it("installs a snapshot alone, behind what came before it and before what came after", async () => {
    const { wal, writer: appends, durable, installed } = writer();
    const confState = { voters: [1n], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
    appends.write(task(1, [entry(1, 1)]));
    appends.write(task(2, [entry(1, 2)]));
    appends.write(task(3, [], { snapshot: { index: 9, term: 1, confState } }));
    appends.write(task(4, [entry(1, 10)]));
    wal.finish();
    await turn();
    expect(installed).toEqual([]);
    wal.finish();
    await turn();
    expect([durable, installed]).toEqual([[1, 2, 3], [9]]);
    wal.finish();
    await appends.idle();
    expect(wal.records.map(({ entries }) => entries?.map(({ index }) => index))).toEqual([[1], [2], [10]]);
    expect(durable).toEqual([1, 2, 3, 4]);
  });

  it("says nothing is durable after a write that failed, and writes nothing more", async () => {
    const { wal, writer: appends, durable, errors } = writer();
    appends.write(task(1, [entry(1, 1)]));
    appends.write(task(2, [entry(1, 2)]));
    wal.finish(new Error("EIO"));
    await appends.idle();
    expect(durable).toEqual([]);
    expect(errors).toMatchObject([{ message: "EIO" }]);
    expect(wal.records).toHaveLength(1);
  });
});

describe("merging append tasks", () => {
  it("lets a later entry replace an earlier one and all behind it", () => {
    const merged = mergedRecord([task(1, [entry(1, 4), entry(1, 5), entry(1, 6)]), task(2, [entry(2, 5)])]);
    expect(merged.entries).toEqual([entry(1, 4), entry(2, 5)]);
  });

  it("keeps the last hard state and syncs if any part must", () => {
    const early = { term: 1, vote: 1n, commit: 0 };
    const late = { term: 1, vote: 1n, commit: 3 };
    const merged = mergedRecord([
      task(1, [], { hardState: early, mustSync: true }),
      task(2, [], { hardState: late }),
      task(3, []),
    ]);
    expect(merged).toEqual({ entries: [], hardState: late, mustSync: true });
  });
});
