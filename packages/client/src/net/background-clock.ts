/** The system's clock for work that nobody waits for: its timers do not keep a process alive whose other work is done. */
import { type Clock, systemClock } from "../clock.js";

/** Longest delay a Node timer takes; above it the timer would fire at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export const backgroundClock: Clock = {
  ...systemClock,
  after: (ms, action) => {
    const timer = setTimeout(action, Math.min(Math.max(ms, 0), TIMER_MAX_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
