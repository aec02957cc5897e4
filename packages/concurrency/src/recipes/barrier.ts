/**
 * A gate in front of which processes wait: closed while its key exists, open otherwise. The layout is that of the barrier of
 * etcd's own recipes, so that holders and waiters in other languages stand at the same gate.
 *
 * Correctness of waiting: a wait ends when the gate was open at some moment after it began, either because a linearizable
 * read found no key, or because the deletion of the key was reported by a watch that follows on the read that found it.
 * That deletion is a fact of the log: reading again would only let a waiter miss an opening that is followed by the next
 * hold at once, and wait for ever with a gate that opens and closes. Where history is compacted, the create revision tells
 * whether the key is still that of the same hold.
 */
import { bytes, compare, isEtcdError, type Key, type Store } from "@kvorum/client";
import { checkEnds, checkStore } from "../contention/checks.js";
import { SessionExpiredError } from "../errors.js";
import { Interrupt, persist } from "../interrupt.js";
import type { Session } from "../session.js";
import { type RecipeCallOptions, type RecipeWaitOptions, recipeName } from "./arguments.js";
import { knownOutcome } from "./conflicts.js";
import { eventAfter } from "./event-after.js";

export interface BarrierOptions {
  /** What `hold` attaches the barrier to: it opens when the session ends. Default: it stays until it is released. */
  readonly session?: Session;
  /**
   * `exactly-once`: a `hold` whose answer was lost is sent again, as the client's option of this name does it. Default `auto`:
   * then it is an `OutcomeUnknownError`, because sent again it might close what somebody has released in the meantime.
   */
  readonly retry?: "auto" | "exactly-once";
}

const RELEASE_MS = 10_000;

export class Barrier {
  readonly #store: Store<Uint8Array>;
  readonly #key: Uint8Array;
  readonly #session: Session | undefined;
  readonly #retry: "auto" | "exactly-once";

  /** Errors: `TypeError` for an empty name or an option. */
  constructor(store: Store<unknown>, name: Key, options: BarrierOptions = {}) {
    checkStore(store, "a barrier");
    const { retry = "auto", session } = options;
    if (retry !== "auto" && retry !== "exactly-once") {
      throw new TypeError(`retry must be "auto" or "exactly-once", not ${String(retry)}`);
    }
    this.#store = store.withCodec(bytes);
    this.#key = recipeName(name, "barrier");
    this.#session = session;
    this.#retry = retry;
  }

  /**
   * Closes the barrier. True if this call did it, false if it was closed already.
   *
   * Errors: `OutcomeUnknownError` when the answer was lost (see `retry`); `SessionExpiredError`; `TimeoutError`;
   * `signal.reason`, and then it may have been closed; `EtcdError`.
   */
  async hold(options: RecipeCallOptions = {}): Promise<boolean> {
    checkEnds(options);
    const session = this.#session;
    session?.assertActive();
    const lease = session && { lease: session.leaseId };
    const closing = this.#store.create(this.#key, NO_VALUE, { ...options, ...lease, retry: this.#retry });
    try {
      return (await knownOutcome(1, closing)).ok;
    } catch (error) {
      if (session === undefined || !isEtcdError(error, "lease-not-found")) throw error;
      throw new SessionExpiredError(session.leaseId, "has expired", error);
    }
  }

  /**
   * Opens the barrier, whoever closed it. True if this call did it, false if it was open. It is repeated while its outcome is
   * unknown; it opens what was closed when it began and never a later hold, because a create revision is deleted once.
   *
   * Errors: `TimeoutError`, `signal.reason`, and then it may have been opened; `EtcdError`.
   */
  async release(options: RecipeCallOptions = {}): Promise<boolean> {
    checkEnds(options);
    const { world } = this.#store;
    const store = this.#store;
    using wait = new Interrupt(world, "releasing the barrier", [options.signal], options.timeout ?? RELEASE_MS);
    const { signal } = wait;
    const { held } = await this.#look(signal);
    if (held === undefined) return false;
    let mayBeOurs = false;
    return persist(world, signal, async () => {
      const guard = { if: [compare.createRevision(this.#key).eq(held)], then: [store.op.delete(this.#key)] };
      const deleting = store.txn(guard, { signal }).catch((error: unknown) => {
        mayBeOurs ||= isEtcdError(error) && error.outcome === "unknown";
        throw error;
      });
      return (await deleting).succeeded || mayBeOurs;
    });
  }

  /** Whether it is closed now. */
  async isHeld(options: RecipeCallOptions = {}): Promise<boolean> {
    checkEnds(options);
    return (await this.#store.get(this.#key, options)) !== undefined;
  }

  /**
   * Resolves when the barrier is or was open at some moment of the call; at once where nobody holds it.
   *
   * Errors: `TimeoutError` after `timeout`; `signal.reason`; `EtcdError`.
   */
  async wait(options: RecipeWaitOptions = {}): Promise<void> {
    checkEnds(options);
    using wait = new Interrupt(this.#store.world, "the wait at the barrier", [options.signal], options.timeout);
    const { signal } = wait;
    for (let waitedFor: bigint | undefined; ; ) {
      const { held, revision } = await this.#look(signal);
      if (held === undefined || (waitedFor !== undefined && held !== waitedFor)) return;
      waitedFor = held;
      const opened = await eventAfter(this.#store, this.#key, revision, signal, ({ type }) => type === "delete");
      if (opened !== undefined) return;
    }
  }

  /** The create revision of the hold, if there is one, and the revision at which that was seen. */
  async #look(signal: AbortSignal): Promise<{ readonly held: bigint | undefined; readonly revision: bigint }> {
    const range = { key: this.#key };
    const { kvs, header } = await persist(this.#store.world, signal, () => this.#store.list(range, { signal }));
    return { held: kvs[0]?.createRevision, revision: header.revision };
  }
}

const NO_VALUE = new Uint8Array(0);
