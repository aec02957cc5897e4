/**
 * Following who leads: read the oldest key, follow it until it is deleted, read again. Values that a slow reader had no
 * time for are passed over; the last one is always reported. A compaction of the history only means to read again.
 */
import { type Codec, CompactedError, type KeyValue, type Store } from "@kvorum/client";
import type { Queue } from "../contention/queue.js";
import { persist } from "../interrupt.js";

/** Who leads and with which value. */
export interface Leader<V> {
  readonly key: string;
  readonly value: V;
  /** The create revision of the key: greater with every later leader. */
  readonly fencingToken: bigint;
  /** The revision of this value. */
  readonly revision: bigint;
  readonly leaseId: bigint;
}

/** The leaders from now on, `undefined` while there is none. Iterate it once; leaving the loop or disposing ends it. */
export interface Observation<V> extends AsyncIterable<Leader<V> | undefined>, AsyncDisposable {}

export interface ObserveOptions {
  /** Aborting ends the iteration. */
  readonly signal?: AbortSignal;
}

export function observe<V>(
  store: Store<V>,
  queue: Queue,
  codec: Codec<V>,
  options: ObserveOptions = {},
): Observation<V> {
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(options.signal?.reason);
  if (options.signal?.aborted) onAbort();
  else options.signal?.addEventListener("abort", onAbort, { once: true });
  const close = (): void => {
    options.signal?.removeEventListener("abort", onAbort);
    stop.abort();
  };
  return {
    async *[Symbol.asyncIterator]() {
      try {
        yield* leaders(store, queue, codec, stop.signal);
      } catch (error) {
        if (!stop.signal.aborted) throw error;
      } finally {
        close();
      }
    },
    [Symbol.asyncDispose]: async () => close(),
  };
}

async function* leaders<V>(
  store: Store<V>,
  queue: Queue,
  codec: Codec<V>,
  signal: AbortSignal,
): AsyncGenerator<Leader<V> | undefined, void, undefined> {
  // 0 stands for "no leader", which is reported as well.
  let reported: bigint | undefined;
  for (;;) {
    const { owner, revision } = await persist(store.world, signal, () => queue.first(codec, { signal }));
    if (reported !== (owner?.modRevision ?? 0n)) yield owner && toLeader(owner);
    reported = owner?.modRevision ?? 0n;
    if (owner === undefined) {
      await queue.untilSomeone(revision, signal);
      continue;
    }
    for await (const leader of values(store, owner, revision, signal)) {
      reported = leader.revision;
      yield leader;
    }
  }
}

/** What the leader proclaims after `revision`, until its key goes. */
async function* values<V>(
  store: Store<V>,
  owner: KeyValue<V>,
  revision: bigint,
  signal: AbortSignal,
): AsyncGenerator<Leader<V>, void, undefined> {
  const watch = store.watch(owner.keyBytes, { startRevision: revision + 1n, signal });
  try {
    for await (const event of watch) {
      if (event.type !== "put") return;
      if (watch.lag === 0) yield toLeader(event.kv);
    }
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
  }
  signal.throwIfAborted();
}

export function toLeader<V>(kv: KeyValue<V>): Leader<V> {
  return {
    key: kv.key,
    value: kv.value,
    fencingToken: kv.createRevision,
    revision: kv.modRevision,
    leaseId: kv.lease,
  };
}
