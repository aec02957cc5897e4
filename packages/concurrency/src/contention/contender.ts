/**
 * What a kind of lock says about itself, so that `contend.ts` can take anyone through it: how a place in the line is taken, when
 * it is one's turn, and how the place is given up. `queue.ts` has the one of mutexes and elections.
 */
import type { CallOptions, ClientWorld } from "@kvorum/client";
import type { Session } from "../session.js";

/** A contender's key and the revision that created it, which names this contention for ever. */
export interface Place {
  readonly key: Uint8Array;
  readonly createRevision: bigint;
}

/** A place and whether it was its turn at the moment it was taken. */
export interface Entry extends Place {
  readonly first: boolean;
  /** Who stands before it, where the request that took the place has seen that: to be waited for without another look. */
  readonly before?: Predecessor;
}

/** A key that was there at a revision. */
export interface Predecessor {
  readonly key: Uint8Array;
  readonly revision: bigint;
}

/** One acquisition, from the place in the line to its end. */
export interface Contender {
  /** Contenders of one process that give the same name take turns before they ask etcd; undefined where each has its own key. */
  readonly turnstile: string | undefined;
  readonly world: ClientWorld;
  /** Takes a place. Repeats itself until that is certain, or the session is over. */
  enter(session: Session): Promise<Entry>;
  /** Takes a place only if it is at once its turn; undefined if not, and then nothing was written that stays. */
  tryEnter(session: Session, signal: AbortSignal): Promise<Place | undefined>;
  /** Whether an attempt may succeed; asked before a session is opened for it alone. */
  isFree(options: CallOptions): Promise<boolean>;
  /**
   * Resolves when it is this place's turn, as one linearizable read has seen together with the key itself.
   *
   * Errors: `SessionExpiredError` when the key is gone; `signal.reason`.
   */
  turn(place: Entry, session: Session, signal: AbortSignal): Promise<void>;
  /** Gives the place up. True when it was there. Repeats itself until that is certain. */
  leave(place: Place, signal: AbortSignal): Promise<boolean>;
  /** Gives up whatever place the session may have from this acquisition, when it is not known whether it has one. */
  leaveAnyPlace(session: Session, signal: AbortSignal): Promise<void>;
  /** The place is given up or was not taken, and the session lives on: sees to what may still be on its way. */
  sweep(session: Session): void;
}
