/** What a `lead()` loop can be told, and what it tells. */
import { checkCount, checkEnds } from "../contention/checks.js";
import type { HealthGate } from "./health.js";

/** What a `lead()` loop goes through, for logs and metrics. */
export type Transition =
  | { readonly kind: "campaigning" }
  | { readonly kind: "leading"; readonly fencingToken: bigint }
  /** The leadership is lost; the body is being waited for. */
  | { readonly kind: "lost"; readonly reason: unknown }
  /** So many health checks in a row have failed. The leadership or the candidacy, if there is one, is being given up. */
  | { readonly kind: "unhealthy"; readonly failures: number }
  /** A check has succeeded again. */
  | { readonly kind: "healthy" }
  /** The body still runs although its signal aborted `graceMs` ago. */
  | { readonly kind: "overdue"; readonly graceMs: number }
  /** The body has settled after a loss, or after the process fell sick. `error` is what it threw, if it did. */
  | { readonly kind: "stopped"; readonly error?: unknown }
  /** A campaign failed and is repeated after `waitMs`. */
  | { readonly kind: "failed"; readonly error: unknown; readonly waitMs: number }
  | { readonly kind: "resigned" };

export interface LeadOptions {
  /** Aborting ends the loop: the body is told and waited for, the leadership is resigned, and `lead()` resolves. */
  readonly signal?: AbortSignal;
  /** Waits between failed campaigns, doubling from `baseMs` to `capMs`, in milliseconds. Default 100 and 5,000. */
  readonly backoff?: { readonly baseMs: number; readonly capMs: number };
  /** Milliseconds after which a body that has not followed its signal is reported as `overdue`. Default 5,000. */
  readonly graceMs?: number;
  /**
   * Stand for election only while a check of this process succeeds, and give up a leadership when it does not any more: the body is
   * told and waited for, at most `graceMs`, then the leadership is resigned, so that also a body that hangs holds up nobody.
   * Where it still runs then, it overlaps with the next leader; that is what the fencing token is for. There is no next campaign
   * of this process before the body has settled and a check has succeeded.
   */
  readonly health?: HealthGate;
  /** An error that it throws ends the loop as an abort does, and `lead()` rejects with it. */
  readonly onTransition?: (transition: Transition) => void;
}

/** Errors: `TypeError`, `RangeError`, naming the argument. */
export function checkLead(body: unknown, options: LeadOptions): void {
  const { backoff, graceMs, health, onTransition, signal } = options;
  checkFunction(body, "body");
  if (onTransition !== undefined) checkFunction(onTransition, "onTransition");
  checkEnds(signal === undefined ? {} : { signal });
  if (graceMs !== undefined) checkMilliseconds(graceMs, "graceMs");
  if (backoff !== undefined) {
    checkMilliseconds(backoff.baseMs, "backoff.baseMs");
    checkMilliseconds(backoff.capMs, "backoff.capMs");
  }
  if (health === undefined) return;
  checkFunction(health.check, "health.check");
  if (health.intervalMs !== undefined) checkMilliseconds(health.intervalMs, "health.intervalMs");
  if (health.timeoutMs !== undefined) checkMilliseconds(health.timeoutMs, "health.timeoutMs");
  if (health.failures !== undefined) checkCount(health.failures, "health.failures");
}

function checkFunction(value: unknown, argument: string): void {
  if (typeof value !== "function") throw new TypeError(`${argument} must be a function, not ${typeof value}`);
}

function checkMilliseconds(value: unknown, argument: string): void {
  if (typeof value !== "number") throw new TypeError(`${argument} must be a number, not ${typeof value}`);
  if (!Number.isFinite(value) || value <= 0) {
    throw new RangeError(`${argument} must be a number of milliseconds above 0, not ${value}`);
  }
}
