/**
 * Loaded into a server before its own code (`node --import`): measures how late the event loop gets to a timer, and tells it in
 * answer to any message. Each answer begins anew. It costs one timer every ten milliseconds, so only `groups/full-load.ts` uses it.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";

export interface LoopDelay {
  readonly p99Ms: number;
}

const RESOLUTION_MS = 10;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
process.on("message", () => {
  // What is recorded is the time between two timers, of which this much was asked for.
  const answer: LoopDelay = { p99Ms: Math.max(delay.percentile(99) / 1e6 - RESOLUTION_MS, 0) };
  delay.reset();
  process.send?.(answer);
});
// It must not keep alive a process that has nothing else to do.
process.channel?.unref();
