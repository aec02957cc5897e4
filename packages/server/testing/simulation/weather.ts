/**
 * What the network between members is like at the moment: messages are lost, slow, held up in one direction, out of order or
 * there twice, and snapshots come through a narrow line. Each kind of trouble draws from a chance of its own.
 */

import type { Message } from "../../src/core/raft/types.js";
import { Chance } from "../../src/core/seeded/chance.js";
import type { Fate } from "../../src/simulation/memory-network.js";

export interface WeatherOptions {
  readonly seed: number;
  readonly nowMs: () => number;
  /** What a message takes on a fine day. */
  readonly delayMs: () => number;
}

/** Milliseconds from a message to its copy. Most come at once, some when others have long been answered. */
const COPY_LAG_MS = [0, 1, 10, 100, 1000];

/** A direction in which nothing comes through until the time. */
export interface Clog {
  readonly from: bigint;
  readonly to: bigint;
  readonly untilMs: number;
}

export class Weather {
  /** Of a hundred messages. */
  lostPercent = 0;
  /** Of a hundred messages that may. */
  twicePercent = 0;
  /** Milliseconds within which messages overtake each other. */
  disorderMs = 0;
  /** Times the usual delay. */
  slowness = 1;
  /** Bytes of a snapshot that come through in a millisecond. */
  bytesPerMs: number = Number.POSITIVE_INFINITY;
  /** Called when the next piece of a snapshot is on its way, once. */
  onPiece: ((from: bigint, to: bigint) => void) | undefined;
  /** Told about every message that does not go its usual way. */
  onEffect: (effect: "loss" | "slow network" | "clog" | "bandwidth") => void = () => {};
  readonly #options: WeatherOptions;
  readonly #losses: Chance;
  readonly #copies: Chance;
  readonly #disorder: Chance;
  /** By direction, as `from>to`. */
  readonly #clogs: Map<string, Clog> = new Map();

  constructor(options: WeatherOptions) {
    this.#options = options;
    this.#losses = Chance.of(options.seed, "weather");
    this.#copies = Chance.of(options.seed, "copies of messages");
    this.#disorder = Chance.of(options.seed, "order of messages");
  }

  /** Nothing comes through in this direction for so long; then all of it does. */
  clog(from: bigint, to: bigint, ms: number): void {
    this.#clogs.set(`${from}>${to}`, { from, to, untilMs: this.#options.nowMs() + ms });
  }

  /** The answer: what held messages back until now, and has them still; only a break of the connection frees those. */
  heal(): readonly Clog[] {
    const nowMs = this.#options.nowMs();
    const holding = [...this.#clogs.values()].filter(({ untilMs }) => untilMs > nowMs);
    this.lostPercent = 0;
    this.twicePercent = 0;
    this.disorderMs = 0;
    this.slowness = 1;
    this.bytesPerMs = Number.POSITIVE_INFINITY;
    this.onPiece = undefined;
    this.#clogs.clear();
    return holding;
  }

  /** Undefined on a fine day. */
  fateOf(message: Message): Fate | undefined {
    if (this.lostPercent > 0 && this.#losses.percent(this.lostPercent)) {
      this.onEffect("loss");
      return "lost";
    }
    const { disorderMs, twicePercent } = this;
    const delayMs = this.#delayMs(message);
    if (disorderMs === 0 && twicePercent === 0) return delayMs === undefined ? undefined : { delayMs };
    const usualMs = delayMs ?? this.#options.delayMs();
    return {
      delayMs: disorderMs === 0 ? usualMs : usualMs + this.#disorder.int(disorderMs),
      unordered: disorderMs > 0,
      ...(twicePercent > 0 && this.#copies.percent(twicePercent) && { againMs: [this.#copies.pick(COPY_LAG_MS)] }),
    };
  }

  /** Milliseconds that a piece of a snapshot takes for its size. */
  pieceMs(from: bigint, to: bigint, bytes: number): number {
    const { onPiece } = this;
    this.onPiece = undefined;
    onPiece?.(from, to);
    if (this.bytesPerMs === Number.POSITIVE_INFINITY) return 0;
    this.onEffect("bandwidth");
    return bytes / this.bytesPerMs;
  }

  /** Undefined when it is the usual. */
  #delayMs({ from, to }: Message): number | undefined {
    const { nowMs, delayMs } = this.#options;
    if (this.#clogs.size > 0) {
      const heldMs = (this.#clogs.get(`${from}>${to}`)?.untilMs ?? 0) - nowMs();
      if (heldMs > 0) {
        this.onEffect("clog");
        return heldMs + delayMs();
      }
    }
    if (this.slowness === 1) return undefined;
    this.onEffect("slow network");
    return delayMs() * this.slowness;
  }
}
