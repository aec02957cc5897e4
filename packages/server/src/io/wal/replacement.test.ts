/**
 * A snapshot takes the place of backend and log, and the power goes at every point of it: what a restart finds must be
 * either the old member or the new one, and in both cases a log that Raft can go on with.
 */
import { describe, expect, it } from "vitest";
import { RaftLog } from "../../core/raft/log.js";
import type { Entry, HardState, SnapshotMark } from "../../core/raft/types.js";
import { markAt, put } from "../backend/contract.js";
import { MemoryBackend, MemoryStore } from "../backend/memory-backend.js";
import { MemoryDisk } from "../disk/memory-disk.js";
import { Wal } from "./wal.js";

const entries = (from: number, to: number, term: number): Entry[] =>
  Array.from({ length: to - from + 1 }, (_, i) => ({
    type: "command",
    term,
    index: from + i,
    data: new Uint8Array(200).fill(from + i),
  }));

/** What the backend holds before: `markAt` says term 7. */
const APPLIED = 4;
const OLD: HardState = { term: 8, vote: 2n, commit: 5 };
const { confState } = markAt(APPLIED);

interface Installation {
  readonly name: string;
  readonly log: readonly Entry[];
  readonly mark: SnapshotMark;
  /** What is left of the log behind the mark. */
  readonly left: readonly Entry[];
}

const installations: readonly Installation[] = [
  { name: "ends before the mark", log: entries(1, 6, 7), mark: { index: 9, term: 9, confState }, left: [] },
  {
    name: "goes on behind the mark and conflicts with it",
    log: [...entries(1, 6, 7), ...entries(7, 12, 8)],
    mark: { index: 9, term: 9, confState },
    left: [],
  },
  {
    name: "goes on behind the mark and agrees with it",
    log: [...entries(1, 6, 7), ...entries(7, 12, 8)],
    mark: { index: 9, term: 8, confState },
    left: entries(10, 12, 8),
  },
];

/** A member's disk and backend over several lives, each of which may end after some disk operations. */
class Machine {
  readonly #store = new MemoryStore();
  #power = Number.POSITIVE_INFINITY;
  #operations = 0;
  readonly #disk = new MemoryDisk({
    before: () => {
      this.#operations++;
      if (this.#power-- <= 0) throw new Error("power lost");
    },
  });

  /** Operations so far. */
  get operations(): number {
    return this.#operations;
  }

  /** Runs until the power goes, which it does after so many operations. */
  async powered(operations: number, run: () => Promise<void>): Promise<void> {
    this.#power = operations;
    await run().catch((error: Error) => {
      if (!/power lost|not usable/.test(String(error.cause ?? error))) throw error;
    });
    this.#power = Number.POSITIVE_INFINITY;
  }

  crash(sectorsSurvive: boolean): void {
    this.#disk.crash({ sectorSurvives: () => sectorsSurvive });
    this.#store.crash();
  }

  async start(): Promise<Life> {
    const backend = new MemoryBackend(this.#store);
    const { wal, recovered } = await Wal.open({
      disk: this.#disk,
      directory: "/data/wal",
      clusterId: 1n,
      memberId: 2n,
      segmentBytes: 4 * 1024,
      backendAppliedIndex: backend.appliedAt().index,
    });
    return { backend, wal, recovered };
  }
}

interface Life extends Awaited<ReturnType<typeof Wal.open>> {
  readonly backend: MemoryBackend;
}

async function install({ wal, backend }: Life, mark: SnapshotMark): Promise<void> {
  await wal.append({ replacement: mark, mustSync: true });
  await backend.replaceWith(mark, [{ table: "key", key: Uint8Array.of(1), value: Uint8Array.of(2) }]);
  await wal.append({ snapshot: mark, hardState: { term: 10, vote: 0n, commit: mark.index }, mustSync: true });
}

async function memberWith(log: readonly Entry[]): Promise<Machine> {
  const machine = new Machine();
  const { wal, backend } = await machine.start();
  await wal.append({ entries: log, hardState: OLD, mustSync: true });
  backend.commit([put("key", "old", "1")], markAt(APPLIED));
  await backend.flush();
  await wal.close();
  return machine;
}

/** What Raft asks of a log that it starts with; throws when something does not fit. */
function checkLog({ recovered, backend }: Life, label: string): RaftLog {
  const { hardState, snapshot, entries } = recovered;
  const applied = backend.appliedAt();
  const committed = Math.max(hardState?.commit ?? 0, applied.index, snapshot?.index ?? 0);
  const log = new RaftLog({ base: snapshot ?? { index: 0, term: 0 }, entries, committed, applied: applied.index });
  expect(hardState?.term, label).toBeGreaterThanOrEqual(log.lastTerm);
  expect(log.termAt(applied.index), label).toBe(applied.term);
  return log;
}

describe.each(installations)("a replacement under a log that $name", ({ log, mark, left }) => {
  it.each([true, false])(
    "is done or not begun, wherever the power goes (unsynced sectors survive: %s)",
    async (survive) => {
      const whole = await memberWith(log);
      const life = await whole.start();
      const before = whole.operations;
      await install(life, mark);
      const operations = whole.operations - before;
      expect(operations).toBeGreaterThan(3);

      const outcomes = new Set<string>();
      for (let crashAt = 0; crashAt <= operations; crashAt++) {
        for (const again of [1, 3]) {
          const label = `power lost at operation ${crashAt}, at the next start at operation ${again}`;
          const machine = await memberWith(log);
          const first = await machine.start();
          await machine.powered(crashAt, () => install(first, mark));
          machine.crash(survive);
          await machine.powered(again, async () => void (await machine.start()));
          machine.crash(survive);

          const second = await machine.start();
          const raftLog = checkLog(second, label);
          const installed = second.backend.appliedAt().index === mark.index;
          outcomes.add(`${installed} ${second.recovered.hardState?.term}`);
          if (installed) {
            expect(second.recovered, label).toMatchObject({ snapshot: mark, entries: left });
            expect(raftLog.firstIndex, label).toBe(mark.index + 1);
          } else {
            expect(second.recovered, label).toEqual({ hardState: OLD, entries: log, snapshot: undefined });
            await install(second, mark);
          }
          await second.wal.append({ entries: entries(10, 11, 10), hardState: { ...OLD, term: 10 }, mustSync: true });
          await second.wal.release(mark.index);
          machine.crash(survive);
          const third = await machine.start();
          checkLog(third, label);
          expect(third.recovered, label).toMatchObject({ snapshot: mark, entries: entries(10, 11, 10) });
        }
      }
      // Not begun; done and not marked, with the mark's term at least; marked.
      expect([...outcomes].sort()).toEqual(["false 8", "true 10", `true ${Math.max(mark.term, OLD.term)}`].sort());
    },
  );
});

describe("a replacement that was announced", () => {
  it("and never came leaves no trace once the log has gone past it", async () => {
    const machine = await memberWith(entries(1, 6, 7));
    const first = await machine.start();
    await first.wal.append({ replacement: { index: 9, term: 9, confState }, mustSync: true });
    machine.crash(false);
    const second = await machine.start();
    await second.wal.append({ entries: entries(7, 12, 9), hardState: { ...OLD, term: 9 }, mustSync: true });
    for (const index of [9, 10]) {
      second.backend.commit([], { ...markAt(index), term: 9 });
      await second.backend.flush();
      machine.crash(false);
      const third = await machine.start();
      checkLog(third, `applied ${index}`);
      // At the very index the mark is true, however the backend came there.
      expect(third.recovered.entries.at(-1)?.index).toBe(12);
    }
  });

  it("twice is known by either index", async () => {
    const machine = await memberWith(entries(1, 6, 7));
    const first = await machine.start();
    const marks = [9, 15].map((index): SnapshotMark => ({ index, term: 9, confState }));
    for (const mark of marks) await first.wal.append({ replacement: mark, mustSync: true });
    await first.backend.replaceWith(marks[0] as SnapshotMark, []);
    machine.crash(false);
    const second = await machine.start();
    expect(second.recovered).toMatchObject({ snapshot: marks[0], entries: [] });
    await second.backend.replaceWith(marks[1] as SnapshotMark, []);
    machine.crash(false);
    const third = await machine.start();
    checkLog(third, "the second one");
    expect(third.recovered).toMatchObject({ snapshot: marks[1], entries: [], hardState: { term: 9, vote: 0n } });
  });

  it("on an empty log of a member that has just joined makes its first log", async () => {
    const machine = new Machine();
    const first = await machine.start();
    const mark = { index: 20, term: 3, confState };
    await first.wal.append({ replacement: mark, mustSync: true });
    await first.backend.replaceWith(mark, []);
    machine.crash(true);
    const second = await machine.start();
    checkLog(second, "joined");
    expect(second.recovered).toEqual({ hardState: { term: 3, vote: 0n, commit: 20 }, entries: [], snapshot: mark });
  });
});
