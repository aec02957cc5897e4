/**
 * The node's Prometheus metrics under etcd's names, so that existing dashboards and alerts read them. One registry a
 * server, never the global one: two embedded nodes in a process must not share counts. Only what can be filled
 * truthfully is there; gauges are read from the node at the moment of the scrape.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { StatusCode } from "@kvorum/transport";
import { Counter, Gauge, Registry } from "prom-client";
import type { NodeApi } from "../node/api.js";

/** The counters that the request handlers move. */
export interface OperationCounters {
  range(): void;
  put(): void;
  delete(): void;
  txn(): void;
}

/** Counts one call from its start; the returned function counts its end with the status code of the answer. */
export type CountCall = () => (code: number) => void;

export interface MetricsOptions {
  readonly node: NodeApi;
  readonly serverVersion: string;
  /** Bytes; the effective quota, not the 0 that stands for the default. */
  readonly quotaBytes: number;
}

/** gRPC's names of the codes as Go prints them, which is what dashboards match: `InvalidArgument`. */
const CODE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(StatusCode).map(([name, code]) => [code, goCodeName(name)]),
);

export class Metrics {
  readonly operations: OperationCounters;
  readonly #registry = new Registry();
  readonly #started: Counter<"grpc_type" | "grpc_service" | "grpc_method">;
  readonly #handled: Counter<"grpc_type" | "grpc_service" | "grpc_method" | "grpc_code">;
  readonly #healthSuccess: Counter;
  readonly #healthFailures: Counter;

  constructor(options: MetricsOptions) {
    const registers = [this.#registry];
    const counter = (name: string, help: string): Counter => new Counter({ name, help, registers });
    const labels = ["grpc_type", "grpc_service", "grpc_method"] as const;
    this.#started = new Counter({
      name: "grpc_server_started_total",
      help: "RPCs started.",
      labelNames: labels,
      registers,
    });
    this.#handled = new Counter({
      name: "grpc_server_handled_total",
      help: "RPCs finished, by the status code of the answer.",
      labelNames: [...labels, "grpc_code"] as const,
      registers,
    });
    const range = counter("etcd_mvcc_range_total", "Ranges asked of this member.");
    const put = counter("etcd_mvcc_put_total", "Puts asked of this member.");
    const deletes = counter("etcd_mvcc_delete_total", "Range deletions asked of this member.");
    const txn = counter("etcd_mvcc_txn_total", "Transactions asked of this member.");
    this.operations = {
      range: () => range.inc(),
      put: () => put.inc(),
      delete: () => deletes.inc(),
      txn: () => txn.inc(),
    };
    this.#healthSuccess = counter("etcd_server_health_success", "Health requests answered as healthy.");
    this.#healthFailures = counter("etcd_server_health_failures", "Health requests answered as unhealthy.");
    nodeGauges(this.#registry, options);
    processGauges(this.#registry);
  }

  /** Pre-registers the method at zero and returns what counts its calls. */
  countsOf(service: DescService, method: DescMethod): CountCall {
    const labels = [methodType(method), service.typeName, method.name] as const;
    const started = this.#started.labels(...labels);
    started.inc(0);
    const handled = new Map<number, { inc(): void }>();
    return () => {
      started.inc();
      return (code) => {
        let child = handled.get(code);
        if (child === undefined) {
          child = this.#handled.labels(...labels, CODE_NAMES.get(code) ?? "Unknown");
          handled.set(code, child);
        }
        child.inc();
      };
    };
  }

  countHealth(healthy: boolean): void {
    (healthy ? this.#healthSuccess : this.#healthFailures).inc();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Everything in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

function nodeGauges(registry: Registry, { node, serverVersion, quotaBytes }: MetricsOptions): void {
  const gauge = gaugeOf(registry);
  gauge("etcd_server_has_leader", "1 when a leader is known.", () => (node.raftStatus.lead === 0n ? 0 : 1));
  gauge("etcd_server_is_leader", "1 when this member leads.", () => (node.raftStatus.role === "leader" ? 1 : 0));
  gauge("etcd_server_is_learner", "1 when this member does not vote.", () =>
    node.raftStatus.confState.learners.includes(node.header.memberId) ? 1 : 0,
  );
  gauge("etcd_server_proposals_committed_total", "Last committed Raft index.", () => node.raftStatus.commitIndex);
  gauge("etcd_server_proposals_applied_total", "Last applied Raft index.", () => node.raftStatus.appliedIndex);
  gauge("etcd_server_proposals_pending", "Proposals whose answer is awaited.", () => node.stats.proposalsPending);
  gauge("etcd_server_quota_backend_bytes", "Database size that raises NOSPACE.", () => quotaBytes);
  gauge("etcd_mvcc_db_total_size_in_bytes", "Allocated size of the database.", () => node.backendSize.bytes);
  gauge(
    "etcd_mvcc_db_total_size_in_use_in_bytes",
    "Size of the database without free pages.",
    () => node.backendSize.bytesInUse,
  );
  gauge("etcd_debugging_mvcc_keys_total", "Live keys.", () => node.stats.keys);
  gauge("etcd_debugging_mvcc_current_revision", "Revision of the store.", () => Number(node.header.revision));
  gauge("etcd_debugging_mvcc_compact_revision", "Last compacted revision.", () => Number(node.stats.compactRevision));
  gauge("etcd_debugging_mvcc_watcher_total", "Active watchers.", () => node.stats.watchers);
  gauge("etcd_debugging_mvcc_watch_stream_total", "Open watch streams.", () => node.stats.watchStreams);
  gauge("etcd_debugging_mvcc_slow_watcher_total", "Watchers that are behind.", () => node.stats.slowWatchers);
  const counter = counterOf(registry);
  counter("etcd_server_proposals_failed_total", "Proposals without an answer.", () => node.stats.proposalsFailed);
  counter("etcd_server_leader_changes_seen_total", "Leaders seen since the start.", () => node.stats.leaderChanges);
  const id = node.header.memberId.toString(16);
  new Gauge({
    name: "etcd_server_id",
    help: "1, labelled with the member id.",
    labelNames: ["server_id"],
    registers: [registry],
  }).set({ server_id: id }, 1);
  new Gauge({
    name: "etcd_server_version",
    help: "1, labelled with the API level.",
    labelNames: ["server_version"],
    registers: [registry],
  }).set({ server_version: serverVersion }, 1);
}

/** The process metrics that dashboards use, read from the process and, where there is one, from `/proc`. */
function processGauges(registry: Registry): void {
  const gauge = gaugeOf(registry);
  const startSeconds = Math.floor(Date.now() / 1000 - process.uptime());
  gauge("process_start_time_seconds", "Unix time of the start.", () => startSeconds);
  gauge("process_resident_memory_bytes", "Resident memory.", () => process.memoryUsage.rss());
  counterOf(registry)("process_cpu_seconds_total", "CPU seconds used, user and system.", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  if (!existsSync("/proc/self/fd")) return;
  gauge("process_open_fds", "Open file descriptors.", () => readdirSync("/proc/self/fd").length);
  const limit = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  if (limit !== undefined) gauge("process_max_fds", "Limit of open file descriptors.", () => Number(limit));
}

type Read = () => number;

function gaugeOf(registry: Registry): (name: string, help: string, read: Read) => void {
  return (name, help, read) => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
}

/** A counter whose count is kept elsewhere. */
function counterOf(registry: Registry): (name: string, help: string, read: Read) => void {
  return (name, help, read) => {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
}

function methodType(method: DescMethod): string {
  return {
    unary: "unary",
    server_streaming: "server_stream",
    client_streaming: "client_stream",
    bidi_streaming: "bidi_stream",
  }[method.methodKind];
}

/** `INVALID_ARGUMENT` → `InvalidArgument`; Go spells `OK` and `Canceled` its own way. */
function goCodeName(name: string): string {
  if (name === "OK") return "OK";
  if (name === "CANCELLED") return "Canceled";
  return name.toLowerCase().replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
