/**
 * Holding the first place of a queue: what locks and leaderships have in common.
 *
 * Ownership that rests on time is advisory: a holder that was paused past its time to live does not know yet that another
 * one has begun. `held` and `signal` make that window as small as clocks allow; only a guard that is checked where the
 * write happens closes it. Put `ownership()` in the `if` of a txn on this cluster, and hand `fencingToken` to anything else
 * (Kleppmann, "How to do distributed locking", 2016; Jepsen's analysis of etcd 3.4.3).
 */
import { bytes, CompactedError, type Compare, compare, type Store } from "@kvorum/client";
import { Interrupt, isTransient, pause, unlessAborted } from "../interrupt.js";
import type { Session } from "../session.js";
import type { Contender, Place } from "./contender.js";
import type { Slot } from "./local-queue.js";

export interface Ownership {
  /** The contender's key, `<name>/<lease in hex>`, as text. */
  readonly key: string;
  /**
   * The revision that created the key: strictly greater with every later owner of the same name, for ever and in the whole
   * cluster. A store that refuses tokens lower than the highest it has seen refuses every earlier owner.
   */
  readonly fencingToken: bigint;
  /** Aborts when the ownership is lost or given up. Taking it also starts a watch on the key, in case someone deletes it. */
  readonly signal: AbortSignal;
  /** Whether it is certain to be ours now; computed from the clock, needs no timer to have fired. */
  readonly held: boolean;
  /** Throws unless `held`. */
  assertHeld(): void;
  /** The condition "this is still ours" for the `if` of a txn: it and the writes of the txn are then one step. */
  ownership(): Compare;
}

export interface HeldInit {
  readonly queue: Pick<Contender, "leave"> & Partial<Pick<Contender, "sweep">>;
  readonly place: Place;
  readonly session: Session;
  /** Whether the session was opened for this ownership and ends with it. */
  readonly privateSession: boolean;
  readonly slot: Slot;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** How long giving up waits for an answer, in milliseconds, before it goes on behind the caller's back. */
const RELEASE_WAIT_MS = 10_000;

/** `Lost` makes the error that says so: locks and leaderships have one each. */
export abstract class Held implements Ownership {
  readonly key: string;
  readonly fencingToken: bigint;
  protected readonly init: HeldInit;
  protected readonly store: Store<Uint8Array>;
  readonly #abort = new AbortController();
  readonly #stopGuard = new AbortController();
  #over: "lost" | "released" | undefined;
  #released: Promise<void> | undefined;
  #guarded = false;
  #told = false;
  readonly #onSessionOver = (): void => this.#lose("ended with its session", this.init.session.signal.reason);

  constructor(init: HeldInit) {
    this.init = init;
    this.key = decoder.decode(init.place.key);
    this.fencingToken = init.place.createRevision;
    this.store = init.session.client.withCodec(bytes);
    const { signal } = init.session;
    if (signal.aborted) this.#onSessionOver();
    else signal.addEventListener("abort", this.#onSessionOver, { once: true });
  }

  get signal(): AbortSignal {
    this.#told = true;
    if (!this.#guarded && this.#over === undefined) {
      this.#guarded = true;
      // It never rejects, and `release` ends it.
      void this.#guard();
    }
    return this.#abort.signal;
  }

  get held(): boolean {
    return this.#over === undefined && this.init.session.remaining() > 0;
  }

  assertHeld(): void {
    if (this.held) return;
    this.#told = true;
    if (this.#abort.signal.aborted) throw this.#abort.signal.reason;
    throw this.lost("is no longer certain to be held", this.init.session.signal.reason);
  }

  ownership(): Compare {
    return compare.createRevision(this.init.place.key).eq(this.fencingToken);
  }

  protected abstract lost(why: string, cause?: unknown): Error;

  /** Aborts as `signal` does; taking it has no side effect. */
  protected get over(): AbortSignal {
    return this.#abort.signal;
  }

  /** Whether the loss has been seen. */
  protected get isLost(): boolean {
    return this.#over === "lost";
  }

  /** Whether the owner was given a way to learn of a loss before it gave up. */
  protected get ownerWasTold(): boolean {
    return this.#told;
  }

  /** Someone else's proof that it is lost: a condition on the key that did not hold. */
  protected foundLost(why: string): Error {
    this.#lose(why, undefined);
    return this.#abort.signal.reason instanceof Error ? this.#abort.signal.reason : this.lost(why);
  }

  /**
   * Gives up: the signal aborts first, then the key goes. Resolves once that is certain or the session is over. When
   * `signal` aborts or the time is up it rejects, and the removal goes on until it is done or the session ends.
   */
  protected async release(signal?: AbortSignal, timeoutMs: number = RELEASE_WAIT_MS): Promise<void> {
    if (this.#over === undefined) {
      this.#finish("released", new DOMException(`${this.key} was released`, "AbortError"));
      this.#released = this.#remove();
    }
    using wait = new Interrupt(this.store.world, "giving up ownership", [signal], timeoutMs);
    await unlessAborted(this.#released ?? Promise.resolve(), wait.signal);
  }

  /** Ends this ownership, whose place goes on as another one. The answer gives the place up after all. */
  protected handOver(why: string): () => Promise<void> {
    this.#finish("released", new DOMException(`${this.key} ${why}`, "AbortError"));
    return () => this.#remove();
  }

  async #remove(): Promise<void> {
    const { place, privateSession, queue, session, slot } = this.init;
    try {
      if (privateSession) await session.close();
      // Whether it was still there makes no difference to the one who leaves: the queue is without it now.
      else await queue.leave(place, session.signal);
      if (!privateSession) queue.sweep?.(session);
    } catch (error) {
      // With the session its keys go as well.
      if (!session.signal.aborted) throw error;
    } finally {
      slot.free();
    }
  }

  #lose(why: string, cause: unknown): void {
    if (this.#over !== undefined) return;
    this.#finish("lost", this.lost(why, cause));
    this.init.slot.free();
    if (this.init.privateSession) void this.init.session.close().catch(() => undefined);
  }

  #finish(over: "lost" | "released", reason: unknown): void {
    this.#over = over;
    this.init.session.signal.removeEventListener("abort", this.#onSessionOver);
    this.#stopGuard.abort();
    this.#abort.abort(reason);
  }

  /** Notices that the key is gone although the session lives: an operator deleted it, or the server ended the lease. */
  async #guard(): Promise<void> {
    const { signal } = this.#stopGuard;
    for (let startRevision = this.fencingToken + 1n; !signal.aborted; ) {
      try {
        for await (const _ of this.store.watch(this.init.place.key, { startRevision, only: "delete", signal })) {
          this.#lose("was deleted by someone else", undefined);
          return;
        }
      } catch (error) {
        if (!(error instanceof CompactedError) && !isTransient(error)) return;
        const seen = await this.#look().catch(() => undefined);
        if (seen?.there === false) this.#lose("was deleted by someone else", undefined);
        if (seen === undefined) await pause(this.store.world, 1_000, signal).catch(() => undefined);
        else startRevision = seen.revision + 1n;
      }
    }
  }

  async #look(): Promise<{ readonly there: boolean; readonly revision: bigint }> {
    const { header, succeeded } = await this.store.txn({ if: [this.ownership()] });
    return { there: succeeded, revision: header.revision };
  }
}
