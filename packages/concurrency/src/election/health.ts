/**
 * A check that a process makes of itself while it leads or wants to. Who is sick does not stand for election, and a leader
 * that has fallen sick gives the leadership up, although its lease is well: a process that only renews its lease would lead
 * for ever.
 *
 * ```
 * check        ok      ok     fail    fail    fail      fail     ok
 * state      healthy ------------------------> sick ----------> healthy     (failures: 3)
 * ```
 */
import type { ClientWorld } from "@kvorum/client";
import { Interrupt, unlessAborted } from "../interrupt.js";

export interface HealthGate {
  /**
   * Whether this process is fit to lead. False, a rejection, and no answer within `timeoutMs` are a failure; the signal aborts then,
   * and when the loop ends. It is not called again before it has settled.
   */
  readonly check: (signal: AbortSignal) => boolean | Promise<boolean>;
  /** Milliseconds from the end of a check to the next one. Default 5,000. */
  readonly intervalMs?: number;
  /** Milliseconds that a check may take. Default 5,000. */
  readonly timeoutMs?: number;
  /** Failures in a row that make a healthy process sick. One success makes it healthy again. Default 3. */
  readonly failures?: number;
}

const DEFAULT_MS = 5_000;
const DEFAULT_FAILURES = 3;

/** Checks from its creation on until it is closed. It begins neither healthy nor sick: the first check decides. */
export class HealthMonitor {
  readonly #world: ClientWorld;
  readonly #gate: HealthGate;
  readonly #onChange: (kind: "healthy" | "unhealthy", failures: number) => void;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #state: "unknown" | "healthy" | "sick" = "unknown";
  #failures = 0;
  #sick = new AbortController();
  /** Those who wait for health. */
  #waiting: (() => void)[] = [];
  #checking = false;

  constructor(
    world: ClientWorld,
    gate: HealthGate,
    onChange: (kind: "healthy" | "unhealthy", failures: number) => void,
  ) {
    this.#world = world;
    this.#gate = gate;
    this.#onChange = onChange;
    this.#running = this.#run();
  }

  /** Aborts when this process falls sick; another one after it has recovered. */
  get sick(): AbortSignal {
    return this.#sick.signal;
  }

  /** Resolves when a check has succeeded and fewer than `failures` have failed since; rejects with the signal's reason. */
  async untilHealthy(signal: AbortSignal): Promise<void> {
    if (this.#state === "healthy") return;
    await unlessAborted(new Promise<void>((resolve) => this.#waiting.push(resolve)), signal);
  }

  /** Ends the checks. One that hangs is told and not waited for. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const well = await this.#check(signal);
      if (signal.aborted) return;
      if (well) this.#succeeded();
      else this.#failed();
      await this.#interval(signal);
    }
  }

  async #check(signal: AbortSignal): Promise<boolean> {
    // The one before hangs: so does whatever it asks.
    if (this.#checking) return false;
    using limit = new Interrupt(this.#world, "the check", [signal], this.#gate.timeoutMs ?? DEFAULT_MS);
    this.#checking = true;
    const answer = (async () => this.#gate.check(limit.signal))().finally(() => {
      this.#checking = false;
    });
    try {
      return (await unlessAborted(answer, limit.signal)) === true;
    } catch {
      return false;
    }
  }

  #succeeded(): void {
    const before = this.#state;
    this.#failures = 0;
    this.#state = "healthy";
    if (before === "sick") {
      this.#sick = new AbortController();
      this.#onChange("healthy", 0);
    }
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #failed(): void {
    this.#failures += 1;
    const enough = this.#state === "unknown" || this.#failures >= (this.#gate.failures ?? DEFAULT_FAILURES);
    if (this.#state === "sick" || !enough) return;
    this.#state = "sick";
    this.#onChange("unhealthy", this.#failures);
    this.#sick.abort(new DOMException(`${this.#failures} health checks in a row have failed`, "AbortError"));
  }

  /** No wait before another attempt, but a rhythm: the clock of a test lets no time pass for it. */
  #interval(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#world.clock.after(this.#gate.intervalMs ?? DEFAULT_MS, () => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      });
      const onAbort = (): void => {
        cancel();
        resolve();
      };
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }
}
