/**
 * Where a story is played and where its images come to life again: whole members on disks in memory, one clock moved by
 * hand, their backends on the same disks. Before every operation of a disk and every commit the stage holds still for a moment, and whoever
 * watches may take an image of all its machines: what a power cut of the whole site in that moment would leave.
 */
import type { InitialMember } from "../../src/config/initial-cluster.js";
import type { Entry, Message } from "../../src/core/raft/types.js";
import { Chance } from "../../src/core/seeded/chance.js";
import type { Disk } from "../../src/env.js";
import { MemoryDisk, type MemoryDiskOptions } from "../../src/io/disk/memory-disk.js";
import { EtcdNode } from "../../src/node/node.js";
import type { NodeOptions } from "../../src/node/options.js";
import { MemoryNetwork } from "../../src/simulation/memory-network.js";
import type { MemoryPeers } from "../../src/simulation/memory-peers.js";
import { SeededRandom } from "../../src/simulation/seeded-random.js";
import { type BackendFigures, SimulatedBackend } from "../../src/simulation/simulated-backend.js";
import { SimulatedDisk } from "../../src/simulation/simulated-disk.js";
import { ManualClock } from "../manual-clock.js";
import { MortalClock } from "../mortal-clock.js";
import { initialMember } from "../node-cluster.js";
import { SILENT_LOGGER } from "../test-env.js";

/** What keeps its content when the power goes. */
export interface Medium {
  readonly disk: MemoryDisk;
}

interface Life {
  readonly clock: MortalClock;
  readonly peers: MemoryPeers;
  backend: SimulatedBackend | undefined;
  alive: boolean;
  node: EtcdNode | undefined;
}

/** A machine of the stage, and how its member is started. */
export interface StageMachine extends Medium {
  readonly name: string;
  readonly joins: readonly InitialMember[] | undefined;
  life: Life | undefined;
}

export interface StageOptions {
  /** Members that found the cluster. */
  readonly size: number;
  readonly settings: Partial<NodeOptions>;
  readonly seed: number;
  /** Disk and backend take their time, so that things are under way side by side. Default: they answer at once. */
  readonly takesTime?: boolean;
  /** What new machines get; for planting mistakes. */
  readonly newDisk?: (options: MemoryDiskOptions) => MemoryDisk;
  /** Told before something changes on a machine's medium. What it throws fails the operation. */
  readonly onBoundary?: (machine: StageMachine, cause: string) => void;
  /** Told what a member applies. */
  readonly onApplied?: (machine: StageMachine, entry: Entry) => void;
  /** Told what is sent, in the moment in which it is. */
  readonly onSent?: (message: Message) => void;
}

/** Of the backend: longer than commits are apart, so that several may wait for their flush. */
const FLUSH_MS_MAX = 70;
const LOG_SYNC_MS_MAX = 4;
/** A few batches each, cleaned all the time and read from the disk. */
const BACKEND: BackendFigures = { segmentBytes: 3000, slackBytes: 1024, cacheBytes: 0 };
const STEP_MS = 5;
const PATIENCE_MS = 20_000;

/** Small figures, so that a story of a second crosses every seam. */
const SETTINGS: Partial<NodeOptions> = { heartbeatMs: 10, electionMs: 100, corruptCheckMs: 0 };

export class Stage {
  readonly clock: ManualClock = new ManualClock();
  readonly network: MemoryNetwork;
  readonly machines: Map<string, StageMachine> = new Map();
  readonly initialCluster: readonly InitialMember[];
  readonly #options: StageOptions;
  readonly #random: SeededRandom;
  readonly #delays: Chance;

  constructor(options: StageOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#delays = Chance.of(options.seed, "delays of disks");
    this.initialCluster = Array.from({ length: options.size }, (_, i) => initialMember(`n${i + 1}`));
    this.network = new MemoryNetwork({
      ...{ clock: this.clock, random: this.#random },
      fate: (message) => {
        options.onSent?.(message);
        return undefined;
      },
    });
  }

  /** Members that run and have recovered. */
  get nodes(): readonly EtcdNode[] {
    return [...this.machines.values()].flatMap(({ life }) => (life?.node === undefined ? [] : [life.node]));
  }

  get leader(): EtcdNode | undefined {
    return this.nodes.find(({ raftStatus }) => raftStatus.role === "leader");
  }

  /** A machine with this content, or an empty one. Its member is not started. */
  place(name: string, medium?: Medium, joins?: readonly InitialMember[] | undefined): StageMachine {
    const before = (cause: string): void => this.#options.onBoundary?.(machine, cause);
    const hook: MemoryDiskOptions = { before: ({ type, path }) => before(`${type} ${path}`) };
    const { newDisk = (options) => new MemoryDisk(options) } = this.#options;
    const disk = medium === undefined ? newDisk(hook) : medium.disk.clone(hook);
    const machine: StageMachine = { name, disk, joins, life: undefined };
    this.machines.set(name, machine);
    return machine;
  }

  /** Starts the machine's member; resolves when it has recovered. Errors: those of the start. */
  async boot(name: string, options: Partial<NodeOptions> = {}): Promise<EtcdNode> {
    const machine = this.machine(name);
    if (machine.life !== undefined) throw new Error(`${name} runs already`);
    const life = this.#newLife(machine);
    machine.life = life;
    const { clock, peers } = life;
    const joining: Partial<NodeOptions> = machine.joins === undefined ? {} : { initialClusterState: "existing" };
    try {
      const backend = await this.#openBackend(machine, life);
      life.backend = backend;
      const node = await EtcdNode.start({
        env: {
          ...{ clock, random: this.#random, peers, disk: this.#diskOf(machine, life, LOG_SYNC_MS_MAX) },
          failpoints: { hit() {} },
          logger: SILENT_LOGGER,
        },
        ...{ backend, walDirectory: "/wal", snapshotDirectory: "/snapshots", name },
        clientUrls: [`http://${name}:2379`],
        peerUrls: initialMember(name).peerUrls,
        initialCluster: machine.joins ?? this.initialCluster,
        ...SETTINGS,
        ...joining,
        ...this.#options.settings,
        ...options,
        onApplied: (entry) => {
          if (life.alive) this.#options.onApplied?.(machine, entry);
        },
      });
      life.node = node;
      return node;
    } catch (error) {
      await this.#end(machine, life);
      throw error;
    }
  }

  machine(name: string): StageMachine {
    const machine = this.machines.get(name);
    if (machine === undefined) throw new Error(`there is no machine ${name}`);
    return machine;
  }

  node(name: string): EtcdNode {
    const node = this.machine(name).life?.node;
    if (node === undefined) throw new Error(`${name} does not run`);
    return node;
  }

  /** Ends a member as an operator does. */
  async stop(name: string): Promise<void> {
    const machine = this.machine(name);
    const life = machine.life as Life;
    await this.within(this.node(name).stop());
    await this.within((life.backend as SimulatedBackend).close());
    await this.#end(machine, life);
    machine.disk.endProcess();
  }

  /** The power of a machine goes; what was not durable is lost. */
  async losePower(name: string): Promise<void> {
    const machine = this.machine(name);
    if (machine.life !== undefined) await this.#end(machine, machine.life);
    machine.disk.crash();
  }

  /** Nothing that is set up here happens any more. */
  async close(): Promise<void> {
    for (const machine of this.machines.values())
      if (machine.life !== undefined) await this.#end(machine, machine.life);
  }

  /** Runs the clock until the promise settles. */
  async within<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const done = promise.finally(() => {
      settled = true;
    });
    done.catch(() => {});
    await this.until(() => settled, "an answer");
    return done;
  }

  /** Runs the clock until the condition holds. Errors: it does not for 20 s of the stage's time. */
  async until(condition: () => boolean, what: string): Promise<void> {
    await this.clock.settle();
    for (let passed = 0; !condition(); passed += STEP_MS) {
      if (passed >= PATIENCE_MS) throw new Error(`waited ${PATIENCE_MS} ms for ${what}`);
      await this.clock.advance(STEP_MS);
    }
  }

  #newLife(machine: StageMachine): Life {
    const clock = new MortalClock(this.clock);
    const peers = this.network.join(...initialMember(machine.name).peerUrls);
    return { clock, peers, backend: undefined, alive: true, node: undefined };
  }

  #openBackend(machine: StageMachine, life: Life): Promise<SimulatedBackend> {
    const disk = this.#diskOf(machine, life, FLUSH_MS_MAX);
    return SimulatedBackend.start(
      {
        ...{ disk, directory: "/backend", ...BACKEND, salt: () => this.#delays.int(2 ** 32) },
        pause: () => new Promise((resolve) => life.clock.afterIo(resolve)),
      },
      {
        isAlive: () => life.alive,
        onCommit: () => this.#options.onBoundary?.(machine, "commit of the backend"),
      },
    );
  }

  #diskOf({ disk }: StageMachine, { clock }: Life, syncMsMax: number): Disk {
    if (this.#options.takesTime !== true) return disk;
    return new SimulatedDisk({
      disk,
      behaviour: {
        delayMs: (call) => (call.startsWith("sync") ? 1 + this.#delays.int(syncMsMax) : 0.05),
        writesEarly: () => this.#delays.percent(50),
      },
      later: (delayMs, run) => void clock.setTimer(delayMs, run),
    });
  }

  async #end(machine: StageMachine, life: Life): Promise<void> {
    life.alive = false;
    life.clock.kill();
    machine.life = undefined;
    await life.peers.close();
  }
}
