/**
 * Everybody who uses the cluster of a simulated run and writes down what comes back: clients with the traffic of real runs,
 * and a watch of everything on each machine.
 */
import { Chance } from "../../../packages/server/testing/simulation/chance.js";
import type { Simulation } from "../../../packages/server/testing/simulation/simulation.js";
import { didWrite, type Operation } from "../checker/history.js";
import type { LeaseCall } from "../checker/lease-history.js";
import type { WatchSession } from "../checker/watch-check.js";
import type { Environment } from "../environment.js";
import { ListTraffic } from "../list-traffic.js";
import { RecordingClient } from "../recorder/client.js";
import { LeaseClient } from "../recorder/lease-client.js";
import { MemberWatch } from "../recorder/member-watch.js";
import { VariedWatch } from "../recorder/varied-watch.js";
import { keyName, Traffic } from "../traffic.js";
import { drawWorkload } from "./workload.js";

export interface WitnessOptions {
  readonly simulation: Simulation;
  readonly environment: Environment;
  /** See `ClientOptions`. */
  readonly cheatsOnReads: boolean;
}

/** More of them in flight at once would make unknown outcomes hard to tell apart. */
const DELETIONS_IN_FLIGHT_MAX = 3;

/** A client gives a call up after so many election timeouts: most calls survive a change of leader. */
const CALL_TIMEOUT_ELECTIONS = 4;

/** The same for those who only read: they have new calls waiting at every moment of a change of leader. */
const READER_TIMEOUT_ELECTIONS = 0.4;

const VARIED_WATCHERS = 2;

/** Segments of the log roll over such values, and streams fill up with them. */
const LARGE = { bytes: 3000, share: 0.02 } as const;

interface ClientKind {
  readonly readsOnly: boolean;
  readonly appends?: boolean;
  readonly timeoutMs: number;
}

export class Witnesses {
  readonly operations: Operation[] = [];
  readonly leaseCalls: LeaseCall[] = [];
  readonly #options: WitnessOptions;
  readonly #watches: Map<string, MemberWatch> = new Map();
  readonly #deletions = { inFlight: 0 };
  readonly #abort = new AbortController();
  readonly #running: Promise<void>[] = [];
  #clients = 0;
  #clientsAtWork = 0;
  #failure: unknown;
  #writes = 0;
  #newest = 1;
  readonly #varied: VariedWatch[] = [];

  constructor(options: WitnessOptions) {
    this.#options = options;
  }

  get watches(): readonly MemberWatch[] {
    return [...this.#watches.values()];
  }

  /** Clients that have not ended yet. */
  get clientsAtWork(): number {
    return this.#clientsAtWork;
  }

  /** Acknowledged writes so far. */
  get writes(): number {
    return this.#writes;
  }

  /** What a client or a witness has stumbled over: no answer of a server, but a mistake. */
  get failure(): unknown {
    if (this.#failure !== undefined) return this.#failure;
    // Asked after every event: no list is made for it.
    for (const { failure } of this.#watches.values()) if (failure !== undefined) return failure;
    for (const { failure } of this.#varied) if (failure !== undefined) return failure;
    return undefined;
  }

  start(): void {
    const { plan, machines } = this.#options.simulation;
    const { listClients, leaseClients } = drawWorkload(plan.seed);
    this.watchMachines();
    for (let i = 0; i < plan.clients; i++) {
      this.#addClient({ readsOnly: false, timeoutMs: plan.electionMs * CALL_TIMEOUT_ELECTIONS });
    }
    for (let i = 0; i < listClients; i++) {
      this.#addClient({ readsOnly: false, appends: true, timeoutMs: plan.electionMs * CALL_TIMEOUT_ELECTIONS });
    }
    for (const _ of machines) {
      this.#addClient({ readsOnly: true, timeoutMs: plan.electionMs * READER_TIMEOUT_ELECTIONS });
    }
    for (let i = 0; i < leaseClients; i++) this.#addLeaseClient();
    for (let i = 0; i < VARIED_WATCHERS; i++) this.#addVariedWatch(i);
  }

  /** Starts a watch on every machine that has none yet: call it again when the cluster may have grown. */
  watchMachines(): void {
    const { simulation, environment } = this.#options;
    for (const { name } of simulation.machines) {
      if (this.#watches.has(name)) continue;
      this.#watches.set(name, new MemberWatch({ environment, name, endpoint: name, from: 2 }));
    }
  }

  /** Watchers of every kind read on as fast as they can and ask for nothing more. */
  settle(): void {
    for (const watch of this.#varied) watch.settle();
  }

  /** Of every watch; @param due what is open has had the time to receive everything up to this revision */
  sessions(due: number): WatchSession[] {
    const own = this.watches.flatMap(({ sessions }) => sessions);
    return [...own, ...this.#varied.flatMap((watch) => watch.sessions(due))];
  }

  /** Ends the clients after the call that each has in flight. */
  stopClients(): void {
    this.#abort.abort();
  }

  /** A number that no client has had. */
  nextClient(): number {
    return this.#clients++;
  }

  record(operation: Operation): void {
    this.operations.push(operation);
    const { outcome } = operation;
    this.#options.simulation.world.mix(outcome.status === "acknowledged" ? outcome.revision : operation.client);
    if (outcome.status !== "acknowledged") return;
    this.#newest = Math.max(this.#newest, outcome.revision);
    if (didWrite(outcome.response)) this.#writes += 1;
  }

  recordLease(call: LeaseCall): void {
    this.leaseCalls.push(call);
    this.#options.simulation.world.mix(call.client);
  }

  /** The earliest moment at which any watch of everything was told of a revision, by revision. */
  seenMs(): (number | undefined)[] {
    const earliest: (number | undefined)[] = [];
    for (const watch of this.watches) {
      for (const [revision, ms] of watch.seenMs) {
        earliest[revision] = Math.min(ms, earliest[revision] ?? Number.POSITIVE_INFINITY);
      }
    }
    return earliest;
  }

  #addVariedWatch(number: number): void {
    const { simulation, environment } = this.#options;
    const { seed, keys } = simulation.plan;
    const chance = Chance.of(seed, `watcher ${number}`);
    this.#varied.push(
      new VariedWatch({
        ...{ environment, number, newest: () => this.#newest },
        random: () => chance.int(2 ** 32) / 2 ** 32,
        endpoint: () => chance.pick(simulation.machines).name,
        keys: Array.from({ length: keys }, (_, index) => keyName(index)),
      }),
    );
  }

  #addClient({ readsOnly, appends, timeoutMs }: ClientKind): void {
    const { simulation, environment, cheatsOnReads } = this.#options;
    const { seed, keys, thinkMs } = simulation.plan;
    const number = this.nextClient();
    const chance = Chance.of(seed, `client ${number}`);
    const random = (): number => chance.int(2 ** 32) / 2 ** 32;
    // Of its own, so that where a client turns to does not change what it asks for.
    const places = Chance.of(seed, `places of client ${number}`);
    const traffic =
      appends === true
        ? new ListTraffic({ client: number, random })
        : new Traffic({
            ...{ client: number, random, keys, readsOnly, large: LARGE },
            deletesMuch: drawWorkload(seed).deletesMuch,
            mayDelete: () => this.#deletions.inFlight < DELETIONS_IN_FLIGHT_MAX,
          });
    const client = new RecordingClient({
      ...{ environment, number, traffic, timeoutMs, cheatsOnReads, deletions: this.#deletions },
      endpoint: () => places.pick(simulation.machines).name,
      record: (operation) => this.record(operation),
      thinkMs: () => random() * thinkMs,
    });
    this.#follow(client.run(this.#abort.signal));
  }

  #addLeaseClient(): void {
    const { simulation, environment } = this.#options;
    const { seed, thinkMs, electionMs } = simulation.plan;
    const number = this.nextClient();
    const chance = Chance.of(seed, `lease client ${number}`);
    const places = Chance.of(seed, `places of client ${number}`);
    const client = new LeaseClient({
      ...{ environment, number, thinkMs, timeoutMs: electionMs * CALL_TIMEOUT_ELECTIONS },
      random: () => chance.int(2 ** 32) / 2 ** 32,
      endpoint: () => places.pick(simulation.machines).name,
      record: (operation) => this.record(operation),
      recordLease: (call) => this.recordLease(call),
    });
    this.#follow(client.run(this.#abort.signal));
  }

  #follow(running: Promise<void>): void {
    this.#clientsAtWork += 1;
    this.#running.push(
      running.then(
        () => {
          this.#clientsAtWork -= 1;
        },
        (error: unknown) => {
          this.#clientsAtWork -= 1;
          this.#failure ??= error;
        },
      ),
    );
  }
}
