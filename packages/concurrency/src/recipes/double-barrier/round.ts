/**
 * What a double barrier does in etcd. Keys, as etcd's own recipe lays them out:
 *
 * ```
 * <name>/waiters/<lease in hex>-…    a participant: since it asked to enter and until it leaves, or its lease ends
 * <name>/ready                       the round has begun: the revision that created the youngest of its participants' keys
 * ```
 *
 * The round begins with the creation of `ready`, which one participant writes on condition that every one of the first `count`
 * keys is still there: so nobody counts who died while it waited. Keys that are younger than the youngest of these came too late
 * and are about to go. A `ready` of etcd's recipe has no value; there all who were waiting take part. The round ends when the last
 * of these keys goes; whoever takes away the last one takes `ready` with it in the same txn. Where the last one died, `ready` is
 * left alone in the store, and who finds it there removes it. While `ready` is there nobody can join, so no key that stands
 * beside it is of a round to come.
 */
import {
  bytes,
  type Client,
  type ClientWorld,
  compare,
  type KeyValue,
  type Op,
  type OpListResult,
  prefix,
  range,
  type Store,
} from "@kvorum/client";
import { below } from "../../contention/checks.js";
import { type PlaceNames, placeNamesOf } from "../../contention/place-names.js";
import type { Session } from "../../session.js";

/** What stands in the store at one revision. */
export interface Standing {
  readonly revision: bigint;
  /** Undefined before it begins. */
  readonly round: Round | undefined;
  /** The revision that created the key that was asked about; undefined where it is gone. */
  readonly own: bigint | undefined;
  /** The participants, in the order of their coming. */
  readonly waiters: readonly Waiter[];
}

export interface Round {
  /** The revision that began it. */
  readonly ready: bigint;
  /** The revision that created the key of its youngest participant. All keys that are as old take part. */
  readonly youngest: bigint;
}

export interface Waiter {
  readonly key: Uint8Array;
  readonly createRevision: bigint;
  readonly lease: bigint;
}

type Value = KeyValue<Uint8Array> | undefined;

export class Rounds {
  readonly store: Store<Uint8Array>;
  readonly world: ClientWorld;
  readonly ready: Uint8Array;
  readonly #name: Uint8Array;
  readonly #waiters: Uint8Array;
  readonly #names: PlaceNames;

  constructor(client: Client, name: Uint8Array) {
    this.store = client.withCodec(bytes);
    this.world = client.world;
    this.ready = below(name, "ready");
    this.#name = name;
    this.#names = placeNamesOf(client, client.world);
    this.#waiters = below(name, "waiters/");
  }

  /** A key that no other participant has, of this session or of another one. */
  newKey(session: Session): Uint8Array {
    return below(this.#name, `waiters/${this.#names.next(session)}`);
  }

  /** Whether the participant was a process that died and whose session was adopted: it lives on its lease and nowhere else. */
  isLeftover({ key, lease }: Waiter, session: Session): boolean {
    return this.#names.isLeftover(decoder.decode(key), lease, session);
  }

  /** Puts the key where no round is under way and it is not there. What stands after that says whether it is: `own`. */
  async join(session: Session, key: Uint8Array): Promise<Standing> {
    const { op } = this.store;
    const result = await this.store.txn({
      if: [compare.createRevision(this.ready).eq(0n), compare.createRevision(key).eq(0n)],
      then: [op.put(key, NO_VALUE, { lease: session.leaseId }), op.list(prefix(this.#waiters), BY_AGE)],
      else: this.#reads(key),
    });
    const { revision } = result.header;
    if (!result.succeeded) return standing(revision, ...result.responses);
    return { ...standing(revision, undefined, undefined, result.responses[1]), own: revision };
  }

  async look(key: Uint8Array, signal: AbortSignal): Promise<Standing> {
    const result = await this.store.txn({ then: this.#reads(key) }, { signal });
    if (!result.succeeded) throw new Error("a txn without conditions did not succeed");
    return standing(result.header.revision, ...result.responses);
  }

  /** Begins the round if all of these are still there. Does nothing where it has begun. */
  async open(participants: readonly Waiter[]): Promise<void> {
    const present = participants.map(({ key, createRevision }) => compare.createRevision(key).eq(createRevision));
    const youngest = participants.at(-1)?.createRevision ?? 0n;
    await this.store.txn({
      if: [compare.createRevision(this.ready).eq(0n), ...present],
      then: [this.store.op.put(this.ready, encoder.encode(`${youngest}`))],
    });
  }

  /** Takes the key away, and `ready` with it where nobody else stands here. The answer has `own` as it was before. */
  async depart(key: Uint8Array): Promise<Standing> {
    const { op } = this.store;
    const after = new Uint8Array(key.length + 1);
    after.set(key);
    const { end } = prefix(this.#waiters);
    if (end === undefined) throw new Error("a prefix without an end");
    const [ready, own, waiters] = this.#reads(key);
    const result = await this.store.txn({
      if: [compare.createRevision(range(this.#waiters, key)).eq(0n), compare.createRevision(range(after, end)).eq(0n)],
      then: [own, op.delete(key), op.delete(this.ready)],
      else: [ready, own, op.delete(key), waiters],
    });
    const { revision } = result.header;
    if (result.succeeded) return standing(revision, undefined, result.responses[0], undefined);
    return standing(revision, result.responses[0], result.responses[1], result.responses[3]);
  }

  /** Removes what is left of a round whose participants are all gone. Does nothing where there is another round. */
  async clear({ ready }: Round): Promise<void> {
    await this.store.txn({
      if: [compare.createRevision(this.ready).eq(ready), compare.createRevision(prefix(this.#waiters)).eq(0n)],
      then: [this.store.op.delete(this.ready)],
    });
  }

  #reads(key: Uint8Array): readonly [Op<Value>, Op<Value>, Op<OpListResult<Uint8Array>>] {
    const { op } = this.store;
    return [op.get(this.ready), op.get(key), op.list(prefix(this.#waiters), BY_AGE)];
  }
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const NO_VALUE = new Uint8Array(0);
const BY_AGE = { sortBy: "create", order: "asc" } as const;

function standing(revision: bigint, ready: Value, own: Value, waiters: OpListResult<Uint8Array> | undefined): Standing {
  const kvs = waiters?.kvs ?? [];
  return {
    revision,
    round: ready && roundOf(ready),
    own: own?.createRevision,
    waiters: kvs.map(({ keyBytes, createRevision, lease }) => ({ key: keyBytes, createRevision, lease })),
  };
}

/** A value that is no revision says nothing of who takes part, like that of etcd's recipe. */
function roundOf({ createRevision, value }: KeyValue<Uint8Array>): Round {
  const text = decoder.decode(value);
  return { ready: createRevision, youngest: /^[1-9][0-9]{0,18}$/.test(text) ? BigInt(text) : createRevision };
}
