/**
 * A machine of the simulated world: what it keeps when its process dies, and the life of the process that runs on it, if one
 * does. The process is the production node with everything above gRPC, its backend included; disk, network and time are
 * simulated.
 */

import type { AppliedAt, WriteBatch } from "../core/mvcc/backend.js";
import type { Entry, Message } from "../core/raft/types.js";
import type { Failpoints, Logger, Random } from "../env.js";
import { type CrashOptions, MemoryDisk } from "../io/disk/memory-disk.js";
import { LimitedLog } from "../log/limited-log.js";
import { NodeMeasures } from "../measures/node-measures.js";
import type { Answer } from "../node/apply-loop.js";
import { EtcdNode } from "../node/node.js";
import type { NodeOptions } from "../node/options.js";
import { CallMeasures } from "../rpc/metrics/call-measures.js";
import { addServices } from "../rpc/services.js";
import { StreamEnds } from "../rpc/stream-ends.js";
import type { MachineClock } from "./machine-clock.js";
import { MachinePeers } from "./machine-peers.js";
import type { MemoryNetwork } from "./memory-network.js";
import type { MemoryPeers } from "./memory-peers.js";
import { MemoryServices } from "./memory-rpc.js";
import { type BackendFigures, SimulatedBackend } from "./simulated-backend.js";
import { type DiskBehaviour, SimulatedDisk } from "./simulated-disk.js";
import type { World } from "./world.js";

/** What happens on a machine, as it happens. Handlers do not throw but where it says so. */
export interface MachineEvents {
  /** A named place of the code is passed. What it throws is thrown there. */
  failpoint(machine: Machine, site: string): void;
  /** The backend is about to commit. What it throws is the commit's failure. */
  committing(machine: Machine, batch: WriteBatch, at: AppliedAt): void;
  applied(machine: Machine, entry: Entry, answer: Answer | undefined): void;
  sent(machine: Machine, messages: readonly Message[]): void;
  /** A process has begun to serve. */
  booted(machine: Machine): void;
  /** A process did not start, or it stopped by itself: a broken invariant, a failed disk, a refusal. */
  ended(machine: Machine, cause: Error): void;
  /** The member learned that the cluster has removed it; its process has ended. */
  removed(machine: Machine): void;
  /** Around every request that a client makes of it. */
  around<T>(machine: Machine, path: string, request: unknown, handle: () => Promise<T>): Promise<T>;
}

export interface MachineOptions {
  readonly name: string;
  readonly world: World;
  /** The machine's number in the world. */
  readonly owner: number;
  readonly clock: MachineClock;
  readonly network: MemoryNetwork;
  readonly behaviour: MachineBehaviour;
  readonly events: MachineEvents;
  readonly logger: Logger;
  /** Default: those of production. */
  readonly backend?: BackendFigures;
  /** Chance for a life of the machine's process. */
  readonly randomOf: (life: number) => Random;
}

/** How a machine's hardware behaves at the moment. */
export interface MachineBehaviour extends DiskBehaviour {
  /** Throws what the next changing operation of the disk is to fail with. */
  beforeChange(operation: { readonly type: string; readonly path: string; readonly length: number }): void;
}

/** What is left to say about a member once its machine is known. */
export type MachineSettings = Omit<
  NodeOptions,
  "env" | "backend" | "walDirectory" | "snapshotDirectory" | "name" | "peerUrls"
>;

/** One process, from its start to its end. */
export interface Life {
  readonly number: number;
  readonly peers: MemoryPeers;
  /** Undefined until it is open. */
  backend: SimulatedBackend | undefined;
  readonly services: MemoryServices;
  readonly startedMs: number;
  readonly random: Random;
  alive: boolean;
  /** An operator has asked it to end. */
  stopping: boolean;
  /** Undefined while it recovers. */
  node: EtcdNode | undefined;
  ends: StreamEnds | undefined;
}

export class Machine {
  readonly name: string;
  readonly owner: number;
  readonly clock: MachineClock;
  /** Where its member says that it is reached; a change takes effect with the next life. */
  peerUrls: readonly string[];
  /** Where it is reached besides. */
  otherUrls: readonly string[] = [];
  disk: MemoryDisk;
  readonly #options: MachineOptions;
  #life: Life | undefined;
  #lives = 0;

  constructor(options: MachineOptions) {
    this.#options = options;
    this.name = options.name;
    this.owner = options.owner;
    this.clock = options.clock;
    this.peerUrls = [`http://${options.name}:2380`];
    this.disk = this.#newDisk();
  }

  /** The process that runs. */
  get life(): Life | undefined {
    return this.#life;
  }

  /** The member, when it runs and has recovered. */
  get node(): EtcdNode | undefined {
    return this.#life?.node;
  }

  get lives(): number {
    return this.#lives;
  }

  /** Starts the process. How that ends is told by the events. */
  boot(settings: MachineSettings): void {
    if (this.#life !== undefined) throw new Error(`${this.name} runs already`);
    const { network, world, events, randomOf } = this.#options;
    const life: Life = {
      number: ++this.#lives,
      peers: network.join(...new Set([...this.peerUrls, ...this.otherUrls])),
      backend: undefined,
      services: new MemoryServices(),
      startedMs: world.nowMs,
      random: randomOf(this.#lives),
      ...{ alive: true, stopping: false },
      node: undefined,
      ends: undefined,
    };
    this.#life = life;
    this.#start(life, settings).then(
      (node) => {
        if (life.alive) this.#serve(life, node, settings);
      },
      (error: unknown) => {
        if (life.alive) this.#ended(life, error as Error);
      },
    );
    events.failpoint(this, "boot");
  }

  /** The process ends at once. The machine runs on: what was written and not synced is neither lost nor durable. */
  kill(): void {
    if (this.#life !== undefined) this.#end(this.#life);
  }

  /** The process ends at once, and what survives of what is not durable is the caller's choice (default: nothing). */
  losePower(survival: CrashOptions = {}): void {
    this.kill();
    this.disk.crash(survival);
  }

  /** Ends the process as an operator does; resolves when that is done or the process has ended otherwise. */
  async stop(): Promise<void> {
    const life = this.#life;
    if (life?.node === undefined || life.stopping) return;
    life.stopping = true;
    life.ends?.stop();
    try {
      await life.node.stop();
      await life.backend?.close();
    } catch (error) {
      if (life.alive) this.#ended(life, error as Error);
    }
    if (life.alive) this.#end(life);
  }

  /** An empty machine under the old name. */
  wipe(): void {
    if (this.#life !== undefined) throw new Error(`${this.name} runs`);
    this.disk = this.#newDisk();
  }

  async #start(life: Life, settings: MachineSettings): Promise<EtcdNode> {
    const { env, ...place } = this.#place(life);
    const { failpoints, logger, disk, clock } = env;
    const backend = await SimulatedBackend.start(
      {
        ...{ disk, directory: "/backend", failpoints, logger, ...this.#options.backend },
        pause: () => new Promise((resolve) => clock.afterIo(resolve)),
        salt: () => life.random.int(2 ** 32),
      },
      { isAlive: () => life.alive, onCommit: (batch, at) => this.#options.events.committing(this, batch, at) },
    );
    life.backend = backend;
    return EtcdNode.start({ ...settings, ...place, env, backend });
  }

  #serve(
    life: Life,
    node: EtcdNode,
    { electionMs = 1000, maxRequestBytes = 1.5 * 1024 * 1024 }: Partial<NodeOptions>,
  ): void {
    const { events } = this.#options;
    life.node = node;
    const clock = this.clock.processClock(() => life.alive);
    const ends = new StreamEnds(node, clock, electionMs);
    life.ends = ends;
    const calls = new CallMeasures(false);
    const metrics = { node: new NodeMeasures(), calls };
    // Nothing is slow by a clock that stands still while a process works.
    const observing = { calls, clock, slow: new LimitedLog(this.#options.logger, clock), warnUnaryMs: Infinity };
    addServices(life.services, {
      pickLeaseId: () => life.random.int63(),
      pause: () => new Promise((resolve) => clock.afterIo(resolve)),
      ...{ node, metrics, observing, ends, apiVersion: "3.6.0", maxTxnOps: 128, maxRequestBytes },
      quotaBytes: 0,
    });
    void node.failed.then((error) => {
      if (life.alive) this.#ended(life, error);
    });
    void node.removed.then(() => {
      if (!life.alive) return;
      this.#end(life);
      events.removed(this);
    });
    events.booted(this);
  }

  /** By itself: what it had written stays where the operating system has it. */
  #ended(life: Life, cause: Error): void {
    this.#end(life);
    this.#options.events.ended(this, cause);
  }

  #end(life: Life): void {
    life.alive = false;
    this.#life = undefined;
    this.disk.endProcess();
    this.clock.wake();
    void life.peers.close();
    life.services.close();
  }

  #place(
    life: Life,
  ): Pick<NodeOptions, "env" | "walDirectory" | "snapshotDirectory" | "name" | "peerUrls" | "onApplied"> {
    const { world, events, logger, behaviour, owner } = this.#options;
    const { clock } = this;
    const isAlive = (): boolean => life.alive;
    const later = (delayMs: number, run: () => void): void => {
      world.after(delayMs, () => clock.arrive(() => void (life.alive && run())), owner);
    };
    const failpoints: Failpoints = {
      hit: (site) => {
        if (life.alive) events.failpoint(this, site);
      },
    };
    return {
      env: {
        clock: clock.processClock(isAlive),
        random: life.random,
        disk: new SimulatedDisk({ disk: this.disk, behaviour, later }),
        peers: new MachinePeers({
          peers: life.peers,
          clock,
          isAlive,
          onSend: (messages) => events.sent(this, messages),
        }),
        failpoints,
        logger,
      },
      walDirectory: "/wal",
      snapshotDirectory: "/snapshots",
      name: this.name,
      peerUrls: this.peerUrls,
      onApplied: (entry, answer) => {
        if (life.alive) events.applied(this, entry, answer);
      },
    };
  }

  #newDisk(): MemoryDisk {
    return new MemoryDisk({ before: (operation) => this.#options.behaviour.beforeChange(operation) });
  }
}
