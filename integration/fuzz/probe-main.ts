/**
 * Loaded into the process of a node before its program (`--import`), to see from inside what nobody sees from outside: how
 * long its main thread was busy without a turn of the event loop, its memory after a collection, its open files and the
 * errors that nobody caught. It answers whoever started the process, by messages, and keeps nothing alive.
 */
import { openSync, readdirSync, readSync } from "node:fs";

/** Between two looks at the clock, in milliseconds. */
const TICK_MS = 10;

/** What the process tells about itself when it is asked; times are since it was asked last. */
export interface Look {
  /** Longest time on a processor between two turns, in milliseconds: what a neighbour on the machine takes is not in it. */
  readonly busyMs: number;
  /** Longest time between two turns by the clock, in milliseconds. */
  readonly delayMs: number;
  /** In use after a collection, in bytes: heap and buffers. */
  readonly heapBytes: number;
  readonly residentBytes: number;
  readonly files: number;
  /** Errors that nobody caught. The process ends with one, so that this message comes by itself. */
  readonly uncaught: readonly string[];
}

const main = openMainThread();
let [busyMs, delayMs] = [0, 0];
let [lastMs, lastBusyMs] = [performance.now(), processorMs()];

setInterval(() => {
  const [nowMs, nowBusyMs] = [performance.now(), processorMs()];
  delayMs = Math.max(delayMs, nowMs - lastMs - TICK_MS);
  busyMs = Math.max(busyMs, nowBusyMs - lastBusyMs);
  [lastMs, lastBusyMs] = [nowMs, nowBusyMs];
}, TICK_MS).unref();

process.on("uncaughtExceptionMonitor", (error, origin) => {
  tell([`${origin}: ${error instanceof Error ? error.stack : String(error)}`]);
});
process.on("message", () => tell([]));
// Nobody may be there any more who would ask.
process.on("disconnect", () => process.exit(1));
process.channel?.unref();

function tell(uncaught: readonly string[]): void {
  const seen = { busyMs, delayMs };
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const files = process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0;
  const look: Look = { ...seen, heapBytes: heapUsed + external, residentBytes: rss, files, uncaught };
  process.send?.(look);
  [busyMs, delayMs] = [0, 0];
  [lastMs, lastBusyMs] = [performance.now(), processorMs()];
}

/** Linux accounts for every thread; the first one of a process has its number. */
function openMainThread(): number | undefined {
  return process.platform === "linux" ? openSync(`/proc/self/task/${process.pid}/schedstat`, "r") : undefined;
}

/** Milliseconds that the main thread was on a processor; where that is not told, those that the process was. */
function processorMs(): number {
  if (main === undefined) {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  }
  const text = Buffer.alloc(64);
  readSync(main, text, 0, text.length, 0);
  return Number.parseInt(text.toString("latin1"), 10) / 1_000_000;
}
