/** Jobs that were delivered too often, or can never be done: to look at, to try again, to throw away. */
import { type Codec, compare, type KeyValue, type Op, type ScanOptions } from "@kvorum/client";
import { decoded } from "./line.js";
import type { Moves } from "./transitions.js";
import { type DeadReason, encodeState, idOf, type JobState, priorityOf, stateOf } from "./work-layout.js";

export interface DeadLetter<T> {
  readonly id: string;
  readonly priority: number;
  readonly key: string | undefined;
  /** How often it was delivered. */
  readonly attempts: number;
  readonly reason: DeadReason;
  /** As it is stored. */
  readonly payload: Uint8Array;
  /** Errors: `DecodeError` where the codec refuses it. */
  value(): Promise<T>;
  /** Puts it back to its place with no deliveries counted. False when it is not dead any more. Errors: `EtcdError`. */
  retry(): Promise<boolean>;
  /** Deletes the job, and frees its key. False when it is not dead any more. Errors: `EtcdError`. */
  delete(): Promise<boolean>;
}

/** Letters read at a time, each with its value. */
const PAGE = 32;

/** Walks the letters of one moment, in the order of their places. */
export async function* deadLetters<T>(
  moves: Moves,
  codec: Codec<T>,
  options: Pick<ScanOptions, "signal">,
): AsyncGenerator<DeadLetter<T>, void, undefined> {
  const { layout, store } = moves;
  for await (const kv of store.scan(layout.dead, { ...options, pageSize: PAGE })) {
    const job = await store.get(layout.jobKey(layout.placeOf(kv.key)), options);
    // Gone since the scan began.
    if (job !== undefined) yield letter(moves, codec, kv, job);
  }
}

function letter<T>(
  { layout, store }: Moves,
  codec: Codec<T>,
  kv: KeyValue<Uint8Array>,
  job: KeyValue<Uint8Array>,
): DeadLetter<T> {
  const place = layout.placeOf(kv.key);
  const { attempts, key, reason = "attempts" } = stateOf(kv);
  const move = async (ops: readonly Op[]): Promise<boolean> => {
    const untouched = compare.modRevision(kv.keyBytes).eq(kv.modRevision);
    const spec = { if: [untouched], then: [store.op.delete(kv.keyBytes), ...ops] };
    return (await store.txn(spec, { retry: "exactly-once" })).succeeded;
  };
  const fresh: JobState = { attempts: 0, key };
  const forgotten = [layout.jobKey(place), ...(key === undefined ? [] : [layout.uniqueKey(key)])];
  return {
    id: idOf(place),
    priority: priorityOf(place),
    key,
    attempts,
    reason,
    payload: job.value,
    value: () => decoded(codec, job),
    retry: () => move([store.op.put(layout.readyKey(place), encodeState(fresh))]),
    delete: () => move(forgotten.map((each) => store.op.delete(each))),
  };
}
