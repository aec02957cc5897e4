/**
 * The way to the first place, from end to end: a slot of the process, a session, a place in etcd's queue, the turn. Whoever
 * gives up on the way leaves nothing behind: the slot is freed only when the place is certain to be gone.
 */
import { bytes, type Client, type ClientWorld, isEtcdError } from "@kvorum/client";
import { SessionExpiredError } from "../errors.js";
import { Interrupt, unlessAborted } from "../interrupt.js";
import { createSession, type Session } from "../session.js";
import { localQueueOf, type Slot } from "./local-queue.js";
import type { HeldInit } from "./ownership.js";
import type { Entry, Place, Queue } from "./queue.js";

/** A session that several locks share, or a client: then every acquisition opens a session of its own. */
export type Owner = Session | Client;

export interface AcquireOptions {
  /** Aborting gives up waiting and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Milliseconds to wait at most, then `TimeoutError`. Default: as long as the session lives. */
  readonly timeout?: number;
}

/** Milliseconds that a caller who gave up waits for its place to be gone; the removal itself goes on. */
const WITHDRAW_WAIT_MS = 2_000;

export function clientOf(owner: Owner): Client {
  return isSession(owner) ? owner.client : owner;
}

/** Errors: `SessionExpiredError`, `TimeoutError`, `signal.reason`, `EtcdError`. */
export async function acquire(
  owner: Owner,
  queue: Queue,
  value: Uint8Array,
  ttl: number | undefined,
  options: AcquireOptions = {},
): Promise<HeldInit> {
  const shared = isSession(owner) ? owner.signal : undefined;
  using wait = new Interrupt(queue.world, "the wait for ownership", [options.signal, shared], options.timeout);
  const slot = await localQueueOf(clientOf(owner)).take(queue.id, wait.signal);
  const session = await sessionFor(owner, ttl, slot, wait.signal);
  const privateSession = session !== owner;
  // Not ended by the caller's abort: a request that is under way could put the key after the key was removed.
  const entering = queue.enter(session, value);
  try {
    using turn = new Interrupt(queue.world, "the wait for ownership", [wait.signal, session.signal]);
    const place = await unlessAborted(entering, turn.signal);
    if (!place.first) await queue.turn(place, session, turn.signal);
    session.assertActive();
    return { queue, place, session, privateSession, slot };
  } catch (error) {
    const gone = withdraw(queue, entering, session, privateSession).finally(() => slot.free());
    await atMost(queue.world, gone);
    throw sessionError(error, session);
  }
}

/** Undefined where somebody has it or waits for it; then nothing was written that stays. */
export async function tryAcquire(
  owner: Owner,
  queue: Queue,
  value: Uint8Array,
  ttl: number | undefined,
  options: AcquireOptions = {},
): Promise<HeldInit | undefined> {
  const shared = isSession(owner) ? owner.signal : undefined;
  using wait = new Interrupt(queue.world, "the attempt at ownership", [options.signal, shared], options.timeout);
  wait.signal.throwIfAborted();
  const slot = localQueueOf(clientOf(owner)).tryTake(queue.id);
  if (slot === undefined) return undefined;
  // A session of its own costs a lease, so a look comes first.
  if (!isSession(owner) && (await someoneContends(queue, slot, wait.signal))) return undefined;
  const session = await sessionFor(owner, ttl, slot, wait.signal);
  const privateSession = session !== owner;
  const entering = queue.tryEnter(session, value, session.signal);
  const giveUp = async (): Promise<void> => {
    const gone = withdraw(queue, entering, session, privateSession).finally(() => slot.free());
    await atMost(queue.world, gone);
  };
  try {
    const place = await unlessAborted(entering, wait.signal);
    if (place !== undefined) {
      session.assertActive();
      return { queue, place, session, privateSession, slot };
    }
  } catch (error) {
    await giveUp();
    throw sessionError(error, session);
  }
  await giveUp();
  return undefined;
}

/** Whether a session owns, rather than a client. */
export function isSession(owner: Owner): owner is Session {
  return "leaseId" in owner;
}

async function someoneContends(queue: Queue, slot: Slot, signal: AbortSignal): Promise<boolean> {
  let free = false;
  try {
    free = (await queue.first(bytes, { signal })).owner === undefined;
    return !free;
  } finally {
    if (!free) slot.free();
  }
}

async function sessionFor(owner: Owner, ttl: number | undefined, slot: Slot, signal: AbortSignal): Promise<Session> {
  try {
    if (!isSession(owner)) {
      const opening = createSession(owner, ttl === undefined ? {} : { ttl });
      // A grant that comes after its caller has gone is given back.
      opening.then((session) => (signal.aborted ? session.close() : undefined)).catch(() => undefined);
      return await unlessAborted(opening, signal);
    }
    owner.assertActive();
    return owner;
  } catch (error) {
    slot.free();
    throw error;
  }
}

/** The server knows that the lease is gone a little before the session does. */
function sessionError(error: unknown, session: Session): unknown {
  if (!isEtcdError(error, "lease-not-found")) return error;
  return new SessionExpiredError(session.leaseId, "has expired", error);
}

/** Waits for the work a while. What comes of it is no concern of a caller who has an error of their own to report. */
async function atMost(world: ClientWorld, work: Promise<void>): Promise<void> {
  using wait = new Interrupt(world, "the removal", [], WITHDRAW_WAIT_MS);
  await unlessAborted(work, wait.signal).catch(() => undefined);
}

/** Resolves when no key of this contention is left, or the session that would keep it alive is over. */
async function withdraw(
  queue: Queue,
  entering: Promise<Entry | Place | undefined>,
  session: Session,
  privateSession: boolean,
): Promise<void> {
  const place = await entering.catch((error: unknown) =>
    error instanceof SessionExpiredError ? undefined : "unknown",
  );
  if (privateSession) {
    await session.close();
    return;
  }
  if (place === undefined || session.signal.aborted) return;
  const { signal } = session;
  const leaving = place === "unknown" ? queue.leaveAnyPlace(session, signal) : queue.leave(place, signal);
  await leaving.catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
