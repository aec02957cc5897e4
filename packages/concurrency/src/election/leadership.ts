/** Leading: the first place of an election, with a value that everyone can see. */
import type { CallOptions, Codec } from "@kvorum/client";
import { Held, type HeldInit, type Ownership } from "../contention/ownership.js";
import { NotLeaderError } from "../errors.js";
import { Interrupt, persist } from "../interrupt.js";

/** Disposing resigns. */
export interface Leadership<V> extends Ownership, AsyncDisposable {
  /**
   * Replaces the value that observers see. Repeated while its outcome is unknown.
   *
   * Errors: `NotLeaderError`, and then nothing was written; `TimeoutError`; `signal.reason`; `EtcdError`.
   */
  proclaim(value: V, options?: Pick<CallOptions, "signal" | "timeout">): Promise<void>;
  /** Steps down: `signal` aborts first, then the key goes. Idempotent; a leadership that is lost already is no error. */
  resign(options?: Pick<CallOptions, "signal" | "timeout">): Promise<void>;
}

const PROCLAIM_MS = 10_000;

export class HeldLeadership<V> extends Held implements Leadership<V> {
  readonly #codec: Codec<V>;

  constructor(init: HeldInit, codec: Codec<V>) {
    super(init);
    this.#codec = codec;
  }

  async proclaim(value: V, options: Pick<CallOptions, "signal" | "timeout"> = {}): Promise<void> {
    const { place, session } = this.init;
    const put = this.store.op.put(place.key, this.#codec.encode(value), { lease: session.leaseId });
    this.assertHeld();
    const { world } = this.store;
    using wait = new Interrupt(world, "proclaiming", [options.signal, this.over], options.timeout ?? PROCLAIM_MS);
    const { signal } = wait;
    const result = await persist(world, signal, () =>
      this.store.txn({ if: [this.ownership()], then: [put] }, { signal }),
    );
    if (!result.succeeded) throw this.foundLost("was deleted by someone else");
  }

  async resign(options: Pick<CallOptions, "signal" | "timeout"> = {}): Promise<void> {
    if (!this.isLost) await this.release(options.signal, options.timeout);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.resign();
  }

  protected lost(why: string, cause?: unknown): NotLeaderError {
    return new NotLeaderError(this.key, this.fencingToken, why, cause);
  }
}
