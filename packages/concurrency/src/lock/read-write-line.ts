/**
 * The line of readers and writers in etcd. Every contender puts a place `<name>/read/<unique>`, and a writer `<name>/write/<unique>`
 * in the same step, so that both have one create revision, which is its position in the line.
 *
 * - A reader waits for the last `write` key before its position, a writer for the last key of either kind before its own; each
 *   from the revision of the read that found it, and then it looks again until there is none.
 * - So a reader that comes after a waiting writer waits behind it, and a writer behind all readers before it: nobody starves.
 * - Exclusion: let A have a lower position than B, one of them a writer, both with their keys. When B's read said "your turn", A's
 *   key was there (keys come with their position and never come back), and B would have seen it: B waits for all if it writes, and
 *   for A's `write` key if A writes.
 * - A downgrade takes the `write` key away and leaves the `read` key: the position stays, and with it what writers behind wait for.
 * - An upgrade puts a new `write` key on the condition that no other key is there. Nobody is passed, since nobody waits.
 *
 * It is the layout of the read-write lock among the recipes of etcd's Go client, whose writers have no `read` key: its readers wait
 * for ours, its writers for every key below the name, and ours look for `write` keys as well.
 */
import {
  bytes,
  type Client,
  type ClientWorld,
  type Compare,
  compare,
  type KeyRange,
  type KeyValue,
  type Op,
  type OpListResult,
  prefix,
  range,
  type Store,
} from "@kvorum/client";
import { below } from "../contention/checks.js";
import type { Contender, Entry, Place } from "../contention/contender.js";
import { LateCopies } from "../contention/late-copies.js";
import { NO_SLOT } from "../contention/local-queue.js";
import { type PlaceNames, placeNamesOf } from "../contention/place-names.js";
import { untilGone } from "../contention/until-event.js";
import { SessionExpiredError } from "../errors.js";
import { persist } from "../interrupt.js";
import type { Session } from "../session.js";

export type Mode = "read" | "write";

/** The line of one name. */
export class ReadWriteLine {
  readonly store: Store<Uint8Array>;
  readonly world: ClientWorld;
  readonly names: PlaceNames;
  readonly #name: Uint8Array;
  readonly #ranges: Readonly<Record<Mode, KeyRange>>;

  constructor(client: Client, name: Uint8Array) {
    this.store = client.withCodec(bytes);
    this.world = client.world;
    this.names = placeNamesOf(client, client.world);
    this.#name = name;
    this.#ranges = { read: prefix(below(name, "read/")), write: prefix(below(name, "write/")) };
  }

  key(mode: Mode, unique: string): Uint8Array {
    return below(this.#name, `${mode}/${unique}`);
  }

  /** Where those stand that a contender waits for. */
  before(mode: Mode): readonly KeyRange[] {
    return mode === "read" ? [this.#ranges.write] : [this.#ranges.write, this.#ranges.read];
  }

  /** Everything but one key. */
  others(key: Uint8Array): readonly KeyRange[] {
    const { key: start, end } = this.#ranges.read;
    if (end === undefined) throw new Error("a prefix has an end");
    const after = new Uint8Array(key.length + 1);
    after.set(key);
    return [this.#ranges.write, range(start, key), range(after, end)];
  }
}

/** One acquisition: a reader's or a writer's. */
export class ReadWriteContender implements Contender {
  readonly turnstile: undefined = undefined;
  readonly world: ClientWorld;
  readonly line: ReadWriteLine;
  readonly #mode: Mode;
  readonly #copies: LateCopies;
  #unique: string | undefined;

  constructor(line: ReadWriteLine, mode: Mode) {
    this.#copies = new LateCopies(line.store);
    this.line = line;
    this.world = line.world;
    this.#mode = mode;
  }

  /** The key of this kind that the acquisition has or may have. Only once it has entered. */
  key(mode: Mode): Uint8Array {
    if (this.#unique === undefined) throw new Error("a contender that has not entered has no key");
    return this.line.key(mode, this.#unique);
  }

  async enter(session: Session): Promise<Entry> {
    this.#unique = this.line.names.next(session);
    const { op } = this.line.store;
    const key = this.key(this.#mode);
    const oldest = this.#oldest();
    const result = await persist(this.world, session.signal, () =>
      this.#copies.attempt(
        this.line.store.txn({
          if: [compare.createRevision(key).eq(0n)],
          then: [...oldest, ...this.#puts(session)],
          else: [op.get(key)],
        }),
      ),
    );
    if (!result.succeeded) {
      const found = result.responses[0];
      if (found === undefined) throw new Error("the server compared a key as existing and then did not find it");
      return { key, createRevision: found.createRevision, first: false };
    }
    const before = result.responses.slice(0, oldest.length).flatMap((list) => (list as OpListResult<Uint8Array>).kvs);
    return { key, createRevision: result.header.revision, first: before.length === 0 };
  }

  /** A condition on the create revision of a range holds for an empty range alone. */
  async tryEnter(session: Session, signal: AbortSignal): Promise<Place | undefined> {
    this.#unique = this.line.names.next(session);
    const { op } = this.line.store;
    const key = this.key(this.#mode);
    for (;;) {
      const result = await persist(this.world, signal, () =>
        this.#copies.attempt(
          this.line.store.txn({
            if: this.#nobody(),
            then: this.#puts(session),
            else: [op.get(key), ...this.#oldest()],
          }),
        ),
      );
      if (result.succeeded) return { key, createRevision: result.header.revision };
      const [own, ...lists] = result.responses;
      // An attempt whose answer was lost has put it.
      if (own !== undefined) return { key, createRevision: (own as KeyValue<Uint8Array>).createRevision };
      const leftover = lists
        .flatMap((list) => (list as OpListResult<Uint8Array>).kvs)
        .find((kv) => this.line.names.isLeftover(kv.key, kv.lease, session));
      if (leftover === undefined) return undefined;
      await persist(this.world, signal, () => this.line.store.delete(leftover.keyBytes));
    }
  }

  async isFree(options: { readonly signal?: AbortSignal }): Promise<boolean> {
    return (await this.line.store.txn({ if: this.#nobody() }, options)).succeeded;
  }

  async turn(place: Place, session: Session, signal: AbortSignal): Promise<void> {
    for (;;) {
      const { own, before, revision } = await persist(this.world, signal, () => this.#look(place, signal));
      if (own?.createRevision !== place.createRevision) {
        signal.throwIfAborted();
        throw new SessionExpiredError(session.leaseId, "has expired while it waited: its key is gone");
      }
      if (before === undefined) return;
      if (this.line.names.isLeftover(before.key, before.lease, session)) {
        await persist(this.world, signal, () => this.line.store.delete(before.keyBytes));
      } else {
        await untilGone(this.line.store, before.keyBytes, revision, signal);
      }
    }
  }

  async leave(_place: Place, signal: AbortSignal): Promise<boolean> {
    const result = await persist(this.world, signal, () => this.#remove());
    return result.succeeded && result.responses.some(({ deleted }) => deleted > 0n);
  }

  async leaveAnyPlace(_session: Session, signal: AbortSignal): Promise<void> {
    await this.leave(NOWHERE, signal);
  }

  sweep(session: Session): void {
    // A late upgrade is refused without the `read` key.
    const key = this.key(this.#mode);
    const remove = (): Promise<unknown> => this.#remove();
    this.#copies.sweep({ session, key, remove, claim: () => NO_SLOT });
  }

  #remove() {
    const { op } = this.line.store;
    return this.line.store.txn({ then: [op.delete(this.key("write")), op.delete(this.key("read"))] });
  }

  /** Gives the `write` key up and keeps the position. The place of the reader, or undefined where it is gone. */
  async downgrade(place: Place, signal: AbortSignal): Promise<Place | undefined> {
    const { op } = this.line.store;
    const [read, write] = [this.key("read"), this.key("write")];
    const result = await persist(this.world, signal, () =>
      this.line.store.txn({
        if: [compare.createRevision(write).eq(place.createRevision), compare.createRevision(read).gt(0n)],
        then: [op.get(read), op.delete(write)],
        else: [op.get(read), op.get(write)],
      }),
    );
    const [kept, left] = result.responses;
    // Without the `write` key an attempt whose answer was lost has done it.
    if (kept === undefined || (!result.succeeded && left !== undefined)) return undefined;
    return { key: read, createRevision: kept.createRevision };
  }

  /** Puts a `write` key beside the `read` key if nobody else is in the line. */
  async upgrade(session: Session): Promise<Place | "refused" | "lost"> {
    const { op } = this.line.store;
    const [read, write] = [this.key("read"), this.key("write")];
    const alone = this.line.others(read).map((keys) => compare.createRevision(keys).eq(0n));
    const result = await persist(this.world, session.signal, () =>
      this.line.store.txn({
        if: [compare.createRevision(read).gt(0n), ...alone],
        then: [op.put(write, NO_VALUE, { lease: session.leaseId })],
        else: [op.get(write), op.get(read)],
      }),
    );
    if (result.succeeded) return { key: write, createRevision: result.header.revision };
    const [made, kept] = result.responses;
    if (kept === undefined) return "lost";
    return made === undefined ? "refused" : { key: write, createRevision: made.createRevision };
  }

  /** Condition: nobody is there whom this one would have to wait for. */
  #nobody(): Compare[] {
    return this.line.before(this.#mode).map((keys) => compare.createRevision(keys).eq(0n));
  }

  #oldest(): Op<OpListResult<Uint8Array>>[] {
    return this.line
      .before(this.#mode)
      .map((keys) => this.line.store.op.list(keys, { limit: 1, sortBy: "create", order: "asc" }));
  }

  #puts(session: Session): Op[] {
    const { op } = this.line.store;
    const modes: readonly Mode[] = this.#mode === "read" ? ["read"] : ["write", "read"];
    return modes.map((mode) => op.put(this.key(mode), NO_VALUE, { lease: session.leaseId }));
  }

  /** One read: the own key, and the last one before it that it has to wait for. */
  async #look(place: Place, signal: AbortSignal) {
    const { op } = this.line.store;
    const maxCreateRevision = place.createRevision - 1n;
    const lists = this.line
      .before(this.#mode)
      .map((keys) => op.list(keys, { limit: 1, sortBy: "create", order: "desc", maxCreateRevision }));
    const result = await this.line.store.txn({ then: [op.get(place.key), ...lists] }, { signal });
    if (!result.succeeded) throw new Error("a txn without conditions did not succeed");
    const [own, ...found] = result.responses;
    const before = found
      .flatMap((list) => (list as OpListResult<Uint8Array>).kvs)
      .reduce<KeyValue<Uint8Array> | undefined>(
        (last, kv) => (last === undefined || kv.createRevision > last.createRevision ? kv : last),
        undefined,
      );
    return { own: own as KeyValue<Uint8Array> | undefined, before, revision: result.header.revision };
  }
}

const NO_VALUE = new Uint8Array(0);
const NOWHERE: Place = { key: NO_VALUE, createRevision: 0n };
