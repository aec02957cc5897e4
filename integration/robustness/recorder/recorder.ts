/** A recorded run against a cluster: clients that work until they are stopped, a watch on every member, and the verdict. */
import { KV, Maintenance } from "@kvorum/proto";
import { seeded } from "../../support/random.js";
import { checkAppends } from "../checker/append-check.js";
import { appendTransactions } from "../checker/append-history.js";
import { checkHistory } from "../checker/check.js";
import { type Dump, didWrite, type Operation } from "../checker/history.js";
import { describeViolation, type Violation } from "../checker/violation.js";
import { checkWatches } from "../checker/watch-check.js";
import { eventually, withChannel } from "../cluster/rpc.js";
import { REAL } from "../environment.js";
import { ListTraffic } from "../list-traffic.js";
import { Traffic } from "../traffic.js";
import { bytes, call, fromPair, revisionOf } from "../wire.js";
import { RecordingClient } from "./client.js";
import { MemberWatch } from "./member-watch.js";

/** What is recorded: members of either program, as processes or in containers. */
export interface RecordedMember {
  readonly name: string;
  readonly clientUrl: string;
  throwIfDead(): void;
}

export interface RecordedCluster {
  readonly members: readonly RecordedMember[];
  readonly endpoints: readonly string[];
  leader(): Promise<RecordedMember>;
  /** Resolves when every member follows one leader. */
  settled(): Promise<void>;
}

export interface RecorderOptions {
  readonly seed: number;
  /** Default 9. */
  readonly clients?: number;
  /** Default 10. */
  readonly keys?: number;
  /** See `ClientOptions`. Default false. */
  readonly cheatsOnReads?: boolean;
}

export interface RunVerdict {
  readonly violations: readonly string[];
  readonly figures: {
    readonly operations: number;
    readonly unknown: number;
    readonly unknownApplied: number;
    readonly revisions: number;
    readonly watchSessions: number;
    readonly watchEvents: number;
    /** Transactions on lists that have happened. */
    readonly appends: number;
    readonly checkMs: number;
  };
}

/** More of them in flight at once would make unknown outcomes hard to tell apart. */
const DELETIONS_IN_FLIGHT_MAX = 3;

/** A probe that was swallowed is given up after this, so that the figure is that of the cluster and not of the probe. */
const PROBE_TIMEOUT_MS = 250;

/** Above twice the election timeout of the tests, so that most calls survive a change of leader. */
const CALL_TIMEOUT_MS = 3_000;

/** Below the election timeout of the tests: a reader has new calls waiting at every moment of a change of leader. */
const READER_TIMEOUT_MS = 200;

/** They append to lists. */
const LIST_CLIENTS = 2;

const CALL = { timeoutMs: 10_000 };

interface ClientKind {
  readonly readsOnly: boolean;
  readonly appends?: boolean;
  readonly timeoutMs: number;
}

export class Recorder {
  readonly operations: Operation[] = [];
  readonly #cluster: RecordedCluster;
  readonly #options: RecorderOptions;
  readonly #abort = new AbortController();
  readonly #deletions = { inFlight: 0 };
  readonly #watches = new Map<RecordedMember, MemberWatch>();
  readonly #running: Promise<void>[] = [];
  #clients = 0;
  #compacted = 0;
  #writes = 0;

  constructor(cluster: RecordedCluster, options: RecorderOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.watchMembers();
    for (let client = 0; client < (options.clients ?? 9); client++) {
      this.#addClient({ readsOnly: false, timeoutMs: CALL_TIMEOUT_MS });
    }
    for (let i = 0; i < LIST_CLIENTS; i++)
      this.#addClient({ appends: true, readsOnly: false, timeoutMs: CALL_TIMEOUT_MS });
    // One for each member, who asks again and again: the others soon wait for a write at a member that is cut off.
    for (const _ of cluster.members) this.#addClient({ readsOnly: true, timeoutMs: READER_TIMEOUT_MS });
  }

  /** Starts a watch on every member that has none yet: call it after one was added. */
  watchMembers(): void {
    for (const member of this.#cluster.members) {
      if (this.#watches.has(member)) continue;
      const from = Math.max(2, this.#compacted + 1);
      this.#watches.set(
        member,
        new MemberWatch({ environment: REAL, name: member.name, endpoint: member.clientUrl, from }),
      );
    }
  }

  #addClient({ readsOnly, appends, timeoutMs }: ClientKind): void {
    const { seed, keys = 10, cheatsOnReads = false } = this.#options;
    const number = this.#clients++;
    const random = seeded(seed * 1_000 + number);
    const mayDelete = (): boolean => this.#deletions.inFlight < DELETIONS_IN_FLIGHT_MAX;
    const traffic =
      appends === true
        ? new ListTraffic({ client: number, random })
        : new Traffic({ client: number, random, keys, readsOnly, mayDelete });
    const endpoint = (): string => {
      const { endpoints } = this.#cluster;
      return endpoints[number % endpoints.length] ?? "";
    };
    const record = (operation: Operation): void => this.#record(operation);
    const options = { number, traffic, endpoint, record, deletions: this.#deletions, timeoutMs, cheatsOnReads };
    this.#running.push(new RecordingClient({ environment: REAL, ...options }).run(this.#abort.signal));
  }

  /** Writes at one member until it acknowledges; resolves with the milliseconds from now to the acknowledgement. */
  async firstWrite({ name, clientUrl }: RecordedMember): Promise<number> {
    const start = performance.now();
    const client = this.#clients++;
    let value = 0;
    return eventually(`${name} acknowledges a write`, 60_000, async () => {
      const request = { kind: "put", key: "r/probe", value: `${client}.${++value}` } as const;
      const invoke = performance.now();
      try {
        const answer = await withChannel(clientUrl, (channel) =>
          call(channel, request, { timeoutMs: PROBE_TIMEOUT_MS }),
        );
        this.#record({
          client,
          invoke,
          return: performance.now(),
          request,
          outcome: { status: "acknowledged", ...answer },
        });
        return performance.now() - start;
      } catch (error) {
        this.#record({ client, invoke, return: performance.now(), request, outcome: { status: "unknown" } });
        throw error;
      }
    });
  }

  /** What came before this revision has been forgotten; 0 where nothing has. */
  get compacted(): number {
    return this.#compacted;
  }

  /** Forgets history up to what every member that is up has told its watch. */
  async compact(): Promise<void> {
    const seen = this.#cluster.members.map((member) => this.#watches.get(member)?.revision ?? 0);
    const revision = Math.min(...seen);
    if (revision <= this.#compacted) return;
    const leader = await this.#cluster.leader();
    await withChannel(leader.clientUrl, (channel) =>
      channel.unary(KV.method.compact, { revision: BigInt(revision) }, CALL),
    );
    this.#compacted = revision;
  }

  /** Acknowledged writes so far. */
  get writes(): number {
    return this.#writes;
  }

  /** Resolves when so many more writes have been acknowledged. */
  async progress(count: number): Promise<void> {
    const goal = this.#writes + count;
    await eventually(`${count} more writes are acknowledged`, 60_000, async () => {
      for (const member of this.#cluster.members) member.throwIfDead();
      return this.#writes >= goal ? true : undefined;
    });
  }

  /**
   * Stops the clients and judges everything: all members must answer, hold the same, have told their watches the same, and
   * the history must be linearizable.
   */
  async verdict(): Promise<RunVerdict> {
    await this.#stopClients();
    await this.#cluster.settled();
    const dumps = await Promise.all(this.#cluster.members.map(dumpOf));
    const revision = Math.max(...dumps.map((dump) => dump.revision));
    const members = this.#cluster.members.map((member) => this.#watches.get(member));
    await Promise.all(members.map((watch) => watch?.until(revision)));
    const hashes = await this.#differentHashes(Math.min(...dumps.map((dump) => dump.revision)));
    await this.#closeWatches();
    const start = performance.now();
    const watches = [...this.#watches.values()];
    const { violations, figures, timeline } = checkHistory({
      operations: this.operations,
      feeds: watches.flatMap(({ feeds }) => feeds),
      dumps,
    });
    const sessions = watches.flatMap((watch) => watch.sessions);
    const appends = checkAppends(appendTransactions(this.operations, "a/"));
    const all: Violation[] = [...violations, ...checkWatches(sessions, timeline), ...appends.violations];
    return {
      violations: [...hashes, ...all.map(describeViolation)],
      figures: {
        ...{ operations: figures.operations, unknown: figures.unknown, unknownApplied: figures.unknownApplied },
        revisions: figures.revisions,
        watchSessions: sessions.length,
        watchEvents: watches.reduce((sum, watch) => sum + watch.eventCount, 0),
        appends: appends.figures.transactions,
        checkMs: Math.round(performance.now() - start),
      },
    };
  }

  /** Ends everything without a verdict. */
  async close(): Promise<void> {
    await this.#stopClients();
    await this.#closeWatches();
  }

  #record(operation: Operation): void {
    this.operations.push(operation);
    if (operation.outcome.status === "acknowledged" && didWrite(operation.outcome.response)) this.#writes += 1;
  }

  async #stopClients(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#running);
  }

  async #closeWatches(): Promise<void> {
    await Promise.all([...this.#watches.values()].map((watch) => watch.close()));
  }

  async #differentHashes(revision: number): Promise<string[]> {
    const hashes = await Promise.all(
      this.#cluster.members.map((member) =>
        withChannel(member.clientUrl, async (channel) => {
          const answer = await channel.unary(Maintenance.method.hashKV, { revision: BigInt(revision) }, CALL);
          return `${answer.hash} compacted at ${answer.compactRevision}`;
        }),
      ),
    );
    if (new Set(hashes).size === 1) return [];
    const list = this.#cluster.members.map(({ name }, index) => `${name}: ${hashes[index]}`);
    return [`hashes differ at revision ${revision}: ${list.join(", ")}`];
  }
}

/** What a member answers to a linearizable read of everything. */
function dumpOf(member: RecordedMember): Promise<Dump> {
  return eventually(`${member.name} answers a linearizable read`, 30_000, () =>
    withChannel(member.clientUrl, async (channel) => {
      const everything = { key: bytes("\0"), rangeEnd: bytes("\0") };
      const answer = await channel.unary(KV.method.range, everything, CALL);
      return { source: member.name, revision: revisionOf(answer), kvs: answer.kvs.map(fromPair) };
    }),
  );
}
