/**
 * Lives of leases made by hand. Times are milliseconds; a call takes ten of them unless the case says otherwise, and what it writes
 * is seen in their middle. The lease is 7 and is granted for 5 s.
 */
import { deletedPair, type HistoryEvent, type Operation, type Outcome, type Request } from "../history.js";
import type { LeaseCall, LeaseCallKind, LeaseHistory, LeaseOutcome } from "../lease-history.js";

export const LEASE = 7n;
export const TTL_SECONDS = 5;

export class LeaseStory {
  readonly calls: LeaseCall[] = [];
  readonly operations: Operation[] = [];
  readonly timeline: HistoryEvent[][] = [[], []];
  readonly seenMs: (number | undefined)[] = [];
  #clients = 0;

  call(kind: LeaseCallKind, atMs: number, outcome: LeaseOutcome, changes: Partial<LeaseCall> = {}): LeaseCall {
    const asked = kind === "grant" ? { askedSeconds: TTL_SECONDS } : {};
    const times = { client: this.#clients++, invoke: atMs, return: atMs + 10 };
    const call = { ...times, kind, lease: LEASE, ...asked, outcome, ...changes };
    this.calls.push(call);
    return call;
  }

  grant(atMs: number, changes: Partial<LeaseCall> = {}): LeaseCall {
    return this.call("grant", atMs, { status: "found", ttlSeconds: TTL_SECONDS }, changes);
  }

  keepAlive(atMs: number, changes: Partial<LeaseCall> = {}): LeaseCall {
    return this.call("keep-alive", atMs, { status: "found", ttlSeconds: TTL_SECONDS }, changes);
  }

  revoke(atMs: number, status: LeaseOutcome["status"] = "found"): LeaseCall {
    return this.call("revoke", atMs, { status });
  }

  timeToLive(atMs: number, ttlSeconds: number, keys?: readonly string[]): LeaseCall {
    const told = { ttlSeconds, grantedTtlSeconds: TTL_SECONDS, ...(keys !== undefined && { keys }) };
    return this.call("time-to-live", atMs, { status: "found", ...told });
  }

  put(atMs: number, key: string, lease: bigint = LEASE): Operation {
    const revision = this.timeline.length;
    const value = `${revision}`;
    const kv = { key, value, createRevision: revision, modRevision: revision, version: 1, lease };
    const response = { kind: "put" } as const;
    return this.#write(atMs, { kind: "put", key, value, lease }, [{ type: "put", kv }], {
      ...{ status: "acknowledged", revision, response },
    });
  }

  /** By a client. */
  delete(atMs: number, key: string): Operation {
    const revision = this.timeline.length;
    const response = { kind: "delete", deleted: 1, prevKvs: [] } as const;
    const event = { type: "delete", kv: deletedPair(key, revision) } as const;
    return this.#write(atMs, { kind: "delete", key }, [event], { status: "acknowledged", revision, response });
  }

  /** A deletion without an answer, that has happened. */
  lostDelete(atMs: number, ...keys: string[]): Operation {
    const request = { kind: "delete", key: keys[0] ?? "", rangeEnd: "~" } as const;
    this.vanish(atMs + 5, ...keys);
    return this.#record(atMs, request, { status: "unknown" });
  }

  /** Keys are gone at a new revision that nobody claims; returns the revision. */
  vanish(seenMs: number, ...keys: string[]): number {
    const revision = this.timeline.length;
    this.timeline.push(keys.map((key) => ({ type: "delete", kv: deletedPair(key, revision) })));
    this.seenMs[revision] = seenMs;
    return revision;
  }

  history(): LeaseHistory {
    return { calls: this.calls, operations: this.operations, timeline: this.timeline, seenMs: this.seenMs };
  }

  #write(atMs: number, request: Request, events: HistoryEvent[], outcome: Outcome): Operation {
    this.seenMs[this.timeline.length] = atMs + 5;
    this.timeline.push(events);
    return this.#record(atMs, request, outcome);
  }

  #record(atMs: number, request: Request, outcome: Outcome): Operation {
    const operation = { client: this.#clients++, invoke: atMs, return: atMs + 10, request, outcome };
    this.operations.push(operation);
    return operation;
  }
}
