/** What is looked at every ten seconds at every member, by one look at each of its sources. */
import type { Client } from "@kvorum/client";
import type { SoakCluster } from "./cluster.js";
import type { SoakMember } from "./member.js";
import type { Tally } from "./tally.js";

/** The numbers of one member at one moment. What a source does not tell at that moment is absent. */
export interface Readings {
  readonly residentBytes: number;
  /** In use on the heap after a collection. */
  readonly heapBytes: number;
  readonly outsideBytes: number;
  /** What the event loop has open. */
  readonly handles: number;
  /** Open files, sockets included. */
  readonly files?: number;
  /** Delay of the event loop since the sample before. */
  readonly loopP50Ms: number;
  readonly loopP99Ms: number;
  readonly loopMaxMs: number;
  readonly dbBytes: number;
  readonly dbBytesInUse: number;
  readonly walBytes: number;
  /** Printed by all of its lives. */
  readonly printedBytes: number;
  readonly watchStreams: number;
  readonly watchers: number;
  readonly leases: number;
  readonly pendingEvents: number;
  /** Logins, and leaders seen, since the process was started. */
  readonly logins: number;
  readonly leaderChanges: number;
  readonly puts?: number;
  readonly putP50Ms?: number;
  readonly putP99Ms?: number;
  readonly ranges?: number;
  readonly rangeP50Ms?: number;
  readonly rangeP99Ms?: number;
}

export interface Sample extends Readings {
  /** Since the load began. */
  readonly atSeconds: number;
  readonly member: string;
  /** Since the process was started last. */
  readonly lifeSeconds: number;
  /** By Node's name for the kind. */
  readonly handleKinds: Readonly<Record<string, number>>;
  /** Open files by the system's word for the kind. */
  readonly fileKinds?: Readonly<Record<string, number>>;
}

export const LOGINS =
  'grpc_server_handled_total{grpc_type="unary",grpc_service="etcdserverpb.Auth",grpc_method="Authenticate",grpc_code="OK"}';

export class Sampler {
  readonly #cluster: SoakCluster;
  readonly #root: Client;
  readonly #tally: Tally;
  readonly #startMs = performance.now();

  constructor(cluster: SoakCluster, root: Client, tally: Tally) {
    this.#cluster = cluster;
    this.#root = root;
    this.#tally = tally;
  }

  /** One sample of each member that runs; one that does not answer is left out, and is a problem where no trouble explains it. */
  async take(): Promise<Sample[]> {
    const atSeconds = (performance.now() - this.#startMs) / 1_000;
    const samples = await Promise.all(
      this.#cluster.members.map((member) => this.#tally.call("sample", () => this.#of(member, atSeconds))),
    );
    return samples.filter((sample) => sample !== undefined);
  }

  async #of(member: SoakMember, atSeconds: number): Promise<Sample | undefined> {
    if (!member.isRunning) return undefined;
    const { lifeSeconds, name } = member;
    const [metrics, fileKinds, walBytes, leases] = await Promise.all([
      member.metrics(),
      member.files(),
      member.walBytes(),
      this.#root.lease.list({ endpoint: member.clientUrl }),
    ]);
    const { handles, ...look } = await member.look();
    const metric = (title: string): number => {
      const value = metrics.get(title);
      if (value === undefined) throw new Error(`${name} does not show ${title}`);
      return value;
    };
    return {
      ...{ atSeconds, member: name, lifeSeconds, handleKinds: handles, ...look },
      ...(fileKinds !== undefined && { fileKinds, files: sumOf(fileKinds) }),
      handles: sumOf(handles),
      dbBytes: metric("etcd_mvcc_db_total_size_in_bytes"),
      dbBytesInUse: metric("etcd_mvcc_db_total_size_in_use_in_bytes"),
      ...{ walBytes, printedBytes: member.printedBytes, leases: leases.length },
      watchStreams: metric("etcd_debugging_mvcc_watch_stream_total"),
      watchers: metric("etcd_debugging_mvcc_watcher_total"),
      pendingEvents: metric("etcd_debugging_mvcc_pending_events_total"),
      ...{ logins: metrics.get(LOGINS) ?? 0, leaderChanges: metric("etcd_server_leader_changes_seen_total") },
      ...this.#latencies(name),
    };
  }

  #latencies(name: string): Partial<Readings> {
    const puts = this.#tally.takeLatencies("put", name);
    const ranges = this.#tally.takeLatencies("range", name);
    return {
      ...(puts && { puts: puts.calls, putP50Ms: puts.p50Ms, putP99Ms: puts.p99Ms }),
      ...(ranges && { ranges: ranges.calls, rangeP50Ms: ranges.p50Ms, rangeP99Ms: ranges.p99Ms }),
    };
  }
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
