/**
 * `startCluster()`: several members of one cluster in one process, for tests. They are whole nodes that talk over loopback
 * sockets; each can be stopped and started again, with what its disk or its memory held.
 */
import { join } from "node:path";
import { SystemClock } from "./io/clock.js";
import { GrpcPeers } from "./io/peers/grpc-peers.js";
import { endpointOf } from "./listen.js";
import { IN_MEMORY, type NodeOptions, type ResolvedOptions, resolveOptions } from "./options.js";
import { type KvorumNode, startMember } from "./server.js";
import { MachineMemory } from "./storage.js";
import { openTlsSides, type TlsSides } from "./tls/sides.js";

type OwnOfEachMember = "name" | "peerUrls" | "listenPeerUrls" | "initialCluster" | "initialClusterState" | "walDir";

export interface ClusterOptions
  extends Omit<NodeOptions, OwnOfEachMember | "listenClientUrls" | "advertiseClientUrls"> {
  /** Members, named `n1`, `n2`, …. Default 3. */
  readonly size?: number | undefined;
}

export interface KvorumCluster extends AsyncDisposable {
  /** The members that are running, by name. */
  readonly nodes: ReadonlyMap<string, KvorumNode>;
  /** Client URLs of all members, running or not; give them to one client. They stay when a member starts again. */
  readonly endpoints: readonly string[];
  /** The running member that leads; undefined while an election is on. */
  readonly leader: KvorumNode | undefined;
  /** Closes one member, as `KvorumNode.close()` does. */
  stop(name: string): Promise<void>;
  /** Starts a stopped member with what it had stored. Resolves when it serves. */
  start(name: string): Promise<KvorumNode>;
  /** Closes every member. Idempotent. */
  close(): Promise<void>;
}

const SIZE_DEFAULT = 3;
const LOOPBACK = "127.0.0.1";

/**
 * Starts a cluster and resolves when every member serves. With `dataDir` each member stores in a folder of its own below
 * it; by default all is in memory and forgotten at the end.
 *
 * Errors: `RangeError` for a size below 1, and those of `startNode`. Nothing stays open then.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<KvorumCluster> {
  const { size = SIZE_DEFAULT, ...common } = options;
  if (!Number.isSafeInteger(size) || size < 1) throw new RangeError(`size is ${size}: give a whole number from 1 on`);
  const seats = await openSeats(size, common);
  const cluster = new Cluster(seats);
  try {
    await cluster.startAll();
    return cluster;
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

/** One member's place in the cluster; what it is beyond the life of a node. */
interface Seat {
  readonly options: ResolvedOptions;
  readonly dataDir: string | MachineMemory;
  /** Ports that were opened before the first start; used up by it. */
  peers: GrpcPeers | undefined;
  /** Theirs. */
  readonly tls: TlsSides;
  endpoints: readonly string[];
}

/** Peer ports are opened first: every member must know all addresses before the first one starts. */
async function openSeats(size: number, common: Omit<ClusterOptions, "size">): Promise<Map<string, Seat>> {
  const opened: OpenPort[] = [];
  try {
    for (let i = 1; i <= size; i++) opened.push(await openPort(`n${i}`, common));
  } catch (error) {
    await Promise.all(opened.map(({ peers }) => peers.close()));
    await Promise.all(opened.map(({ tls }) => tls.close()));
    throw error;
  }
  const initialCluster = opened.map(({ name, peerUrls }) => ({ name, peerUrls }));
  const listenClientUrls = [`${common.clientTls === undefined ? "http" : "https"}://${LOOPBACK}:0`];
  return new Map(
    opened.map(({ name, peers, peerUrls, tls, dataDir }) => {
      const own = { name, peerUrls, listenPeerUrls: peerUrls, initialCluster, listenClientUrls };
      const options = resolveOptions({ ...common, ...own });
      return [name, { options, dataDir: dataDir ?? new MachineMemory(), peers, tls, endpoints: [] }];
    }),
  );
}

interface OpenPort {
  readonly name: string;
  readonly peers: GrpcPeers;
  readonly peerUrls: readonly string[];
  readonly tls: TlsSides;
  /** Undefined for a member in memory. */
  readonly dataDir: string | undefined;
}

async function openPort(name: string, common: Omit<ClusterOptions, "size">): Promise<OpenPort> {
  const { logger, dataDir: parent, peerTls, engine } = resolveOptions(common);
  const clock = new SystemClock();
  const dataDir = parent === IN_MEMORY ? undefined : join(parent, name);
  const secure = peerTls !== undefined;
  const peerUrls = [`${secure ? "https" : "http"}://${LOOPBACK}:0`];
  const tls = await openTlsSides({ peerTls, clientUrls: [], peerUrls, dataDir, clock, logger });
  const peers = new GrpcPeers({ clock, logger, engine, tls: tls.peer });
  try {
    const bound = await peers.listen({ host: LOOPBACK, port: 0 }, { secure });
    return { name, peers, tls, dataDir, peerUrls: [endpointOf(bound, { secure })] };
  } catch (error) {
    await peers.close();
    await tls.close();
    throw error;
  }
}

class Cluster implements KvorumCluster {
  readonly #seats: ReadonlyMap<string, Seat>;
  readonly #nodes = new Map<string, KvorumNode>();
  #closing: Promise<void> | undefined;

  constructor(seats: ReadonlyMap<string, Seat>) {
    this.#seats = seats;
  }

  get nodes(): ReadonlyMap<string, KvorumNode> {
    return new Map(
      [...this.#seats.keys()].flatMap((name) => {
        const node = this.#nodes.get(name);
        return node === undefined ? [] : [[name, node] as const];
      }),
    );
  }

  get endpoints(): readonly string[] {
    return [...this.#seats.values()].flatMap(({ endpoints }) => endpoints);
  }

  get leader(): KvorumNode | undefined {
    return [...this.#nodes.values()].find(({ isLeader }) => isLeader);
  }

  async startAll(): Promise<void> {
    const starts = await Promise.allSettled([...this.#seats.keys()].map((name) => this.start(name)));
    const failed = starts.find((start) => start.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  async start(name: string): Promise<KvorumNode> {
    if (this.#closing !== undefined) throw new Error("the cluster is closed");
    if (this.#nodes.has(name)) throw new Error(`${name} is running`);
    const seat = this.#seat(name);
    const { peers, dataDir } = seat;
    seat.peers = undefined;
    // Clients keep their list of endpoints, so a member that starts again listens where it did.
    const listenClientUrls = seat.endpoints.length === 0 ? seat.options.listenClientUrls : seat.endpoints;
    const node = await startMember({ ...seat.options, listenClientUrls }, dataDir, { openPeers: peers });
    seat.endpoints = node.endpoints;
    this.#nodes.set(name, node);
    return node;
  }

  async stop(name: string): Promise<void> {
    this.#seat(name);
    const node = this.#nodes.get(name);
    this.#nodes.delete(name);
    await node?.close();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const nodes = [...this.#nodes.values()];
    this.#nodes.clear();
    const unused = [...this.#seats.values()].flatMap(({ peers }) => (peers === undefined ? [] : [peers]));
    // The leader last: it would hand over to one that is closing too, and wait for it.
    const leaders = nodes.filter(({ isLeader }) => isLeader);
    const others = nodes.filter((node) => !leaders.includes(node));
    await Promise.all([...others.map((node) => node.close()), ...unused.map((peers) => peers.close())]);
    await Promise.all(leaders.map((node) => node.close()));
    await Promise.all([...this.#seats.values()].map(({ tls }) => tls.close()));
  }

  #seat(name: string): Seat {
    const seat = this.#seats.get(name);
    if (seat === undefined)
      throw new RangeError(`${name} is no member: there are ${[...this.#seats.keys()].join(", ")}`);
    return seat;
  }
}
