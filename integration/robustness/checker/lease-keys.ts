/**
 * Which keys hang on which lease at every revision, and the revisions at which a lease has taken its keys along. A lease ends at one
 * revision that deletes exactly the keys that hang on it; nobody else may have deleted them there.
 */
import { didWrite, type HistoryEvent, isAcknowledged, type Operation, type Request } from "./history.js";
import type { LeaseHistory } from "./lease-history.js";
import { eventsWitness, operationWitness, type Violation } from "./violation.js";

/** The keys of one lease from a revision on, in key order. */
export interface KeysFrom {
  readonly revision: number;
  readonly keys: readonly string[];
}

export interface LeaseKeys {
  /** Ends that are certain, by lease: the revision. */
  readonly ends: ReadonlyMap<bigint, number>;
  /** By lease, in the order of revisions; a lease that is not there never had a key. */
  readonly keys: ReadonlyMap<bigint, readonly KeysFrom[]>;
  readonly violations: readonly Violation[];
}

export function replayLeaseKeys({ operations, timeline, seenMs }: LeaseHistory): LeaseKeys {
  const claimed = new Map(operations.flatMap((one) => (claims(one) ? [[one.outcome.revision, one] as const] : [])));
  const deletions = operations.filter(({ request, outcome }) => outcome.status === "unknown" && deletes(request));
  const attached = new Attached();
  const ends = new Map<bigint, number>();
  const violations: Violation[] = [];
  for (const [revision, events] of timeline.entries()) {
    const known = seenMs[revision] ?? Number.POSITIVE_INFINITY;
    const excuse = claimed.get(revision) ?? deletions.find((one) => one.invoke <= known && covers(one.request, events));
    if (excuse === undefined) {
      const found = attached.endAt(revision, events);
      if (typeof found === "bigint") ends.set(found, revision);
      else if (found !== undefined) violations.push(found);
    }
    for (const event of events) attached.apply(event);
    attached.note(revision);
    for (const { kv, type } of events) {
      const end = ends.get(kv.lease);
      if (type === "delete" || kv.lease === 0n || end === undefined || end >= revision) continue;
      const message = `${kv.key} hangs on lease ${hex(kv.lease)} at revision ${revision}, though it ended at ${end}`;
      const writer = claimed.get(revision);
      const witnesses = [eventsWitness(end, timeline[end] ?? []), eventsWitness(revision, events)];
      violations.push({
        ...{ rule: "lease-after-end" as const, message },
        witnesses: [...witnesses, ...(writer === undefined ? [] : [operationWitness(writer)])],
      });
    }
  }
  return { ends, keys: attached.history, violations };
}

class Attached {
  readonly history: Map<bigint, KeysFrom[]> = new Map();
  readonly #leaseOf = new Map<string, bigint>();
  readonly #keysOf = new Map<bigint, Set<string>>();
  readonly #touched = new Set<bigint>();

  /** The lease that these deletions are the end of; undefined when no lease has to do with them. */
  endAt(revision: number, events: readonly HistoryEvent[]): bigint | Violation | undefined {
    if (events.length === 0 || events.some(({ type }) => type === "put")) return undefined;
    const leases = new Set(events.map(({ kv }) => this.#leaseOf.get(kv.key) ?? 0n));
    const [lease = 0n] = [...leases].filter((one) => one !== 0n);
    if (lease === 0n) return undefined;
    const keys = this.#keysOf.get(lease);
    if (leases.size === 1 && keys?.size === events.length) return lease;
    const message =
      leases.size > 1
        ? `nobody deleted these keys, and they do not all hang on lease ${hex(lease)}`
        : `lease ${hex(lease)} takes ${events.length} of its keys ${[...(keys ?? [])].sort().join(" ")} along`;
    return { rule: "lease-keys", message, witnesses: [eventsWitness(revision, events)] };
  }

  apply({ type, kv }: HistoryEvent): void {
    const before = this.#leaseOf.get(kv.key);
    const after = type === "put" && kv.lease !== 0n ? kv.lease : undefined;
    if (before === after) return;
    if (before !== undefined) {
      this.#keysOf.get(before)?.delete(kv.key);
      this.#leaseOf.delete(kv.key);
      this.#touched.add(before);
    }
    if (after === undefined) return;
    this.#leaseOf.set(kv.key, after);
    const keys = this.#keysOf.get(after) ?? new Set();
    this.#keysOf.set(after, keys.add(kv.key));
    this.#touched.add(after);
  }

  /** Writes down what the revision has changed. */
  note(revision: number): void {
    for (const lease of this.#touched) {
      const history = this.history.get(lease) ?? [];
      this.history.set(lease, history);
      history.push({ revision, keys: [...(this.#keysOf.get(lease) ?? [])].sort() });
    }
    this.#touched.clear();
  }
}

function claims(operation: Operation): operation is Operation & { readonly outcome: { readonly revision: number } } {
  return isAcknowledged(operation) && didWrite(operation.outcome.response);
}

function deletes(request: Request): boolean {
  return spansOf(request).length > 0;
}

/** Whether the call, if it happened, may have deleted all of these. */
function covers(request: Request, events: readonly HistoryEvent[]): boolean {
  const spans = spansOf(request);
  return events.every(({ kv }) =>
    spans.some(({ key, rangeEnd }) =>
      rangeEnd === undefined ? kv.key === key : kv.key >= key && (rangeEnd === "\0" || kv.key < rangeEnd),
    ),
  );
}

function spansOf(request: Request): readonly { readonly key: string; readonly rangeEnd?: string }[] {
  const ops = request.kind === "txn" ? [...request.success, ...request.failure] : [request];
  return ops.flatMap((op) => (op.kind === "delete" ? [op] : []));
}

function hex(lease: bigint): string {
  return lease.toString(16);
}
