/** The trouble has its effect, ends that it does not explain are violations, and what decays is found. */
import { KV } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import { diskError } from "../../src/io/disk/disk-error.js";
import { MemoryDisk } from "../../src/io/disk/memory-disk.js";
import { WalCorruptError } from "../../src/io/wal/errors.js";
import type { Machine } from "../../src/simulation/machine.js";
import { causesOf } from "./excuses.js";
import { hashValue } from "./oracle/hash-value.js";
import { drawPlan, FAULTS, type Fault, type Plan } from "./plan.js";
import { Simulation } from "./simulation.js";
import { STRIKES } from "./strikes.js";

const KEY = Uint8Array.of(107);

/** A cluster of three without trouble of its own, past its first election, that somebody writes to. */
async function calm(seed: number, constants: Partial<Plan> = {}): Promise<Simulation> {
  const plan = { ...drawPlan(seed), faults: new Set<never>(), size: 3, heartbeatMs: 100, electionMs: 1000 };
  const delays = { networkDelayMs: { min: 1, max: 1 }, diskDelayMs: { min: 1, max: 2 } };
  const simulation = new Simulation({ ...plan, ...delays, ...constants });
  simulation.start();
  for (const { name } of simulation.machines) void write(simulation, name);
  await simulation.run(10_000);
  return simulation;
}

/** For as long as the world runs. */
async function write(simulation: Simulation, name: string): Promise<void> {
  const channel = simulation.channel(name);
  for (;;) {
    await simulation.world.sleep(200);
    // Whether it succeeds is not what is looked at here.
    await channel.unary(KV.method.put, { key: KEY, value: KEY }, { timeoutMs: 2000 }).catch(() => {});
  }
}

const count = ({ counters }: Simulation, name: string): number => counters.toRecord()[name] ?? 0;

/** Strikes every five seconds until the fault has had an effect. */
async function strikeUntilFelt(simulation: Simulation, fault: Fault): Promise<void> {
  const felt = (): boolean => count(simulation, `fault: ${fault}`) > 0;
  for (let i = 0; i < 300 && !felt(); i++) {
    STRIKES[fault](simulation.nemesis, simulation.nemesis.chanceOf(fault));
    await simulation.run(5000, felt);
  }
  expect(felt()).toBe(true);
}

const isTogether = ({ nemesis: { membership }, leader }: Simulation): boolean =>
  membership.settled &&
  membership.machines.every(({ node }) => node?.raftStatus.lead === leader?.node?.raftStatus.id && node !== undefined);

/** What must have happened before a strike can have an effect in a cluster of three. */
const AFTER: Partial<Record<Fault, Fault>> = { promote: "add learner", "remove member": "add voter" };

describe("a strike", () => {
  for (const fault of FAULTS.filter((one) => one !== "clock drift" && one !== "bandwidth")) {
    it(`of ${fault} has an effect, and the healed cluster comes together`, async () => {
      const simulation = await calm(11);
      // A transfer to a member that has just begun to lead is refused, so that strike may need several.
      const before = AFTER[fault];
      if (before !== undefined) await strikeUntilFelt(simulation, before);
      await strikeUntilFelt(simulation, fault);
      await simulation.run(15_000);
      simulation.heal();
      await simulation.run(30_000, () => isTogether(simulation));
      expect(isTogether(simulation)).toBe(true);
    });
  }
});

describe("the way of a snapshot", () => {
  /** One member comes back and needs more than the logs of the others hold. */
  async function returnOfTheAbsent(trouble: (simulation: Simulation) => void): Promise<Simulation> {
    const tuning = { snapshotPieceBytes: 64 };
    const simulation = await calm(11, { snapshotCount: 5, catchUpEntries: 100, tuning });
    const [machine] = simulation.machines as [Machine];
    machine.kill();
    await simulation.run(15_000);
    trouble(simulation);
    simulation.boot(machine);
    return simulation;
  }

  it("is long when the line is narrow, and short when it is healed", async () => {
    const simulation = await returnOfTheAbsent(({ nemesis }) => {
      nemesis.weather.bytesPerMs = 0.1;
    });
    await simulation.run(5000);
    expect(count(simulation, "fault: bandwidth")).toBeGreaterThan(0);
    expect(count(simulation, "snapshot installed")).toBe(0);
    simulation.heal();
    await simulation.run(10_000, () => count(simulation, "snapshot installed") > 0);
    await simulation.run(5000, () => isTogether(simulation));
    expect(isTogether(simulation)).toBe(true);
  });

  it("ends when its connection is reset, and another one arrives", async () => {
    const simulation = await returnOfTheAbsent(({ nemesis, network }) => {
      nemesis.weather.onPiece = (from, to) => network.reset(from, to);
    });
    await simulation.run(5000, () => count(simulation, "fault: reset") > 0);
    expect(count(simulation, "snapshot installed")).toBe(0);
    await simulation.run(10_000, () => count(simulation, "snapshot installed") > 0);
    expect(count(simulation, "snapshot installed")).toBeGreaterThan(0);
  });
});

describe("the end of a process", () => {
  it("is a violation when nothing explains it", async () => {
    const simulation = await calm(1);
    const [machine] = simulation.machines as [Machine];
    expect(() => simulation.nemesis.ended(machine, diskError("EIO", "out of nowhere"))).toThrow("stopped by itself");
  });

  it("is explained by the very error that the disk has answered with, and by it once", async () => {
    const simulation = await calm(1);
    const [machine] = simulation.machines as [Machine];
    const error = diskError("EIO", "a sync");
    const excuse = { fault: "sync error", explains: (cause: Error) => [...causesOf(cause)].includes(error) } as const;
    simulation.nemesis.excuses.expect(machine, excuse);
    expect(() => simulation.nemesis.ended(machine, diskError("EIO", "a sync"))).toThrow("stopped by itself");
    simulation.nemesis.ended(machine, new Error("the log failed", { cause: error }));
    expect(() => simulation.nemesis.ended(machine, error)).toThrow("stopped by itself");
  });

  it("must follow where a member has lost its log", async () => {
    const simulation = await calm(1);
    const [machine] = simulation.machines as [Machine];
    simulation.nemesis.lost(machine, { fault: "wipe", explains: () => false });
    expect(() => simulation.nemesis.booted(machine)).toThrow("serves although it has lost");
  });

  it("is made by the operator where a member without its log could ask nobody", async () => {
    const simulation = await calm(1);
    const [machine] = simulation.machines as [Machine];
    let repaired = 0;
    const repair = (): void => {
      repaired += 1;
    };
    simulation.nemesis.lost(machine, { fault: "wipe", explains: () => false, unnoticed: () => true, repair });
    simulation.nemesis.booted(machine);
    expect(machine.life).toBeUndefined();
    expect(repaired).toBe(1);
    simulation.nemesis.booted(machine);
  });
});

describe("a process that is killed", () => {
  it("leaves in the page cache what it has not synced, for the next power loss to take", async () => {
    const disk = new MemoryDisk();
    const file = await disk.open("/a", "create");
    await disk.syncDirectory("/");
    await file.writeAt(0, [Uint8Array.of(7)]);
    disk.endProcess();
    await expect(file.writeAt(0, [Uint8Array.of(8)])).rejects.toThrow("closed");
    expect(disk.contents().get("/a")).toEqual(Uint8Array.of(7));
    disk.crash();
    expect(disk.contents().get("/a")).toEqual(new Uint8Array(0));
  });
});

describe("damage", () => {
  it("of another place than the one that was damaged is no excuse", async () => {
    const simulation = await calm(11);
    await strikeUntilFelt(simulation, "damage");
    const machine = simulation.nemesis.damaged as Machine;
    const elsewhere = new WalCorruptError("/wal/other.wal", 1, "a mistake");
    expect(() => simulation.nemesis.ended(machine, elsewhere)).toThrow("stopped by itself");
  });
});

describe("the hash of an answer", () => {
  it("does not depend on the order of fields, and on everything else", () => {
    expect(hashValue(1, { a: 1, b: [2, 3] })).toBe(hashValue(1, { b: [2, 3], a: 1 }));
    expect(hashValue(1, { a: 1, b: [2, 3] })).not.toBe(hashValue(1, { a: 1, b: [3, 2] }));
    expect(hashValue(1, { a: 1, b: 2 })).not.toBe(hashValue(1, { a: 2, b: 1 }));
  });
});
