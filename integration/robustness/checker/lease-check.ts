/**
 * The lease checker: a lease lives for as long as it was promised to, not much longer, and its keys go with it.
 *
 * 1. Keys vanish by the end of a lease in one revision, exactly those that hung on it (`lease-keys.ts`).
 * 2. Not early: nobody finds a lease gone before its TTL is over, counted from the invocation of any acknowledged renewal, unless
 *    somebody may have revoked it; nor is it told that less is left.
 * 3. Not late: it is gone when its TTL and an allowance are over since it can have been renewed last.
 * 4. Not again: who has been told that a lease is gone, or has revoked it, is the last to have heard of it. An acknowledged renewal
 *    or put means that it was there.
 * 5. A TTL is what was asked for or more, and always the same.
 *
 * Every rule is sound where only the order of non-overlapping calls is known; a call of unknown outcome may have happened.
 * Relies on: ids that are granted once; clocks of servers within the given drift.
 */
import { type Acknowledged, isAcknowledged } from "./history.js";
import type { LeaseCall, LeaseHistory, LeaseLimits } from "./lease-history.js";
import { type KeysFrom, type LeaseKeys, replayLeaseKeys } from "./lease-keys.js";
import { eventsWitness, operationWitness, type Rule, type Violation, type Witness } from "./violation.js";

export interface LeaseVerdict {
  readonly violations: readonly Violation[];
  readonly figures: {
    /** Leases that were granted for certain, and of these: revoked by a client for certain; ended otherwise. */
    readonly leases: number;
    readonly leasesRevoked: number;
    readonly leasesExpired: number;
    /** Answers that were held against what must be. */
    readonly leaseChecks: number;
  };
}

export function checkLeases(history: LeaseHistory, limits: LeaseLimits = {}): LeaseVerdict {
  const replayed = replayLeaseKeys(history);
  const callsOf = callsByLease(history.calls);
  const putsOf = leasedPuts(history);
  const cases = [...callsOf].map(
    ([lease, calls]) => new LeaseCase({ lease, calls, history, replayed, limits, puts: putsOf.get(lease) ?? [] }),
  );
  const violations = [...replayed.violations, ...cases.flatMap((one) => one.judge())];
  const granted = cases.filter((one) => one.granted);
  return {
    violations,
    figures: {
      leases: granted.length,
      leasesRevoked: granted.filter((one) => one.revoked).length,
      leasesExpired: granted.filter((one) => one.expired).length,
      leaseChecks: cases.reduce((sum, { checks }) => sum + checks, 0),
    },
  };
}

interface CaseParts {
  readonly lease: bigint;
  readonly calls: readonly LeaseCall[];
  readonly puts: readonly Acknowledged[];
  readonly history: LeaseHistory;
  readonly replayed: LeaseKeys;
  readonly limits: LeaseLimits;
}

/** Something that shows the lease to exist at one moment between two, or to be gone at the later one. */
interface Sight {
  readonly invoke: number;
  readonly return: number;
  readonly witness: Witness;
}

class LeaseCase {
  checks = 0;
  readonly #parts: CaseParts;
  readonly #grants: readonly LeaseCall[];
  readonly #ttlSeconds: number | undefined;
  /** Acknowledged ones. */
  readonly #renewals: readonly LeaseCall[];
  readonly #alive: readonly Sight[];
  readonly #gone: readonly Sight[];

  constructor(parts: CaseParts) {
    this.#parts = parts;
    const { calls, puts } = parts;
    this.#grants = calls.filter(({ kind, outcome }) => kind === "grant" && outcome.status !== "refused");
    this.#renewals = calls.filter(({ kind, outcome }) => outcome.status === "found" && renews(kind));
    const [first] = this.#renewals;
    this.#ttlSeconds = first?.outcome.status === "found" ? first.outcome.ttlSeconds : undefined;
    const found = calls.filter(({ kind, outcome }) => outcome.status === "found" && kind !== "list").map(sightOf);
    this.#alive = [...found, ...puts.map((put) => ({ ...put, witness: operationWitness(put) }))];
    this.#gone = this.#findGone();
  }

  get granted(): boolean {
    return this.#grants.some(({ outcome }) => outcome.status === "found");
  }

  get revoked(): boolean {
    return this.#parts.calls.some(({ kind, outcome }) => kind === "revoke" && outcome.status === "found");
  }

  /** It is gone, and nobody can have revoked it. */
  get expired(): boolean {
    return this.#gone.some((gone) => this.#revokes(gone).length === 0);
  }

  judge(): Violation[] {
    return [
      ...this.#judgeGrants(),
      ...this.#judgeTtls(),
      ...this.#judgeKeys(),
      ...first(this.#gone.flatMap((gone) => this.#judgeEarly(gone))),
      ...first(this.#gone.flatMap((gone) => this.#judgeAgain(gone))),
      ...first(this.#judgeLate()),
    ];
  }

  /** Whoever found it gone after its grant, who has revoked it, and who saw its keys vanish. */
  #findGone(): Sight[] {
    const { calls, history, replayed, lease } = this.#parts;
    const [grant] = this.#grants;
    const told = calls.filter(
      ({ kind, invoke, outcome }) =>
        (outcome.status === "gone" && kind !== "list" && grant?.outcome.status === "found" && invoke > grant.return) ||
        (outcome.status === "found" && kind === "revoke"),
    );
    const revision = replayed.ends.get(lease);
    const atMs = revision === undefined ? undefined : history.seenMs[revision];
    if (revision === undefined || atMs === undefined) return told.map(sightOf);
    const witness = eventsWitness(revision, history.timeline[revision] ?? []);
    return [{ invoke: Number.NEGATIVE_INFINITY, return: atMs, witness }, ...told.map(sightOf)];
  }

  /** Revocations that may explain that it was gone then. */
  #revokes(gone: Sight): LeaseCall[] {
    return this.#parts.calls.filter(
      ({ kind, invoke, outcome }) =>
        kind === "revoke" && (outcome.status === "found" || outcome.status === "unknown") && invoke <= gone.return,
    );
  }

  #judgeGrants(): Violation[] {
    const [one, other] = this.#grants;
    if (one === undefined || other === undefined) return [];
    return [this.#report("assumption", "is granted twice", callWitness(one), callWitness(other))];
  }

  #judgeTtls(): Violation[] {
    const violations: Violation[] = [];
    for (const call of this.#parts.calls) {
      const { kind, outcome, askedSeconds = 0 } = call;
      if (outcome.status !== "found" || outcome.ttlSeconds === undefined) continue;
      this.checks += 1;
      const told = renews(kind) ? outcome.ttlSeconds : outcome.grantedTtlSeconds;
      if (told !== undefined && told < askedSeconds) {
        violations.push(this.#report("lease-ttl", `was to live for ${askedSeconds} s`, callWitness(call)));
      } else if (told !== undefined && this.#ttlSeconds !== undefined && told !== this.#ttlSeconds) {
        const [grant] = this.#renewals;
        const witnesses = grant === undefined ? [] : [callWitness(grant)];
        violations.push(this.#report("lease-ttl", `lives for ${told} s at once`, ...witnesses, callWitness(call)));
      } else if (kind === "time-to-live") violations.push(...this.#judgeLeft(call, outcome.ttlSeconds));
    }
    return first(violations);
  }

  /** What is left is told in whole seconds, rounded down. */
  #judgeLeft(call: LeaseCall, leftSeconds: number): Violation[] {
    const renewal = this.#renewals.findLast(({ return: returned }) => returned < call.invoke);
    if (renewal === undefined || this.#revokes(sightOf(call)).length > 0) return [];
    if (call.return + (leftSeconds + 1) * 1000 >= this.#promisedMs(renewal)) return [];
    return [this.#report("lease-early", "is told to end too early", callWitness(renewal), callWitness(call))];
  }

  /** The keys that are told are those of one moment; keys do not outlive their lease. */
  #judgeKeys(): Violation[] {
    const { calls, history, replayed, lease } = this.#parts;
    const versions: readonly KeysFrom[] = [{ revision: 0, keys: [] }, ...(replayed.keys.get(lease) ?? [])];
    const violations: Violation[] = [];
    for (const call of calls) {
      if (call.outcome.status !== "found" || call.outcome.keys === undefined) continue;
      this.checks += 1;
      const words = call.outcome.keys.join(" ");
      // What was seen before the call began had happened before it.
      const oldest = versions.findLastIndex(
        ({ revision }) => (history.seenMs[revision] ?? Number.POSITIVE_INFINITY) < call.invoke,
      );
      if (versions.slice(Math.max(0, oldest)).some(({ keys }) => keys.join(" ") === words)) continue;
      const { revision = 0, keys = [] } = versions[Math.max(0, oldest)] ?? {};
      const known = eventsWitness(revision, history.timeline[revision] ?? []);
      violations.push(
        this.#report(
          "lease-keys",
          `had the keys [${keys.join(" ")}] since revision ${revision}`,
          callWitness(call),
          known,
        ),
      );
    }
    const left = versions.at(-1);
    const told = this.#gone.find(({ witness }) => witness.kind === "lease-call");
    if (left !== undefined && left.keys.length > 0 && told !== undefined) {
      const rest = eventsWitness(left.revision, history.timeline[left.revision] ?? []);
      violations.push(this.#report("lease-keys", `is gone and ${left.keys.join(" ")} are not`, told.witness, rest));
    }
    return violations;
  }

  #judgeEarly(gone: Sight): Violation[] {
    if (this.#revokes(gone).length > 0) return [];
    this.checks += 1;
    const broken = this.#renewals.filter((call) => gone.return < this.#promisedMs(call) && call.invoke <= gone.return);
    const last = broken.at(-1);
    if (last === undefined) return [];
    const early = (this.#promisedMs(last) - gone.return).toFixed(1);
    return [
      this.#report("lease-early", `ended ${early} ms early, and nobody revoked it`, callWitness(last), gone.witness),
    ];
  }

  #judgeAgain(gone: Sight): Violation[] {
    this.checks += 1;
    const later = this.#alive.find((alive) => alive.invoke > gone.return);
    if (later === undefined) return [];
    return [this.#report("lease-after-end", "was gone and is there again", gone.witness, later.witness)];
  }

  #judgeLate(): Violation[] {
    const { calls, history, replayed, lease, limits } = this.#parts;
    const { driftShare = 0, lateMs = 10_000, calmFromMs = 0, endMs, unknownMs = 10_000 } = limits;
    if (this.#ttlSeconds === undefined) return [];
    const may = calls.filter(({ kind, outcome }) => renews(kind) && ["found", "unknown"].includes(outcome.status));
    const lastOf = (call: LeaseCall): number => call.return + (call.outcome.status === "unknown" ? unknownMs : 0);
    const last = may.reduce((late, call) => (lastOf(call) > lastOf(late) ? call : late));
    const dueMs = Math.max(lastOf(last), calmFromMs) + this.#ttlSeconds * 1000 * (1 + driftShare) + lateMs;
    this.checks += 1;
    const words = `should have been gone at ${dueMs.toFixed(1)}`;
    const listed = calls.filter(({ kind, outcome }) => kind === "list" && outcome.status === "found").map(sightOf);
    const late = [...this.#alive, ...listed].find(({ invoke }) => invoke > dueMs);
    if (late !== undefined) return [this.#report("lease-late", words, callWitness(last), late.witness)];
    const end = replayed.ends.get(lease);
    const state = replayed.keys.get(lease)?.at(-1);
    const lives = end === undefined && state !== undefined && state.keys.length > 0 && (endMs ?? 0) > dueMs;
    const revision = lives ? state.revision : end !== undefined && (history.seenMs[end] ?? 0) > dueMs ? end : undefined;
    if (revision === undefined) return [];
    const witness = eventsWitness(revision, history.timeline[revision] ?? []);
    return [this.#report("lease-late", lives ? `${words} with its keys` : words, callWitness(last), witness)];
  }

  /** Until when the lease has to live after the renewal. */
  #promisedMs({ invoke }: LeaseCall): number {
    const { driftShare = 0 } = this.#parts.limits;
    return invoke + (this.#ttlSeconds ?? 0) * 1000 * (1 - driftShare);
  }

  #report(rule: Rule, words: string, ...witnesses: readonly Witness[]): Violation {
    return { rule, message: `lease ${this.#parts.lease.toString(16)} ${words}`, witnesses };
  }
}

/** What follows the first often is its echo. */
function first(violations: readonly Violation[]): Violation[] {
  return violations.slice(0, 1);
}

function renews(kind: LeaseCall["kind"]): boolean {
  return kind === "grant" || kind === "keep-alive";
}

function sightOf(call: LeaseCall): Sight {
  return { invoke: call.invoke, return: call.return, witness: callWitness(call) };
}

function callWitness(call: LeaseCall): Witness {
  return { kind: "lease-call", call };
}

function callsByLease(calls: readonly LeaseCall[]): Map<bigint, LeaseCall[]> {
  const groups = new Map<bigint, LeaseCall[]>();
  for (const call of calls) {
    const group = groups.get(call.lease);
    if (group === undefined) groups.set(call.lease, [call]);
    else group.push(call);
  }
  return groups;
}

/** Acknowledged puts that hang a key on a lease; those in a transaction where its success says that they were carried out. */
function leasedPuts({ operations }: LeaseHistory): ReadonlyMap<bigint, Acknowledged[]> {
  const puts = new Map<bigint, Acknowledged[]>();
  for (const operation of operations) {
    if (!isAcknowledged(operation)) continue;
    const { request, outcome } = operation;
    const { response } = outcome;
    const succeeded = response.kind === "txn" && response.succeeded;
    const ops = request.kind === "txn" ? (succeeded ? request.success : request.failure) : [request];
    for (const op of ops) {
      if (op.kind !== "put" || op.lease === undefined || op.lease === 0n) continue;
      puts.set(op.lease, [...(puts.get(op.lease) ?? []), operation]);
    }
  }
  return puts;
}
