/** The machine's clock and event loop as the `Clock` seam. Time is monotonic: a wall clock that jumps moves nothing. */
import type { Clock, Timer } from "../env.js";

export class SystemClock implements Clock {
  nowMs(): number {
    return performance.now();
  }

  wallMs(): number {
    return Date.now();
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const handle = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(handle) };
  }

  afterIo(run: () => void): void {
    setImmediate(run);
  }
}
