/** The oracle over whole simulated clusters: sound hardware passes, hardware that lies and members that err are named. */
import { describe, expect, it } from "vitest";
import { MemoryDisk } from "../../src/io/disk/memory-disk.js";
import type { SimulatedBackend } from "../../src/simulation/simulated-backend.js";
import { drawPlan } from "./plan.js";
import { Simulation } from "./simulation.js";

const SEED = 8;
const PUT = { kind: "put", prevKv: false, ignoreValue: false, ignoreLease: false, lease: 0n } as const;

/** A calm cluster in which each member proposes a write now and then; resolves with the violation, if there is one. */
async function played(
  prepare: (simulation: Simulation) => void,
  during: (simulation: Simulation) => void = () => {},
): Promise<string> {
  const plan = {
    ...drawPlan(SEED, { durationMs: 20_000 }),
    faults: new Set<never>(),
    snapshotCount: 20,
    catchUpEntries: 5,
  };
  const simulation = new Simulation(plan);
  prepare(simulation);
  simulation.start();
  let writes = 0;
  const write = (): void => {
    for (const { node } of simulation.machines) {
      const value = Uint8Array.of(writes++ % 256);
      void node?.propose({ ...PUT, key: Uint8Array.of(1 + (writes % 5)), value }).catch(() => {});
    }
    simulation.world.after(400, write);
  };
  write();
  try {
    await simulation.run(10_000);
    during(simulation);
    await simulation.run(10_000);
  } catch (error) {
    return (error as Error).message;
  }
  expect(simulation.oracle.committed).toBeGreaterThan(50);
  return "";
}

/** A disk whose sync does nothing once it lies. */
class LyingDisk extends MemoryDisk {
  lies = false;

  override async open(path: string, mode: "read" | "write" | "create"): ReturnType<MemoryDisk["open"]> {
    const file = await super.open(path, mode);
    const isLie = (property: string | symbol): boolean => this.lies && property === "dataSync";
    return new Proxy(file, {
      get(target, property) {
        if (isLie(property)) return async () => {};
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }
}

describe("the oracle", () => {
  it("finds nothing in a calm cluster that makes snapshots and restarts", async () => {
    const restart = (simulation: Simulation): void => {
      const machine = simulation.machine("n2");
      machine.kill();
      simulation.boot(machine);
    };
    expect(await played(() => {}, restart)).toBe("");
  });

  it("sees that a member votes or acknowledges before its disk has it", async () => {
    const disk = new LyingDisk();
    const place = (simulation: Simulation): void => {
      simulation.machine("n2").disk = disk;
    };
    const lie = (): void => {
      disk.lies = true;
    };
    expect(await played(place, lie)).toMatch(/^S[268]: n2 /);
  });

  it("sees a write that the disk forgot at a restart", async () => {
    const forget = (simulation: Simulation): void => {
      const machine = simulation.machine("n2");
      machine.kill();
      for (const path of [...machine.disk.durablePaths()].filter((name) => name.endsWith(".wal"))) {
        const { length } = machine.disk.durable(path) as Uint8Array;
        machine.disk.damage(path, 4096, new Uint8Array(length - 4096));
      }
      simulation.boot(machine);
      // What the process says of it stands for itself; here the disk is looked at.
      simulation.oracle.sent(machine, [
        { type: "append-response", from: 1n, to: 2n, term: 1, index: 1, reject: false, rejectHint: 0, rejectTerm: 0 },
      ]);
    };
    expect(await played(() => {}, forget)).toMatch(/^S6: the disk of n2 held the log up to \d+/);
  });

  it("sees a backend whose mark runs ahead of what is applied", async () => {
    const ahead = (simulation: Simulation): void => {
      const backend = simulation.machine("n2").life?.backend as SimulatedBackend;
      const commit = backend.commit.bind(backend);
      backend.commit = (batch, at) => commit(batch, { ...at, index: at.index + 3 });
    };
    expect(await played(() => {}, ahead)).toMatch(/^S[78]: n2/);
  });

  it("sees a member that applies something else", async () => {
    const stray = (simulation: Simulation): void => {
      const { oracle } = simulation;
      const applied = oracle.applied.bind(oracle);
      oracle.applied = (machine, entry, answer) =>
        applied(machine, machine.name === "n2" ? { ...entry, data: Uint8Array.of(9) } : entry, answer);
    };
    expect(await played(stray)).toMatch(/^S7: n\d and n\d differ in entry \d+/);
  });

  it("sees a read that a member answers from its past", async () => {
    const stale = (simulation: Simulation): void => {
      const machine = simulation.machine("n2");
      void simulation.oracle.around(machine, "/etcdserverpb.KV/Range", {}, async () => "old");
    };
    const cutOff = (simulation: Simulation): void => {
      const machine = simulation.machine("n2");
      machine.clock.pause(9000);
      simulation.world.after(8000, () => stale(simulation));
    };
    expect(await played(() => {}, cutOff)).toMatch(/^S10: n2 answers \/etcdserverpb\.KV\/Range at \d+/);
  });
});
