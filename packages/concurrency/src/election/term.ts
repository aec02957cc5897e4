/**
 * One term of a `lead()` loop: the body runs while this process leads. How it ends:
 *
 * - The body settles by itself: the leadership is resigned, and the loop is over.
 * - The loop is to end: the body is told and waited for, however long that takes, then the leadership is resigned.
 * - The leadership is lost: the body is told and waited for. Others lead meanwhile; nothing here could prevent it.
 * - The process has fallen sick: the body is told and waited for, at most `graceMs`, then the leadership is resigned.
 */
import { type ClientWorld, isEtcdError } from "@kvorum/client";
import { NotLeaderError } from "../errors.js";
import { Interrupt } from "../interrupt.js";
import type { Transition } from "./lead-options.js";
import type { Leadership } from "./leadership.js";

export type Body<V> = (leadership: Leadership<V>) => Promise<void>;

/** Carries what a body threw past the handling of failed campaigns. */
export class BodyError extends Error {}

export interface TermOptions {
  /** Ends the loop, and the term with it. */
  readonly end: AbortSignal;
  readonly sick: AbortSignal | undefined;
  readonly graceMs: number;
  readonly tell: (transition: Transition) => void;
}

export const DEFAULT_GRACE_MS = 5_000;

/** True when the loop is over: the body has ended by itself, or was told to. Errors: `BodyError`. */
export async function serve<V>(
  world: ClientWorld,
  leadership: Leadership<V>,
  body: Body<V>,
  { end, graceMs, sick, tell }: TermOptions,
): Promise<boolean> {
  using stop = new Interrupt(world, "", [leadership.signal, end, sick]);
  const isDemoted = (): boolean => sick?.aborted === true && !end.aborted && !isLost(leadership);
  let resigning: Promise<void> | undefined;
  const resignOnce = (): Promise<void> => {
    resigning ??= resign(leadership).then(() => tell({ kind: "resigned" }));
    return resigning;
  };
  let cancelOverdue = (): void => undefined;
  const onStop = (): void => {
    if (isLost(leadership)) tell({ kind: "lost", reason: leadership.signal.reason });
    cancelOverdue = world.clock.after(graceMs, () => {
      tell({ kind: "overdue", graceMs });
      // What goes wrong is thrown where it is awaited, below.
      if (isDemoted()) resignOnce().catch(() => undefined);
    });
  };
  stop.signal.addEventListener("abort", onStop, { once: true });
  if (stop.signal.aborted) onStop();
  let failure: { readonly error: unknown } | undefined;
  try {
    // Not even begun where it is over already.
    if (!stop.signal.aborted) await body(withSignal(leadership, stop.signal));
  } catch (error) {
    failure = { error };
  } finally {
    cancelOverdue();
    stop.signal.removeEventListener("abort", onStop);
  }
  if (isLost(leadership)) {
    tell({ kind: "stopped", ...failure });
    return end.aborted;
  }
  const demoted = isDemoted() || resigning !== undefined;
  if (demoted) tell({ kind: "stopped", ...failure });
  await resignOnce();
  if (demoted) return end.aborted;
  if (failure !== undefined && !(end.aborted && isAbort(failure.error, stop.signal))) {
    throw new BodyError("the body failed", { cause: failure.error });
  }
  return true;
}

/** Where nobody answers, the lease runs out by itself. */
async function resign(leadership: Leadership<unknown>): Promise<void> {
  await leadership.resign().catch((error: unknown) => {
    if (!isEtcdError(error)) throw error;
  });
}

/** Lost, or so late that it may be, though no timer has fired yet: the body may have stood still for longer than its lease. */
function isLost({ held, signal }: Leadership<unknown>): boolean {
  return signal.reason instanceof NotLeaderError || (!signal.aborted && !held);
}

/** Is this a body's way of saying that it has followed the signal? */
function isAbort(error: unknown, signal: AbortSignal): boolean {
  if (error === signal.reason) return true;
  return error instanceof Error && (error.name === "AbortError" || error.cause === signal.reason);
}

/** The same leadership with a signal that also aborts when the term is to end. */
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
