/** The durations of connections: their defaults and what is refused. */
import type { ChannelOptions } from "@kvorum/transport";
import { DEFAULT_SYNC_MS } from "./member-sync.js";

export interface ConnectionSettings {
  readonly connectTimeout?: number;
  readonly keepAlive?: { readonly interval?: number; readonly timeout?: number } | false;
  readonly syncMembers?: number | false;
}

const DEFAULT_CONNECT_TIMEOUT_MS = 5_000;
/**
 * What etcd's servers allow by default (`--grpc-keepalive-min-time`): a client that pings more often is disconnected with
 * "too_many_pings" after a while, which is harder to find than an error at the start.
 */
const KEEPALIVE_INTERVAL_MIN_MS = 5_000;

/** Errors: `RangeError` naming the option. */
export function checkSettings({ connectTimeout, keepAlive, syncMembers = DEFAULT_SYNC_MS }: ConnectionSettings): {
  readonly connectTimeoutMs: number;
  readonly syncMembers: number | false;
  readonly channelOptions: ChannelOptions;
} {
  const connectTimeoutMs = atLeast("connectTimeout", connectTimeout ?? DEFAULT_CONNECT_TIMEOUT_MS, 1);
  if (syncMembers !== false) atLeast("syncMembers", syncMembers, 1_000);
  return {
    connectTimeoutMs,
    syncMembers,
    channelOptions: { connectTimeoutMs, ...(keepAlive !== undefined && { keepAlive: keepAlive && pings(keepAlive) }) },
  };
}

function pings({ interval, timeout }: { readonly interval?: number; readonly timeout?: number }): {
  intervalMs?: number;
  timeoutMs?: number;
} {
  return {
    ...(interval !== undefined && {
      intervalMs: atLeast("keepAlive.interval", interval, KEEPALIVE_INTERVAL_MIN_MS, " (servers refuse more pings)"),
    }),
    ...(timeout !== undefined && { timeoutMs: atLeast("keepAlive.timeout", timeout, 1) }),
  };
}

function atLeast(name: string, value: number, least: number, why = ""): number {
  if (value >= least && Number.isFinite(value)) return value;
  throw new RangeError(`${name} must be at least ${least} ms${why}, not ${value}`);
}
