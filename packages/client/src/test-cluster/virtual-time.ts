/**
 * When time passes in a test cluster. Nothing of the cluster runs on real time: the world stands still until somebody lets it
 * run, and then jumps from one event to the next. It runs
 *
 * - while a call waits for its answer, for as long as that takes,
 * - while a message is on its way and for a moment after, so that what it sets off (an event of a watch) arrives too,
 * - while a client is about to try again, but only a few seconds after the last call,
 * - while `advance` or `during` says so; with `time: "manual"` only then.
 *
 * So a test never waits, and never finds that time has passed which it did not ask for.
 */
import type { World } from "@kvorum/server/testing";

export type TimeMode = "auto" | "manual";

/** Milliseconds that follow the last message. Far above what members need to agree, far below any timeout. */
const SETTLE_MS = 100;
/** A longer wait of a client is no wait before it tries again. */
const RETRY_MAX_MS = 2_500;
/** So long after the last call's end clients that lost their streams get time to open them again. */
const RECOVERY_MS = 5_000;
/** Longest that time passes by itself: a client that tries again for good would keep the world running for good. */
const ALONE_MAX_MS = 10 * 60_000;
/** While somebody holds the world, it runs in pieces of so many milliseconds. */
const PIECE_MS = 1_000;
/** Times are sums of fractions: what falls due at the end of an hour may do so a rounding error later. */
const A_MOMENT_MS = 1e-6;

export class VirtualTime {
  readonly #world: World;
  readonly #mode: TimeMode;
  /** Calls under way, and those who insist. */
  #calls = 0;
  #insisting = 0;
  #settledAtMs = 0;
  #lastCallMs = 0;
  #aloneSinceMs = 0;
  #running = false;
  #stopped = false;
  /** Rejects when the world stops for good; nothing else becomes of it. */
  readonly #end: Promise<never>;
  #stop: (reason: unknown) => void = () => {};

  constructor(world: World, mode: TimeMode) {
    this.#world = world;
    this.#mode = mode;
    this.#end = new Promise((_, reject) => {
      this.#stop = reject;
    });
    this.#end.catch(() => {});
  }

  get nowMs(): number {
    return this.#world.nowMs;
  }

  /** Somebody waits for a call. */
  call(call: Promise<unknown>): void {
    this.#calls += 1;
    this.#lastCallMs = this.nowMs;
    this.#wake();
    const ended = (): void => {
      this.#calls -= 1;
      this.#lastCallMs = this.nowMs;
      this.#settle(SETTLE_MS);
    };
    call.then(ended, ended);
  }

  /** A message is on its way for so many milliseconds. */
  message(travelMs: number): void {
    this.#settle(travelMs + SETTLE_MS);
  }

  /** A client tries something again after so many milliseconds. */
  retry(waitMs: number): void {
    if (waitMs > RETRY_MAX_MS) return;
    const leftMs = this.#lastCallMs + RECOVERY_MS - this.nowMs;
    if (leftMs > 0) this.#settle(Math.min(waitMs + SETTLE_MS, leftMs));
  }

  /** The test did something to the cluster that clients have to recover from. */
  disturbed(): void {
    this.#lastCallMs = this.nowMs;
    this.#settle(SETTLE_MS);
  }

  /** Resolves after so many milliseconds, when everything that falls due until then has happened. */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0 && Number.isFinite(ms))) throw new RangeError(`time passes by 0 ms or more, not ${ms}`);
    const release = this.#insist();
    try {
      await Promise.race([this.sleep(ms + A_MOMENT_MS), this.#end]);
    } finally {
      release();
    }
  }

  /** Lets time pass until the work is done. Errors: the work's; that it was not done within so many milliseconds. */
  async during<T>(work: Promise<T>, withinMs: number, what = "it"): Promise<T> {
    const release = this.#insist();
    let late: { cancel(): void } | undefined;
    const lateness = new Promise<never>((_, reject) => {
      const message = `${what} did not happen within ${withinMs} ms of the test cluster's time`;
      late = this.#world.after(withinMs, () => reject(new Error(message)));
    });
    try {
      return await Promise.race([work, lateness, this.#end]);
    } finally {
      late?.cancel();
      release();
    }
  }

  /** Resolves when so many milliseconds have passed; lets none pass itself. */
  sleep(ms: number): Promise<void> {
    return this.#world.sleep(ms);
  }

  /** Nothing happens any more; who waits for time to pass is given the reason. */
  stop(reason: unknown): void {
    this.#stopped = true;
    this.#stop(reason);
  }

  #insist(): () => void {
    this.#insisting += 1;
    this.#wake();
    return once(() => {
      this.#insisting -= 1;
    });
  }

  #settle(ms: number): void {
    this.#settledAtMs = Math.max(this.#settledAtMs, this.nowMs + ms);
    this.#wake();
  }

  /** The time until which the world runs, as things are. */
  #untilMs(): number {
    const { nowMs } = this;
    if (this.#stopped) return nowMs;
    if (this.#insisting > 0) return nowMs + PIECE_MS;
    if (this.#mode === "manual" || nowMs - this.#aloneSinceMs >= ALONE_MAX_MS) return nowMs;
    return this.#calls > 0 ? nowMs + PIECE_MS : Math.max(nowMs, this.#settledAtMs);
  }

  #wake(): void {
    if (this.#running || this.#stopped) return;
    this.#aloneSinceMs = this.nowMs;
    if (this.#untilMs() <= this.nowMs) return;
    this.#running = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      for (let untilMs = this.#untilMs(); untilMs > this.nowMs; untilMs = this.#untilMs()) {
        if (this.#insisting > 0) this.#aloneSinceMs = this.nowMs;
        const endMs = untilMs;
        await this.#world.run(
          endMs,
          () => {},
          () => this.#untilMs() < endMs,
        );
      }
    } catch (error) {
      this.stop(error);
    } finally {
      this.#running = false;
    }
  }
}

function once(run: () => void): () => void {
  let done = false;
  return () => {
    if (!done) run();
    done = true;
  };
}
