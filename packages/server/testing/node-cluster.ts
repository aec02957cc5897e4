/**
 * Whole members in one process: memory for disks, backends and network, and one clock that the test moves. A member can be
 * stopped, killed with what it had not flushed, and started again on the same machine.
 */
import type { InitialMember } from "../src/config/initial-cluster.js";
import type { PutOperation, RangeOperation } from "../src/core/mvcc/operations.js";
import type { Clock, Disk, Logger } from "../src/env.js";
import type { FailpointSite } from "../src/failpoint-sites.js";
import { MemoryBackend, MemoryStore } from "../src/io/backend/memory-backend.js";
import { type CrashOptions, type DiskOperation, MemoryDisk } from "../src/io/disk/memory-disk.js";
import { EtcdNode } from "../src/node/node.js";
import type { NodeOptions } from "../src/node/options.js";
import { MemoryNetwork, type MemoryNetworkOptions } from "../src/simulation/memory-network.js";
import type { MemoryPeers } from "../src/simulation/memory-peers.js";
import { SeededRandom } from "../src/simulation/seeded-random.js";
import { type DiskCall, SimulatedDisk } from "../src/simulation/simulated-disk.js";
import { ManualClock } from "./manual-clock.js";
import { MortalClock } from "./mortal-clock.js";
import { SILENT_LOGGER } from "./test-env.js";

/** What a member leaves behind on its machine, and its present life if it has one. */
class Machine {
  readonly disk: MemoryDisk;
  store = new MemoryStore();
  life: { readonly node: EtcdNode; readonly peers: MemoryPeers; readonly clock: MortalClock } | undefined;

  constructor(disk: MemoryDisk) {
    this.disk = disk;
  }
}

export interface NodeClusterOptions {
  readonly size?: number;
  readonly seed?: number;
  readonly options?: Partial<NodeOptions>;
  readonly logger?: Logger;
  /** How long messages take and which are lost. Default: a millisecond, and none. */
  readonly network?: Omit<MemoryNetworkOptions, "clock" | "random">;
  /** Called with the member's name where its code passes a failpoint. */
  readonly onFailpoint?: (name: string, site: FailpointSite) => void;
  /** Called with the member's name before its disk changes anything; what it throws is the operation's failure. */
  readonly beforeDisk?: (name: string, operation: DiskOperation) => void;
  /** Milliseconds that a member's disk takes for a call; asked anew for each. Default: none does. */
  readonly diskDelayMs?: (name: string, call: DiskCall) => number;
}

const SETTLE_STEP_MS = 10;

export class NodeCluster {
  readonly clock: ManualClock = new ManualClock();
  readonly network: MemoryNetwork;
  readonly initialCluster: readonly InitialMember[];
  readonly #random: SeededRandom;
  readonly #options: Partial<NodeOptions>;
  readonly #logger: Logger;
  readonly #onFailpoint: (name: string, site: FailpointSite) => void;
  readonly #beforeDisk: (name: string, operation: DiskOperation) => void;
  readonly #diskDelayMs: NodeClusterOptions["diskDelayMs"];
  readonly #machines = new Map<string, Machine>();

  private constructor({ size = 3, seed = 1, options = {}, logger = SILENT_LOGGER, ...world }: NodeClusterOptions) {
    this.#random = new SeededRandom(seed);
    this.#options = options;
    this.#logger = logger;
    this.#onFailpoint = world.onFailpoint ?? (() => {});
    this.#beforeDisk = world.beforeDisk ?? (() => {});
    this.#diskDelayMs = world.diskDelayMs;
    this.network = new MemoryNetwork({ ...world.network, clock: this.clock, random: this.#random });
    this.initialCluster = Array.from({ length: size }, (_, i) => initialMember(`n${i + 1}`));
  }

  /** All members, serving. */
  static async start(options: NodeClusterOptions = {}): Promise<NodeCluster> {
    const cluster = new NodeCluster(options);
    await Promise.all(cluster.initialCluster.map(({ name }) => cluster.boot(name)));
    await cluster.within(Promise.all(cluster.nodes.map((node) => node.ready)));
    return cluster;
  }

  /** Those that run. */
  get nodes(): readonly EtcdNode[] {
    return [...this.#machines.values()].flatMap(({ life }) => (life === undefined ? [] : [life.node]));
  }

  get leader(): EtcdNode | undefined {
    return this.nodes.find(({ raftStatus }) => raftStatus.role === "leader");
  }

  node(name: string): EtcdNode {
    const life = this.#machines.get(name)?.life;
    if (life === undefined) throw new Error(`${name} does not run`);
    return life.node;
  }

  nameOf(node: EtcdNode): string {
    const [name] = [...this.#machines].find(([, { life }]) => life?.node === node) ?? [];
    if (name === undefined) throw new Error("that node does not run");
    return name;
  }

  /** Waits for one leader that every running member knows. */
  async elected(): Promise<EtcdNode> {
    await this.until(() => this.leader !== undefined && new Set(this.nodes.map((it) => it.raftStatus.lead)).size === 1);
    return this.leader as EtcdNode;
  }

  /** Waits for a leader beside one that is cut off and may not know that it leads no more. */
  async nextLeader(lost: EtcdNode): Promise<EtcdNode> {
    const next = (): EtcdNode | undefined =>
      this.nodes.find((node) => node !== lost && node.raftStatus.role === "leader");
    await this.until(() => next() !== undefined);
    return next() as EtcdNode;
  }

  /** A running member that does not lead. */
  async follower(): Promise<EtcdNode> {
    const leader = await this.elected();
    return this.nodes.find((node) => node !== leader) as EtcdNode;
  }

  /** Starts a member on its machine, a new one if it has none. Resolves when it runs, which is before it serves. */
  async boot(name: string, options: Partial<NodeOptions> = {}): Promise<EtcdNode> {
    const machine = this.#machines.get(name) ?? this.#newMachine(name);
    this.#machines.set(name, machine);
    if (machine.life !== undefined) throw new Error(`${name} runs already`);
    const { peerUrls } = initialMember(name);
    const peers = this.network.join(...peerUrls);
    const clock = new MortalClock(this.clock);
    const failpoints = { hit: (site: FailpointSite) => this.#onFailpoint(name, site) };
    const starting = EtcdNode.start({
      env: {
        clock,
        random: this.#random,
        disk: this.#diskOf(name, machine, clock),
        peers,
        failpoints,
        logger: this.#logger,
      },
      backend: new MemoryBackend(machine.store),
      walDirectory: "/wal",
      snapshotDirectory: "/snapshots",
      name,
      clientUrls: [`http://${name}:2379`],
      peerUrls,
      initialCluster: this.initialCluster,
      ...this.#options,
      ...options,
    });
    try {
      const node = await this.within(starting);
      machine.life = { node, peers, clock };
      return node;
    } catch (error) {
      await peers.close();
      throw error;
    }
  }

  async stop(name: string): Promise<void> {
    const { node, peers } = this.#life(name);
    await this.within(node.stop());
    await peers.close();
    (this.#machines.get(name) as Machine).life = undefined;
  }

  /** The power goes: neither the backend nor the log, unless `crash` says so, keeps what was not flushed. */
  async kill(name: string, crash: CrashOptions = {}): Promise<void> {
    const machine = this.#machines.get(name) as Machine;
    const { peers, clock } = this.#life(name);
    clock.kill();
    machine.life = undefined;
    machine.disk.crash(crash);
    machine.store.crash();
    await peers.close();
  }

  /** A new machine under the old name. */
  wipe(name: string): void {
    this.#machines.set(name, this.#newMachine(name));
  }

  /** Something is wrong with what the stopped member has stored. */
  damage(name: string, change: (backend: MemoryBackend) => void): void {
    const backend = new MemoryBackend((this.#machines.get(name) as Machine).store);
    change(backend);
    (this.#machines.get(name) as Machine).store.flush();
  }

  async close(): Promise<void> {
    // All at once: one after the other would hand the lead around to the last.
    for (const name of [...this.#machines.keys()]) {
      if (this.#machines.get(name)?.life !== undefined) await this.kill(name);
    }
  }

  /** Puts `key0`, `key1`, … with their numbers as values, one after the other. */
  async writeAll(node: EtcdNode, count: number, key = "k"): Promise<void> {
    for (let i = 0; i < count; i++) await this.within(node.propose(put(`${key}${i}`, String(i))));
  }

  /** Runs the clock until the promise settles. */
  async within<T>(promise: Promise<T>, ms = 60_000): Promise<T> {
    let settled = false;
    const done = promise.finally(() => {
      settled = true;
    });
    done.catch(() => {});
    for (let passed = 0; !settled && passed < ms; passed += SETTLE_STEP_MS) await this.clock.advance(SETTLE_STEP_MS);
    if (!settled) throw new Error(`nothing came of it within ${ms} ms`);
    return done;
  }

  async until(condition: () => boolean, ms = 60_000): Promise<void> {
    for (let passed = 0; passed < ms; passed += SETTLE_STEP_MS) {
      if (condition()) return;
      await this.clock.advance(SETTLE_STEP_MS);
    }
    throw new Error(`the condition did not hold within ${ms} ms`);
  }

  /** Waits until all running members have applied the same, and returns their hashes at one revision. */
  async hashes(): Promise<ReadonlySet<string>> {
    await this.until(() => new Set(this.nodes.map(({ raftStatus }) => raftStatus.appliedIndex)).size === 1);
    const hashes = await this.within(Promise.all(this.nodes.map((node) => node.hashKv(0n))));
    return new Set(hashes.map(({ hash, hashRevision }) => `${hash}@${hashRevision}`));
  }

  #newMachine(name: string): Machine {
    return new Machine(new MemoryDisk({ before: (operation) => this.#beforeDisk(name, operation) }));
  }

  #diskOf(name: string, { disk }: Machine, clock: Clock): Disk {
    const diskDelayMs = this.#diskDelayMs;
    if (diskDelayMs === undefined) return disk;
    const delayMs = (call: DiskCall): number => diskDelayMs(name, call);
    const later = (ms: number, run: () => void): void => void clock.setTimer(ms, run);
    return new SimulatedDisk({ disk, behaviour: { delayMs, writesEarly: () => true }, later });
  }

  #life(name: string): NonNullable<Machine["life"]> {
    const life = this.#machines.get(name)?.life;
    if (life === undefined) throw new Error(`${name} does not run`);
    return life;
  }
}

export function initialMember(name: string): InitialMember {
  return { name, peerUrls: [`http://${name}:2380`] };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function put(key: string, value: string, lease = 0n): PutOperation {
  return {
    kind: "put",
    key: encoder.encode(key),
    value: encoder.encode(value),
    lease,
    prevKv: false,
    ignoreValue: false,
    ignoreLease: false,
  };
}

export function get(key: string, { serializable = false }: { serializable?: boolean } = {}): RangeOperation {
  return {
    kind: "range",
    key: encoder.encode(key),
    rangeEnd: new Uint8Array(0),
    limit: 0,
    revision: 0n,
    sortOrder: "none",
    sortTarget: "key",
    serializable,
    keysOnly: false,
    countOnly: false,
    minModRevision: 0n,
    maxModRevision: 0n,
    minCreateRevision: 0n,
    maxCreateRevision: 0n,
  };
}

/** The value of a key on a member; undefined when there is none. */
export async function read(node: EtcdNode, key: string, serializable = false): Promise<string | undefined> {
  const { kvs } = await node.range(get(key, { serializable }));
  return kvs[0] === undefined ? undefined : decoder.decode(kvs[0].value);
}
