/**
 * What the lease checker judges: calls of the Lease service, and the timeline of events with the moment at which each revision
 * was first seen. Whoever asks for a lease chooses its id and never uses it twice, so that a grant without an answer is known too.
 */
import type { Operation } from "./history.js";
import type { Timeline } from "./merge.js";

export type LeaseCallKind = "grant" | "keep-alive" | "revoke" | "time-to-live" | "list";

/**
 * How a call ended. `unknown`: it may have been carried out, even after its end; `refused`: it certainly was not. `gone`: the
 * server knows of no such lease. `found`: it exists, and after a revocation it did.
 */
export type LeaseOutcome =
  | {
      readonly status: "found";
      /** Granted, renewed for, or left; undefined for a revocation. */
      readonly ttlSeconds?: number;
      /** Told beside what is left of it. */
      readonly grantedTtlSeconds?: number;
      /** All keys that hang on it, in key order; absent when nobody asked for them. */
      readonly keys?: readonly string[];
    }
  | { readonly status: "gone" }
  | { readonly status: "unknown" }
  | { readonly status: "refused" };

/**
 * One call for one lease. Times as in `Operation`. Who lists all leases has made one call of kind `list` for each;
 * the answer comes from one member's own state and claims no place in time.
 */
export interface LeaseCall {
  readonly client: number;
  readonly invoke: number;
  readonly return: number;
  readonly kind: LeaseCallKind;
  readonly lease: bigint;
  /** What a grant asks for. */
  readonly askedSeconds?: number;
  readonly outcome: LeaseOutcome;
}

export interface LeaseHistory {
  readonly calls: readonly LeaseCall[];
  readonly operations: readonly Operation[];
  readonly timeline: Timeline;
  /** For each revision the earliest moment at which anybody knew of it; absent where nobody took notice. */
  readonly seenMs: readonly (number | undefined)[];
}

export interface LeaseLimits {
  /** By this share of a TTL the clock of a server may run fast or slow. Default 0. */
  readonly driftShare?: number;
  /** A lease of which nobody has heard for its TTL and this long is late. Default 10,000. */
  readonly lateMs?: number;
  /** Before this moment the cluster was in trouble, and may have started the time of every lease anew. Default 0. */
  readonly calmFromMs?: number;
  /** At this moment the end of the timeline was all there was. Default: unknown; what is left over then is not judged. */
  readonly endMs?: number;
  /** A call without an answer may still be carried out so long after its end. Default 10,000. */
  readonly unknownMs?: number;
}

/** `client 3 keep-alive of lease 1f [12.0, 14.5] found, 5 s`. */
export function describeLeaseCall({ client, invoke, return: returned, kind, lease, outcome }: LeaseCall): string {
  const end = outcome.status === "unknown" ? "unknown" : returned.toFixed(1);
  const left = outcome.status === "found" && outcome.ttlSeconds !== undefined ? `, ${outcome.ttlSeconds} s` : "";
  const keys = outcome.status === "found" && outcome.keys !== undefined ? `, keys ${outcome.keys.join(" ")}` : "";
  return `client ${client} ${kind} of lease ${lease.toString(16)} [${invoke.toFixed(1)}, ${end}] ${outcome.status}${left}${keys}`;
}
