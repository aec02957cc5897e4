/** The clock of a client of a test cluster: that of its simulated process. */
import type { SimulatedClient } from "@kvorum/server/testing";
import type { Clock } from "../clock.js";
import type { VirtualTime } from "./virtual-time.js";

/** What wall clocks show when a test cluster begins: 2024-01-01, in milliseconds since 1970. */
export const WALL_START_MS = 1_704_067_200_000;

export function clientClock({ clock }: SimulatedClient, time: VirtualTime): Clock {
  const process = clock.processClock(() => true);
  const after = (ms: number, action: () => void): (() => void) => {
    const timer = process.setTimer(ms, action);
    return () => timer.cancel();
  };
  return {
    nowMs: () => process.nowMs(),
    wallMs: () => WALL_START_MS + process.wallMs(),
    after,
    backOff: (ms, action) => {
      time.retry(ms);
      return after(ms, action);
    },
  };
}
