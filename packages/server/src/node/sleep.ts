/** Waiting by the node's own clock. */
import type { Clock } from "../env.js";

export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(delayMs, resolve);
  });
}
