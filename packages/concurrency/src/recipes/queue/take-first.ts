/**
 * Taking the first of a line, with many who want to. Everybody reads the first few keys and sends one txn: take the first
 * if it is still there, else the second, and so on. The txn takes nothing at a moment when any key stands in front of the
 * one it would take, so what is handed out is always the first of the line at that moment; and of eight who read the same
 * keys each gets one, where with a txn for one key seven of them would have read in vain.
 */
import { compare, type KeyRange, type KeyValue, type Op, range, type Store, type TxnSpec } from "@kvorum/client";

/** How many keys a taker reads and tries. A nested txn each: the server's limit of operations (128) is far off. */
export const TRIED_MAX = 8;

type Spec = TxnSpec<readonly Op[], readonly Op[]>;

interface Taken<K> {
  readonly kv: K;
  readonly responses: readonly unknown[];
}

/** `kvs` are the first keys of the line, in order, and not none; `effect` is what taking one does. */
export function takeFirstSpec<K extends KeyValue<unknown>>(
  store: Store<Uint8Array>,
  line: KeyRange,
  kvs: readonly K[],
  effect: (kv: K) => readonly Op[],
): Spec {
  const [kv, ...others] = kvs;
  if (kv === undefined) return {};
  const untouched = compare.modRevision(kv.keyBytes).eq(kv.modRevision);
  const first = compare.createRevision(range(line.key, kv.keyBytes)).eq(0n);
  const otherwise = others.length === 0 ? [] : [store.op.txn(takeFirstSpec(store, line, others, effect))];
  return { if: [untouched, first], then: effect(kv), else: otherwise };
}

/** Which one was taken, read from the answer. Undefined for none. */
export function takenOf<K>(
  kvs: readonly K[],
  answer: { readonly succeeded: boolean; readonly responses: readonly unknown[] },
): Taken<K> | undefined {
  const [kv, ...others] = kvs;
  if (kv === undefined) return undefined;
  if (answer.succeeded) return { kv, responses: answer.responses };
  const [inner] = answer.responses;
  return inner === undefined ? undefined : takenOf(others, inner as typeof answer);
}
