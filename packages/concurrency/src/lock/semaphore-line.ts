/**
 * The line of a semaphore in etcd. Every contender puts one place `<name>/<unique>` whose value says how many permits it wants and
 * how many it takes the semaphore to have. A place holds when the permits of all places up to it and with it are within the limit.
 *
 * - Limit: take the holders at some moment and the last of them in the line. When its read said "room", the places of the others
 *   were there (a place comes with its position and never comes back), so their permits were in the sum that was within the limit.
 * - Order: those who wait count like those who hold, so a small request does not pass a large one, and nobody starves.
 * - A wait is one list of the places before the own one and a watch of deletions from the revision of that list; known permits are
 *   subtracted as their places go. Then the list is read again, by now no longer than the limit: what it says is what counts.
 */
import {
  bytes,
  type Client,
  type ClientWorld,
  CompactedError,
  codec,
  compare,
  type KeyRange,
  type KeyValue,
  type OpListResult,
  prefix,
  type Store,
} from "@kvorum/client";
import { below } from "../contention/checks.js";
import type { Contender, Entry, Place } from "../contention/contender.js";
import { LateCopies } from "../contention/late-copies.js";
import { NO_SLOT } from "../contention/local-queue.js";
import { type PlaceNames, placeNamesOf } from "../contention/place-names.js";
import { SemaphoreLimitError, SessionExpiredError } from "../errors.js";
import { persist } from "../interrupt.js";
import { byteString } from "../keys.js";
import type { Session } from "../session.js";

/** Places to look at for a turn that comes at once. */
const GLANCE_PLACES = 128;
/** Attempts of one `tryAcquire` that others come before; after so many it is taken for a no. */
const TRY_ATTEMPTS = 16;

type Places = readonly KeyValue<Uint8Array>[];

/** The line of one name. */
export class SemaphoreLine {
  readonly store: Store<Uint8Array>;
  readonly world: ClientWorld;
  readonly names: PlaceNames;
  readonly all: KeyRange;
  readonly limit: number;
  readonly #name: Uint8Array;

  constructor(client: Client, name: Uint8Array, limit: number) {
    this.store = client.withCodec(bytes);
    this.world = client.world;
    this.names = placeNamesOf(client, client.world);
    this.all = prefix(below(name, ""));
    this.limit = limit;
    this.#name = name;
  }

  key(unique: string): Uint8Array {
    return below(this.#name, unique);
  }

  value(permits: number): Uint8Array {
    return demands.encode({ permits, of: this.limit });
  }

  /** Errors: `SemaphoreLimitError`. */
  permitsOf({ key, value }: KeyValue<Uint8Array>): number {
    const { permits, of } = demandOf(value);
    if (permits === undefined || of !== this.limit) throw new SemaphoreLimitError(key, this.limit, of);
    return permits;
  }

  sum(places: Places): number {
    return places.reduce((sum, place) => sum + this.permitsOf(place), 0);
  }
}

/** One acquisition of some permits. */
export class SemaphoreContender implements Contender {
  readonly turnstile: undefined = undefined;
  readonly world: ClientWorld;
  readonly #line: SemaphoreLine;
  readonly #permits: number;
  readonly #copies: LateCopies;
  #unique: string | undefined;

  constructor(line: SemaphoreLine, permits: number) {
    this.#copies = new LateCopies(line.store);
    this.world = line.world;
    this.#line = line;
    this.#permits = permits;
  }

  async enter(session: Session): Promise<Entry> {
    const { limit, all, store } = this.#line;
    const key = this.#newKey(session);
    const glance = Math.min(limit, GLANCE_PLACES);
    const result = await persist(this.world, session.signal, () =>
      this.#copies.attempt(
        store.txn({
          if: [compare.createRevision(key).eq(0n)],
          then: [
            store.op.list(all, { limit: glance + 1 }),
            store.op.put(key, this.#line.value(this.#permits), { lease: session.leaseId }),
          ],
          else: [store.op.get(key)],
        }),
      ),
    );
    if (result.succeeded) {
      const { kvs } = result.responses[0];
      const first = kvs.length <= glance && this.#line.sum(kvs) + this.#permits <= limit;
      return { key, createRevision: result.header.revision, first };
    }
    const found = result.responses[0];
    if (found === undefined) throw new Error("the server compared a key as existing and then did not find it");
    return { key, createRevision: found.createRevision, first: false };
  }

  /** Puts its place on the condition that nobody has put one since it saw that there is room. */
  async tryEnter(session: Session, signal: AbortSignal): Promise<Place | undefined> {
    const { all, store, names } = this.#line;
    const key = this.#newKey(session);
    const put = store.op.put(key, this.#line.value(this.#permits), { lease: session.leaseId });
    for (let attempt = 0; attempt < TRY_ATTEMPTS; attempt++) {
      const { kvs, revision } = await persist(this.world, signal, () => this.#places({ signal }));
      const leftovers = kvs.filter((kv) => names.isLeftover(kv.key, kv.lease, session));
      if (leftovers.length > 0) await this.#clear(leftovers, signal);
      else if (!this.#fits(kvs)) return undefined;
      else {
        const result = await persist(this.world, signal, () =>
          this.#copies.attempt(
            store.txn({ if: [compare.modRevision(all).lt(revision + 1n)], then: [put], else: [store.op.get(key)] }),
          ),
        );
        if (result.succeeded) return { key, createRevision: result.header.revision };
        // An attempt whose answer was lost has put it.
        const [own] = result.responses;
        if (own !== undefined) return { key, createRevision: own.createRevision };
      }
    }
    return undefined;
  }

  async isFree(options: { readonly signal?: AbortSignal }): Promise<boolean> {
    return this.#fits((await this.#places(options)).kvs);
  }

  async turn(place: Place, session: Session, signal: AbortSignal): Promise<void> {
    const { limit, names } = this.#line;
    for (;;) {
      const { own, before, revision } = await persist(this.world, signal, () => this.#look(place, signal));
      if (own?.createRevision !== place.createRevision) {
        signal.throwIfAborted();
        throw new SessionExpiredError(session.leaseId, "has expired while it waited: its key is gone");
      }
      const leftovers = before.filter((kv) => names.isLeftover(kv.key, kv.lease, session));
      if (leftovers.length > 0) await this.#clear(leftovers, signal);
      else if (this.#line.sum(before) + this.#permits <= limit) return;
      else await this.#untilRoom(place, before, revision + 1n, signal);
    }
  }

  async leave({ key }: Place, signal: AbortSignal): Promise<boolean> {
    return (await persist(this.world, signal, () => this.#line.store.delete(key))).deleted > 0n;
  }

  async leaveAnyPlace(_session: Session, signal: AbortSignal): Promise<void> {
    if (this.#unique === undefined) return;
    await this.leave({ key: this.#line.key(this.#unique), createRevision: 0n }, signal);
  }

  sweep(session: Session): void {
    if (this.#unique === undefined) return;
    const key = this.#line.key(this.#unique);
    this.#copies.sweep({ session, key, remove: () => this.#line.store.delete(key), claim: () => NO_SLOT });
  }

  /** Ends when the places before are few enough, when the own one is gone, and when history is: then the list says which. */
  async #untilRoom(place: Place, before: Places, startRevision: bigint, signal: AbortSignal): Promise<void> {
    const ahead = new Map(before.map((kv) => [byteString(kv.keyBytes), this.#line.permitsOf(kv)]));
    const own = byteString(place.key);
    let sum = this.#line.sum(before);
    try {
      for await (const event of this.#line.store.watch(this.#line.all, { startRevision, only: "delete", signal })) {
        if (event.type !== "delete") continue;
        const key = byteString(event.keyBytes);
        sum -= ahead.get(key) ?? 0;
        ahead.delete(key);
        if (key === own || sum + this.#permits <= this.#line.limit) break;
      }
    } catch (error) {
      if (!(error instanceof CompactedError)) throw error;
    }
    signal.throwIfAborted();
  }

  /** One read: the own place, and all before it. */
  async #look(place: Place, signal: AbortSignal) {
    const { all, store } = this.#line;
    const earlier = store.op.list(all, { maxCreateRevision: place.createRevision - 1n });
    const result = await store.txn({ then: [store.op.get(place.key), earlier] }, { signal });
    if (!result.succeeded) throw new Error("a txn without conditions did not succeed");
    const [own, list]: [KeyValue<Uint8Array> | undefined, OpListResult<Uint8Array>] = result.responses;
    return { own, before: list.kvs, revision: result.header.revision };
  }

  /** As many places as can matter: each has one permit at least. */
  async #places(options: { readonly signal?: AbortSignal }): Promise<{ kvs: Places; revision: bigint }> {
    const { all, limit, store } = this.#line;
    const { kvs, header } = await store.list(all, { limit: limit + 1, ...options });
    return { kvs, revision: header.revision };
  }

  #fits(places: Places): boolean {
    const { limit } = this.#line;
    return this.#line.sum(places) + this.#permits <= limit;
  }

  async #clear(leftovers: Places, signal: AbortSignal): Promise<void> {
    for (const { keyBytes } of leftovers) await persist(this.world, signal, () => this.#line.store.delete(keyBytes));
  }

  #newKey(session: Session): Uint8Array {
    this.#unique = this.#line.names.next(session);
    return this.#line.key(this.#unique);
  }
}

interface Demand {
  readonly permits: number | undefined;
  /** The limit as the one who wrote it knows it. */
  readonly of: number | undefined;
}

const demands = codec.json<Demand>();

/** What a place says; nothing where it is not the value of a semaphore. */
function demandOf(value: Uint8Array): Demand {
  let found: unknown;
  try {
    found = demands.decode(value);
  } catch {
    found = undefined;
  }
  const { permits, of } = (typeof found === "object" && found !== null ? found : {}) as Partial<Demand>;
  return { permits: countOf(permits), of: countOf(of) };
}

function countOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1 ? value : undefined;
}
