/**
 * Raft's ticks out of a timer. After a stall of the event loop the timer fires before the messages that have been waiting
 * in the kernel are read: a heartbeat that arrived in time would come after the tick that misses it. So a late tick counts
 * once, however many were missed, and only after pending I/O had its turn.
 */
import type { Clock, Timer } from "../env.js";

/** A tick that comes later than this many intervals after the last one means that the loop stood still. */
const STALL_INTERVALS = 2;

export interface TickerOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  /** `stalledMs` is how long the loop stood still before this tick, 0 for one in time. */
  readonly onTick: (nowMs: number, stalledMs: number) => void;
}

export class Ticker {
  readonly #options: TickerOptions;
  #timer: Timer | undefined;
  #lastMs = 0;
  #stopped = false;

  constructor(options: TickerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#lastMs = this.#options.clock.nowMs();
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #arm(): void {
    this.#timer = this.#options.clock.setTimer(this.#options.intervalMs, () => this.#fire());
  }

  #fire(): void {
    const { clock, intervalMs } = this.#options;
    const elapsedMs = clock.nowMs() - this.#lastMs;
    if (elapsedMs > STALL_INTERVALS * intervalMs) clock.afterIo(() => this.#tick(elapsedMs));
    else this.#tick(0);
  }

  #tick(stalledMs: number): void {
    if (this.#stopped) return;
    const nowMs = this.#options.clock.nowMs();
    this.#lastMs = nowMs;
    this.#arm();
    this.#options.onTick(nowMs, stalledMs);
  }
}
