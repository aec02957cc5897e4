/**
 * Counts what costs us work and the sender next to nothing, and ends the connection when it is too much (RFC 9113 §10.5):
 * streams that are reset (CVE-2023-44487, CVE-2025-8671), frames that only ask for an answer, frames without content
 * (CVE-2019-9512, -9515, -9518), and answers that nobody reads.
 */
import type { ConnectionState } from "./connection-state.js";
import { ErrorCode, Http2Error } from "./error-code.js";
import type { FrameWriter } from "./frame-writer.js";
import type { Http2Limits } from "./limits.js";
import { PingFloor } from "./ping-floor.js";
import { Rate } from "./rate.js";

/** A WINDOW_UPDATE of less is not worth a frame. */
export const WINDOW_UPDATE_BYTES_MIN = 1_024;
/** For each frame of a call that we send, the other side may send so many small ones. */
const FREE_PER_FRAME = 2;

export class FloodGuard {
  readonly #limits: Http2Limits;
  readonly #state: ConnectionState;
  readonly #frames: FrameWriter;
  readonly #resets: Rate;
  readonly #controlFrames: Rate;
  readonly #pings: PingFloor;
  #freeUsed = 0;
  #spokenAtPing = 0;

  constructor(limits: Http2Limits, state: ConnectionState, frames: FrameWriter) {
    this.#limits = limits;
    this.#state = state;
    this.#frames = frames;
    this.#resets = new Rate(limits.resetsPerSecond, limits.resetsBurst);
    this.#controlFrames = new Rate(limits.controlFramesPerSecond, limits.controlFramesBurst);
    this.#pings = new PingFloor(state.client ? 0 : limits.pingIntervalMsMin, limits.pingStrikes);
  }

  /** A stream was reset by the other side, or by us because of it. */
  reset(): void {
    if (!this.#resets.allows(this.#state.nowMs)) throw calm("too many streams are reset");
    this.#checkAnswers();
  }

  controlFrame(): void {
    if (!this.#controlFrames.allows(this.#state.nowMs)) throw calm("too many control frames");
    this.#checkAnswers();
  }

  /**
   * A frame that comes in numbers from an honest peer too while we send: some update windows for every message, and Go's
   * pings measure the bandwidth.
   */
  reaction(): void {
    if (this.#freeUsed < this.#frames.spoken * FREE_PER_FRAME) {
      this.#freeUsed++;
      this.#checkAnswers();
    } else this.controlFrame();
  }

  ping(streamsOpen: boolean): void {
    const { spoken } = this.#frames;
    const forgiven = spoken !== this.#spokenAtPing;
    this.#spokenAtPing = spoken;
    if (!this.#pings.allows(this.#state.nowMs, streamsOpen, forgiven)) throw calm("too_many_pings");
    this.reaction();
  }

  #checkAnswers(): void {
    if (this.#frames.answerBytes > this.#limits.outputBytesMax) throw calm("answers are asked for and not read");
  }
}

export function calm(message: string): Http2Error {
  return new Http2Error(ErrorCode.ENHANCE_YOUR_CALM, message);
}
