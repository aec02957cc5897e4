/**
 * Joins the simulated cluster (`@kvorum/server/testing`), its time (`virtual-time.ts`) and clients of this package whose
 * connections (`test-channel.ts`) and clocks (`client-clock.ts`) belong to it. The idea of running whole systems on simulated
 * time is FoundationDB's.
 */
import { clientUrl, type SimulatedClient, SimulatedCluster } from "@kvorum/server/testing";
import type { TransportFactory } from "@kvorum/transport";
import { type Client, type ClientOptions, createClientIn } from "../client.js";
import { type BigIntLike, type LeaseRef, leaseId, toBigInt } from "../options.js";
import type {
  Participant,
  TestClientOptions,
  TestCluster,
  TestClusterOptions,
  TestMember,
  UntilOptions,
} from "./api.js";
import { clientClock } from "./client-clock.js";
import { type Disturbance, Disturbances, droppingReplies, type TestCall } from "./disturbances.js";
import { seededRandom } from "./seeded.js";
import { TestChannel } from "./test-channel.js";
import { VirtualTime } from "./virtual-time.js";

const SIZE_MAX = 7;
const START_MS = 60_000;
const CLOSE_MS = 60_000;
const ACTION_MS = 60_000;
const UNTIL_MS = 60_000;
const POLL_MS = 10;

/** The members stay the same, and a client that looks after them makes calls that no test has asked for. */
const QUIET = { syncMembers: false } as const;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Starts a cluster and resolves when it has a leader that every member knows. No sockets, no files, no real time.
 *
 * Errors: `RangeError` for a size or a seed that cannot be.
 */
export async function createTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const cluster = new InMemoryCluster(options);
  await cluster.start();
  return cluster;
}

class InMemoryCluster implements TestCluster {
  readonly #cluster: SimulatedCluster;
  readonly #time: VirtualTime;
  readonly #seed: number;
  readonly #disturbances: Disturbances = new Disturbances();
  readonly #operator: Client;
  readonly #clients: Map<Client, string> = new Map();
  #made = 0;
  #closing: Promise<void> | undefined;

  constructor({ size = 3, seed = 1, time = "auto" }: TestClusterOptions) {
    if (!Number.isSafeInteger(size) || size < 1 || size > SIZE_MAX) {
      throw new RangeError(`size must be a whole number from 1 to ${SIZE_MAX}, not ${size}`);
    }
    if (!Number.isSafeInteger(seed)) throw new RangeError(`seed must be a whole number, not ${seed}`);
    this.#seed = seed;
    this.#cluster = new SimulatedCluster({
      ...{ size, seed, heartbeatMs: 200, electionMs: 1000, logger: SILENT },
      onMessage: (travelMs) => this.#time.message(travelMs),
    });
    this.#time = new VirtualTime(this.#cluster.world, time);
    this.#operator = this.#open(this.#cluster.operator, undefined, { endpoints: this.#urls() });
  }

  async start(): Promise<void> {
    for (const name of this.#cluster.names) this.#cluster.boot(name);
    const ready = async (): Promise<void> => {
      while (!this.#isFormed()) await this.sleep(POLL_MS);
      const known = async (): Promise<boolean> =>
        (await this.#operator.cluster.memberList()).members.every(({ clientUrls }) => clientUrls.length > 0);
      while (!(await known())) await this.sleep(POLL_MS);
    };
    await this.#time.during(ready(), START_MS, "the start of the test cluster");
  }

  get now(): number {
    return this.#time.nowMs;
  }

  get fingerprint(): string {
    return `${this.#cluster.world.events}-${this.#cluster.world.hash.toString(16).padStart(8, "0")}`;
  }

  get leader(): string | undefined {
    return this.#cluster.leader?.name;
  }

  get members(): readonly TestMember[] {
    return this.#cluster.names.map((name) => {
      const { node, life, clock } = this.#cluster.machine(name);
      return {
        name,
        id: node?.raftStatus.id,
        endpoint: clientUrl(name),
        state: life === undefined ? "crashed" : clock.paused ? "paused" : "running",
        isLeader: node?.raftStatus.role === "leader",
      };
    });
  }

  client({ name, members, ...options }: TestClientOptions = {}): Client {
    if (this.#closing !== undefined) throw new Error("the test cluster is closed");
    this.#made += 1;
    for (const member of members ?? []) this.#cluster.machine(member);
    const endpoints = this.#urls(members);
    const simulated = this.#cluster.addClient(name ?? `client-${this.#made}`);
    const client = this.#open(simulated, this.#disturbances, { ...options, endpoints });
    this.#clients.set(client, simulated.name);
    return client;
  }

  advance(ms: number): Promise<void> {
    return this.#time.advance(ms).then(() => this.#check());
  }

  sleep(ms: number): Promise<void> {
    return this.#time.sleep(ms);
  }

  async until<T>(what: Promise<T> | (() => T | Promise<T>), { within = UNTIL_MS }: UntilOptions = {}): Promise<T> {
    const work = typeof what === "function" ? this.#poll(what) : what;
    return this.#time.during(work, within, typeof what === "function" ? "what the test waits for" : "the promise");
  }

  partition(...groups: readonly (readonly Participant[])[]): void {
    this.#cluster.partition(groups.map((group) => this.#names(group)));
    this.#time.disturbed();
  }

  delay(ms: number, ...who: readonly Participant[]): void {
    if (!(ms >= 0 && Number.isFinite(ms))) throw new RangeError(`a delay is 0 ms or more, not ${ms}`);
    this.#cluster.delay(ms, this.#names(who));
  }

  cutConnections(...who: readonly Participant[]): void {
    this.#cluster.cutConnections(this.#names(who));
    this.#time.disturbed();
  }

  dropReplies(which: number | ((call: TestCall) => boolean) = 1): () => void {
    return this.#disturbances.add(droppingReplies(which));
  }

  disturb(hook: Disturbance): () => void {
    return this.#disturbances.add(hook);
  }

  heal(): void {
    this.#disturbances.clear();
    this.#cluster.heal();
    this.#time.disturbed();
  }

  async crash(member: string): Promise<void> {
    this.#cluster.crash(member);
    this.#time.disturbed();
  }

  async restart(member: string): Promise<void> {
    const machine = this.#cluster.machine(member);
    if (machine.life !== undefined) throw new Error(`${member} runs already`);
    this.#cluster.boot(member);
    const recovered = async (): Promise<void> => {
      while (machine.node === undefined) {
        this.#check();
        await this.sleep(POLL_MS);
      }
    };
    await this.#time.during(recovered(), ACTION_MS, `the start of ${member}`);
    this.#time.disturbed();
  }

  pause(who: Participant): void {
    this.#cluster.pause(this.#name(who));
  }

  resume(who: Participant): void {
    this.#cluster.resume(this.#name(who));
    this.#time.disturbed();
  }

  compact(revision?: BigIntLike): Promise<bigint> {
    const work = async (): Promise<bigint> => {
      const { header } = await this.#operator.list({ key: Uint8Array.of(0), end: Uint8Array.of(1) }, { limit: 1 });
      const at = revision === undefined ? header.revision : toBigInt(revision, "revision");
      await this.#operator.compact(at, { physical: true });
      return at;
    };
    return this.#time.during(work(), ACTION_MS, "the compaction");
  }

  async expireLease(lease: LeaseRef): Promise<void> {
    await this.#time.during(this.#operator.lease.revoke(leaseId(lease)), ACTION_MS, "the end of the lease");
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const clients = [...this.#clients.keys(), this.#operator];
    try {
      this.heal();
      for (const client of this.#clients.values()) this.#cluster.resume(client);
      await this.#time.during(Promise.all(clients.map((client) => client.close())), CLOSE_MS, "the end of the clients");
    } finally {
      this.#cluster.end();
      this.#time.stop(new Error("the test cluster is closed"));
    }
    this.#check();
  }

  #isFormed(): boolean {
    const { names, leader } = this.#cluster;
    const id = leader?.node?.raftStatus.id;
    return id !== undefined && names.every((name) => this.#cluster.machine(name).node?.raftStatus.lead === id);
  }

  async #poll<T>(condition: () => T | Promise<T>): Promise<T> {
    for (;;) {
      const result = await condition();
      if (result) return result;
      await this.sleep(POLL_MS);
    }
  }

  #open(simulated: SimulatedClient, disturbances: Disturbances | undefined, options: ClientOptions): Client {
    const time = this.#time;
    const transport: TransportFactory = (endpoint, channelOptions) => {
      const member = this.#cluster.names.find((name) => clientUrl(name) === endpoint) ?? "";
      const connection = this.#cluster.connect(simulated, endpoint, channelOptions);
      return new TestChannel(connection, { client: simulated.name, member, time, disturbances });
    };
    const { random, newLeaseId } = seededRandom(this.#seed, simulated.name);
    const onCall = (call: Promise<unknown>): void => time.call(call);
    const world = { clock: clientClock(simulated, time), random, newLeaseId, onCall };
    const client = createClientIn(world, { ...QUIET, ...options, transport });
    // Closing waits for answers; whoever drives the time by hand must not have to drive it for that.
    const close = client.close.bind(client);
    return Object.assign(client, { close: () => time.during(close(), CLOSE_MS, "the end of the client") });
  }

  #urls(members: readonly string[] = this.#cluster.names): string[] {
    return members.map(clientUrl);
  }

  #names(who: readonly Participant[]): string[] {
    return who.map((one) => this.#name(one));
  }

  #name(who: Participant): string {
    if (typeof who === "string") return who;
    const name = this.#clients.get(who);
    if (name === undefined) throw new TypeError("this is not a client of the test cluster");
    return name;
  }

  /** Errors: a member has ended by itself. */
  #check(): void {
    if (this.#cluster.failure !== undefined) throw this.#cluster.failure;
  }
}
