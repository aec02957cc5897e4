/** How one machine's disk behaves at the moment: its usual delays, and what the nemesis has made of it. */
import { Chance } from "../../src/core/seeded/chance.js";
import { type DiskError, diskError } from "../../src/io/disk/disk-error.js";
import type { MachineBehaviour } from "../../src/simulation/machine.js";
import type { DiskCall } from "../../src/simulation/simulated-disk.js";
import type { Plan } from "./plan.js";

/** Errors that a disk can be told to answer with. */
export type DiskFailure = "sync error" | "no space" | "read error";

export class Hardware implements MachineBehaviour {
  readonly #delays: Chance;
  readonly #plan: Plan;
  /** Times the usual delay. */
  slowness = 1;
  /** Milliseconds that the next sync takes, once. */
  spikeMs = 0;
  /** Told when a call takes longer for it, and how long. */
  onSlow: (delayMs: number) => void = () => {};
  /** When the last call that it made slow ends: healing does not shorten what is under way. */
  slowUntilMs = 0;
  /** What the next call of the kind fails with, once. */
  failure: DiskFailure | undefined;
  /** Reads that succeed before a read error. */
  goodReads = 0;
  /** Told when the failure has bitten, with what the caller is about to get. */
  onFailure: (error: DiskError, path: string) => void = () => {};

  constructor(plan: Plan, name: string) {
    this.#plan = plan;
    this.#delays = Chance.of(plan.seed, `disk of ${name}`);
  }

  heal(): void {
    this.slowness = 1;
    this.spikeMs = 0;
    this.failure = undefined;
  }

  delayMs(call: DiskCall): number {
    const { min, max } = this.#plan.diskDelayMs;
    // Only what waits for the medium is slow.
    if (call !== "sync" && call !== "sync-directory") return 0.02;
    const { spikeMs } = this;
    this.spikeMs = 0;
    const delayMs = spikeMs + (min + (this.#delays.int(1000) / 1000) * (max - min)) * this.slowness;
    if (spikeMs > 0 || this.slowness > 1) this.onSlow(delayMs);
    return delayMs;
  }

  writesEarly(): boolean {
    return this.#delays.percent(50);
  }

  beforeChange({ type, path }: { readonly type: string; readonly path: string }): void {
    if (this.failure === "sync error" && type === "sync") {
      this.#fail("EIO", `input/output error, fdatasync '${path}'`, path);
    }
    if (this.failure === "no space" && (type === "create" || type === "write")) {
      this.#fail("ENOSPC", `no space left on device, write '${path}'`, path);
    }
  }

  beforeRead(path: string): void {
    // As Node has it: the file is not named.
    if (this.failure === "read error" && this.goodReads-- <= 0) this.#fail("EIO", "i/o error, read", path);
  }

  #fail(code: string, message: string, path: string): never {
    this.failure = undefined;
    const error = diskError(code, message);
    this.onFailure(error, path);
    throw error;
  }
}
