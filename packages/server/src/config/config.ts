/**
 * From settings to the configuration of one node: the rules between settings, and the defaults that follow from others.
 * The rules and their reasons are etcd's; a message names the flag to change.
 */
import { isIP } from "node:net";
import { flagOf, type LogLevel, type Settings } from "./flags.js";
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
  checkCluster(settings);
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

function checkCluster(settings: Settings): void {
  const flag = flagOf("initialCluster");
  if (settings.initialClusterState === "existing") {
    throw new UsageError(`${flagOf("initialClusterState")} existing: joining a cluster is not there yet, give new`);
  }
  if (settings.initialCluster === undefined) return;
  const members = parseInitialCluster(settings.initialCluster);
  if (members.size > 1) {
    throw new UsageError(
      `${flag} names ${members.size} members (${[...members.keys()].join(", ")}): this version runs clusters of one, give only ${settings.name}`,
    );
  }
  const urls = members.get(settings.name);
  if (urls === undefined) {
    throw new UsageError(
      `${flag}: there is no member "${settings.name}" in it, but that is this member's ${flagOf("name")}`,
    );
  }
  const advertised = [...settings.initialAdvertisePeerUrls].sort().join(",");
  if ([...urls].sort().join(",") !== advertised) {
    throw new UsageError(
      `${flag} gives ${settings.name} the addresses ${urls.join(",")}, but ${flagOf("initialAdvertisePeerUrls")} is ${advertised}`,
    );
  }
}

/** `n1=http://a:1,n1=http://b:1,n2=…`: a name may stand several times, once an address. */
function parseInitialCluster(value: string): ReadonlyMap<string, readonly string[]> {
  const members = new Map<string, string[]>();
  for (const part of value.split(",")) {
    const [, name, url] = /^\s*([^=]+)=(\S+?)\/?\s*$/.exec(part) ?? [];
    if (name === undefined || url === undefined || !URL.canParse(url)) {
      throw new UsageError(
        `${flagOf("initialCluster")}: ${JSON.stringify(part)} is not allowed, give name=url pairs such as n1=http://127.0.0.1:2380`,
      );
    }
    members.set(name, [...(members.get(name) ?? []), url]);
  }
  return members;
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
