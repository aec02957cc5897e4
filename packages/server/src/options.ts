/** What an embedded node can be told, and what it assumes otherwise. */
import { defaultEngine, type RpcEngine } from "@kvorum/transport";
import type { AutoCompaction } from "./config/config.js";
import type { InitialMember } from "./config/initial-cluster.js";
import type { Logger } from "./env.js";
import { redacting } from "./log/redact.js";
import { checkMs, checkSecurity, checkUrl, wrong } from "./security-check.js";
import type { AuthOptions, HttpOptions, KeepAliveOptions, TlsOptions } from "./security-options.js";

export interface NodeOptions {
  /** Where to store; `":memory:"` keeps everything in memory and forgets it at the end. Default `":memory:"`. */
  readonly dataDir?: string | undefined;
  /** A directory of its own for the write-ahead log. Default: inside `dataDir`. */
  readonly walDir?: string | undefined;
  /** The member's name. Default `"default"`. */
  readonly name?: string | undefined;
  /** `http://host:port` (port 0 picks a free one), `https://` with `clientTls`, `unix:///path`. Default `["http://127.0.0.1:0"]`. */
  readonly listenClientUrls?: readonly string[] | undefined;
  /** What the member list shows. Default: what is listened on. */
  readonly advertiseClientUrls?: readonly string[] | undefined;
  /** Where other members reach this one; the ids are made from them. Default `["http://localhost:2380"]`. */
  readonly peerUrls?: readonly string[] | undefined;
  /** Where to listen for other members: `http://host:port`, `https://` with `peerTls`. Default: nowhere, for a cluster of one that stays so. */
  readonly listenPeerUrls?: readonly string[] | undefined;
  /** Every member of the cluster that is born, this one included. Default: this member alone. */
  readonly initialCluster?: readonly InitialMember[] | undefined;
  /** `"existing"` joins a cluster that has already been told of this member. Default `"new"`. */
  readonly initialClusterState?: "new" | "existing" | undefined;
  /** Mixed into the ids. Default `"etcd-cluster"`. */
  readonly clusterToken?: string | undefined;
  /** Milliseconds. Default 100. */
  readonly heartbeatMs?: number | undefined;
  /** Milliseconds, at least 5 heartbeats. Default 1,000. A single member elects itself without waiting for it. */
  readonly electionMs?: number | undefined;
  /** Ask whether an election could be won before starting one. Default true. */
  readonly preVote?: boolean | undefined;
  /** Refuse membership changes that the cluster might not survive. Default true. */
  readonly strictReconfigCheck?: boolean | undefined;
  /** Learners that the cluster may have at once. Default 1. */
  readonly maxLearners?: number | undefined;
  /** Compare the data with the other members' before serving. Default false. */
  readonly initialCorruptCheck?: boolean | undefined;
  /** Milliseconds between comparisons of all members' data while this member leads. Default 0, never. */
  readonly corruptCheckMs?: number | undefined;
  /** Applied entries after which the log is cut. Default 10,000. */
  readonly snapshotCount?: number | undefined;
  /** Applied entries that stay in memory for members that lag behind. Default 5,000. */
  readonly catchUpEntries?: number | undefined;
  /** Database size that raises the NOSPACE alarm. Default 0, which means 2 GiB; negative: no limit. */
  readonly quotaBackendBytes?: number | undefined;
  /** Operations in one list of a transaction. Default 128. */
  readonly maxTxnOps?: number | undefined;
  /** Largest request. Default 1,572,864. */
  readonly maxRequestBytes?: number | undefined;
  /** Calls that one connection may have open. Default 2^32 - 1. */
  readonly maxConcurrentStreams?: number | undefined;
  /** Milliseconds between progress notifications of an idle watch. Default 600,000. */
  readonly watchProgressNotifyMs?: number | undefined;
  /** Default: none. */
  readonly autoCompaction?: AutoCompaction | undefined;
  /** For `https` URLs of clients. Default: none, such a URL is refused. */
  readonly clientTls?: TlsOptions | undefined;
  /** For `https` URLs of members. Default: none. */
  readonly peerTls?: TlsOptions | undefined;
  readonly auth?: AuthOptions | undefined;
  readonly http?: HttpOptions | undefined;
  readonly keepAlive?: KeepAliveOptions | undefined;
  /** `--warning-unary-request-duration`: a slower request is logged. Milliseconds. Default 300. */
  readonly warnUnaryMs?: number | undefined;
  /** `--warning-apply-duration`: a slower application of an entry is logged. Milliseconds. Default 100. */
  readonly warnApplyMs?: number | undefined;
  /** `--unsafe-no-fsync`: acknowledges before the disk has it; a power cut loses or damages data. Default false. */
  readonly unsafeNoFsync?: boolean | undefined;
  /** `--force-new-cluster`: this member's data become those of a cluster of one. Default false. */
  readonly forceNewCluster?: boolean | undefined;
  /** What speaks gRPC with clients and members. Default: the one that `KVORUM_ENGINE` names, `lean` or `nice`, else `lean`. */
  readonly engine?: RpcEngine | undefined;
  /** Secrets do not get to it: fields such as `password` and `token` come as `[redacted]`. Default: silence. */
  readonly logger?: Logger | undefined;
}

export type ResolvedOptions = {
  readonly [K in Exclude<keyof NodeOptions, Optional>]-?: NonNullable<NodeOptions[K]>;
} & Pick<NodeOptions, Optional>;

/** What has no default: undefined means none. */
type Optional = "walDir" | "advertiseClientUrls" | "autoCompaction" | "clientTls" | "peerTls";

export const IN_MEMORY = ":memory:";
const QUOTA_BYTES_DEFAULT = 2 * 1024 ** 3;
const WHOLE_NUMBERS = [
  ...(["heartbeatMs", "snapshotCount", "catchUpEntries", "maxLearners"] as const),
  ...(["maxTxnOps", "maxRequestBytes", "maxConcurrentStreams"] as const),
] as const;
const SWITCHES = ["preVote", "strictReconfigCheck", "initialCorruptCheck", "unsafeNoFsync", "forceNewCluster"] as const;
const ELSEWHERE: TlsOptions = { autoTls: true };
const SILENT: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Fills in the defaults. Errors: `TypeError` or `RangeError` naming the option. */
export function resolveOptions(options: NodeOptions): ResolvedOptions {
  const peerUrls = options.peerUrls ?? ["http://localhost:2380"];
  const resolved: ResolvedOptions = {
    dataDir: options.dataDir ?? IN_MEMORY,
    walDir: options.walDir,
    name: options.name ?? "default",
    listenClientUrls: options.listenClientUrls ?? ["http://127.0.0.1:0"],
    advertiseClientUrls: options.advertiseClientUrls,
    peerUrls,
    clusterToken: options.clusterToken ?? "etcd-cluster",
    listenPeerUrls: options.listenPeerUrls ?? [],
    initialCluster: options.initialCluster ?? [{ name: options.name ?? "default", peerUrls }],
    initialClusterState: options.initialClusterState ?? "new",
    preVote: options.preVote ?? true,
    strictReconfigCheck: options.strictReconfigCheck ?? true,
    maxLearners: options.maxLearners ?? 1,
    initialCorruptCheck: options.initialCorruptCheck ?? false,
    corruptCheckMs: options.corruptCheckMs ?? 0,
    catchUpEntries: options.catchUpEntries ?? 5000,
    heartbeatMs: options.heartbeatMs ?? 100,
    electionMs: options.electionMs ?? 1000,
    snapshotCount: options.snapshotCount ?? 10_000,
    quotaBackendBytes: options.quotaBackendBytes || QUOTA_BYTES_DEFAULT,
    maxTxnOps: options.maxTxnOps ?? 128,
    maxRequestBytes: options.maxRequestBytes ?? 1_572_864,
    maxConcurrentStreams: options.maxConcurrentStreams ?? 2 ** 32 - 1,
    watchProgressNotifyMs: options.watchProgressNotifyMs ?? 600_000,
    autoCompaction: options.autoCompaction,
    clientTls: options.clientTls,
    peerTls: options.peerTls,
    auth: options.auth ?? {},
    http: options.http ?? {},
    keepAlive: options.keepAlive ?? {},
    warnUnaryMs: options.warnUnaryMs ?? 300,
    warnApplyMs: options.warnApplyMs ?? 100,
    unsafeNoFsync: options.unsafeNoFsync ?? false,
    forceNewCluster: options.forceNewCluster ?? false,
    engine: options.engine ?? defaultEngine(),
    logger: options.logger === undefined ? SILENT : redacting(options.logger),
  };
  check(resolved);
  return resolved;
}

function check(options: ResolvedOptions): void {
  if (options.dataDir === "") throw new TypeError('dataDir is empty: give a path or ":memory:"');
  if (options.name === "") throw new TypeError("name is empty");
  checkSecurity(options);
  checkUrls(options);
  checkMs("corruptCheckMs", options.corruptCheckMs);
  checkMs("warnUnaryMs", options.warnUnaryMs);
  checkMs("warnApplyMs", options.warnApplyMs);
  for (const key of SWITCHES) {
    if (typeof options[key] !== "boolean") throw new TypeError(`${key} is ${options[key]}: give true or false`);
  }
  for (const key of WHOLE_NUMBERS) {
    if (!Number.isSafeInteger(options[key]) || options[key] < 1)
      throw wrong(key, options[key], "a whole number from 1 on");
  }
  if (!Number.isSafeInteger(options.quotaBackendBytes)) {
    throw wrong("quotaBackendBytes", options.quotaBackendBytes, "a whole number");
  }
  if (!(options.electionMs >= 5 * options.heartbeatMs)) {
    throw wrong("electionMs", options.electionMs, `at least 5 heartbeats (${5 * options.heartbeatMs})`);
  }
  checkMs("watchProgressNotifyMs", options.watchProgressNotifyMs);
  if (options.watchProgressNotifyMs < 100) {
    throw wrong("watchProgressNotifyMs", options.watchProgressNotifyMs, "100 or more");
  }
}

function checkUrls({ http, clientTls, peerTls, ...options }: ResolvedOptions): void {
  for (const key of ["listenClientUrls", "advertiseClientUrls", "peerUrls"] as const) {
    if (options[key]?.length === 0) throw new TypeError(`${key} is empty`);
  }
  for (const url of options.listenClientUrls) checkUrl("listenClientUrls", url, clientTls);
  for (const url of http.listenClientHttpUrls ?? []) checkUrl("http.listenClientHttpUrls", url, clientTls);
  for (const url of http.listenMetricsUrls ?? []) checkUrl("http.listenMetricsUrls", url, clientTls);
  for (const url of options.listenPeerUrls) checkUrl("listenPeerUrls", url, peerTls);
  // What is told to others may lead through something that has the certificate.
  for (const key of ["advertiseClientUrls", "peerUrls"] as const) {
    for (const url of options[key] ?? []) checkUrl(key, url, ELSEWHERE);
  }
}
