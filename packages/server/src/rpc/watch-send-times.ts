/** How long the connection takes the responses of a watch stream: it asks for the next one when it has room. */
import type { WatchResponse } from "../core/watch/types.js";
import type { Clock } from "../env.js";
import type { CallMeasures } from "./metrics/call-measures.js";

export class WatchSendTimes {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #calls: CallMeasures;
  /** What is being sent. */
  #response: WatchResponse | undefined;
  #beganMs = 0;

  constructor(clock: Pick<Clock, "nowMs">, calls: CallMeasures) {
    this.#clock = clock;
    this.#calls = calls;
  }

  /** `nowMs`: where the caller knows it. */
  began(response: WatchResponse, nowMs: number = this.#clock.nowMs()): void {
    this.#response = response;
    this.#beganMs = nowMs;
  }

  /** The time; undefined when nothing was being sent. */
  ended(): number | undefined {
    if (this.#response === undefined) return undefined;
    const { events, created, canceled } = this.#response;
    this.#response = undefined;
    const nowMs = this.#clock.nowMs();
    const seconds = (nowMs - this.#beganMs) / 1000;
    const calls = this.#calls;
    if (events.length > 0) {
      calls.watchSend.observe(seconds);
      calls.watchSendPerEvent.observe(seconds / events.length);
    } else (created || canceled ? calls.watchControlSend : calls.watchProgressSend).observe(seconds);
    return nowMs;
  }
}
