/**
 * Flags of etcd that have no setting behind them here, each with what to do instead. What merely tunes an engine that is not
 * ours is ignored with a warning, so that a configuration of etcd starts; what would leave out something that was asked
 * for is refused. etcd's own default asks for nothing and is taken in silence.
 */
import { environmentName } from "./flag.js";

export interface NotCarried {
  /** Without dashes. */
  readonly name: string;
  /** Texts that ask for nothing. */
  readonly defaults: readonly string[];
  readonly effect: "ignored" | "refused";
  /** Ends the sentence "… of etcd that Kvorum does not have: ". */
  readonly advice: string;
  readonly isSwitch: boolean;
  /** Key in the configuration file where it is not the name. */
  readonly fileKey?: string;
}

type Row = readonly [name: string, defaults: string, advice: string, fileKey?: string];

const DISCOVERY = "name the members with --initial-cluster";
const NO_BBOLT = "the store is Kvorum's own, which has no free list";
const NO_V2 = "there is no v2 API; clients of v3 work";
const BATCHES = "entries are committed to the store in batches that follow the load";
const PIECES = "a compaction works in pieces too short to hold anybody up";
const TRACES = "spans come from the client: @kvorum/client/otel";
const LOGROTATE = "rotate the file with logrotate and send SIGHUP, which opens it anew";
const IGNORED_BY_ETCD = "etcd ignores it, too";
const CLIENT = "discovery-config.client";

/** Not to be had, and whoever asks must know before anything starts. */
const REFUSED: readonly Row[] = [
  ["memory-mlock", "false", "turn swap off for the service (MemorySwapMax=0 in systemd)"],
  ["experimental-memory-mlock", "false", "turn swap off for the service (MemorySwapMax=0 in systemd)"],
  ["socket-reuse-port", "false", "give every node ports of its own", "socket-options.reuse-port"],
  ["discovery", "", DISCOVERY],
  ["discovery-proxy", "", DISCOVERY],
  ["discovery-srv", "", DISCOVERY],
  ["discovery-srv-name", "", DISCOVERY],
  ["discovery-endpoints", "", DISCOVERY, `${CLIENT}.endpoints`],
  ["discovery-token", "", DISCOVERY, "discovery-config.token"],
  ["enable-log-rotation", "false", LOGROTATE],
  ["enable-v2", "false", NO_V2],
  ["experimental-enable-v2v3", "", NO_V2],
  ["proxy", "off,false", "let clients connect to the members themselves"],
];

/** Without effect, and nobody is worse off. */
const IGNORED: readonly Row[] = [
  ["max-wals", "5", "segments of the log are deleted as soon as a snapshot of the store covers them"],
  ["max-snapshots", "5", "the store itself is the snapshot, and there is one"],
  ["initial-election-tick-advance", "true", "a new cluster elects as soon as a majority has met"],
  ["backend-bbolt-freelist-type", "map", NO_BBOLT],
  ["backend-batch-interval", "0,0s,100ms", BATCHES],
  ["backend-batch-limit", "0,10000", BATCHES],
  ["socket-reuse-address", "false", "it is set on every listener", "socket-options.reuse-address"],
  ["raft-read-timeout", "5s", "the heartbeats notice a connection that is silent"],
  ["raft-write-timeout", "5s", "the heartbeats notice a connection that is stuck"],
  ["discovery-dial-timeout", "2s", DISCOVERY, `${CLIENT}.dial-timeout`],
  ["discovery-request-timeout", "5s", DISCOVERY, `${CLIENT}.request-timeout`],
  ["discovery-keepalive-time", "2s", DISCOVERY, `${CLIENT}.keepalive-time`],
  ["discovery-keepalive-timeout", "6s", DISCOVERY, `${CLIENT}.keepalive-timeout`],
  ["discovery-insecure-transport", "true", DISCOVERY, `${CLIENT}.secure.insecure-transport`],
  ["discovery-insecure-skip-tls-verify", "false", DISCOVERY, `${CLIENT}.secure.insecure-skip-tls-verify`],
  ["discovery-cert", "", DISCOVERY, `${CLIENT}.secure.cert`],
  ["discovery-key", "", DISCOVERY, `${CLIENT}.secure.key`],
  ["discovery-cacert", "", DISCOVERY, `${CLIENT}.secure.cacert`],
  ["discovery-user", "", DISCOVERY, `${CLIENT}.auth.username`],
  ["discovery-password", "", DISCOVERY, `${CLIENT}.auth.password`],
  ["discovery-fallback", "exit", DISCOVERY],
  ["log-rotation-config-json", "", LOGROTATE],
  ["enable-distributed-tracing", "false", TRACES],
  ["distributed-tracing-address", "localhost:4317", TRACES],
  ["distributed-tracing-service-name", "etcd", TRACES],
  ["distributed-tracing-instance-id", "", TRACES],
  ["distributed-tracing-sampling-rate", "0", TRACES],
  ["compact-hash-check-time", "1m,1m0s", "--corrupt-check-time compares the members' data"],
  ["compaction-batch-limit", "1000", PIECES],
  ["compaction-sleep-interval", "0,0s,10ms", PIECES],
  ["bootstrap-defrag-threshold-megabytes", "0", "defragment while the node serves (defrag)"],
  ["downgrade-check-time", "5s", "a downgrade is looked at when a member says its version"],
  ["v2-deprecation", "write-only,not-yet", NO_V2],
  ["proxy-dial-timeout", "1000", NO_V2],
  ["proxy-failure-wait", "5000", NO_V2],
  ["proxy-read-timeout", "0", NO_V2],
  ["proxy-refresh-interval", "30000", NO_V2],
  ["proxy-write-timeout", "5000", NO_V2],
  ["experimental-compact-hash-check-enabled", "false", "--corrupt-check-time compares the members' data"],
  ["experimental-enable-lease-checkpoint", "true", "what is left of long leases is always recorded"],
  ["experimental-enable-lease-checkpoint-persist", "true", "what is left of long leases is always recorded"],
  ["experimental-stop-grpc-service-on-defrag", "false", "a defragmentation does not stop the service"],
  ["experimental-txn-mode-write-with-shared-buffer", "true", "transactions never copy the read buffer"],
  ["config", "", "the configuration file is --config-file"],
  ["snapshot", "", IGNORED_BY_ETCD],
  ["force", "", IGNORED_BY_ETCD],
  ["v", "", IGNORED_BY_ETCD],
  ["vv", "", IGNORED_BY_ETCD],
  ...[
    ...["cluster-active-size", "cluster-remove-delay", "cluster-sync-interval", "max-result-buffer"],
    ...["max-retry-attempts", "peer-heartbeat-interval", "peer-election-timeout", "retry-interval"],
  ].map((name): Row => [name, "", IGNORED_BY_ETCD]),
];

/** Flags that had another name while they were new, and mean the same. */
const ONCE_EXPERIMENTAL: readonly string[] = [
  ...["bootstrap-defrag-threshold-megabytes", "compact-hash-check-time", "compaction-batch-limit"],
  ...["compaction-sleep-interval", "distributed-tracing-address", "distributed-tracing-instance-id"],
  ...["distributed-tracing-sampling-rate", "distributed-tracing-service-name", "downgrade-check-time"],
  "enable-distributed-tracing",
];

const SWITCHES: ReadonlySet<string> = new Set([
  ...["memory-mlock", "experimental-memory-mlock", "socket-reuse-port", "socket-reuse-address", "enable-log-rotation"],
  ...["enable-v2", "initial-election-tick-advance", "discovery-insecure-transport"],
  ...["discovery-insecure-skip-tls-verify", "enable-distributed-tracing", "snapshot", "force", "v", "vv"],
  ...["experimental-enable-distributed-tracing", "experimental-compact-hash-check-enabled"],
  ...["experimental-enable-lease-checkpoint", "experimental-enable-lease-checkpoint-persist"],
  ...["experimental-stop-grpc-service-on-defrag", "experimental-txn-mode-write-with-shared-buffer"],
]);

export const NOT_CARRIED: ReadonlyMap<string, NotCarried> = new Map(
  [
    ...REFUSED.map((row) => described(row, "refused")),
    ...IGNORED.map((row) => described(row, "ignored")),
    ...IGNORED.filter(([name]) => ONCE_EXPERIMENTAL.includes(name)).map(([name, defaults, advice]) =>
      described([`experimental-${name}`, defaults, advice], "ignored"),
    ),
  ].map((one) => [one.name, one]),
);

/** By the variable's name: `ETCD_DISCOVERY` and the like. */
export const NOT_CARRIED_BY_VARIABLE: ReadonlyMap<string, NotCarried> = new Map(
  [...NOT_CARRIED.values()].map((one) => [environmentName(one.name), one]),
);

/** What to say of one that was given, and whether the start goes on; undefined for etcd's own default. */
export function judgeNotCarried(
  one: NotCarried,
  text: string,
  source: string,
): { readonly refused: boolean; readonly message: string } | undefined {
  if (text === "" || one.defaults.includes(text)) return undefined;
  const outcome = one.effect === "refused" ? "Kvorum does not have" : "has no effect in Kvorum";
  return {
    refused: one.effect === "refused",
    message: `${source} is a setting of etcd that ${outcome}: ${one.advice}`,
  };
}

function described([name, defaults, advice, fileKey]: Row, effect: NotCarried["effect"]): NotCarried {
  const isSwitch = SWITCHES.has(name);
  return {
    name,
    defaults: defaults.split(","),
    effect,
    advice,
    isSwitch,
    ...(fileKey === undefined ? {} : { fileKey }),
  };
}
