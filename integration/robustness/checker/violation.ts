/** What the checker answers: the rule that is broken, in a sentence, and the witnesses that prove it. */
import { type AppendTransaction, describeTransaction } from "./append-history.js";
import type { HistoryEvent, Operation, Request } from "./history.js";
import { describeLeaseCall, type LeaseCall } from "./lease-history.js";

export type Rule =
  /** The history does not keep what the checker relies on: a client with two calls at once, a value written twice. */
  | "assumption"
  /** A revision without events although later ones have some. */
  | "missing-revision"
  /** Two sources report different events for one revision, or a dump differs from the replayed state. */
  | "sources-disagree"
  /** An event contradicts the events before it: version, create revision, deletion of nothing. */
  | "event"
  /** An acknowledged write, or an answer, stands at a revision that the history does not reach. */
  | "lost-write"
  | "beyond-history"
  /** Two acknowledged writes claim one revision. */
  | "two-writers"
  /** The events of a revision are not what its writer asked for. */
  | "content"
  /** A field of an answer is not what the state at its revision gives. */
  | "response"
  /** A revision that no call of the history can have written. */
  | "unexplained-events"
  /** The order of revisions contradicts the order in real time. */
  | "real-time"
  /** See `wgl.ts`. */
  | "not-linearizable"
  | "contradiction"
  /** See `watch-check.ts`. */
  | "watch-filter"
  | "watch-order"
  | "watch-unique"
  | "watch-atomic"
  | "watch-reliable"
  | "watch-event"
  | "watch-previous"
  | "watch-progress"
  | "watch-compacted"
  /** See `append-check.ts`: single lists, then cycles. */
  | "append-order"
  | "append-duplicate"
  | "append-phantom"
  | "append-internal"
  | "append-lost"
  | "append-g1a"
  | "append-g1b"
  | "append-g0"
  | "append-g1c"
  | "append-g-single"
  | "append-g2"
  | "append-real-time"
  /** See `lease-check.ts`. */
  | "lease-keys"
  | "lease-early"
  | "lease-late"
  | "lease-after-end"
  | "lease-ttl";

export type Witness =
  | { readonly kind: "operation"; readonly operation: Operation }
  | { readonly kind: "events"; readonly revision: number; readonly events: readonly HistoryEvent[] }
  | { readonly kind: "source"; readonly source: string }
  | { readonly kind: "transaction"; readonly transaction: AppendTransaction }
  | { readonly kind: "lease-call"; readonly call: LeaseCall };

export interface Violation {
  readonly rule: Rule;
  readonly message: string;
  readonly witnesses: readonly Witness[];
}

export function operationWitness(operation: Operation): Witness {
  return { kind: "operation", operation };
}

export function eventsWitness(revision: number, events: readonly HistoryEvent[]): Witness {
  return { kind: "events", revision, events };
}

/** A call in a few words: `client 3 put k1=v7 [12.0, 14.5] at revision 9`. */
export function describeOperation({ client, invoke, return: returned, request, outcome }: Operation): string {
  const end = outcome.status === "unknown" ? "unknown" : returned.toFixed(1);
  const at = outcome.status === "acknowledged" ? `at revision ${outcome.revision}` : outcome.status;
  return `client ${client} ${describeRequest(request)} [${invoke.toFixed(1)}, ${end}] ${at}`;
}

export function describeViolation({ rule, message, witnesses }: Violation): string {
  return [`${rule}: ${message}`, ...witnesses.map((witness) => `  ${describeWitness(witness)}`)].join("\n");
}

function describeWitness(witness: Witness): string {
  if (witness.kind === "operation") return describeOperation(witness.operation);
  if (witness.kind === "source") return witness.source;
  if (witness.kind === "transaction") return describeTransaction(witness.transaction);
  if (witness.kind === "lease-call") return describeLeaseCall(witness.call);
  return `revision ${witness.revision}: ${witness.events.map(describeEvent).join(", ") || "no events"}`;
}

function describeRequest(request: Request): string {
  if (request.kind === "put") return `put ${request.key}=${request.value}`;
  if (request.kind === "txn") {
    const ops = (list: readonly Request[]): string => list.map(describeRequest).join("; ");
    const compares = request.compare.map(({ key, target, result, given }) => `${target}(${key}) ${result} ${given}`);
    return `txn if ${compares.join(" and ")} then {${ops(request.success)}} else {${ops(request.failure)}}`;
  }
  const range = request.rangeEnd === undefined ? request.key : `${request.key}..${JSON.stringify(request.rangeEnd)}`;
  if (request.kind === "delete") return `delete ${range}`;
  const options = [
    request.revision === undefined ? "" : ` at ${request.revision}`,
    request.serializable === true ? " serializable" : "",
  ];
  return `range ${range}${options.join("")}`;
}

function describeEvent({ type, kv }: HistoryEvent): string {
  if (type === "delete") return `delete ${kv.key}`;
  return `put ${kv.key}=${kv.value} version ${kv.version} created at ${kv.createRevision}`;
}
