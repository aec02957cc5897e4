/**
 * From settings to the configuration of one node: the rules between settings, and the defaults that follow from others.
 * The rules and their reasons are etcd's; a message names the flag to change.
 */
import { isIP } from "node:net";
import { FLAGS, flagOf, type LogLevel, type Settings } from "./flags.js";
import { type InitialMember, parseInitialCluster } from "./initial-cluster.js";
import { duration, UsageError, ValueError } from "./values.js";

/** How much history automatic compaction keeps. */
export type AutoCompaction =
  | { readonly mode: "periodic"; readonly retentionMs: number }
  | { readonly mode: "revision"; readonly retentionRevisions: number };

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
  readonly logLevel: LogLevel;
}

const DEFAULT_CLIENT_URL = "http://localhost:2379";
const PROGRESS_NOTIFY_MS_MIN = 100;

/** Checks the settings against each other. Errors: `UsageError` with one line. */
export function configure(settings: Settings): Config {
  checkTimes(settings);
  checkListenUrls(settings);
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
    logLevel: settings.logLevel,
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

function checkListenUrls(settings: Settings): void {
  if (settings.listenClientUrls !== undefined && settings.advertiseClientUrls === undefined) {
    throw new UsageError(
      `${flagOf("advertiseClientUrls")} is needed with ${flagOf("listenClientUrls")}: clients read it from the member list`,
    );
  }
  for (const key of ["listenClientUrls", "listenPeerUrls"] as const) {
    for (const url of settings[key] ?? []) checkBindable(url, flagOf(key));
  }
}

/** A name may resolve to anything, so what is listened on must be an IP address or localhost. */
function checkBindable(url: string, flag: string): void {
  if (url.startsWith("unix:")) return;
  const host = new URL(url).hostname.replace(/^\[|\]$/g, "");
  if (host !== "localhost" && isIP(host) === 0) {
    throw new UsageError(`${flag}: "${url}" is not allowed, give an IP address or localhost to listen on`);
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
  const gate = featureGates.InitialCorruptCheck;
  if (flag !== undefined && gate !== undefined) {
    throw new UsageError(
      `${flagOf("initialCorruptCheck")} and ${flagOf("featureGates")}=InitialCorruptCheck mean the same: give one of them`,
    );
  }
  return flag ?? gate ?? false;
}

function progressNotifyMs(settings: Settings): number {
  const ms = settings.watchProgressNotifyInterval;
  if (ms === 0) return 600_000;
  if (ms >= PROGRESS_NOTIFY_MS_MIN) return ms;
  throw new UsageError(`${flagOf("watchProgressNotifyInterval")}: ${ms}ms is not allowed, give 100ms or more`);
}

function autoCompaction(settings: Settings): AutoCompaction | undefined {
  const retention = settings.autoCompactionRetention;
  const number = /^\d+$/.test(retention) ? Number(retention) : undefined;
  if (number === 0) return undefined;
  if (settings.autoCompactionMode === "revision") {
    if (number !== undefined && Number.isSafeInteger(number)) return { mode: "revision", retentionRevisions: number };
    throw new UsageError(
      `${flagOf("autoCompactionRetention")}: ${JSON.stringify(retention)} is not allowed, give a number of revisions`,
    );
  }
  if (number !== undefined) return { mode: "periodic", retentionMs: number * 3_600_000 };
  try {
    const retentionMs = duration(retention);
    return retentionMs === 0 ? undefined : { mode: "periodic", retentionMs };
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new UsageError(
      `${flagOf("autoCompactionRetention")}: ${JSON.stringify(retention)} is not allowed, give hours or a duration such as 30m`,
    );
  }
}
