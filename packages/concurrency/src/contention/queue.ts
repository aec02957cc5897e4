/**
 * The queue in etcd that locks and elections are made of. Every contender puts one key `<name>/<lease in hex>`; the oldest
 * key, by create revision, is the owner's. It is the layout of etcd's own client, so `etcdctl lock`, `etcdctl elect`, the
 * lock and election services and workers in other languages stand in the same line.
 *
 * A contender waits for its immediate predecessor only, from the revision of the read that found it, so that a release
 * wakes one waiter and falls between no read and no watch.
 */
import {
  bytes,
  type CallOptions,
  type Client,
  type ClientWorld,
  type Codec,
  compare,
  type Key,
  type KeyRange,
  type KeyValue,
  type Op,
  type OpListResult,
  prefix,
  type Store,
} from "@kvorum/client";
import { SessionExpiredError } from "../errors.js";
import { persist } from "../interrupt.js";
import { byteString } from "../keys.js";
import { isAdopted, type Session } from "../session.js";
import { below, nameBytes } from "./checks.js";
import type { Contender, Entry, Place } from "./contender.js";
import { LateCopies } from "./late-copies.js";
import { localQueueOf } from "./local-queue.js";
import { untilGone, untilPut } from "./until-event.js";

export class Queue {
  /** The name in a form that can be compared: one string for each sequence of bytes. */
  readonly id: string;
  readonly world: ClientWorld;
  readonly #name: Uint8Array;
  readonly #store: Store<Uint8Array>;

  /** Errors: `TypeError` for an empty name. */
  constructor(client: Client, name: Key) {
    this.#name = nameBytes(name);
    this.id = byteString(this.#name);
    this.world = client.world;
    this.#store = client.withCodec(bytes);
  }

  keyOf(leaseId: bigint): Uint8Array {
    return below(this.#name, leaseId.toString(16));
  }

  /** Somebody who wants the first place. All of one session share a key, so they take turns in the process. */
  contender(value: Uint8Array): Contender {
    const copies = new LateCopies(this.#store);
    return {
      turnstile: this.id,
      world: this.world,
      enter: (session) => this.#enter(session, value, copies),
      tryEnter: (session, signal) => this.#tryEnter(session, value, copies, signal),
      isFree: async (options) => (await this.first(bytes, options)).owner === undefined,
      turn: (place, session, signal) => this.turn(place, session, signal),
      leave: (place, signal) => this.leave(place, signal),
      leaveAnyPlace: (session, signal) => this.leaveAnyPlace(session, signal),
      sweep: (session) => this.#sweep(session, copies),
    };
  }

  /**
   * Takes a place. Repeats itself while the outcome is unknown: a key that an earlier attempt made is found, not made again.
   * A key that was there before the first attempt belongs to a contention that is over; it makes way, so that each owner has a
   * token of its own.
   */
  async #enter(session: Session, value: Uint8Array, copies: LateCopies): Promise<Entry> {
    const key = this.keyOf(session.leaseId);
    const put = this.#store.op.put(key, value, { lease: session.leaseId });
    await this.#clear(session);
    const attempt = async (): Promise<Entry> => {
      const result = await copies.attempt(
        this.#store.txn({
          if: [compare.createRevision(key).eq(0n)],
          then: [put, this.#newest(2)],
          else: [this.#store.op.get(key), this.#oldest()],
        }),
      );
      // The newest of all is the one just put, and behind it in the list stands its predecessor.
      if (result.succeeded) return newEntry(key, result.header.revision, result.responses[1].kvs[1]);
      const [found, oldest] = result.responses;
      if (found === undefined) throw new Error("the server compared a key as existing and then did not find it");
      if (copies.inDoubt) return entry(key, found.createRevision, oldest.kvs[0]);
      await this.#remove({ key, createRevision: found.createRevision });
      return attempt();
    };
    return persist(this.world, session.signal, attempt);
  }

  /**
   * Takes a place only if nobody has one: a condition on the create revision of a range holds for an empty range alone,
   * since every key that exists was created at some revision. Needs the permission to read the range. Undefined if not.
   */
  async #tryEnter(
    session: Session,
    value: Uint8Array,
    copies: LateCopies,
    signal: AbortSignal,
  ): Promise<Place | undefined> {
    const key = this.keyOf(session.leaseId);
    await this.#clear(session);
    return persist(this.world, signal, async () => {
      const result = await copies.attempt(
        this.#store.txn({
          if: [compare.createRevision(this.#all).eq(0n)],
          then: [this.#store.op.put(key, value, { lease: session.leaseId })],
          else: [this.#store.op.get(key)],
        }),
      );
      if (result.succeeded) return { key, createRevision: result.header.revision };
      const found = result.responses[0];
      return copies.inDoubt && found !== undefined ? { key, createRevision: found.createRevision } : undefined;
    });
  }

  /**
   * Resolves when the place is the first one, as one linearizable read has seen together with the key itself.
   *
   * Errors: `SessionExpiredError` when the key is gone; `signal.reason`.
   */
  async turn(place: Entry, session: Session, signal: AbortSignal): Promise<void> {
    if (place.before !== undefined) {
      await untilGone(this.#store, place.before.key, place.before.revision, signal);
    }
    for (;;) {
      const { revision, own, before } = await persist(this.world, signal, () => this.#look(place, signal));
      if (own?.createRevision !== place.createRevision) {
        signal.throwIfAborted();
        throw new SessionExpiredError(session.leaseId, "has expired while it waited: its key is gone");
      }
      if (before === undefined) return;
      await untilGone(this.#store, before.keyBytes, revision, signal);
    }
  }

  /** Gives the place up. True when the key was there; false when it had gone before. Repeats until that is certain. */
  leave(place: Place, signal: AbortSignal): Promise<boolean> {
    return persist(this.world, signal, () => this.#remove(place));
  }

  /**
   * Gives up whatever place this session may have, when it is not known whether it has one. It looks first: a deletion that names no
   * revision could, late, delete the place of the next acquisition.
   */
  async leaveAnyPlace(session: Session, signal: AbortSignal): Promise<void> {
    const key = this.keyOf(session.leaseId);
    const found = await persist(this.world, signal, () => this.#store.get(key, { signal }));
    if (found?.lease === session.leaseId) await this.leave({ key, createRevision: found.createRevision }, signal);
  }

  /** The owner's key, and the revision at which that was seen. */
  async first<V>(
    codec: Codec<V>,
    options?: CallOptions,
  ): Promise<{ readonly owner: KeyValue<V> | undefined; readonly revision: bigint }> {
    const { kvs, header } = await this.#store
      .withCodec(codec)
      .list(this.#all, { limit: 1, sortBy: "create", order: "asc", ...options });
    return { owner: kvs[0], revision: header.revision };
  }

  /** Resolves with the first key that appears in an empty queue after `revision`, or when that cannot be told any more. */
  async untilSomeone(revision: bigint, signal: AbortSignal): Promise<void> {
    await untilPut(this.#store, this.#all, revision, signal);
  }

  async #look(
    place: Place,
    signal: AbortSignal,
  ): Promise<{ revision: bigint; own: KeyValue<Uint8Array> | undefined; before: KeyValue<Uint8Array> | undefined }> {
    const { op } = this.#store;
    const predecessor = this.#newest(1, place.createRevision - 1n);
    const result = await this.#store.txn({ then: [op.get(place.key), predecessor] }, { signal });
    if (!result.succeeded) throw new Error("a txn without conditions did not succeed");
    const [own, list] = result.responses;
    return { revision: result.header.revision, own, before: list.kvs[0] };
  }

  #sweep(session: Session, copies: LateCopies): void {
    const key = this.keyOf(session.leaseId);
    copies.sweep({
      session,
      key,
      remove: (modRevision) => this.#store.compareAndDelete(key, modRevision),
      claim: () => localQueueOf(session.client).tryTake(this.id),
    });
  }

  /**
   * What the process before left under an adopted lease belongs to nobody. It goes before the first attempt: once an answer is
   * lost, a key that was there before could be taken for the one that the attempt made.
   */
  async #clear(session: Session): Promise<void> {
    if (isAdopted(session)) await this.leaveAnyPlace(session, session.signal);
  }

  async #remove(place: Place): Promise<boolean> {
    const result = await this.#store.txn({
      if: [compare.createRevision(place.key).eq(place.createRevision)],
      then: [this.#store.op.delete(place.key)],
    });
    return result.succeeded;
  }

  #newest(limit: number, maxCreateRevision = 0n): Op<OpListResult<Uint8Array>> {
    return this.#store.op.list(this.#all, { limit, sortBy: "create", order: "desc", maxCreateRevision });
  }

  #oldest(): Op<OpListResult<Uint8Array>> {
    return this.#store.op.list(this.#all, { limit: 1, sortBy: "create", order: "asc" });
  }

  get #all(): KeyRange {
    return prefix(below(this.#name, ""));
  }
}

/** It was made by the write at this revision. */
function newEntry(key: Uint8Array, revision: bigint, before: KeyValue<Uint8Array> | undefined): Entry {
  const place = { key, createRevision: revision, first: before === undefined };
  return before === undefined ? place : { ...place, before: { key: before.keyBytes, revision } };
}

function entry(key: Uint8Array, createRevision: bigint, oldest: KeyValue<Uint8Array> | undefined): Entry {
  return { key, createRevision, first: oldest?.createRevision === createRevision };
}
