/**
 * Several locks at once. They are taken one after the other in the order of their names' bytes, which is the same for everybody:
 * whoever waits holds only names below the one it waits for, so a circle of waiters would need a name below itself. No deadlock.
 */
import type { ClientWorld, Compare, Key } from "@kvorum/client";
import { nameBytes } from "../contention/checks.js";
import { type AcquireOptions, clientOf, isSession, type Owner, openSession } from "../contention/contend.js";
import { LockLostError } from "../errors.js";
import { Interrupt, persist } from "../interrupt.js";
import { byteString } from "../keys.js";
import type { Session } from "../session.js";
import type { Lock } from "./lock.js";
import { Mutex } from "./mutex.js";
import { checkLockOptions, type LockOptions } from "./options.js";

/** Names in one call at most: as many conditions as a txn may have by default. */
const NAMES_MAX = 128;

export interface LockAllOptions extends AcquireOptions, LockOptions {}

/** Several locks that are held together. Disposing unlocks. */
export interface MultiLock extends AsyncDisposable {
  /** In the order in which they were taken: that of their names. Unlocking one of them alone ends the whole. */
  readonly locks: readonly Lock[];
  /** The lock of a name. Errors: `RangeError` for a name that is not among them. */
  lockOf(name: Key): Lock;
  /** Aborts with its reason as soon as one of the locks is lost or given up. Taking it starts a watch on each key. */
  readonly signal: AbortSignal;
  /** Whether all are certain to be ours now. */
  readonly held: boolean;
  /** Throws unless `held`: what the first lock that is not ours throws. */
  assertHeld(): void;
  /** The condition "all are still ours" for the `if` of a txn. */
  ownership(): Compare[];
  /** Gives all up, the last one first. Idempotent. Errors: those of `Lock.unlock`, of one of them; the others are given up all the same. */
  unlock(): Promise<void>;
}

/**
 * Waits for all the locks, as mutexes of these names. Where the owner is a client, one session is opened for all of them.
 *
 * Errors, with none of them held: those of `Mutex.lock`, where `timeout` is for all together; `LockLostError` when one was lost while
 * others were waited for; `RangeError` for no names, more than 128, or one name twice.
 */
export async function lockAll(owner: Owner, names: readonly Key[], options: LockAllOptions = {}): Promise<MultiLock> {
  const sorted = inOrder(names);
  checkLockOptions(owner, options);
  const { world } = clientOf(owner);
  using wait = new Interrupt(world, "the wait for all locks", [options.signal], options.timeout);
  const { signal } = wait;
  signal.throwIfAborted();
  const session = isSession(owner) ? owner : await openSession(owner, options, signal);
  const locks: Lock[] = [];
  const giveUp = async (): Promise<void> => {
    await unlockAll(locks, session === owner ? undefined : session);
  };
  try {
    for (const name of sorted.values()) locks.push(await new Mutex(session, name).lock({ signal }));
    // While the last ones were waited for, somebody may have taken the first ones away.
    const { succeeded } = await persist(world, signal, () =>
      session.client.txn({ if: locks.map((lock) => lock.ownership()) }, { signal }),
    );
    if (!succeeded) throw lostWhileWaiting(locks);
    session.assertActive();
    return new HeldLocks(world, [...sorted.keys()], locks, giveUp);
  } catch (error) {
    await giveUp().catch(() => undefined);
    throw error;
  }
}

/** By their bytes, one string for each name. */
function inOrder(names: readonly Key[]): ReadonlyMap<string, Uint8Array> {
  if (names.length === 0 || names.length > NAMES_MAX) {
    throw new RangeError(`names must be 1 to ${NAMES_MAX} names, not ${names.length}`);
  }
  const sorted = names
    .map((name) => nameBytes(name))
    .map((bytes): [string, Uint8Array] => [byteString(bytes), bytes])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const map = new Map(sorted);
  if (map.size < names.length) {
    const twice = names.find((name, at) => names.slice(0, at).some((other) => idOf(other) === idOf(name)));
    throw new RangeError(`names must differ, and ${JSON.stringify(textOf(twice ?? ""))} is there twice`);
  }
  return map;
}

/** The last one first. Every lock is given up, whatever comes of another; the first error is what counts. */
async function unlockAll(locks: readonly Lock[], own: Session | undefined): Promise<void> {
  const errors: unknown[] = [];
  for (const lock of [...locks].reverse()) {
    await lock.unlock().catch((error: unknown) => errors.push(error));
  }
  await own?.close();
  if (errors.length > 0) throw errors[0];
}

function lostWhileWaiting(locks: readonly Lock[]): unknown {
  const [first] = locks;
  if (first === undefined) return undefined;
  return new LockLostError(first.key, first.fencingToken, "or one taken with it was deleted by someone else");
}

class HeldLocks implements MultiLock {
  readonly locks: readonly Lock[];
  readonly #world: ClientWorld;
  /** In the order of the locks. */
  readonly #names: readonly string[];
  readonly #giveUp: () => Promise<void>;
  #over: Interrupt | undefined;
  #unlocked: Promise<void> | undefined;

  constructor(world: ClientWorld, names: readonly string[], locks: readonly Lock[], giveUp: () => Promise<void>) {
    this.locks = locks;
    this.#world = world;
    this.#names = names;
    this.#giveUp = giveUp;
  }

  get signal(): AbortSignal {
    this.#over ??= new Interrupt(
      this.#world,
      "",
      this.locks.map((lock) => lock.signal),
    );
    return this.#over.signal;
  }

  get held(): boolean {
    return this.#unlocked === undefined && this.locks.every((lock) => lock.held);
  }

  lockOf(name: Key): Lock {
    const lock = this.locks[this.#names.indexOf(idOf(name))];
    if (lock === undefined) throw new RangeError(`${JSON.stringify(textOf(name))} is not among the locks`);
    return lock;
  }

  assertHeld(): void {
    for (const lock of this.locks) lock.assertHeld();
  }

  ownership(): Compare[] {
    return this.locks.map((lock) => lock.ownership());
  }

  unlock(): Promise<void> {
    // The first step of it aborts the signal.
    this.#unlocked ??= this.#giveUp();
    return this.#unlocked;
  }

  /** A loss that the owner has been told of is no news to it. */
  async [Symbol.asyncDispose](): Promise<void> {
    const told = this.#over?.signal.aborted === true && this.#unlocked === undefined;
    const done = this.unlock();
    if (told) await done.catch(() => undefined);
    else await done;
  }
}

function idOf(name: Key): string {
  return byteString(nameBytes(name));
}

function textOf(name: Key): string {
  return typeof name === "string" ? name : new TextDecoder().decode(name);
}
