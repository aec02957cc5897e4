/**
 * Loaded into the process of a member before its program (`--import`), to see from inside what `/metrics` does not tell: what
 * is on the heap after a collection, what the event loop has open, and how late its turns were. Answers whoever started the
 * process, by messages, and keeps nothing alive.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";

/** What a member tells about itself when it is asked. */
export interface Look {
  readonly residentBytes: number;
  /** In use on the JavaScript heap of the main thread after a collection. */
  readonly heapBytes: number;
  /** Buffers and the like outside the heap, after the same collection. */
  readonly outsideBytes: number;
  /** What the event loop has open, such as sockets and timers, by Node's name for its kind. */
  readonly handles: Readonly<Record<string, number>>;
  /** Delay of the event loop since the look before, in milliseconds. */
  readonly loopP50Ms: number;
  readonly loopP99Ms: number;
  readonly loopMaxMs: number;
}

/** Of the timer whose lateness is measured, in milliseconds; what comes on time shows as this much. */
const RESOLUTION_MS = 10;

const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();

process.on("message", () => {
  const loop = { loopP50Ms: lateMs(delay.percentile(50)), loopP99Ms: lateMs(delay.percentile(99)) };
  const loopMaxMs = lateMs(delay.max);
  const { gc } = globalThis;
  if (gc === undefined) throw new Error("members of a soak are started with --expose-gc");
  gc();
  // A first collection finds what weak references and finalizers held; the second one counts.
  gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  const look: Look = {
    ...{ residentBytes: rss, heapBytes: heapUsed, outsideBytes: external },
    ...{ handles: counted(process.getActiveResourcesInfo()), ...loop, loopMaxMs },
  };
  process.send?.(look);
  // The collections were ours: the member is not blamed for them.
  delay.reset();
});
// Whoever started the member is gone without having ended it.
process.on("disconnect", () => process.exit(1));
process.channel?.unref();

function lateMs(nanoseconds: number): number {
  return Math.max(0, Math.round(nanoseconds / 1e4) / 100 - RESOLUTION_MS);
}

function counted(kinds: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
