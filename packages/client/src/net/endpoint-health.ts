/**
 * What an endpoint's calls say about its member, as a small state machine without clock, timer or socket: failures and answers
 * go in with the time, what the picker may do with the endpoint comes out. The idea is a circuit breaker (M. Nygard, "Release
 * It!") whose half-open state admits one call.
 *
 * ```
 * idle ─ begin → connecting ─ answered → ready
 *   any ─ failures → cooling ─ time over, or a probe was answered → (half-open) ─ one call → ready, or cooling for twice as long
 *   any ─ remove → removed
 * ```
 */
import type { FailureKind } from "../reasons.js";

/**
 * - `idle`: never asked, or asked once in vain. `connecting`: asked, and nothing has come back yet.
 * - `ready`: it answers. `cooling`: it failed repeatedly and the others go first. `removed`: no longer in the list.
 */
export type EndpointState = "idle" | "connecting" | "ready" | "cooling" | "removed";

/** What a probe finds: a member that serves, one that is up and has no leader (or is none of the voters), or nobody. */
export type ProbeResult = "healthy" | "no-quorum" | "unreachable";

/** Transport errors in a row, after which an endpoint cools. */
const TRANSPORT_FAILURES_MAX = 2;
/** Calls that were not answered in time, within `TIMEOUT_WINDOW_MS`, after which an endpoint cools. */
const TIMEOUTS_MAX = 3;
const TIMEOUT_WINDOW_MS = 10_000;
const COOLING_FIRST_MS = 500;
const COOLING_MAX_MS = 30_000;
/** Longer than a keepalive takes to go round three members. */
const SILENT_COOLING_MS = 10_000;

export class EndpointHealth {
  #state: EndpointState = "idle";
  #transportFailures = 0;
  /** Times of the newest timeouts, oldest first. */
  #timeoutsMs: number[] = [];
  /** Coolings since it was last ready: each is twice as long. */
  #coolings = 0;
  #coolUntilMs = 0;
  /** It cools because its member has no quorum; that it answers at all proves nothing then. */
  #quorumLost = false;
  /** A prober decides when the cooling ends, and not the time alone. */
  #held = false;
  #trial = false;

  get state(): EndpointState {
    return this.#state;
  }

  /** Milliseconds until it is to be tried again; 0 when it does not cool. */
  coolingMs(nowMs: number): number {
    return this.#state === "cooling" ? Math.max(0, this.#coolUntilMs - nowMs) : 0;
  }

  isCooling(nowMs: number): boolean {
    return this.#state === "cooling" && (this.#held || nowMs < this.#coolUntilMs);
  }

  /** May the picker send a call here? A half-open endpoint takes one at a time. */
  isUsable(nowMs: number): boolean {
    if (this.#state === "ready") return true;
    return this.#state === "cooling" && !this.#trial && !this.isCooling(nowMs);
  }

  /** A call starts. */
  begin(nowMs: number): void {
    if (this.#state === "idle") this.#state = "connecting";
    else if (this.#state === "cooling" && !this.isCooling(nowMs)) this.#trial = true;
  }

  /** A call is over, however it went. */
  end(): void {
    this.#trial = false;
  }

  /** The member answered. `quorum`: with something that only a member in touch with its leader can say. */
  answered(quorum: boolean): void {
    if (this.#state === "removed") return;
    if (this.#state === "cooling" && this.#quorumLost && !quorum && !this.#trial) return;
    this.#ready();
  }

  /** A call failed. True when this is what makes the endpoint cool. */
  failed(kind: FailureKind, nowMs: number): boolean {
    if (this.#state === "removed") return false;
    switch (kind) {
      case "no-leader":
      case "learner":
        return this.#cool(nowMs, true);
      case "deadline":
        return this.#timedOut(nowMs) && this.#cool(nowMs, true);
      case "not-sent":
      case "interrupted":
        this.#transportFailures += 1;
        if (this.#state === "connecting") this.#state = "idle";
        return (
          (this.#isHalfOpen(nowMs) || this.#transportFailures >= TRANSPORT_FAILURES_MAX) && this.#cool(nowMs, false)
        );
      case "too-large":
        return false;
      default:
        // A refusal is an answer.
        this.answered(false);
        return false;
    }
  }

  /** A stream here gives no answer, although nothing has failed: the others go first until a call succeeds here. */
  silent(nowMs: number): boolean {
    if (this.#state === "removed") return false;
    const started = this.#state !== "cooling";
    if (started) this.#quorumLost = false;
    this.#state = "cooling";
    this.#coolUntilMs = Math.max(this.#coolUntilMs, nowMs + SILENT_COOLING_MS);
    return started;
  }

  /** From here on the cooling ends by `probed` (or by an answer) only. */
  hold(): void {
    this.#held = this.#state === "cooling";
  }

  /**
   * A prober has asked the member how it is. A good answer makes a cooling endpoint half-open and any other ready, a bad one
   * begins another cooling: then the answer is true.
   */
  probed(result: ProbeResult, nowMs: number): boolean {
    if (this.#state === "removed") return false;
    if (result === "healthy" && this.#state !== "cooling") {
      // It is no answer to the calls that made somebody doubt: their count goes on.
      if (this.#state !== "ready") this.#ready();
      return false;
    }
    this.#held = false;
    this.#coolUntilMs = Math.min(this.#coolUntilMs, nowMs);
    return result !== "healthy" && this.#cool(nowMs, result === "no-quorum");
  }

  remove(): void {
    this.#state = "removed";
  }

  #isHalfOpen(nowMs: number): boolean {
    return this.#state === "cooling" && !this.isCooling(nowMs);
  }

  #timedOut(nowMs: number): boolean {
    if (this.#isHalfOpen(nowMs)) return true;
    this.#timeoutsMs.push(nowMs);
    if (this.#timeoutsMs.length > TIMEOUTS_MAX) this.#timeoutsMs.shift();
    const [first = nowMs] = this.#timeoutsMs;
    return this.#timeoutsMs.length === TIMEOUTS_MAX && nowMs - first < TIMEOUT_WINDOW_MS;
  }

  /** What was under way when the cooling began fails as well; that is the same trouble and not more of it. */
  #cool(nowMs: number, quorumLost: boolean): boolean {
    if (this.isCooling(nowMs)) {
      this.#quorumLost ||= quorumLost;
      return false;
    }
    this.#state = "cooling";
    this.#quorumLost = quorumLost;
    this.#held = false;
    this.#trial = false;
    this.#coolUntilMs = nowMs + Math.min(COOLING_MAX_MS, COOLING_FIRST_MS * 2 ** Math.min(this.#coolings, 10));
    this.#coolings += 1;
    this.#transportFailures = 0;
    this.#timeoutsMs = [];
    return true;
  }

  #ready(): void {
    this.#state = "ready";
    this.#transportFailures = 0;
    this.#coolings = 0;
    this.#coolUntilMs = 0;
    this.#quorumLost = false;
    this.#held = false;
    this.#trial = false;
  }
}
