/**
 * When asking again is safe. Pure: a failure and the kind of operation go in, what to do comes out. The rule behind the
 * table: a write is sent again only where it is certain that it did not take effect.
 */
import type { RpcError, StatusName } from "@kvorum/transport";
import { StatusCode } from "@kvorum/transport";
import type { EtcdError, EtcdReason, Outcome } from "./errors.js";
import { type FailureKind, isServerReason, reasonKind, serverReason } from "./reasons.js";

/**
 * - `read`: range, count, status, a txn of reads only.
 * - `watch`, `keepalive`: streams that are opened again.
 * - `grant`: idempotent, because the client chooses the id. `revoke`: idempotent, because "not found" is done.
 * - `once`: a txn that carries a marker, so that a copy of it has no effect.
 * - `write`: put, delete, txn. `admin`: membership, auth, compaction: a person looks at the result.
 */
export type Operation = "read" | "watch" | "keepalive" | "grant" | "revoke" | "once" | "write" | "admin";

/** `elsewhere` is `retry`, at another member where there is one. `refresh` is `retry` with a new token. */
export type Action = "surface" | "retry" | "elsewhere" | "refresh";

export interface Failure {
  readonly kind: FailureKind;
  readonly reason: EtcdReason;
  readonly code: StatusName;
  /** Of a write; what a read reports is decided where the error is made. */
  readonly outcome: Outcome;
}

const TABLE: Record<FailureKind, Partial<Record<Operation, Action>> & { readonly otherwise: Action }> = {
  "not-sent": { otherwise: "elsewhere" },
  "no-leader": { admin: "surface", otherwise: "elsewhere" },
  interrupted: { write: "surface", admin: "surface", otherwise: "elsewhere" },
  deadline: { otherwise: "surface" },
  overload: { otherwise: "retry" },
  "no-space": { otherwise: "surface" },
  "too-large": { watch: "retry", otherwise: "surface" },
  token: { otherwise: "refresh" },
  "auth-revision": { otherwise: "refresh" },
  learner: { otherwise: "elsewhere" },
  refused: { otherwise: "surface" },
};

export function decide(kind: FailureKind, operation: Operation): Action {
  const row = TABLE[kind];
  return row[operation] ?? row.otherwise;
}

/** What a failed call was. The text decides first, then whether the request left at all, then the status code. */
export function classify(error: RpcError): Failure {
  const code = statusName(error.code);
  const known = serverReason(error.details);
  if (known !== undefined) {
    const kind = reasonKind(known);
    return { kind, reason: known, code, outcome: outcomeOf(kind) };
  }
  if (!error.maybeSent) {
    // A message over our own limit never leaves, and never will.
    if (code === "RESOURCE_EXHAUSTED") {
      return { kind: "too-large", reason: "message-too-large", code, outcome: "not-applied" };
    }
    const reason = code === "DEADLINE_EXCEEDED" ? "timeout" : "transport";
    return { kind: "not-sent", reason, code, outcome: "not-applied" };
  }
  return classifyByCode(code, error.details);
}

function classifyByCode(code: StatusName, details: string): Failure {
  switch (code) {
    case "DEADLINE_EXCEEDED":
      return { kind: "deadline", reason: "timeout", code, outcome: "unknown" };
    case "UNAVAILABLE":
    case "INTERNAL":
    case "CANCELLED":
    case "ABORTED":
      return { kind: "interrupted", reason: "transport", code, outcome: "unknown" };
    case "UNAUTHENTICATED":
      return { kind: "token", reason: "unknown", code, outcome: "not-applied" };
    case "RESOURCE_EXHAUSTED": {
      // The server's own refusal of a request starts with "grpc: received"; any other such text is about an answer, and an
      // answer that was too large was given after the write.
      const refused = details.startsWith("grpc: received message larger than max");
      return { kind: "too-large", reason: "message-too-large", code, outcome: refused ? "not-applied" : "unknown" };
    }
    case "UNIMPLEMENTED":
      return { kind: "refused", reason: "not-supported", code, outcome: "not-applied" };
    case "OK":
    case "UNKNOWN":
    case "DATA_LOSS":
      return { kind: "refused", reason: "unknown", code, outcome: "unknown" };
    default:
      return { kind: "refused", reason: "unknown", code, outcome: "not-applied" };
  }
}

/** The row of the table for an error that was made before. */
export function errorKind(error: EtcdError): FailureKind {
  if (isServerReason(error.reason)) return reasonKind(error.reason);
  if (error.reason === "timeout") return "deadline";
  return error.reason === "transport" ? "interrupted" : "refused";
}

/** Is a failure of this kind certain to have left no effect? */
export function outcomeOf(kind: FailureKind): Outcome {
  return kind === "interrupted" || kind === "deadline" || kind === "no-space" ? "unknown" : "not-applied";
}

const NAMES: ReadonlyMap<number, StatusName> = new Map(
  Object.entries(StatusCode).map(([name, code]) => [code, name as StatusName]),
);

function statusName(code: number): StatusName {
  return NAMES.get(code) ?? "UNKNOWN";
}
