/**
 * What is published on the client's channels of `node:diagnostics_channel`. Every message is plain data and holds no secret:
 * no password, no token, no stored value, no TLS material. Keys appear where a watch is named, and nowhere else.
 */
import type { GrpcCode, Outcome } from "../errors.js";
import type { FailureKind } from "../reasons.js";
import type { Operation } from "../retry.js";

/** One attempt of a call: one request to one member. */
export interface AttemptMessage {
  readonly endpoint: string;
  /** Wall-clock milliseconds. */
  readonly startedAtMs: number;
  durationMs: number | undefined;
  /** The gRPC status; `OK` where it was answered, undefined while it runs or where the caller gave up. */
  code: GrpcCode | undefined;
  /** What the failure was to the retry table; undefined where there was none. */
  failure: FailureKind | undefined;
}

/**
 * One logical call over all its attempts, on the tracing channel `etcd.client.call`. The same object comes with `start`,
 * `end`, `asyncStart`, `asyncEnd` and `error` and fills up on the way, so a `WeakMap` or a symbol can follow it.
 */
export interface CallMessage {
  /** `/etcdserverpb.KV/Put` */
  readonly method: string;
  readonly operation: Operation;
  /** Wall-clock milliseconds. */
  readonly startedAtMs: number;
  durationMs: number | undefined;
  /** The member that is asked now, or was asked last. */
  endpoint: string | undefined;
  /** How often the request was sent. */
  attempts: number;
  readonly tries: AttemptMessage[];
  /** `pending` until the end, then `ok`, or whether a failed request may have taken effect. */
  outcome: "pending" | "ok" | Outcome;
  /** What the call rejects with. The answer is never in a message. */
  error?: unknown;
}

/**
 * - `idle`, `connecting`, `ready`: as the connection is.
 * - `cooling`: it failed or gave no answer, and is asked last for a while.
 * - `removed`: it is no longer a member, or no longer in the list.
 */
export type ConnectionState = "idle" | "connecting" | "ready" | "cooling" | "removed";

/** An endpoint changed its state. On `etcd.client.connection`. */
export interface ConnectionMessage {
  readonly endpoint: string;
  readonly state: ConnectionState;
  readonly previous: ConnectionState;
}

/** The watch a message is about: the same object in all messages of a watch, so that a `WeakMap` can follow it. */
export interface WatchSubject {
  /** As the server sees them, with the namespace in front. */
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
}

export type WatchHappening =
  /** The server has it for the first time: every change after `revision` is reported. */
  | { readonly event: "created"; readonly revision: bigint }
  /** The server has it again, after a break or after it was parked. */
  | { readonly event: "resumed"; readonly revision: bigint }
  /** The connection broke; the watch will be created again. */
  | { readonly event: "disconnected" }
  /** `lag` events wait for the consumer, `count` of them new. Only published while somebody listens. */
  | { readonly event: "events"; readonly count: number; readonly lag: number }
  /** The consumer is too slow: the server holds the rest. */
  | { readonly event: "parked"; readonly lag: number }
  | { readonly event: "compacted"; readonly compactRevision: bigint; readonly requested: bigint }
  /** `error` is undefined where its owner closed it. */
  | { readonly event: "closed"; readonly error: unknown };

/** On `etcd.client.watch`. */
export type WatchMessage = { readonly watch: WatchSubject } & WatchHappening;

export type LeaseHappening =
  /** This client keeps it alive from now on, granted or adopted. Seconds. */
  | { readonly event: "granted"; readonly ttl: number }
  /** `recovered`: it was suspect. Others are only published while somebody listens. */
  | { readonly event: "renewed"; readonly ttl: number; readonly recovered: boolean }
  /** Not acknowledged for long; lost in so many milliseconds unless it is. */
  | { readonly event: "suspect"; readonly remainingMs: number; readonly error: unknown }
  | { readonly event: "lost"; readonly error: unknown }
  | { readonly event: "revoked" }
  /** Its owner lets it run out. */
  | { readonly event: "released" };

/** On `etcd.client.lease`: leases that are kept alive. */
export type LeaseMessage = { readonly lease: bigint } & LeaseHappening;
