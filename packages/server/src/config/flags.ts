/**
 * The flags of `kvorum` as data: name, reader, default, and the words of the help. Names, defaults and meanings are
 * those of etcd's flags; the environment name is `ETCD_` and the flag's name in capitals with `_` for `-`.
 */
import { boolean, duration, oneOf, type ReadValue, switches, text, urls, wholeNumber } from "./values.js";

export type LogLevel = "debug" | "info" | "warn" | "error" | "panic" | "fatal";

/** Every setting as it was given; undefined where nothing was given and the default depends on other settings. */
export interface Settings {
  readonly name: string;
  readonly dataDir: string | undefined;
  readonly walDir: string | undefined;
  readonly snapshotCount: number;
  readonly snapshotCatchupEntries: number;
  readonly heartbeatInterval: number;
  readonly electionTimeout: number;
  readonly listenClientUrls: readonly string[] | undefined;
  readonly advertiseClientUrls: readonly string[] | undefined;
  readonly listenPeerUrls: readonly string[];
  readonly initialAdvertisePeerUrls: readonly string[];
  readonly initialCluster: string | undefined;
  readonly initialClusterState: "new" | "existing";
  readonly initialClusterToken: string;
  readonly preVote: boolean;
  readonly strictReconfigCheck: boolean;
  readonly maxLearners: number;
  /** Undefined where nothing was given: the feature gate of the same meaning may say it. */
  readonly initialCorruptCheck: boolean | undefined;
  readonly corruptCheckTime: number;
  readonly featureGates: { readonly InitialCorruptCheck?: boolean };
  readonly quotaBackendBytes: number;
  readonly maxTxnOps: number;
  readonly maxRequestBytes: number;
  readonly maxConcurrentStreams: number;
  readonly watchProgressNotifyInterval: number;
  readonly autoCompactionMode: "periodic" | "revision";
  readonly autoCompactionRetention: string;
  readonly logLevel: LogLevel;
  readonly logger: "zap";
  readonly logOutputs: "default" | "stderr";
}

export type FlagGroup = "Member" | "Cluster" | "Checks" | "Limits" | "History" | "Logging";

export interface Flag<T> {
  /** Without dashes. */
  readonly name: string;
  /** Older names that mean the same and stay out of the help. */
  readonly aliases?: readonly string[];
  readonly group: FlagGroup;
  /** What stands for the value in the help: `<path>`. */
  readonly placeholder: string;
  readonly help: string;
  readonly read: ReadValue<T>;
  readonly fallback: T;
  /** Go's form of a flag that is true or false: it stands alone or with its value behind an equals sign. */
  readonly isSwitch?: true;
  /** An older form of another flag; stays out of the help. */
  readonly isHidden?: true;
  /** How the default reads in the help where `fallback` alone does not say it. */
  readonly fallbackText?: string;
}

const INT32_MAX = 2 ** 31 - 1;

export const FLAGS: { readonly [K in keyof Settings]: Flag<Settings[K]> } = {
  name: {
    name: "name",
    group: "Member",
    placeholder: "<name>",
    help: "name of this member, as the cluster shows it",
    read: text,
    fallback: "default",
  },
  dataDir: {
    name: "data-dir",
    group: "Member",
    placeholder: "<path>",
    help: "directory for everything this member stores; created with mode 0700",
    read: text,
    fallback: undefined,
    fallbackText: "<name>.kvorum",
  },
  walDir: {
    name: "wal-dir",
    group: "Member",
    placeholder: "<path>",
    help: "separate directory for the write-ahead log",
    read: text,
    fallback: undefined,
    fallbackText: "inside the data directory",
  },
  listenClientUrls: {
    name: "listen-client-urls",
    group: "Member",
    placeholder: "<urls>",
    help: "addresses to serve clients on: gRPC, and HTTP for /version, /health and /metrics",
    read: urls,
    fallback: undefined,
    fallbackText: "http://localhost:2379",
  },
  advertiseClientUrls: {
    name: "advertise-client-urls",
    group: "Member",
    placeholder: "<urls>",
    help: "client addresses to publish in the member list; needed with --listen-client-urls",
    read: urls,
    fallback: undefined,
    fallbackText: "http://localhost:2379",
  },
  snapshotCount: {
    name: "snapshot-count",
    group: "Member",
    placeholder: "<entries>",
    help: "applied entries after which the log is cut",
    read: wholeNumber(1),
    fallback: 10_000,
  },
  snapshotCatchupEntries: {
    name: "snapshot-catchup-entries",
    aliases: ["experimental-snapshot-catchup-entries"],
    group: "Member",
    placeholder: "<entries>",
    help: "applied entries kept in memory for members that lag behind; 0 means the default",
    read: wholeNumber(0),
    fallback: 5000,
  },
  heartbeatInterval: {
    name: "heartbeat-interval",
    group: "Member",
    placeholder: "<ms>",
    help: "milliseconds between heartbeats of the leader",
    read: wholeNumber(1, 50_000),
    fallback: 100,
  },
  electionTimeout: {
    name: "election-timeout",
    group: "Member",
    placeholder: "<ms>",
    help: "milliseconds without a leader until an election; at least 5 heartbeats",
    read: wholeNumber(1, 50_000),
    fallback: 1000,
  },
  listenPeerUrls: {
    name: "listen-peer-urls",
    group: "Cluster",
    placeholder: "<urls>",
    help: "addresses to serve the other members on; a cluster of one listens there too",
    read: urls,
    fallback: ["http://localhost:2380"],
  },
  initialAdvertisePeerUrls: {
    name: "initial-advertise-peer-urls",
    group: "Cluster",
    placeholder: "<urls>",
    help: "peer addresses of this member; the ids of member and cluster are made from them",
    read: urls,
    fallback: ["http://localhost:2380"],
  },
  initialCluster: {
    name: "initial-cluster",
    group: "Cluster",
    placeholder: "<name=url,...>",
    help: "members to start with, every one with the same list; a name may stand once an address",
    read: text,
    fallback: undefined,
    fallbackText: "<name>=<initial-advertise-peer-urls>",
  },
  initialClusterState: {
    name: "initial-cluster-state",
    group: "Cluster",
    placeholder: "<state>",
    help: "new, or existing to join a cluster that the member was added to",
    read: oneOf("new", "existing"),
    fallback: "new",
  },
  initialClusterToken: {
    name: "initial-cluster-token",
    group: "Cluster",
    placeholder: "<token>",
    help: "mixed into the ids, so that two clusters with the same addresses stay apart",
    read: text,
    fallback: "etcd-cluster",
  },
  preVote: {
    name: "pre-vote",
    group: "Cluster",
    placeholder: "<bool>",
    help: "ask whether an election can be won before starting one",
    read: boolean,
    fallback: true,
    isSwitch: true,
  },
  strictReconfigCheck: {
    name: "strict-reconfig-check",
    group: "Cluster",
    placeholder: "<bool>",
    help: "refuse member changes that would cost the cluster its majority",
    read: boolean,
    fallback: true,
    isSwitch: true,
  },
  maxLearners: {
    name: "max-learners",
    aliases: ["experimental-max-learners"],
    group: "Cluster",
    placeholder: "<members>",
    help: "learners that the cluster may have at a time",
    read: wholeNumber(1, INT32_MAX),
    fallback: 1,
  },
  corruptCheckTime: {
    name: "corrupt-check-time",
    aliases: ["experimental-corrupt-check-time"],
    group: "Checks",
    placeholder: "<duration>",
    help: "pause between comparisons of the members' data; 0 turns them off",
    read: duration,
    fallback: 0,
    fallbackText: "0s",
  },
  initialCorruptCheck: {
    name: "experimental-initial-corrupt-check",
    group: "Checks",
    placeholder: "<bool>",
    help: "compare the data with that of the other members before serving",
    read: boolean,
    fallback: undefined,
    isSwitch: true,
    isHidden: true,
  },
  featureGates: {
    name: "feature-gates",
    group: "Checks",
    placeholder: "<gate=bool,...>",
    help: "InitialCorruptCheck=true compares the data with that of the other members before serving",
    read: switches("InitialCorruptCheck"),
    fallback: {},
    fallbackText: "InitialCorruptCheck=false",
  },
  quotaBackendBytes: {
    name: "quota-backend-bytes",
    group: "Limits",
    placeholder: "<bytes>",
    help: "database size that raises the NOSPACE alarm; 0 means 2 GiB, negative turns it off",
    read: wholeNumber(Number.MIN_SAFE_INTEGER),
    fallback: 0,
  },
  maxTxnOps: {
    name: "max-txn-ops",
    group: "Limits",
    placeholder: "<count>",
    help: "operations in one list of a transaction",
    read: wholeNumber(1),
    fallback: 128,
  },
  maxRequestBytes: {
    name: "max-request-bytes",
    group: "Limits",
    placeholder: "<bytes>",
    help: "largest request; a message may have 512 KiB more",
    read: wholeNumber(1, INT32_MAX - 512 * 1024),
    fallback: 1_572_864,
  },
  maxConcurrentStreams: {
    name: "max-concurrent-streams",
    group: "Limits",
    placeholder: "<count>",
    help: "requests and streams that one connection may have open",
    read: wholeNumber(1, 2 ** 32 - 1),
    fallback: 2 ** 32 - 1,
  },
  watchProgressNotifyInterval: {
    name: "watch-progress-notify-interval",
    aliases: ["experimental-watch-progress-notify-interval"],
    group: "History",
    placeholder: "<duration>",
    help: "pause between progress notifications on an idle watch; not under 100ms",
    read: duration,
    fallback: 600_000,
    fallbackText: "10m",
  },
  autoCompactionMode: {
    name: "auto-compaction-mode",
    group: "History",
    placeholder: "<mode>",
    help: "what the retention counts: periodic (time) or revision",
    read: oneOf("periodic", "revision"),
    fallback: "periodic",
  },
  autoCompactionRetention: {
    name: "auto-compaction-retention",
    group: "History",
    placeholder: "<amount>",
    help: "history to keep: a duration (a bare number is hours) or a count of revisions; 0 keeps all",
    read: text,
    fallback: "0",
  },
  logLevel: {
    name: "log-level",
    group: "Logging",
    placeholder: "<level>",
    help: "debug, info, warn, error, panic or fatal",
    read: oneOf("debug", "info", "warn", "error", "panic", "fatal"),
    fallback: "info",
  },
  logger: {
    name: "logger",
    group: "Logging",
    placeholder: "<kind>",
    help: "accepted for etcd's sake; the log is JSON lines in every case",
    read: oneOf("zap"),
    fallback: "zap",
  },
  logOutputs: {
    name: "log-outputs",
    group: "Logging",
    placeholder: "<output>",
    help: "default and stderr both mean standard error",
    read: oneOf("default", "stderr"),
    fallback: "default",
  },
};

/** A setting's flag as it is typed, for messages: `--name`. */
export function flagOf(key: keyof Settings): string {
  return `--${FLAGS[key].name}`;
}

/** The environment variable of a flag: `data-dir` → `ETCD_DATA_DIR`. */
export function environmentName(flagName: string): string {
  return `ETCD_${flagName.toUpperCase().replaceAll("-", "_")}`;
}

/** Flags of etcd that are known here but not served yet, so that the answer is better than "unknown". */
export const NOT_YET: ReadonlySet<string> = new Set([
  ...["auth-token", "auth-token-ttl", "auto-tls", "bcrypt-cost", "cert-file", "cipher-suites", "client-cert-auth"],
  ...["client-crl-file", "config-file", "cors", "discovery", "discovery-srv", "discovery-token"],
  ...["discovery-endpoints", "enable-grpc-gateway", "enable-pprof", "force-new-cluster"],
  ...["grpc-keepalive-interval", "grpc-keepalive-min-time", "grpc-keepalive-timeout", "host-whitelist", "key-file"],
  ...["listen-client-http-urls", "listen-metrics-urls", "log-format", "max-snapshots", "max-wals"],
  ...["metrics", "peer-auto-tls", "peer-cert-file", "peer-client-cert-auth", "peer-key-file", "peer-trusted-ca-file"],
  ...["socket-reuse-address", "socket-reuse-port"],
  ...["tls-max-version", "tls-min-version", "trusted-ca-file", "unsafe-no-fsync", "warning-unary-request-duration"],
]);
