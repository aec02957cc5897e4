/** What the network between members is like at the moment: messages are lost, slow, or held up in one direction. */
import { Chance } from "../../src/core/raft/testing/cluster-random.js";
import type { Message } from "../../src/core/raft/types.js";
import type { Fate } from "../memory-network.js";

export interface WeatherOptions {
  readonly seed: number;
  readonly nowMs: () => number;
  /** What a message takes on a fine day. */
  readonly delayMs: () => number;
}

export class Weather {
  /** Of a hundred messages. */
  lostPercent = 0;
  /** Times the usual delay. */
  slowness = 1;
  /** Told about every message that does not go its usual way. */
  onEffect: (effect: "loss" | "slow network" | "clog") => void = () => {};
  readonly #options: WeatherOptions;
  readonly #chance: Chance;
  /** Direction, as `from>to`, → the time until which nothing comes through. */
  readonly #clogs: Map<string, number> = new Map();

  constructor(options: WeatherOptions) {
    this.#options = options;
    this.#chance = Chance.of(options.seed, "weather");
  }

  /** Nothing comes through in this direction for so long; then all of it does. */
  clog(from: bigint, to: bigint, ms: number): void {
    this.#clogs.set(`${from}>${to}`, this.#options.nowMs() + ms);
  }

  heal(): void {
    this.lostPercent = 0;
    this.slowness = 1;
    this.#clogs.clear();
  }

  /** Undefined on a fine day. */
  fateOf({ from, to }: Message): Fate | undefined {
    if (this.lostPercent > 0 && this.#chance.percent(this.lostPercent)) {
      this.onEffect("loss");
      return "lost";
    }
    const { nowMs, delayMs } = this.#options;
    if (this.#clogs.size > 0) {
      const heldMs = (this.#clogs.get(`${from}>${to}`) ?? 0) - nowMs();
      if (heldMs > 0) {
        this.onEffect("clog");
        return { delayMs: heldMs + delayMs() };
      }
    }
    if (this.slowness === 1) return undefined;
    this.onEffect("slow network");
    return { delayMs: delayMs() * this.slowness };
  }
}
