/** Waiting for another process, but not for ever. */
import type { Clock } from "../../env.js";

/** Settles as the work does. Errors: an `Error` with `text` after `timeoutMs`; the reason of the signal. */
export function within<T>(
  work: Promise<T>,
  timeoutMs: number,
  clock: Clock,
  text: string,
  signal?: AbortSignal,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = clock.setTimer(timeoutMs, () => leave(() => reject(new Error(`${text} (${timeoutMs} ms)`))));
    const aborted = (): void => leave(() => reject(signal?.reason));
    const leave = (settle: () => void): void => {
      timer.cancel();
      signal?.removeEventListener("abort", aborted);
      settle();
    };
    signal?.addEventListener("abort", aborted, { once: true });
    work.then(
      (value) => leave(() => resolve(value)),
      (error) => leave(() => reject(error)),
    );
    if (signal?.aborted === true) aborted();
  });
}
