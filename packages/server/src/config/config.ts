/**
 * From settings to the configuration of one node: the rules between settings, and the defaults that follow from others.
 * The rules and their reasons are etcd's; a message names the flag to change.
 */

import type { LogLevel } from "../log/logger.js";
import type { AuthOptions, HttpOptions, KeepAliveOptions, TlsOptions } from "../security-options.js";
import { gateWarnings, wantsCorruptCheck } from "./feature-gates.js";
import { FLAGS, flagOf, type Settings } from "./flags.js";
import { type InitialMember, parseInitialCluster } from "./initial-cluster.js";
import { checkListenUrls, DEFAULT_CLIENT_URL, plainTextWarnings } from "./listeners.js";
import { type AutoCompaction, autoCompaction } from "./retention.js";
import { clientTls, peerTls, tlsWarnings } from "./tls-options.js";
import { UsageError } from "./values.js";

export type { AutoCompaction } from "./retention.js";

/** How the process logs. */
export interface LogConfig {
  readonly level: LogLevel;
  readonly format: "json" | "console";
  /** `stderr`, `stdout` and paths of files. */
  readonly outputs: readonly string[];
}

/** What a node is started with; the names are those of `NodeOptions`. */
export interface Config {
  readonly name: string;
  readonly dataDir: string;
  readonly walDir: string | undefined;
  readonly listenClientUrls: readonly string[];
  readonly advertiseClientUrls: readonly string[];
  readonly listenPeerUrls: readonly string[];
  readonly peerUrls: readonly string[];
  readonly clusterToken: string;
  /** With this member in it. */
  readonly initialCluster: readonly InitialMember[];
  readonly initialClusterState: "new" | "existing";
  readonly preVote: boolean;
  readonly strictReconfigCheck: boolean;
  readonly maxLearners: number;
  /** Applied entries that stay in memory for members that lag behind. */
  readonly catchUpEntries: number;
  readonly initialCorruptCheck: boolean;
  /** 0 means never. */
  readonly corruptCheckMs: number;
  readonly heartbeatMs: number;
  readonly electionMs: number;
  readonly snapshotCount: number;
  /** 0 means the default, a negative number none. */
  readonly quotaBackendBytes: number;
  readonly maxTxnOps: number;
  readonly maxRequestBytes: number;
  readonly maxConcurrentStreams: number;
  readonly watchProgressNotifyMs: number;
  readonly autoCompaction: AutoCompaction | undefined;
  readonly clientTls: TlsOptions | undefined;
  readonly peerTls: TlsOptions | undefined;
  readonly auth: AuthOptions;
  readonly http: HttpOptions;
  readonly keepAlive: KeepAliveOptions;
  readonly warnUnaryMs: number;
  readonly warnApplyMs: number;
  readonly unsafeNoFsync: boolean;
  readonly forceNewCluster: boolean;
}

export interface ProcessConfig {
  readonly node: Config;
  readonly log: LogConfig;
  /** What was given and has no effect, each as a sentence. */
  readonly warnings: readonly string[];
}

const PROGRESS_NOTIFY_MS_MIN = 100;

/** Checks the settings against each other. Errors: `UsageError` with one line. */
export function configure(settings: Settings): ProcessConfig {
  checkTimes(settings);
  checkListenUrls(settings);
  return {
    node: nodeConfig(settings),
    log: { level: settings.logLevel, format: settings.logFormat, outputs: settings.logOutputs },
    warnings: [...gateWarnings(settings.featureGates), ...tlsWarnings(settings), ...plainTextWarnings(settings)],
  };
}

function nodeConfig(settings: Settings): Config {
  return {
    name: settings.name,
    // Not `.etcd`: an existing data directory of etcd must never be opened by mistake.
    dataDir: settings.dataDir ?? `${settings.name}.kvorum`,
    walDir: settings.walDir,
    listenClientUrls: settings.listenClientUrls ?? [DEFAULT_CLIENT_URL],
    advertiseClientUrls: settings.advertiseClientUrls ?? [DEFAULT_CLIENT_URL],
    listenPeerUrls: settings.listenPeerUrls,
    peerUrls: settings.initialAdvertisePeerUrls,
    clusterToken: settings.initialClusterToken,
    initialCluster: initialCluster(settings),
    initialClusterState: settings.initialClusterState,
    preVote: settings.preVote,
    strictReconfigCheck: settings.strictReconfigCheck,
    maxLearners: settings.maxLearners,
    catchUpEntries: settings.snapshotCatchupEntries || FLAGS.snapshotCatchupEntries.fallback,
    initialCorruptCheck: initialCorruptCheck(settings),
    corruptCheckMs: settings.corruptCheckTime,
    heartbeatMs: settings.heartbeatInterval,
    electionMs: settings.electionTimeout,
    snapshotCount: settings.snapshotCount,
    quotaBackendBytes: settings.quotaBackendBytes,
    maxTxnOps: settings.maxTxnOps,
    maxRequestBytes: settings.maxRequestBytes,
    maxConcurrentStreams: settings.maxConcurrentStreams,
    watchProgressNotifyMs: progressNotifyMs(settings),
    autoCompaction: autoCompaction(settings),
    clientTls: clientTls(settings),
    peerTls: peerTls(settings),
    auth: authOptions(settings),
    http: httpOptions(settings),
    keepAlive: {
      minTimeMs: settings.grpcKeepaliveMinTime,
      intervalMs: settings.grpcKeepaliveInterval,
      timeoutMs: settings.grpcKeepaliveTimeout,
    },
    warnUnaryMs: settings.warningUnaryRequestDuration,
    warnApplyMs: settings.warningApplyDuration,
    unsafeNoFsync: settings.unsafeNoFsync,
    forceNewCluster: settings.forceNewCluster,
  };
}

function checkTimes(settings: Settings): void {
  const { electionTimeout, heartbeatInterval } = settings;
  if (electionTimeout < 5 * heartbeatInterval) {
    throw new UsageError(
      `${flagOf("electionTimeout")} is ${electionTimeout} ms: give at least 5 times ${flagOf("heartbeatInterval")} (${heartbeatInterval} ms)`,
    );
  }
}

/** The members to start with; nothing given means this one alone. */
function initialCluster(settings: Settings): readonly InitialMember[] {
  const { name, initialAdvertisePeerUrls: advertised } = settings;
  if (settings.initialCluster === undefined) return [{ name, peerUrls: advertised }];
  const flag = flagOf("initialCluster");
  const members = parseInitialCluster(settings.initialCluster, flag);
  const self = members.find((member) => member.name === name);
  if (self === undefined) {
    throw new UsageError(`${flag}: there is no member "${name}" in it, but that is this member's ${flagOf("name")}`);
  }
  if ([...self.peerUrls].sort().join(",") !== [...advertised].sort().join(",")) {
    throw new UsageError(
      `${flag} gives ${name} the addresses ${self.peerUrls.join(",")}, but ${flagOf("initialAdvertisePeerUrls")} is ${advertised.join(",")}`,
    );
  }
  return members;
}

/** The check was a flag before it was a feature gate. */
function initialCorruptCheck({ initialCorruptCheck: flag, featureGates }: Settings): boolean {
  if (flag !== undefined && featureGates.InitialCorruptCheck !== undefined) {
    throw new UsageError(
      `${flagOf("initialCorruptCheck")} and ${flagOf("featureGates")}=InitialCorruptCheck mean the same: give one of them`,
    );
  }
  return flag ?? wantsCorruptCheck(featureGates) ?? false;
}

function progressNotifyMs(settings: Settings): number {
  const ms = settings.watchProgressNotifyInterval;
  if (ms === 0) return 600_000;
  if (ms >= PROGRESS_NOTIFY_MS_MIN) return ms;
  throw new UsageError(`${flagOf("watchProgressNotifyInterval")}: ${ms}ms is not allowed, give 100ms or more`);
}

function authOptions({ authToken, authTokenTtl, bcryptCost }: Settings): AuthOptions {
  const ttlMs = (authTokenTtl || FLAGS.authTokenTtl.fallback) * 1000;
  return { token: authToken.kind === "simple" ? { kind: "simple", ttlMs } : authToken, bcryptCost };
}

function httpOptions(settings: Settings): HttpOptions {
  return {
    gateway: settings.enableGrpcGateway,
    corsOrigins: settings.cors,
    hostWhitelist: settings.hostWhitelist,
    listenClientHttpUrls: settings.listenClientHttpUrls,
    listenMetricsUrls: settings.listenMetricsUrls,
    debug: settings.enablePprof,
    metrics: settings.metrics,
  };
}
