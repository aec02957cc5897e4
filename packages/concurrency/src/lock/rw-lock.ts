/** Locks of readers and writers that are held, and how one becomes the other. */
import type { HeldInit } from "../contention/ownership.js";
import { UpgradeRefusedError } from "../errors.js";
import { Interrupt, unlessAborted } from "../interrupt.js";
import { HeldLock, type Lock } from "./lock.js";
import type { ReadWriteContender } from "./read-write-line.js";

export interface ConvertOptions {
  /** Aborting gives up waiting for the answer. */
  readonly signal?: AbortSignal;
  /** Milliseconds to wait for the answer at most, then `TimeoutError`. Default 10,000. */
  readonly timeout?: number;
}

export interface ReadLock extends Lock {
  /**
   * The lock as that of a writer, if nobody else holds it or waits for it. It never waits: two readers that waited for each other to
   * end would wait for ever. This handle is over then, without any writer in between.
   *
   * Errors, with this lock held as before: `UpgradeRefusedError`; `TimeoutError`; `signal.reason`. `LockLostError`.
   */
  upgrade(options?: ConvertOptions): Promise<WriteLock>;
}

export interface WriteLock extends Lock {
  /**
   * The lock as that of a reader, without any writer in between: readers come in, writers wait on. This handle is over as soon as it
   * is called, so `signal` aborts and `ownership()` holds no longer; the one that it resolves with has to be unlocked.
   *
   * Errors: `LockLostError`; `SessionExpiredError`; `TimeoutError`; `signal.reason`; `EtcdError`. Then the lock is given up.
   */
  downgrade(options?: ConvertOptions): Promise<ReadLock>;
}

const CONVERT_MS = 10_000;

export class HeldReadLock extends HeldLock implements ReadLock {
  readonly #contender: ReadWriteContender;
  #settled: Promise<unknown> = Promise.resolve();

  constructor(init: HeldInit, contender: ReadWriteContender) {
    super(init);
    this.#contender = contender;
  }

  async upgrade(options: ConvertOptions = {}): Promise<WriteLock> {
    this.assertHeld();
    const { session } = this.init;
    using wait = waiting(this.#contender, "the upgrade", [options.signal, this.over], options);
    // What an earlier attempt has left must be gone: it could be taken for ours, and then go.
    await unlessAborted(this.#settled, wait.signal);
    const upgrading = this.#contender.upgrade(session);
    try {
      const place = await unlessAborted(upgrading, wait.signal);
      if (place === "lost") throw this.foundLost("was deleted by someone else");
      if (place === "refused") throw new UpgradeRefusedError(this.key);
      this.assertHeld();
      this.handOver("was upgraded");
      return new HeldWriteLock({ ...this.init, place }, this.#contender);
    } catch (error) {
      // A request on its way may still come to a `write` key, which nobody would hold.
      this.#settled = upgrading
        .then((place) => (typeof place === "object" ? this.#contender.downgrade(place, session.signal) : undefined))
        .catch(() => undefined);
      throw error;
    }
  }
}

export class HeldWriteLock extends HeldLock implements WriteLock {
  readonly #contender: ReadWriteContender;

  constructor(init: HeldInit, contender: ReadWriteContender) {
    super(init);
    this.#contender = contender;
  }

  async downgrade(options: ConvertOptions = {}): Promise<ReadLock> {
    this.assertHeld();
    const { session } = this.init;
    // The work of a writer ends before readers come in.
    const giveUp = this.handOver("was downgraded");
    using wait = waiting(this.#contender, "the downgrade", [options.signal, session.signal], options);
    try {
      const place = await unlessAborted(this.#contender.downgrade(this.init.place, session.signal), wait.signal);
      if (place === undefined) throw this.lost("was deleted by someone else");
      session.assertActive();
      return new HeldReadLock({ ...this.init, place }, this.#contender);
    } catch (error) {
      void giveUp().catch(() => undefined);
      throw error;
    }
  }
}

function waiting(
  { world }: ReadWriteContender,
  what: string,
  signals: readonly (AbortSignal | undefined)[],
  { timeout = CONVERT_MS }: ConvertOptions,
): Interrupt {
  return new Interrupt(world, what, signals, timeout);
}
