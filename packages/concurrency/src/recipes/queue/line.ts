/**
 * What `Queue` and `PriorityQueue` share: items that are keys, taken from the front at most once.
 *
 * A take is one guarded deletion, sent with `retry: "exactly-once"`: when its answer is lost it is asked for again until it
 * is known, so neither a broken connection nor a change of leader loses an item. Two things do: the process dies after the
 * deletion and before it has used the item, and no member answers for the whole of a call's time (`EtcdError` with the
 * outcome `unknown`). An abort does not: it ends the wait, never a take that is under way.
 *
 * The value is decoded after the take. A value that the codec refuses is a `DecodeError` for the one who took it, since
 * as the first of the line it would otherwise stop everybody.
 */
import {
  bytes,
  type Codec,
  DecodeError,
  isEtcdError,
  type KeyRange,
  type KeyValue,
  prefix,
  type Store,
  type WriteCallOptions,
} from "@kvorum/client";
import { checkEnds } from "../../contention/checks.js";
import { LocalQueue } from "../../contention/local-queue.js";
import { Interrupt, persist } from "../../interrupt.js";
import { TRIED_MAX, takeFirstSpec, takenOf } from "./take-first.js";
import { Tickets } from "./tickets.js";
import { Stagger, untilChange } from "./waiting.js";

/** An item of a queue. */
export interface QueueItem<T> {
  readonly value: T;
  /** The revision that put it into the queue: greater with every later item. */
  readonly revision: bigint;
  readonly key: string;
}

export interface DequeueOptions {
  /** Aborting ends the wait and rejects with the signal's reason. A take that is under way is finished, and its item given. */
  readonly signal?: AbortSignal;
  /** Milliseconds to wait at most, then `TimeoutError`. Default: for ever. */
  readonly timeout?: number;
}

/** Milliseconds for a call that does not wait, as of every call of the client. */
export const LOOK_MS = 10_000;

/** Of calls that do not wait. `timeout` is 10,000 by default. */
export type QueueCallOptions = Pick<WriteCallOptions, "signal" | "timeout">;

type Item = KeyValue<Uint8Array>;

type Looked = { readonly found: KeyValue<Uint8Array> } | { readonly emptyAt: bigint };

export class Line<T> {
  readonly #store: Store<Uint8Array>;
  readonly #codec: Codec<T>;
  readonly #root: string;
  readonly #range: KeyRange;
  readonly #tickets = new Tickets();
  /** Of all that wait in this process one waits in etcd. */
  readonly #waiters = new LocalQueue();

  constructor(store: Store<string>, root: string, codec: Codec<T>) {
    this.#store = store.withCodec(bytes);
    this.#codec = codec;
    this.#root = root;
    this.#range = prefix(root);
  }

  /** Puts the value behind the last key that begins with the root and `part`. */
  async append(part: string, value: T, options?: QueueCallOptions): Promise<{ key: string; revision: bigint }> {
    const line = `${this.#root}${part}`;
    const encoded = this.#codec.encode(value);
    const write = (id: string) => [this.#store.op.put(`${line}${id}`, encoded)];
    const appended = await this.#tickets.append({ store: this.#store, line, write, options });
    if (appended instanceof Uint8Array) throw new Error("a place was refused on a condition that was not set");
    return { key: `${line}${appended.id}`, revision: appended.revision };
  }

  async take(options: DequeueOptions = {}): Promise<QueueItem<T>> {
    checkEnds(options);
    const { signal, timeout } = options;
    using wait = new Interrupt(this.#store.world, "the wait for an item", [signal], timeout);
    const looked = await this.#takeNow(wait.signal);
    if ("found" in looked) return this.#item(looked.found);
    const slot = await this.#waiters.take(this.#root, wait.signal);
    try {
      return await this.#item(await this.#takeInTurn(wait.signal));
    } finally {
      slot.free();
    }
  }

  async tryTake(options: QueueCallOptions = {}): Promise<QueueItem<T> | undefined> {
    checkEnds(options);
    const { signal, timeout } = options;
    using wait = new Interrupt(this.#store.world, "the look for an item", [signal], timeout ?? LOOK_MS);
    const looked = await this.#takeNow(wait.signal);
    return "found" in looked ? this.#item(looked.found) : undefined;
  }

  async peek(options?: QueueCallOptions): Promise<QueueItem<T> | undefined> {
    const { kvs } = await this.#store.list(this.#range, { ...options, limit: 1 });
    return kvs[0] && this.#item(kvs[0]);
  }

  async size(options?: QueueCallOptions): Promise<number> {
    return Number(await this.#store.count(this.#range, options));
  }

  /** Takes item after item; aborting ends the iteration. Nothing is taken ahead of the loop that asks for it. */
  async *items(signal: AbortSignal | undefined): AsyncGenerator<T, void, undefined> {
    while (signal?.aborted !== true) {
      let item: QueueItem<T>;
      try {
        item = await this.take(signal && { signal });
      } catch (error) {
        if (signal?.aborted && error === signal.reason) return;
        throw error;
      }
      yield item.value;
    }
  }

  async #takeInTurn(signal: AbortSignal): Promise<KeyValue<Uint8Array>> {
    const stagger = new Stagger();
    for (;;) {
      const looked = await this.#takeNow(signal);
      if ("found" in looked) return looked.found;
      await untilChange(this.#store, this.#range, looked.emptyAt, signal, { only: "put" });
      await stagger.wait(this.#store.world, signal);
      stagger.lost();
    }
  }

  /** Ends with an item or an empty line. Each further round means that others took all that was read. */
  async #takeNow(signal: AbortSignal): Promise<Looked> {
    const store = this.#store;
    for (;;) {
      const read = { limit: TRIED_MAX, signal };
      const { kvs, header } = await persist(store.world, signal, () => store.list(this.#range, read));
      if (kvs.length === 0) return { emptyAt: header.revision };
      signal.throwIfAborted();
      const taken = await this.#takeFirst(kvs, signal);
      if (taken !== undefined) return { found: taken.kv };
    }
  }

  /** Repeated while it is certain that it was not applied. Errors: `EtcdError` with the outcome `unknown`. */
  async #takeFirst(kvs: KeyValue<Uint8Array>[], signal: AbortSignal): Promise<ReturnType<typeof takenOf<Item>>> {
    const store = this.#store;
    const spec = takeFirstSpec(store, this.#range, kvs, (kv) => [store.op.delete(kv.keyBytes)]);
    const answer = await persist(store.world, signal, () =>
      store.txn(spec, { retry: "exactly-once" }).catch((error: unknown) => {
        if (isEtcdError(error) && error.outcome === "unknown") return error;
        throw error;
      }),
    );
    if (answer instanceof Error) throw answer;
    return takenOf(kvs, answer);
  }

  async #item(kv: KeyValue<Uint8Array>): Promise<QueueItem<T>> {
    return { value: await decoded(this.#codec, kv), revision: kv.createRevision, key: kv.key };
  }
}

/** Errors: `DecodeError`. */
export async function decoded<T>(codec: Codec<T>, kv: KeyValue<Uint8Array>): Promise<T> {
  try {
    return await codec.decode(kv.value);
  } catch (error) {
    throw new DecodeError(kv.key, kv.modRevision, [], error);
  }
}
