/**
 * Handing leadership over (thesis §3.10): the leader takes no proposals, brings the target's log up to its own, tells it
 * to campaign at once, and takes proposals again when no new leader has come up within an election timeout.
 */
import { NO_MEMBER } from "./types.js";

export class Transfer {
  #target: bigint = NO_MEMBER;
  #elapsedTicks = 0;

  /** `NO_MEMBER` when no transfer is pending. */
  get target(): bigint {
    return this.#target;
  }

  get pending(): boolean {
    return this.#target !== NO_MEMBER;
  }

  /** A repeated request for the same target does not prolong the wait. */
  start(target: bigint): void {
    if (target === this.#target) return;
    this.#target = target;
    this.#elapsedTicks = 0;
  }

  end(): void {
    this.#target = NO_MEMBER;
  }

  tick(timeoutTicks: number): void {
    if (!this.pending) return;
    this.#elapsedTicks++;
    if (this.#elapsedTicks >= timeoutTicks) this.end();
  }

  inspect(): unknown {
    return this.pending ? { target: this.#target, elapsedTicks: this.#elapsedTicks } : undefined;
  }
}
