/**
 * The way to one's turn, from end to end: a slot of the process, a session, a place in etcd's line, the turn. Whoever gives up
 * on the way leaves nothing behind: the slot is freed only when the place is certain to be gone.
 */
import { type Client, type ClientWorld, isEtcdError } from "@kvorum/client";
import { SessionExpiredError } from "../errors.js";
import { Interrupt, unlessAborted } from "../interrupt.js";
import { createSession, type Session } from "../session.js";
import { checkEnds } from "./checks.js";
import type { Contender, Entry, Place } from "./contender.js";
import { localQueueOf, NO_SLOT, type Slot } from "./local-queue.js";
import type { HeldInit } from "./ownership.js";

/** A session that several locks share, or a client: then every acquisition opens a session of its own. */
export type Owner = Session | Client;

export interface AcquireOptions {
  /** Aborting gives up waiting and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Milliseconds to wait at most, above 0, then `TimeoutError`. Default: as long as the session lives. */
  readonly timeout?: number;
}

/** The session that an acquisition opens for itself where the owner is a client. */
export interface PrivateSession {
  /** Seconds. */
  readonly ttl?: number | undefined;
  /** Milliseconds. */
  readonly lockDelay?: number | undefined;
}

/** Milliseconds that a caller who gave up waits for its place to be gone; the removal itself goes on. */
const WITHDRAW_WAIT_MS = 2_000;

export function clientOf(owner: Owner): Client {
  return isSession(owner) ? owner.client : owner;
}

/** Whether a session owns, rather than a client. */
export function isSession(owner: Owner): owner is Session {
  return "leaseId" in owner;
}

/** Errors: `SessionExpiredError`, `TimeoutError`, `signal.reason`, `EtcdError`; `TypeError` and `RangeError` of the options. */
export async function contend(
  owner: Owner,
  contender: Contender,
  own: PrivateSession,
  options: AcquireOptions = {},
): Promise<HeldInit> {
  checkEnds(options);
  const shared = isSession(owner) ? owner.signal : undefined;
  using wait = new Interrupt(contender.world, "the wait for ownership", [options.signal, shared], options.timeout);
  const slot = await slotFor(owner, contender, wait.signal);
  const session = await sessionFor(owner, own, slot, wait.signal);
  const privateSession = session !== owner;
  // Not ended by the caller's abort: a request that is under way could put the key after the key was removed.
  const entering = contender.enter(session);
  try {
    using turn = new Interrupt(contender.world, "the wait for ownership", [wait.signal, session.signal]);
    const place = await unlessAborted(entering, turn.signal);
    if (!place.first) await contender.turn(place, session, turn.signal);
    session.assertActive();
    return { queue: contender, place, session, privateSession, slot };
  } catch (error) {
    const gone = withdraw(contender, entering, session, privateSession).finally(() => slot.free());
    await atMost(contender.world, gone);
    throw sessionError(error, session);
  }
}

/** Undefined where somebody has it or waits for it; then nothing was written that stays. Errors: as of `contend`. */
export async function tryContend(
  owner: Owner,
  contender: Contender,
  own: PrivateSession,
  options: AcquireOptions = {},
): Promise<HeldInit | undefined> {
  checkEnds(options);
  const shared = isSession(owner) ? owner.signal : undefined;
  using wait = new Interrupt(contender.world, "the attempt at ownership", [options.signal, shared], options.timeout);
  wait.signal.throwIfAborted();
  const slot = trySlotFor(owner, contender);
  if (slot === undefined) return undefined;
  // A session of its own costs a lease, so a look comes first.
  if (!isSession(owner) && !(await isFree(contender, slot, wait.signal))) return undefined;
  const session = await sessionFor(owner, own, slot, wait.signal);
  const privateSession = session !== owner;
  const entering = contender.tryEnter(session, session.signal);
  const giveUp = async (): Promise<void> => {
    const gone = withdraw(contender, entering, session, privateSession).finally(() => slot.free());
    await atMost(contender.world, gone);
  };
  try {
    const place = await unlessAborted(entering, wait.signal);
    if (place !== undefined) {
      session.assertActive();
      return { queue: contender, place, session, privateSession, slot };
    }
  } catch (error) {
    await giveUp();
    throw sessionError(error, session);
  }
  await giveUp();
  return undefined;
}

/** A session for one acquisition. A grant that comes after its caller has gone is given back. */
export function openSession(client: Client, { ttl, lockDelay }: PrivateSession, signal: AbortSignal): Promise<Session> {
  const opening = createSession(client, {
    ...(ttl !== undefined && { ttl }),
    ...(lockDelay !== undefined && { lockDelay }),
  });
  opening.then((session) => (signal.aborted ? session.close() : undefined)).catch(() => undefined);
  return unlessAborted(opening, signal);
}

async function slotFor(owner: Owner, { turnstile }: Contender, signal: AbortSignal): Promise<Slot> {
  signal.throwIfAborted();
  return turnstile === undefined ? NO_SLOT : localQueueOf(clientOf(owner)).take(turnstile, signal);
}

function trySlotFor(owner: Owner, { turnstile }: Contender): Slot | undefined {
  return turnstile === undefined ? NO_SLOT : localQueueOf(clientOf(owner)).tryTake(turnstile);
}

async function isFree(contender: Contender, slot: Slot, signal: AbortSignal): Promise<boolean> {
  let free = false;
  try {
    free = await contender.isFree({ signal });
    return free;
  } finally {
    if (!free) slot.free();
  }
}

async function sessionFor(owner: Owner, own: PrivateSession, slot: Slot, signal: AbortSignal): Promise<Session> {
  try {
    if (!isSession(owner)) return await openSession(owner, own, signal);
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
  contender: Contender,
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
  const { signal } = session;
  if (signal.aborted) return;
  if (place === undefined) {
    contender.sweep(session);
    return;
  }
  const leaving = place === "unknown" ? contender.leaveAnyPlace(session, signal) : contender.leave(place, signal);
  await leaving.catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  contender.sweep(session);
}
