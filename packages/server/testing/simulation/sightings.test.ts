/** What a campaign must have seen is counted when it happens and not otherwise. */
import { describe, expect, it } from "vitest";
import type { Machine } from "../../src/simulation/machine.js";
import { missing, SOMETIMES, simulationCounters } from "./counters.js";
import { Sightings } from "./sightings.js";

interface Fixture {
  readonly sightings: Sightings;
  readonly machine: Machine;
  seen(name: string): number;
}

function fixture(leases: readonly bigint[] = []): Fixture {
  const counters = simulationCounters();
  const machine = { lives: 1, node: { leases: () => Promise.resolve(leases) } } as unknown as Machine;
  return { sightings: new Sightings(counters), machine, seen: (name) => counters.toRecord()[name] ?? 0 };
}

describe("a sighting", () => {
  it("of a snapshot during a compaction needs one that has begun and not ended in the same life", () => {
    const { sightings, machine, seen } = fixture();
    const name = "snapshot installed during a compaction";
    sightings.passed(machine, "snapshot-after-replace");
    sightings.passed(machine, "compaction-after-schedule");
    sightings.passed(machine, "compaction-after-finish");
    sightings.passed(machine, "snapshot-after-replace");
    expect(seen(name)).toBe(0);
    sightings.passed(machine, "compaction-after-schedule");
    sightings.passed({ ...machine, lives: 2 } as Machine, "snapshot-after-replace");
    expect(seen(name)).toBe(0);
    sightings.passed(machine, "snapshot-after-replace");
    expect(seen(name)).toBe(1);
  });

  it("of a lease needs it at the second of two new leaders in a row", async () => {
    const { sightings, machine, seen } = fixture([7n]);
    const nobody = { lives: 1, node: { leases: () => Promise.resolve([]) } } as unknown as Machine;
    for (const leader of [machine, nobody, machine]) {
      sightings.elected(leader, false);
      await Promise.resolve();
    }
    expect(seen("lease lived through two leader changes")).toBe(0);
    sightings.elected(machine, false);
    await Promise.resolve();
    expect(seen("lease lived through two leader changes")).toBe(1);
    expect(seen("leader elected")).toBe(4);
    expect(seen("leader change during a conf change")).toBe(0);
  });

  it("of a read needs an answer in a later term than its request", () => {
    const { sightings, seen } = fixture();
    sightings.answered(3, 3);
    sightings.answered(undefined, 4);
    expect(seen("read index across a leader change")).toBe(0);
    sightings.answered(3, 4);
    expect(seen("read index across a leader change")).toBe(1);
  });

  it("of an alarm is one for as long as it stands, and of a torn tail one when the member serves", () => {
    const { sightings, machine, seen } = fixture();
    sightings.alarms(machine, ["no-space"]);
    sightings.alarms(machine, ["no-space"]);
    expect(seen("no space raised")).toBe(1);
    sightings.served(machine);
    expect(seen("torn WAL tail repaired")).toBe(0);
    sightings.torn(machine);
    sightings.served(machine);
    sightings.served(machine);
    expect(seen("torn WAL tail repaired")).toBe(1);
  });
});

describe("what a campaign must have seen", () => {
  it("is demanded of campaigns that are long enough for it", () => {
    const all = Object.fromEntries(SOMETIMES.map(({ name }) => [name, 1]));
    const { "leader elected": _elected, ...rest } = all;
    expect(missing(rest, 99)).toEqual([]);
    expect(missing(rest, 100)).toEqual(["leader elected"]);
    const { "crash inside wal-after-sync": _crash, ...others } = all;
    expect(missing(others, 4999)).toEqual([]);
    expect(missing(others, 5000)).toEqual(["crash inside wal-after-sync"]);
  });

  it("names everything once", () => {
    const names = SOMETIMES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
