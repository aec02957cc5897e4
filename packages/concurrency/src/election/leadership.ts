/**
 * Leading: the first place of an election, with a value that everyone can see.
 *
 * Values appear in the order in which they were proclaimed. A request may be late by any time, and a value whose proclamation
 * was given up must not come over a later one; so each is written on condition that the value before it still stands, one
 * after the other.
 */
import { type CallOptions, type Codec, compare, isEtcdError, TimeoutError } from "@kvorum/client";
import { checkEnds } from "../contention/checks.js";
import { Held, type HeldInit, type Ownership } from "../contention/ownership.js";
import { NotLeaderError } from "../errors.js";
import { Interrupt, persist, unlessAborted } from "../interrupt.js";
import { byteString } from "../keys.js";

/** Disposing resigns. */
export interface Leadership<V> extends Ownership, AsyncDisposable {
  /**
   * Replaces the value that observers see; values appear in the order of the calls. Repeated while its outcome is unknown.
   *
   * Errors: `NotLeaderError`, and then nothing was written unless an answer had been lost before; `TimeoutError` (after 10
   * seconds, or `timeout` milliseconds), with the outcome `unknown` if it was sent; `signal.reason`; `EtcdError`. A value that
   * was given up never replaces one that is proclaimed later.
   */
  proclaim(value: V, options?: Pick<CallOptions, "signal" | "timeout">): Promise<void>;
  /** Steps down: `signal` aborts first, then the key goes. Idempotent; a leadership that is lost already is no error. */
  resign(options?: Pick<CallOptions, "signal" | "timeout">): Promise<void>;
}

const PROCLAIM_MS = 10_000;

export class HeldLeadership<V> extends Held implements Leadership<V> {
  readonly #codec: Codec<V>;
  /** Of the value that was seen last; what is proclaimed replaces that one or nothing. */
  #modRevision: bigint;
  /** The proclamations before, settled. */
  #before: Promise<void> = Promise.resolve();

  /** `modRevision` of its value, where that is not the one it began with. */
  constructor(init: HeldInit, codec: Codec<V>, modRevision: bigint = init.place.createRevision) {
    super(init);
    this.#codec = codec;
    this.#modRevision = modRevision;
  }

  async proclaim(value: V, options: Pick<CallOptions, "signal" | "timeout"> = {}): Promise<void> {
    checkEnds(options);
    const encoded = new Uint8Array(this.#codec.encode(value));
    this.assertHeld();
    const { world } = this.store;
    using wait = new Interrupt(world, "proclaiming", [options.signal, this.over], options.timeout ?? PROCLAIM_MS);
    const { signal } = wait;
    const before = this.#before;
    let settle = (): void => undefined;
    this.#before = new Promise((resolve) => {
      settle = () => void before.then(resolve);
    });
    const state = { sent: false };
    try {
      await unlessAborted(before, signal);
      await this.#write(encoded, signal, state);
    } catch (error) {
      if (!state.sent || !isEtcdError(error, "timeout")) throw error;
      throw new TimeoutError(error.message, {
        code: error.code,
        reason: error.reason,
        outcome: "unknown",
        cause: error,
      });
    } finally {
      settle();
    }
  }

  async resign(options: Pick<CallOptions, "signal" | "timeout"> = {}): Promise<void> {
    if (!this.isLost) await this.release(options.signal, options.timeout);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.resign();
  }

  async #write(encoded: Uint8Array, signal: AbortSignal, state: { sent: boolean }): Promise<void> {
    const { place, session } = this.init;
    const { op } = this.store;
    const put = op.put(place.key, encoded, { lease: session.leaseId });
    let inDoubt = false;
    const attempt = async (): Promise<void> => {
      state.sent = true;
      const unchanged = compare.modRevision(place.key).eq(this.#modRevision);
      const result = await this.store
        .txn({ if: [this.ownership(), unchanged], then: [put], else: [op.get(place.key)] }, { signal })
        .catch((error: unknown) => {
          inDoubt ||= isEtcdError(error) && error.outcome === "unknown";
          throw error;
        });
      if (result.succeeded) {
        this.#modRevision = result.header.revision;
        return;
      }
      const [found] = result.responses;
      if (found?.createRevision !== this.fencingToken) throw this.foundLost("was deleted by someone else");
      // An attempt whose answer was lost, of this proclamation or of one before it, or the hand of somebody else.
      this.#modRevision = found.modRevision;
      if (inDoubt && byteString(found.value) === byteString(encoded)) return;
      await attempt();
    };
    await persist(this.store.world, signal, attempt);
  }

  protected lost(why: string, cause?: unknown): NotLeaderError {
    return new NotLeaderError(this.key, this.fencingToken, why, cause);
  }
}
