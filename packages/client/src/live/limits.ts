/** One signal out of several and a time limit, for as long as one action takes; and which failures pass by themselves. */
import type { Clock } from "../clock.js";
import { isEtcdError, TimeoutError } from "../errors.js";
import { type FailureKind, isServerReason, reasonKind } from "../reasons.js";

/**
 * Runs the action with a signal that aborts with the reason of the first of `signals`, or with a `TimeoutError` that says
 * `late` after `ms`. Rejects with the same reason, whatever the action made of it.
 */
export async function limited<T>(
  clock: Clock,
  ms: number,
  late: string,
  signals: readonly (AbortSignal | undefined)[],
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  for (const signal of signals) signal?.throwIfAborted();
  const limit = new AbortController();
  const cancel = clock.after(ms, () =>
    limit.abort(new TimeoutError(late, { code: "DEADLINE_EXCEEDED", reason: "timeout", outcome: "not-applied" })),
  );
  const listeners: [AbortSignal, () => void][] = [];
  for (const signal of signals) {
    if (signal === undefined) continue;
    const listener = (): void => limit.abort(signal.reason);
    signal.addEventListener("abort", listener, { once: true });
    listeners.push([signal, listener]);
  }
  try {
    return await action(limit.signal);
  } catch (error) {
    limit.signal.throwIfAborted();
    throw error;
  } finally {
    cancel();
    for (const [signal, listener] of listeners) signal.removeEventListener("abort", listener);
  }
}

const PASSING: ReadonlySet<FailureKind> = new Set(["no-leader", "interrupted", "overload", "auth-revision", "learner"]);

/** Is asking again later the right answer to this failure of a read? */
export function isPassing(error: unknown): boolean {
  if (!isEtcdError(error)) return false;
  const { reason, code } = error;
  if (isServerReason(reason)) return reason === "compacted" || PASSING.has(reasonKind(reason));
  if (reason === "closed" || reason === "not-supported") return false;
  return code === "UNAVAILABLE" || code === "DEADLINE_EXCEEDED" || code === "INTERNAL" || code === "CANCELLED";
}
