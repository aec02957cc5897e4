/**
 * A clock that moves only when told to. Timers fire in the order of their times; between any two of them everything that
 * was set off gets to its end, so a test sees the same order of events every time.
 */
import type { Clock, Timer } from "../src/env.js";

interface PendingTimer {
  readonly dueMs: number;
  readonly order: number;
  readonly fire: () => void;
}

export class ManualClock implements Clock {
  #nowMs = 0;
  #order = 0;
  #timers: PendingTimer[] = [];
  #io: (() => void)[] = [];
  #afterIo: (() => void)[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  /** Timers that are set and have not fired. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const timer = { dueMs: this.#nowMs + delayMs, order: this.#order++, fire };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  /** No matter of time: it runs by itself too, for who waits for a promise and does not drive the clock. */
  afterIo(run: () => void): void {
    if (this.#afterIo.length === 0) setImmediate(() => this.#runAfterIo());
    this.#afterIo.push(run);
  }

  /** Something arrives from outside: it is handled behind timers that are overdue, before callbacks of `afterIo`. */
  arrive(handle: () => void): void {
    this.#io.push(handle);
  }

  /** Lets promises and `afterIo` callbacks run until nothing is left to do without time passing. */
  async settle(): Promise<void> {
    do {
      for (const handle of this.#io.splice(0)) handle();
      this.#runAfterIo();
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#io.length + this.#afterIo.length > 0);
  }

  /** Time passes, and every timer that falls due fires at its time. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    // As in the real event loop, timers that are overdue after a stall fire before what arrived meanwhile is read.
    if (!this.#timers.some(({ dueMs }) => dueMs < this.#nowMs)) await this.settle();
    for (let timer = this.#takeDue(endMs); timer !== undefined; timer = this.#takeDue(endMs)) {
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      timer.fire();
      await this.settle();
    }
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  /** The event loop stands still for so long: time passes and nothing fires. */
  stall(ms: number): void {
    this.#nowMs += ms;
  }

  #runAfterIo(): void {
    for (const run of this.#afterIo.splice(0)) run();
  }

  #takeDue(endMs: number): PendingTimer | undefined {
    const [first] = this.#timers
      .filter(({ dueMs }) => dueMs <= endMs)
      .sort((a, b) => a.dueMs - b.dueMs || a.order - b.order);
    this.#timers = this.#timers.filter((timer) => timer !== first);
    return first;
  }
}
