/**
 * The loop of a worker that leads when it can: campaign, run the body, and after a loss campaign again. It waits until the
 * body has settled before it does, so that one process never does the leader's work twice at once (npm etcd3 issue 158).
 */
import { type ClientWorld, isEtcdError, LeaseNotFoundError } from "@kvorum/client";
import type { AcquireOptions } from "../contention/acquire.js";
import { NotLeaderError, SessionExpiredError } from "../errors.js";
import { Interrupt, isTransient, pause } from "../interrupt.js";
import type { Leadership } from "./leadership.js";

/** What a `lead()` loop goes through, for logs and metrics. */
export type Transition =
  | { readonly kind: "campaigning" }
  | { readonly kind: "leading"; readonly fencingToken: bigint }
  /** The leadership is lost; the body is being waited for. */
  | { readonly kind: "lost"; readonly reason: unknown }
  /** The body still runs although its signal aborted `graceMs` ago. */
  | { readonly kind: "overdue"; readonly graceMs: number }
  /** The body has settled after a loss. `error` is what it threw, if it did. */
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
  readonly onTransition?: (transition: Transition) => void;
}

export interface LeadParts<V> {
  readonly world: ClientWorld;
  readonly campaign: (options: AcquireOptions) => Promise<Leadership<V>>;
  /** The shared session, if there is one: without it there is no further campaign. */
  readonly session: AbortSignal | undefined;
}

const DEFAULT_BACKOFF = { baseMs: 100, capMs: 5_000 };
const DEFAULT_GRACE_MS = 5_000;

export async function lead<V>(
  parts: LeadParts<V>,
  body: (leadership: Leadership<V>) => Promise<void>,
  options: LeadOptions = {},
): Promise<void> {
  const { signal, onTransition: tell = () => undefined, backoff = DEFAULT_BACKOFF } = options;
  const campaignOptions = signal && { signal };
  for (let failures = 0; signal?.aborted !== true; ) {
    tell({ kind: "campaigning" });
    try {
      const leadership = await parts.campaign({ ...campaignOptions });
      failures = 0;
      tell({ kind: "leading", fencingToken: leadership.fencingToken });
      if (await run(parts.world, leadership, body, options, tell)) return;
    } catch (error) {
      if (error instanceof BodyError) throw error.cause;
      if (signal?.aborted) return;
      if (parts.session?.aborted || !mayCampaignAgain(error)) throw error;
      const ceiling = Math.min(backoff.capMs, backoff.baseMs * 2 ** failures++);
      const waitMs = ceiling * (0.5 + parts.world.random() / 2);
      tell({ kind: "failed", error, waitMs });
      using wait = new Interrupt(parts.world, "", [signal, parts.session]);
      await pause(parts.world, waitMs, wait.signal).catch(() => undefined);
    }
  }
}

/** Carries what a body threw past the handling of failed campaigns. */
class BodyError extends Error {}

/** Runs the body to its end. True when the loop is over: the body has ended by itself, or was told to. */
async function run<V>(
  world: ClientWorld,
  leadership: Leadership<V>,
  body: (leadership: Leadership<V>) => Promise<void>,
  options: LeadOptions,
  tell: (transition: Transition) => void,
): Promise<boolean> {
  const graceMs = options.graceMs ?? DEFAULT_GRACE_MS;
  using stop = new Interrupt(world, "", [leadership.signal, options.signal]);
  let cancelOverdue = (): void => undefined;
  const onStop = (): void => {
    if (isLost(leadership)) tell({ kind: "lost", reason: leadership.signal.reason });
    cancelOverdue = world.clock.after(graceMs, () => tell({ kind: "overdue", graceMs }));
  };
  stop.signal.addEventListener("abort", onStop, { once: true });
  if (stop.signal.aborted) onStop();
  let failure: { readonly error: unknown } | undefined;
  try {
    await body(withSignal(leadership, stop.signal));
  } catch (error) {
    failure = { error };
  } finally {
    cancelOverdue();
    stop.signal.removeEventListener("abort", onStop);
  }
  const stopping = options.signal?.aborted === true;
  if (isLost(leadership)) {
    tell({ kind: "stopped", ...failure });
    return stopping;
  }
  // Where nobody answers, the lease runs out by itself.
  await leadership.resign().catch((error: unknown) => {
    if (!isEtcdError(error)) throw error;
  });
  tell({ kind: "resigned" });
  if (failure !== undefined && !(stopping && isAbort(failure.error, stop.signal))) {
    throw new BodyError("the body failed", { cause: failure.error });
  }
  return true;
}

function isLost(leadership: Leadership<unknown>): boolean {
  return leadership.signal.reason instanceof NotLeaderError;
}

/** Is this a body's way of saying that it has followed the signal? */
function isAbort(error: unknown, signal: AbortSignal): boolean {
  if (error === signal.reason) return true;
  return error instanceof Error && (error.name === "AbortError" || error.cause === signal.reason);
}

function mayCampaignAgain(error: unknown): boolean {
  return isTransient(error) || error instanceof SessionExpiredError || error instanceof LeaseNotFoundError;
}

/** The same leadership with a signal that also aborts when the loop is to end. */
function withSignal<V>(leadership: Leadership<V>, signal: AbortSignal): Leadership<V> {
  return {
    key: leadership.key,
    fencingToken: leadership.fencingToken,
    signal,
    get held() {
      return leadership.held;
    },
    assertHeld: () => leadership.assertHeld(),
    ownership: () => leadership.ownership(),
    proclaim: (value, options) => leadership.proclaim(value, options),
    resign: (options) => leadership.resign(options),
    [Symbol.asyncDispose]: () => leadership.resign(),
  };
}
