/**
 * A barrier on both sides: nobody passes `enter` before `count` participants have come, and nobody passes `leave` before all of
 * them leave. Then it is free for the next round. `round.ts` has the keys and the txns.
 *
 * Why nobody passes early: `enter` resolves when a read has seen `ready` beside the own key and names it, and `ready` is created
 * only while the first `count` keys are there, which it names. `leave` resolves when a read has seen none of these; each goes when
 * its owner leaves or its lease ends, and none can come.
 *
 * Why nobody waits for ever: who came as number `count` begins the round. If it dies before, fewer than `count` are left and
 * the next one to come is number `count`. Waits follow on the read that decided to wait, and `leave` waits for one key of the
 * round at a time, which goes with its lease at the latest.
 *
 * Rounds after each other: a participant that comes while a round is under way waits for its end where that round is no longer
 * complete, and is refused where it is.
 */
import { isEtcdError, type Key } from "@kvorum/client";
import { checkEnds, checkOwner } from "../../contention/checks.js";
import { clientOf, isSession, type Owner } from "../../contention/contend.js";
import { SessionExpiredError, TooManyParticipantsError } from "../../errors.js";
import { Interrupt, persist, unlessAborted } from "../../interrupt.js";
import { createSession, type Session } from "../../session.js";
import { checkWhole, type RecipeWaitOptions, recipeName } from "../arguments.js";
import { eventAfter } from "../event-after.js";
import { type Round, Rounds, type Standing } from "./round.js";

export interface DoubleBarrierOptions {
  /** Seconds to live of the session that each `enter` opens where the owner is a client. Default 15. */
  readonly ttl?: number;
}

/** Participants at most: the txn that begins a round has a condition for each, and servers take 128 by default. */
const PARTICIPANTS_MAX = 100;
/** Milliseconds that giving up waits for the own key to be gone; the removal itself goes on until the session ends. */
const WITHDRAW_WAIT_MS = 10_000;

interface Inside {
  readonly session: Session;
  readonly key: Uint8Array;
  readonly round: Round;
}

/** One participant. Several of them may share a session. */
export class DoubleBarrier {
  readonly #owner: Owner;
  readonly #rounds: Rounds;
  readonly #name: string;
  readonly #count: number;
  readonly #ttl: number | undefined;
  #state: "outside" | "busy" | Inside = "outside";

  /** `count`: how many take part, 1 to 100. Errors: `TypeError`, `RangeError`. */
  constructor(owner: Owner, name: Key, count: number, options: DoubleBarrierOptions = {}) {
    checkOwner(owner, "a double barrier");
    checkWhole(count, 1, "count", PARTICIPANTS_MAX);
    const key = recipeName(name, "double barrier");
    this.#owner = owner;
    this.#rounds = new Rounds(clientOf(owner), key);
    this.#name = new TextDecoder().decode(key);
    this.#count = count;
    this.#ttl = options.ttl;
  }

  /**
   * Waits until `count` participants have come. When it gives up, for whatever reason, it no longer counts and its key is gone.
   *
   * Errors: `TooManyParticipantsError` when that many are there already; `SessionExpiredError` when the session is lost
   * meanwhile; `TimeoutError` after `timeout`; `signal.reason`; `EtcdError`; `TypeError` when this participant is not outside.
   */
  async enter(options: RecipeWaitOptions = {}): Promise<void> {
    checkEnds(options);
    options.signal?.throwIfAborted();
    if (this.#state !== "outside") throw new TypeError("enter() was called before this participant had left");
    this.#state = "busy";
    let inside: Inside | undefined;
    try {
      inside = await this.#enter(options);
    } finally {
      this.#state = inside ?? "outside";
    }
  }

  /**
   * Leaves, and waits until all others of the round have left or died.
   *
   * Errors: `SessionExpiredError` when the session was lost inside, and the others went on without this participant;
   * `TimeoutError` after `timeout`, `signal.reason`: it has left or is about to, and only no longer waits; `EtcdError`;
   * `TypeError` when this participant is not inside.
   */
  async leave(options: RecipeWaitOptions = {}): Promise<void> {
    checkEnds(options);
    options.signal?.throwIfAborted();
    const inside = this.#state;
    if (typeof inside === "string") throw new TypeError("leave() was called before this participant had entered");
    this.#state = "busy";
    try {
      await this.#leave(inside, options);
    } finally {
      await this.#endSession(inside.session);
      this.#state = "outside";
    }
  }

  async #enter({ signal: asked, timeout }: RecipeWaitOptions): Promise<Inside> {
    const { world } = this.#rounds;
    using wait = new Interrupt(world, "the wait for the other participants", [asked], timeout);
    const session = await this.#session(wait.signal);
    using ends = new Interrupt(world, "", [wait.signal, session.signal]);
    const key = this.#rounds.newKey(session);
    const joining = this.#join(session, key, ends.signal);
    try {
      // A txn on its way is not given up: whether the key is there must be known to take it away.
      await unlessAborted(joining, ends.signal);
      return { session, key, round: await this.#untilReady(session, key, ends.signal) };
    } catch (error) {
      await this.#withdraw(session, key, joining);
      if (!isEtcdError(error, "lease-not-found")) throw error;
      throw new SessionExpiredError(session.leaseId, "has expired", error);
    }
  }

  /** Resolves when the own key is there, before a round that has not begun. */
  async #join(session: Session, key: Uint8Array, signal: AbortSignal): Promise<void> {
    const { world } = this.#rounds;
    for (;;) {
      const seen = await persist(world, signal, () => this.#rounds.look(key, signal));
      const leftover = seen.waiters.find((waiter) => this.#rounds.isLeftover(waiter, session));
      if (leftover !== undefined) {
        await persist(world, signal, () => this.#rounds.depart(leftover.key));
        continue;
      }
      const { round } = seen;
      if (ofRound(seen, round).length >= this.#count) throw this.#tooMany();
      const [oldest] = seen.waiters;
      if (round === undefined) {
        const joined = await persist(world, session.signal, () => this.#rounds.join(session, key));
        if (joined.own !== undefined) return;
      } else if (oldest === undefined) {
        await persist(world, signal, () => this.#rounds.clear(round));
      } else {
        await this.#untilGone(oldest.key, seen.revision, signal);
      }
    }
  }

  /** The round in which the own key stands. */
  async #untilReady(session: Session, key: Uint8Array, signal: AbortSignal): Promise<Round> {
    const { world, store, ready } = this.#rounds;
    for (;;) {
      const seen = await persist(world, signal, () => this.#rounds.look(key, signal));
      if (seen.own === undefined) {
        throw new SessionExpiredError(session.leaseId, "has expired while it waited: its key is gone");
      }
      if (seen.round !== undefined) {
        // It joined while there was room, as did others before it.
        if (seen.own > seen.round.youngest) throw this.#tooMany();
        return seen.round;
      }
      const before = seen.waiters.findIndex(({ createRevision }) => createRevision === seen.own);
      if (before >= this.#count) throw this.#tooMany();
      if (before === this.#count - 1) {
        const participants = seen.waiters.slice(0, this.#count);
        await persist(world, signal, () => this.#rounds.open(participants));
      } else {
        await eventAfter(store, ready, seen.revision, signal, ({ type }) => type === "put");
      }
    }
  }

  async #leave({ session, key, round }: Inside, { signal: asked, timeout }: RecipeWaitOptions): Promise<void> {
    const { world } = this.#rounds;
    using wait = new Interrupt(world, "the wait for the others to leave", [asked], timeout);
    const { signal } = wait;
    let seen = await unlessAborted(this.#depart(session, key), signal);
    for (let last = ofRound(seen, round)[0]; last !== undefined; last = ofRound(seen, round)[0]) {
      await this.#untilGone(last.key, seen.revision, signal);
      seen = await persist(world, signal, () => this.#rounds.look(key, signal));
    }
    if (seen.round?.ready === round.ready) await persist(world, signal, () => this.#rounds.clear(round));
  }

  /** Takes the own key away, however often that has to be tried while the session lives. */
  async #depart(session: Session, key: Uint8Array): Promise<Standing> {
    let mayBeOurs = false;
    const seen = await persist(this.#rounds.world, session.signal, () =>
      this.#rounds.depart(key).catch((error: unknown) => {
        mayBeOurs ||= isEtcdError(error) && error.outcome === "unknown";
        throw error;
      }),
    );
    if (seen.own !== undefined || mayBeOurs) return seen;
    throw new SessionExpiredError(session.leaseId, "has expired while its participant was inside: its key is gone");
  }

  /** What comes of it is no concern of a caller who has an error of their own to report. */
  async #withdraw(session: Session, key: Uint8Array, joining: Promise<void>): Promise<void> {
    const { world } = this.#rounds;
    using wait = new Interrupt(world, "the removal", [], WITHDRAW_WAIT_MS);
    const gone = joining
      .catch(() => undefined)
      .then(() => persist(world, session.signal, () => this.#rounds.depart(key)))
      .catch(() => undefined)
      .then(() => this.#endSession(session));
    await unlessAborted(gone, wait.signal).catch(() => undefined);
  }

  async #session(signal: AbortSignal): Promise<Session> {
    if (!isSession(this.#owner)) {
      return createSession(this.#owner, { signal, ...(this.#ttl !== undefined && { ttl: this.#ttl }) });
    }
    this.#owner.assertActive();
    return this.#owner;
  }

  async #endSession(session: Session): Promise<void> {
    if (session !== this.#owner) await session.close();
  }

  async #untilGone(key: Uint8Array, revision: bigint, signal: AbortSignal): Promise<void> {
    await eventAfter(this.#rounds.store, key, revision, signal, ({ type }) => type === "delete");
  }

  #tooMany(): TooManyParticipantsError {
    return new TooManyParticipantsError(this.#name, this.#count);
  }
}

/** Those who stand in the round, or, before it begins, who wait for it. */
function ofRound({ waiters }: Standing, round: Round | undefined): Standing["waiters"] {
  return round === undefined ? waiters : waiters.filter(({ createRevision }) => createRevision <= round.youngest);
}
