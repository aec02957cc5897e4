/**
 * The clock of one machine and, what belongs together, its event loop. Its time has an offset and a rate of its own. It can
 * be paused as by SIGSTOP (time goes on, nothing runs), suspended as a laptop (its time stands still as well), and a life on
 * it can end, after which nothing that the life has set up happens any more.
 *
 * What falls due during a pause comes after it in the order of Node's event loop: overdue timers first, then what has
 * arrived, then what waits for I/O to have had its turn. That order once made members miss heartbeats that had arrived in
 * time (`node/ticker.ts`).
 */
import type { Clock, Timer } from "../env.js";
import type { World } from "./world.js";

export interface MachineClockOptions {
  readonly world: World;
  /** See `World.after`. */
  readonly owner: number;
  /** What the clock shows when the world begins. */
  readonly offsetMs: number;
  /** Milliseconds of this clock in a millisecond of the world: 0.98 is slow. */
  readonly rate: number;
}

interface Deferred {
  readonly timers: (() => void)[];
  readonly arrivals: (() => void)[];
  readonly afterIo: (() => void)[];
}

export class MachineClock {
  readonly #options: MachineClockOptions;
  /** Of the world's time: how long this clock stood still so far, and since when it does. */
  #stoodMs = 0;
  #standsSince: number | undefined;
  /** Present while paused. */
  #deferred: Deferred | undefined;
  #pauses = 0;

  constructor(options: MachineClockOptions) {
    this.#options = options;
  }

  get paused(): boolean {
    return this.#deferred !== undefined;
  }

  nowMs(): number {
    const { world, offsetMs, rate } = this.#options;
    const now = this.#standsSince ?? world.nowMs;
    return offsetMs + (now - this.#stoodMs) * rate;
  }

  /** What this clock showed or will show at a time of the world, if it never stands still in between. */
  at(worldMs: number): number {
    return this.nowMs() + (worldMs - this.#options.world.nowMs) * this.#options.rate;
  }

  /** What a process sees of the clock; `isAlive` turns false when it ends. */
  processClock(isAlive: () => boolean): Clock {
    const ifAlive = (run: () => void) => (): void => {
      if (isAlive()) run();
    };
    return {
      nowMs: () => this.nowMs(),
      wallMs: () => this.nowMs(),
      setTimer: (delayMs, fire) => this.#setTimer(delayMs, ifAlive(fire)),
      afterIo: (run) => this.#soon("afterIo", ifAlive(run)),
    };
  }

  /** Something comes in from outside, such as a message or the end of a disk operation: now, or when the pause is over. */
  arrive(handle: () => void): void {
    if (this.#deferred === undefined) handle();
    else this.#deferred.arrivals.push(handle);
  }

  /** Nothing runs here for so long. With `suspend` the clock stands still meanwhile. */
  pause(ms: number, suspend = false): void {
    const { world, owner } = this.#options;
    this.#deferred ??= { timers: [], arrivals: [], afterIo: [] };
    if (suspend) this.#standsSince ??= world.nowMs;
    const pause = ++this.#pauses;
    world.after(
      ms,
      () => {
        // A later pause has taken over.
        if (pause === this.#pauses) this.#resume();
      },
      owner,
    );
  }

  /** Ends a pause at once. */
  wake(): void {
    this.#pauses += 1;
    if (this.paused) this.#resume();
  }

  #resume(): void {
    const { world } = this.#options;
    if (this.#standsSince !== undefined) this.#stoodMs += world.nowMs - this.#standsSince;
    this.#standsSince = undefined;
    const { timers, arrivals, afterIo } = this.#deferred as Deferred;
    this.#deferred = undefined;
    // One event each, so that promises settle between them as they do in Node.
    for (const run of timers) this.#soon("timers", run);
    for (const run of arrivals) this.#soon("arrivals", run);
    for (const run of afterIo) this.#soon("afterIo", run);
  }

  #soon(kind: keyof Deferred, run: () => void): Timer {
    const { world, owner } = this.#options;
    return world.after(
      0,
      () => {
        if (this.#deferred === undefined) run();
        else this.#deferred[kind].push(run);
      },
      owner,
    );
  }

  #setTimer(delayMs: number, fire: () => void): Timer {
    const { world, owner, rate } = this.#options;
    const dueMs = this.nowMs() + Math.max(0, delayMs);
    let timer: Timer;
    let cancelled = false;
    const run = (): void => {
      if (!cancelled) fire();
    };
    const due = (): void => {
      if (this.#deferred !== undefined) this.#deferred.timers.push(due);
      // The clock stood still for a part of the time.
      else if (dueMs - this.nowMs() > 1e-6) timer = world.after((dueMs - this.nowMs()) / rate, due, owner);
      else run();
    };
    timer = world.after(Math.max(0, delayMs) / rate, due, owner);
    return {
      cancel: () => {
        cancelled = true;
        timer.cancel();
      },
    };
  }
}
