/**
 * A cluster of whole members in a simulated world, from one seed: the production node on simulated hardware, the trouble of
 * its plan, and the oracle that looks at everything after every event. Who asks something of the cluster and judges the
 * answers stands outside (`integration/robustness/simulation`).
 *
 * Read in `src/simulation` `world.ts` (time) and `machine.ts` (a machine and its process), then here `plan.ts` (what a seed
 * decides), `nemesis.ts` (trouble), `oracle.ts` (what must never happen).
 */
import type { Channel } from "@kvorum/transport";
import type { InitialMember } from "../../src/config/initial-cluster.js";
import { Chance } from "../../src/core/seeded/chance.js";
import type { Logger } from "../../src/env.js";
import type { NodeOptions } from "../../src/node/options.js";
import { resolveTuning } from "../../src/node/tuning.js";
import { Machine, type MachineSettings } from "../../src/simulation/machine.js";
import { MachineClock } from "../../src/simulation/machine-clock.js";
import { MemoryNetwork } from "../../src/simulation/memory-network.js";
import { MemoryChannel } from "../../src/simulation/memory-rpc.js";
import { SeededRandom } from "../../src/simulation/seeded-random.js";
import { World } from "../../src/simulation/world.js";
import { SILENT_LOGGER } from "../test-env.js";
import { type Counters, simulationCounters } from "./counters.js";
import { Hardware } from "./hardware.js";
import { Nemesis } from "./nemesis.js";
import { Oracle } from "./oracle.js";
import type { Plan } from "./plan.js";
import { Sightings } from "./sightings.js";
import { Trace } from "./trace.js";

export type { Machine } from "../../src/simulation/machine.js";

export interface SimulationOptions {
  /** Counts what happened over many runs. */
  readonly counters?: Counters;
  /** Given every line of the trace as it comes. */
  readonly tell?: (line: string) => void;
}

/** Milliseconds from a client to a member, one way. */
const CLIENT_DELAY_MS = { min: 0.2, max: 2 };

/** A disk's usual delays that a batch of a physical compaction may meet; clients go on writing meanwhile. */
const DISK_DELAYS_PER_BATCH = 4;

export class Simulation {
  readonly plan: Plan;
  readonly world: World = new World();
  readonly trace: Trace;
  readonly counters: Counters;
  readonly network: MemoryNetwork;
  readonly oracle: Oracle;
  readonly sightings: Sightings;
  readonly nemesis: Nemesis;
  readonly initialCluster: readonly InitialMember[];
  readonly #machines: Map<string, Machine> = new Map();
  readonly #hardware: Map<string, Hardware> = new Map();
  readonly #clientDelays: Chance;
  readonly #logger: Logger;

  constructor(plan: Plan, { counters = simulationCounters(), tell }: SimulationOptions = {}) {
    this.plan = plan;
    this.counters = counters;
    this.trace = new Trace(this.world, tell);
    this.#logger = tell === undefined ? SILENT_LOGGER : tracingLogger(this.trace);
    this.#clientDelays = Chance.of(plan.seed, "client delays");
    this.network = new MemoryNetwork({
      clock: {
        nowMs: () => this.world.nowMs,
        wallMs: () => this.world.nowMs,
        setTimer: (delayMs, fire) => this.world.after(delayMs, fire),
        afterIo: (run) => void this.world.after(0, run),
      },
      random: new SeededRandom(Chance.of(plan.seed, "network").int(2 ** 32)),
      delayMs: plan.networkDelayMs,
      fate: (message) => this.nemesis.weather.fateOf(message),
      pieceMs: (from, to, bytes) => this.nemesis.weather.pieceMs(from, to, bytes),
      onEffect: (effect) => this.nemesis.struck(effect),
    });
    if (plan.faults.has("replay")) this.network.keepRecord();
    this.initialCluster = Array.from({ length: plan.size }, (_, i) => initialMember(`n${i + 1}`));
    this.sightings = new Sightings(this.counters);
    this.oracle = new Oracle(this);
    this.nemesis = new Nemesis(this);
    for (const { name } of this.initialCluster) this.addMachine(name);
  }

  /** Every machine that there is, in the order of its coming. */
  get machines(): readonly Machine[] {
    return [...this.#machines.values()];
  }

  machine(name: string): Machine {
    const machine = this.#machines.get(name);
    if (machine === undefined) throw new Error(`there is no machine ${name}`);
    return machine;
  }

  hardware(name: string): Hardware {
    return this.#hardware.get(name) as Hardware;
  }

  /** The machine whose member leads by its own account, in the newest term. */
  get leader(): Machine | undefined {
    const leaders = this.machines.filter(({ node }) => node?.raftStatus.role === "leader");
    return leaders.sort((a, b) => (b.node?.raftStatus.term ?? 0) - (a.node?.raftStatus.term ?? 0))[0];
  }

  addMachine(name: string): Machine {
    const { plan, world, network } = this;
    const owner = this.#machines.size + 1;
    const chance = Chance.of(plan.seed, `machine ${name}`);
    const drifts = plan.faults.has("clock drift");
    const clock = new MachineClock({
      ...{ world, owner },
      offsetMs: chance.int(1_000_000),
      rate: drifts ? 1 + (chance.int(401) - 200) / 10_000 : 1,
    });
    if (drifts) this.counters.note("fault: clock drift");
    const hardware = new Hardware(plan, name);
    const machine = new Machine({
      ...{ name, world, owner, clock, network, behaviour: hardware, logger: this.#logger, backend: plan.backend },
      events: this.oracle,
      randomOf: (life) => new SeededRandom(Chance.of(plan.seed, `${name} life ${life}`).int(2 ** 32)),
    });
    this.#machines.set(name, machine);
    this.#hardware.set(name, hardware);
    return machine;
  }

  /** Starts a machine's process, as the member of the cluster that it was told of. */
  boot(machine: Machine): void {
    this.trace.note(machine.name, `boots, life ${machine.lives + 1}`);
    machine.boot({ ...this.#settings(machine.name), ...joining(this.nemesis.membership.toldTo(machine)) });
  }

  /** A connection of a client to a machine. */
  channel(name: string): Channel {
    const { world } = this;
    const machine = this.machine(name);
    return new MemoryChannel(`http://${name}:2379`, {
      services: () => (machine.node === undefined ? undefined : machine.life?.services),
      delayMs: () => CLIENT_DELAY_MS.min + (this.#clientDelays.int(1000) / 1000) * CLIENT_DELAY_MS.max,
      after: (delayMs, run) => void world.after(delayMs, run),
      arrive: (run) => machine.clock.arrive(run),
      around: (path, request, handle) => this.oracle.around(machine, path, request, handle),
    });
  }

  /** Starts every machine and the trouble. */
  start(): void {
    for (const machine of this.machines) this.boot(machine);
    this.nemesis.start();
  }

  /** Lets the world run for so long, or until the condition holds. Errors: a `Violation`, or what a handler threw. */
  run(ms: number, done?: () => boolean): Promise<void> {
    return this.world.run(this.world.nowMs + ms, (owner) => this.oracle.check(owner), done);
  }

  /** When the last call ends that a slow disk has kept waiting. */
  get slowDisksUntilMs(): number {
    return Math.max(...[...this.#hardware.values()].map(({ slowUntilMs }) => slowUntilMs));
  }

  /** Milliseconds that it may take to scrub everything that can be compacted now, at the pace that the plan has drawn. */
  get scrubMs(): number {
    const { tuning, diskDelayMs } = this.plan;
    const { compactionBatch, compactionPauseMs } = resolveTuning(tuning);
    const batchMs = compactionPauseMs + DISK_DELAYS_PER_BATCH * diskDelayMs.max;
    const revisions = this.machines.map(({ node }) =>
      node === undefined ? 0 : Number(node.header.revision - node.stats.compactRevision),
    );
    return (Math.max(0, ...revisions) / compactionBatch) * batchMs;
  }

  /** Ends the trouble: whole hardware, a whole network, every member running. */
  heal(): void {
    this.trace.note("world", "everything is healed");
    this.nemesis.heal();
  }

  #settings(name: string): MachineSettings {
    const { plan, initialCluster } = this;
    return {
      clientUrls: [`http://${name}:2379`],
      initialCluster,
      heartbeatMs: plan.heartbeatMs,
      electionMs: plan.electionMs,
      preVote: plan.preVote,
      snapshotCount: plan.snapshotCount,
      catchUpEntries: plan.catchUpEntries,
      walSegmentBytes: plan.walSegmentBytes,
      quotaBytes: plan.quotaBytes,
      corruptCheckMs: plan.corruptCheckMs,
      progressNotifyMs: plan.progressNotifyMs,
      tuning: plan.tuning,
    };
  }
}

export function initialMember(name: string): InitialMember {
  return { name, peerUrls: [`http://${name}:2380`] };
}

function joining(existing: readonly InitialMember[] | undefined): Partial<NodeOptions> {
  return existing === undefined ? {} : { initialCluster: existing, initialClusterState: "existing" };
}

function tracingLogger(trace: Trace): Logger {
  const log = (fields: object, message: string): void => trace.comment("log", `${message} ${JSON.stringify(fields)}`);
  return { debug: log, info: log, warn: log, error: log };
}
