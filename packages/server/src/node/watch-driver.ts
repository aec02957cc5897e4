/**
 * The hub's clockwork: history for watchers that lag behind (every 100 ms), another try for those whose stream was full
 * (every 10 ms while there are any), and progress notifications.
 */
import type { WatchHub } from "../core/watch/hub.js";
import type { Clock, Failpoints, Random, Timer } from "../env.js";
import type { Tuning } from "./tuning.js";

/** Progress notifications of many nodes and streams do not fall together: up to this share is added by chance. */
const PROGRESS_JITTER = 0.1;

export interface WatchDriverOptions {
  readonly hub: WatchHub;
  readonly clock: Clock;
  readonly random: Random;
  readonly failpoints: Failpoints;
  readonly progressNotifyMs: number;
  readonly tuning: Pick<Tuning, "watchCatchUpIntervalMs" | "watchVictimsIntervalMs">;
  readonly onError: (error: unknown) => void;
}

export class WatchDriver {
  readonly #options: WatchDriverOptions;
  #catchUpTimer: Timer | undefined;
  #progressTimer: Timer | undefined;
  #stopped = false;

  constructor(options: WatchDriverOptions) {
    this.#options = options;
  }

  start(): void {
    this.#armCatchUp(this.#options.tuning.watchCatchUpIntervalMs);
    this.#armProgress();
  }

  stop(): void {
    this.#stopped = true;
    this.#catchUpTimer?.cancel();
    this.#progressTimer?.cancel();
  }

  #armCatchUp(delayMs: number): void {
    this.#catchUpTimer = this.#options.clock.setTimer(delayMs, () => this.#guard(() => this.#catchUp()));
  }

  #catchUp(): void {
    const { hub, failpoints, tuning } = this.#options;
    if (hub.counts.slowWatchers > 0) failpoints.hit("watch-before-sync");
    const more = hub.catchUp();
    if (hub.counts.slowWatchers > 0) failpoints.hit("watch-before-victims");
    hub.retryVictims();
    const isSlow = more || hub.counts.slowWatchers > 0;
    this.#armCatchUp(isSlow ? tuning.watchVictimsIntervalMs : tuning.watchCatchUpIntervalMs);
  }

  #armProgress(): void {
    const { clock, random, failpoints, progressNotifyMs, hub } = this.#options;
    const jitterMs = random.int(Math.max(1, Math.floor(progressNotifyMs * PROGRESS_JITTER)));
    this.#progressTimer = clock.setTimer(progressNotifyMs + jitterMs, () =>
      this.#guard(() => {
        failpoints.hit("watch-before-progress");
        hub.progressTick();
        this.#armProgress();
      }),
    );
  }

  #guard(run: () => void): void {
    if (this.#stopped) return;
    try {
      run();
    } catch (error) {
      this.#options.onError(error);
    }
  }
}
