/**
 * What the load did: calls by kind, their latencies since the last sample, and the errors, each either expected or a problem.
 * While a member is stopped and started, and when the machine has stood still, calls may fail in the ways of a cluster that
 * loses a member; at other times none may.
 */
import { isEtcdError } from "@kvorum/client";

/** Whose latencies are sampled. */
export type TimedKind = "put" | "range";

export interface Latencies {
  readonly calls: number;
  /** Milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Statuses with which a member that goes or is gone ends a call. */
const TROUBLE_CODES: ReadonlySet<string> = new Set([
  "UNAVAILABLE",
  "DEADLINE_EXCEEDED",
  "CANCELLED",
  "ABORTED",
  "INTERNAL",
]);

/** A call that began so long after the trouble may still feel it: connections wait before they try again. */
const TROUBLE_ECHO_MS = 5_000;
const PROBLEMS_KEPT = 50;
/** For one member and kind between two samples; more are not needed for a percentile. */
const LATENCIES_KEPT = 20_000;

export class Tally {
  readonly #counts = new Map<string, number>();
  readonly #expected = new Map<string, number>();
  readonly #problems: string[] = [];
  readonly #latencies = new Map<string, number[]>();
  #problemCount = 0;
  #troubles = 0;
  #troubleEndMs = Number.NEGATIVE_INFINITY;

  /** By name, what was done. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => a.localeCompare(b)));
  }

  /** By reason, the errors that the trouble explains. */
  get expected(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#expected);
  }

  /** The first of them in words, with the time as it stands in logs; `problemCount` is how many there are. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  get problemCount(): number {
    return this.#problemCount;
  }

  count(name: string, amount = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + amount);
  }

  problem(text: string): void {
    this.#problemCount += 1;
    if (this.#problems.length >= PROBLEMS_KEPT) return;
    this.#problems.push(`${new Date().toISOString()} ${text}`);
  }

  /** An error that the test asked for, such as that of a compacted revision. */
  wanted(reason: string): void {
    this.#expected.set(reason, (this.#expected.get(reason) ?? 0) + 1);
  }

  /** While the work runs a member may be missing. */
  async trouble<T>(work: () => Promise<T>): Promise<T> {
    this.#troubles += 1;
    try {
      return await work();
    } finally {
      this.#troubles -= 1;
      this.#troubleEndMs = performance.now();
    }
  }

  /** Something that lasts has just disturbed everything, such as a machine that stood still. */
  disturbed(): void {
    this.#troubleEndMs = performance.now();
  }

  /** Carries out one call and counts it; undefined where it failed, which has been noted then. */
  async call<T>(kind: string, work: () => Promise<T>): Promise<T | undefined> {
    const startMs = performance.now();
    try {
      const result = await work();
      this.count(kind);
      return result;
    } catch (error) {
      this.failed(kind, error, startMs);
      return undefined;
    }
  }

  /** The same, and its latency counts for this member. */
  async timed<T>(kind: TimedKind, member: string, work: () => Promise<T>): Promise<T | undefined> {
    const startMs = performance.now();
    const result = await this.call(kind, work);
    if (result === undefined || this.#isTroubled(startMs)) return result;
    const latencies = this.#latenciesOf(kind, member);
    if (latencies.length < LATENCIES_KEPT) latencies.push(performance.now() - startMs);
    return result;
  }

  /** What ended a call that was begun at this moment. */
  failed(kind: string, error: unknown, startMs: number): void {
    if (this.#isTroubled(startMs) && isTrouble(error)) {
      this.wanted(isEtcdError(error) ? error.reason : "fetch");
      return;
    }
    this.problem(`${kind}: ${describe(error)}`);
  }

  /** Since this was asked last for the member; undefined when there was no call. */
  takeLatencies(kind: TimedKind, member: string): Latencies | undefined {
    const latencies = this.#latenciesOf(kind, member)
      .splice(0)
      .sort((a, b) => a - b);
    if (latencies.length === 0) return undefined;
    const at = (share: number): number => latencies[Math.ceil(latencies.length * share) - 1] ?? 0;
    return { calls: latencies.length, p50Ms: at(0.5), p99Ms: at(0.99) };
  }

  #isTroubled(startMs: number): boolean {
    return this.#troubles > 0 || startMs < this.#troubleEndMs + TROUBLE_ECHO_MS;
  }

  #latenciesOf(kind: TimedKind, member: string): number[] {
    const name = `${kind} ${member}`;
    const latencies = this.#latencies.get(name) ?? [];
    this.#latencies.set(name, latencies);
    return latencies;
  }
}

/** Our own error where a member is not there to be asked, or says so by a status of HTTP. */
export class MemberAway extends Error {}

function isTrouble(error: unknown): boolean {
  if (isEtcdError(error)) return TROUBLE_CODES.has(error.code) || error.reason === "lease-lost";
  if (error instanceof MemberAway) return true;
  return error instanceof Error && (error.message === "fetch failed" || error.message === "terminated");
}

function describe(error: unknown): string {
  if (isEtcdError(error)) return `${error.code} ${error.reason}: ${error.message} (${error.endpoint ?? "no endpoint"})`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
