/** One life's view of a clock that several members share: after `kill()` nothing that the life has set up fires any more. */
import type { Clock, Timer } from "../src/env.js";

export class MortalClock implements Clock {
  readonly #clock: Clock;
  #dead = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    return this.#clock.setTimer(delayMs, () => this.#ifAlive(fire));
  }

  afterIo(run: () => void): void {
    this.#clock.afterIo(() => this.#ifAlive(run));
  }

  kill(): void {
    this.#dead = true;
  }

  #ifAlive(run: () => void): void {
    if (!this.#dead) run();
  }
}
