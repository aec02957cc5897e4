/**
 * Writes at a steady rate, or as fast as answers come, and keeps how long each write took. One process with one event loop does it:
 * how busy that was belongs to the result, since a generator at its limit measures itself.
 */
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

export interface Load {
  /** Writes under way at once at most. */
  readonly concurrency: number;
  /** Writes per second at most. Default: no limit. */
  readonly rate?: number;
  /** Writes in all. Default: until `durationMs` is over. */
  readonly count?: number;
  readonly durationMs?: number;
  readonly signal: AbortSignal;
  /** One write. What it rejects with is counted. */
  write(index: number): Promise<unknown>;
  /** Told of so many writes that have ended. */
  onProgress?(ended: number): void;
}

export interface Measured {
  readonly ended: number;
  /** Text of an error → how often. */
  readonly errors: ReadonlyMap<string, number>;
  readonly perSecond: number;
  /** Seconds, as the standard deviation. */
  readonly slowest: number;
  readonly deviation: number;
  /** Share of the time in which this process was busy itself, 0 to 1. */
  readonly busy: number;
}

/** Milliseconds by which the schedule may catch up after a pause; what was missed before that is lost. */
const CATCH_UP_MS = 50;
/** Different errors that are told apart. */
const ERRORS_MAX = 100;

/** Resolves when all writes have ended. Errors: `signal.reason`. */
export async function runLoad(load: Load): Promise<Measured> {
  const tally = new Tally();
  const pace = new Pace(load);
  const before = performance.eventLoopUtilization();
  const start = performance.now();
  const worker = async (): Promise<void> => {
    for (let index = await pace.next(); index !== undefined; index = await pace.next()) {
      const begin = performance.now();
      const error = await load.write(index).then(
        () => undefined,
        (reason: unknown) => (reason instanceof Error ? reason.message : String(reason)),
      );
      tally.add((performance.now() - begin) / 1_000, error);
      load.onProgress?.(tally.ended);
    }
  };
  await Promise.all(Array.from({ length: load.concurrency }, worker));
  load.signal.throwIfAborted();
  const seconds = (performance.now() - start) / 1_000;
  return tally.measured(seconds, performance.eventLoopUtilization(before).utilization);
}

/** Hands out the writes: whose turn it is, and when. */
class Pace {
  readonly #load: Load;
  readonly #endMs: number;
  readonly #intervalMs: number;
  #next = 0;
  #dueMs = performance.now();

  constructor(load: Load) {
    this.#load = load;
    this.#endMs = performance.now() + (load.durationMs ?? Number.POSITIVE_INFINITY);
    this.#intervalMs = load.rate === undefined ? 0 : 1_000 / load.rate;
  }

  /** Resolves when it is time, with the number of the write; undefined when there are no more. */
  async next(): Promise<number | undefined> {
    const { count = Number.POSITIVE_INFINITY, signal } = this.#load;
    const now = performance.now();
    if (signal.aborted || this.#next >= count) return undefined;
    const due = Math.max(this.#dueMs + this.#intervalMs, now - CATCH_UP_MS);
    if (Math.max(due, now) >= this.#endMs) return undefined;
    this.#dueMs = due;
    const index = this.#next++;
    if (due > now) await sleep(due - now, undefined, { signal }).catch(() => undefined);
    return signal.aborted ? undefined : index;
  }
}

class Tally {
  readonly #errors = new Map<string, number>();
  ended = 0;
  #slowest = 0;
  #sum = 0;
  #sumOfSquares = 0;

  /** As etcdctl's, the figures are those of the writes that succeeded. */
  add(seconds: number, error: string | undefined): void {
    this.ended += 1;
    if (error !== undefined) {
      const name = this.#errors.size < ERRORS_MAX || this.#errors.has(error) ? error : "others";
      this.#errors.set(name, (this.#errors.get(name) ?? 0) + 1);
      return;
    }
    this.#slowest = Math.max(this.#slowest, seconds);
    this.#sum += seconds;
    this.#sumOfSquares += seconds * seconds;
  }

  measured(seconds: number, busy: number): Measured {
    const good = this.ended - [...this.#errors.values()].reduce((sum, count) => sum + count, 0);
    const mean = good === 0 ? 0 : this.#sum / good;
    const variance = good === 0 ? 0 : Math.max(0, this.#sumOfSquares / good - mean * mean);
    return {
      ...{ ended: this.ended, errors: this.#errors, slowest: this.#slowest, busy },
      perSecond: seconds > 0 ? good / seconds : 0,
      deviation: Math.sqrt(variance),
    };
  }
}
