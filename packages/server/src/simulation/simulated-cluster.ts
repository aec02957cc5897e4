/**
 * A cluster of whole members on simulated machines, with clients that reach them over simulated connections: the production
 * node in a world without sockets, files and real time. Nothing happens by chance but what the seed decides, and no trouble
 * comes but what is asked for. Whoever drives `world` decides when time passes.
 */
import type { Channel, ChannelOptions } from "@kvorum/transport";
import type { InitialMember } from "../config/initial-cluster.js";
import { Chance } from "../core/seeded/chance.js";
import type { Logger } from "../env.js";
import { Machine, type MachineBehaviour, type MachineEvents } from "./machine.js";
import { MachineClock } from "./machine-clock.js";
import { MemberConnection } from "./member-connection.js";
import { MemoryNetwork } from "./memory-network.js";
import { NetworkCuts } from "./network-cuts.js";
import { SeededRandom } from "./seeded-random.js";
import { World } from "./world.js";

export interface SimulatedClusterOptions {
  readonly size: number;
  readonly seed: number;
  readonly heartbeatMs: number;
  readonly electionMs: number;
  readonly logger: Logger;
  /** Told with every message between a client and a member how many milliseconds it takes. */
  readonly onMessage: (travelMs: number) => void;
}

/** A process that uses the cluster. */
export interface SimulatedClient {
  readonly name: string;
  /** Its number in the world; those of machines start at 1. */
  readonly owner: number;
  readonly clock: MachineClock;
}

interface Connected {
  readonly client: string;
  readonly member: string;
  readonly connection: MemberConnection;
}

interface Delay {
  readonly ms: number;
  /** Empty: all. */
  readonly names: ReadonlySet<string>;
}

/** A pause ends when it is told to. */
const FOR_GOOD_MS = 2 ** 52;
const FIRST_CLIENT = 1000;
const CLIENT_DELAY_MS = { min: 0.5, range: 1 };
const MEMBER_DELAY_MS = { min: 1, max: 2 };
const SYNC_MS = { min: 0.5, range: 1 };

export class SimulatedCluster {
  readonly world: World = new World();
  /** A client that no trouble reaches: it has no name that could be cut off. */
  readonly operator: SimulatedClient = newClient(this.world, "", FIRST_CLIENT - 1);
  readonly names: readonly string[];
  readonly #options: SimulatedClusterOptions;
  readonly #network: MemoryNetwork;
  readonly #cuts: NetworkCuts;
  readonly #machines: Map<string, Machine> = new Map();
  /** Ids of members, which outlive their processes. */
  readonly #ids: Map<string, bigint> = new Map();
  readonly #clients: Map<string, SimulatedClient> = new Map();
  readonly #connections: Set<Connected> = new Set();
  readonly #delays: Delay[] = [];
  readonly #travel: Chance;
  #failure: Error | undefined;

  constructor(options: SimulatedClusterOptions) {
    this.#options = options;
    const { seed } = options;
    this.#travel = Chance.of(seed, "client delays");
    this.#network = new MemoryNetwork({
      clock: {
        nowMs: () => this.world.nowMs,
        wallMs: () => this.world.nowMs,
        setTimer: (delayMs, fire) => this.world.after(delayMs, fire),
        afterIo: (run) => void this.world.after(0, run),
      },
      random: new SeededRandom(Chance.of(seed, "network").int(2 ** 32)),
      delayMs: MEMBER_DELAY_MS,
    });
    this.#cuts = new NetworkCuts(this.#network);
    this.names = Array.from({ length: options.size }, (_, i) => `n${i + 1}`);
    for (const [i, name] of this.names.entries()) this.#machines.set(name, this.#newMachine(name, i + 1));
  }

  /** Why a member has ended by itself, which none should. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** The machine whose member leads by its own account, in the newest term; not one that stands still. */
  get leader(): Machine | undefined {
    const leading = [...this.#machines.values()].filter(
      ({ node, clock }) => node?.raftStatus.role === "leader" && !clock.paused,
    );
    return leading.sort((a, b) => (b.node?.raftStatus.term ?? 0) - (a.node?.raftStatus.term ?? 0))[0];
  }

  /** Errors: `TypeError` for a name that no member has. */
  machine(name: string): Machine {
    const machine = this.#machines.get(name);
    if (machine === undefined) throw new TypeError(`there is no member ${JSON.stringify(name)}`);
    return machine;
  }

  boot(name: string): void {
    const { heartbeatMs, electionMs } = this.#options;
    const initialCluster = this.names.map(initialMember);
    this.machine(name).boot({ clientUrls: [clientUrl(name)], initialCluster, heartbeatMs, electionMs });
  }

  /** The power goes: the process ends, and what it had not synced is lost. */
  crash(name: string): void {
    this.machine(name).losePower();
  }

  /** Errors: `TypeError` when the name is taken. */
  addClient(name: string): SimulatedClient {
    if (this.#machines.has(name) || this.#clients.has(name)) {
      throw new TypeError(`the name ${JSON.stringify(name)} is taken`);
    }
    const client = newClient(this.world, name, FIRST_CLIENT + this.#clients.size);
    this.#clients.set(name, client);
    return client;
  }

  /** A connection that the client makes. Errors: `TypeError` for an endpoint at which no member is. */
  connect(client: SimulatedClient, endpoint: string, options: ChannelOptions = {}): Channel {
    const member = this.names.find((name) => clientUrl(name) === endpoint);
    if (member === undefined) throw new TypeError(`no member of the test cluster has the endpoint ${endpoint}`);
    const machine = this.machine(member);
    const { world } = this;
    const connection: MemberConnection = new MemberConnection(
      endpoint,
      {
        nowMs: () => world.nowMs,
        services: () => (machine.node === undefined ? undefined : machine.life?.services),
        isOpen: () => this.#cuts.isOpen(client.name, member),
        reachable: () => this.#cuts.isOpen(client.name, member) && !machine.clock.paused,
        travelMs: () => this.#travelMs(client.name, member),
        after: (delayMs, run) => void world.after(delayMs, run, client.owner),
        arrive: (run) => machine.clock.arrive(run),
        home: (run) => client.clock.arrive(run),
        around: (_path, _request, handle) => handle(),
        closed: () => this.#connections.delete(connected),
      },
      options,
    );
    const connected = { client: client.name, member, connection };
    this.#connections.add(connected);
    return connection;
  }

  /**
   * Nothing passes between members and clients of different groups. Who is in none is cut off from nobody; a single group is cut
   * off from all others. Cuts add up.
   */
  partition(groups: readonly (readonly string[])[]): void {
    const everybody = [...this.#machines.keys(), ...this.#clients.keys()];
    for (const name of groups.flat()) this.#check(name);
    const [only = [], ...others] = groups;
    const sides = others.length > 0 ? groups : [only, everybody.filter((name) => !only.includes(name))];
    this.#cuts.between(sides, (name) => this.#ids.get(name));
    for (const { connection } of this.#connections) connection.silenced();
  }

  /** Undoes every partition and delay. */
  heal(): void {
    this.#cuts.clear();
    this.#delays.length = 0;
    for (const { connection } of this.#connections) connection.restored();
  }

  /** Messages between clients and members take so much longer; given names, only those from or to one of them. */
  delay(ms: number, names: readonly string[]): void {
    for (const name of names) this.#check(name);
    this.#delays.push({ ms, names: new Set(names) });
  }

  /** Breaks every connection of clients; given names, only those from or to one of them. */
  cutConnections(names: readonly string[]): void {
    for (const name of names) this.#check(name);
    for (const { client, member, connection } of this.#connections) {
      if (names.length === 0 || names.includes(client) || names.includes(member)) connection.break();
    }
  }

  /** The process stands still, as after SIGSTOP: time goes on, and everything that was due happens when it resumes. */
  pause(name: string): void {
    this.#clockOf(name).pause(FOR_GOOD_MS);
    for (const { connection } of this.#connections) connection.silenced();
  }

  resume(name: string): void {
    this.#clockOf(name).wake();
    for (const { connection } of this.#connections) connection.restored();
  }

  /** Every process ends. */
  end(): void {
    for (const machine of this.#machines.values()) machine.kill();
  }

  #clockOf(name: string): MachineClock {
    return this.#clients.get(name)?.clock ?? this.machine(name).clock;
  }

  #check(name: string): void {
    if (this.#machines.has(name) || this.#clients.has(name)) return;
    throw new TypeError(`neither a member nor a client of the test cluster is called ${JSON.stringify(name)}`);
  }

  #travelMs(client: string, member: string): number {
    const extra = this.#delays
      .filter(({ names }) => names.size === 0 || names.has(client) || names.has(member))
      .reduce((sum, { ms }) => sum + ms, 0);
    const travelMs = CLIENT_DELAY_MS.min + spread(this.#travel, CLIENT_DELAY_MS.range) + extra;
    this.#options.onMessage(travelMs);
    return travelMs;
  }

  #newMachine(name: string, owner: number): Machine {
    const { seed, logger } = this.#options;
    const { world } = this;
    const offsetMs = Chance.of(seed, `clock of ${name}`).int(1_000_000);
    return new Machine({
      ...{ name, world, owner, logger },
      clock: new MachineClock({ world, owner, offsetMs, rate: 1 }),
      network: this.#network,
      behaviour: diskBehaviour(Chance.of(seed, `disk of ${name}`)),
      events: this.#events(),
      randomOf: (life) => new SeededRandom(Chance.of(seed, `${name} life ${life}`).int(2 ** 32)),
    });
  }

  #events(): MachineEvents {
    const { logger } = this.#options;
    return {
      failpoint() {},
      committing() {},
      applied() {},
      sent() {},
      booted: ({ name, node }) => {
        if (node !== undefined) this.#ids.set(name, node.raftStatus.id);
      },
      ended: ({ name }, cause) => {
        this.#failure ??= new Error(`member ${name} of the test cluster has ended: ${cause.message}`, { cause });
      },
      removed: ({ name }) => logger.info({ name }, "the cluster has removed the member"),
      around: (_machine, _path, _request, handle) => handle(),
    };
  }
}

function newClient(world: World, name: string, owner: number): SimulatedClient {
  return { name, owner, clock: new MachineClock({ world, owner, offsetMs: 0, rate: 1 }) };
}

/** Where clients reach a member. */
export function clientUrl(name: string): string {
  return `http://${name}:2379`;
}

function initialMember(name: string): InitialMember {
  return { name, peerUrls: [`http://${name}:2380`] };
}

/** Syncs take about a millisecond, everything else next to nothing, and nothing fails. */
function diskBehaviour(chance: Chance): MachineBehaviour {
  return {
    delayMs: (call) =>
      call === "sync" || call === "sync-directory" ? SYNC_MS.min + spread(chance, SYNC_MS.range) : 0.02,
    writesEarly: () => true,
    beforeChange() {},
  };
}

/** In `[0, range)`, in thousandths. */
function spread(chance: Chance, range: number): number {
  return (chance.int(1000) / 1000) * range;
}
