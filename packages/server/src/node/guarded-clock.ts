/** Timers whose callbacks cannot fail unseen: what one of them throws stops the member. */
import type { Clock } from "../env.js";

export function guardedClock(clock: Clock, onError: (error: unknown) => void): Clock {
  const guarded = (run: () => void) => (): void => {
    try {
      run();
    } catch (error) {
      onError(error);
    }
  };
  return {
    nowMs: () => clock.nowMs(),
    wallMs: () => clock.wallMs(),
    setTimer: (delayMs, fire) => clock.setTimer(delayMs, guarded(fire)),
    afterIo: (run) => clock.afterIo(guarded(run)),
  };
}
