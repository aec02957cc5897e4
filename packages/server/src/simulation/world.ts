/**
 * The time of a simulated world and everything that is going to happen in it. One thread, one queue, no real time: the
 * earliest event is taken, the clock is set to it, it runs, and every promise that it has set off gets to its end before the
 * next one is taken. So a run is a function of its seed (FoundationDB's idea of simulation).
 *
 * Promises get to their end between two macrotasks. Node drains microtasks after each `setImmediate` callback, so the loop
 * asks for a batch of those and does one event in each: nearly as cheap as a loop, and nothing of the node's is replaced.
 */
import { mixHash } from "../core/seeded/chance.js";
import { TimedQueue } from "../core/seeded/timed-queue.js";
import type { Timer } from "../env.js";

interface WorldEvent {
  readonly time: number;
  /** Who it happens to: a number of the world's own giving, part of the run's hash. */
  readonly owner: number;
  /** Undefined when it was cancelled. */
  run: (() => void) | undefined;
}

/** Events that one pass of Node's event loop may do. */
const BATCH = 128;

/** The real one, taken before a run forbids it to everybody else. */
const nextMacrotask = setImmediate;

export class World {
  readonly #queue = new TimedQueue<WorldEvent>();
  #nowMs = 0;
  #events = 0;
  #hash = 0;

  /** Milliseconds since the world began; may be a fraction. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events that have happened. */
  get events(): number {
    return this.#events;
  }

  /** A rolling hash of everything that has happened: two runs are the same run exactly when theirs are equal. */
  get hash(): number {
    return this.#hash;
  }

  /** Something goes into the hash that is not an event of its own: what a message says, what a fault was. */
  mix(value: number): void {
    this.#hash = mixHash(this.#hash, value);
  }

  after(delayMs: number, run: () => void, owner = 0): Timer {
    const event: WorldEvent = { time: this.#nowMs + Math.max(0, delayMs), owner, run };
    this.#queue.push(event);
    return {
      cancel: () => {
        event.run = undefined;
      },
    };
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, resolve);
    });
  }

  /**
   * Lets the world run until the time has come or the condition holds, whichever is first. `check` is called when everything
   * that an event has set off is done, with the event's owner; what it throws ends the run and is what this rejects with.
   */
  run(untilMs: number, check: (owner: number) => void, done: () => boolean = () => false): Promise<void> {
    return new Promise((resolve, reject) => {
      let ended = false;
      let owner: number | undefined;
      let left = 0;
      const turn = (): void => {
        if (ended) return;
        left -= 1;
        try {
          if (owner !== undefined) check(owner);
          if (done()) {
            ended = true;
            resolve();
            return;
          }
          owner = this.#step(untilMs);
        } catch (error) {
          ended = true;
          reject(error);
          return;
        }
        if (owner === undefined) {
          ended = true;
          this.#nowMs = Math.max(this.#nowMs, untilMs);
          resolve();
        } else if (left === 0) begin();
      };
      const begin = (): void => {
        left = BATCH;
        for (let i = 0; i < BATCH; i++) nextMacrotask(turn);
      };
      begin();
    });
  }

  /** Does the next event that falls due by then; undefined when there is none. */
  #step(untilMs: number): number | undefined {
    for (;;) {
      const { nextTime } = this.#queue;
      if (nextTime === undefined || nextTime > untilMs) return undefined;
      const { time, owner, run } = this.#queue.pop() as WorldEvent;
      if (run === undefined) continue;
      this.#nowMs = time;
      this.#events += 1;
      // Microseconds: 32 bits of them repeat after an hour, which no run lasts.
      this.mix(Math.round(time * 1000) ^ owner);
      run();
      return owner;
    }
  }
}
