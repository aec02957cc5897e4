/** Flags of what clients meet: users, HTTP, pings, and the limits of a request. */
import type { AuthTokenOptions } from "../security-options.js";
import { authToken } from "./auth-token.js";
import type { FlagsOf } from "./flag.js";
import { boolean, list, oneOf, timerDuration, urls, wholeNumber } from "./values.js";

export interface EdgeSettings {
  readonly authToken: AuthTokenOptions;
  readonly authTokenTtl: number;
  readonly bcryptCost: number;
  readonly enableGrpcGateway: boolean;
  readonly cors: readonly string[] | undefined;
  readonly hostWhitelist: readonly string[] | undefined;
  readonly listenClientHttpUrls: readonly string[] | undefined;
  readonly listenMetricsUrls: readonly string[] | undefined;
  readonly metrics: "basic" | "extensive";
  readonly enablePprof: boolean;
  readonly grpcKeepaliveMinTime: number;
  readonly grpcKeepaliveInterval: number;
  readonly grpcKeepaliveTimeout: number;
  readonly maxConcurrentStreams: number;
  readonly quotaBackendBytes: number;
  readonly maxTxnOps: number;
  readonly maxRequestBytes: number;
}

const INT32_MAX = 2 ** 31 - 1;

export const EDGE_FLAGS: FlagsOf<EdgeSettings> = {
  authToken: {
    name: "auth-token",
    group: "Users",
    placeholder: "<token>",
    help: "simple, or jwt,sign-method=<method>,pub-key=<path>,priv-key=<path>,ttl=<duration>",
    read: authToken,
    fallback: { kind: "simple" },
    fallbackText: "simple",
  },
  authTokenTtl: {
    name: "auth-token-ttl",
    group: "Users",
    placeholder: "<seconds>",
    help: "how long a simple token lives without being used; 0 means the default",
    read: wholeNumber(0, INT32_MAX),
    fallback: 300,
  },
  bcryptCost: {
    name: "bcrypt-cost",
    group: "Users",
    placeholder: "<cost>",
    help: "work that goes into the hash of a password; every step doubles it",
    read: wholeNumber(4, 31),
    fallback: 10,
  },
  enableGrpcGateway: {
    name: "enable-grpc-gateway",
    group: "HTTP",
    placeholder: "<bool>",
    help: "serve JSON over HTTP below /v3/",
    read: boolean,
    fallback: true,
    isSwitch: true,
  },
  cors: {
    name: "cors",
    group: "HTTP",
    placeholder: "<origins>",
    help: "origins whose pages may read answers, comma-separated; * is every page",
    read: list,
    fallback: undefined,
    fallbackText: "none",
  },
  hostWhitelist: {
    name: "host-whitelist",
    group: "HTTP",
    placeholder: "<hosts>",
    help: "names that plain HTTP requests may address, comma-separated; * is any",
    read: list,
    fallback: undefined,
    fallbackText: "this machine and the advertised ones",
  },
  listenClientHttpUrls: {
    name: "listen-client-http-urls",
    group: "HTTP",
    placeholder: "<urls>",
    help: "addresses for HTTP alone; --listen-client-urls then serves gRPC alone",
    read: urls,
    fallback: undefined,
    fallbackText: "none",
  },
  listenMetricsUrls: {
    name: "listen-metrics-urls",
    group: "HTTP",
    placeholder: "<urls>",
    help: "more addresses for /metrics and the health paths",
    read: urls,
    fallback: undefined,
    fallbackText: "none",
  },
  metrics: {
    name: "metrics",
    group: "HTTP",
    placeholder: "<amount>",
    help: "basic, or extensive with histograms of handling time",
    read: oneOf("basic", "extensive"),
    fallback: "basic",
  },
  enablePprof: {
    name: "enable-pprof",
    group: "HTTP",
    placeholder: "<bool>",
    help: "serve profiles of CPU and memory below /debug/",
    read: boolean,
    fallback: false,
    isSwitch: true,
  },
  grpcKeepaliveMinTime: {
    name: "grpc-keepalive-min-time",
    group: "Connections",
    placeholder: "<duration>",
    help: "a client that pings more often is sent away",
    read: timerDuration,
    fallback: 5000,
    fallbackText: "5s",
    isDuration: true,
  },
  grpcKeepaliveInterval: {
    name: "grpc-keepalive-interval",
    group: "Connections",
    placeholder: "<duration>",
    help: "pause between pings to a silent client; 0 turns them off",
    read: timerDuration,
    fallback: 7_200_000,
    fallbackText: "2h",
    isDuration: true,
  },
  grpcKeepaliveTimeout: {
    name: "grpc-keepalive-timeout",
    group: "Connections",
    placeholder: "<duration>",
    help: "how long a client may take to answer one",
    read: timerDuration,
    fallback: 20_000,
    fallbackText: "20s",
    isDuration: true,
  },
  maxConcurrentStreams: {
    name: "max-concurrent-streams",
    group: "Connections",
    placeholder: "<count>",
    help: "requests and streams that one connection may have open",
    read: wholeNumber(1, 2 ** 32 - 1),
    fallback: 2 ** 32 - 1,
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
};
