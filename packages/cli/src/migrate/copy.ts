/**
 * Makes the target equal to the source as of one revision. Both are walked in the order of keys, side by side: what is alike is left
 * alone, what the source does not have is deleted. So a copy that broke off is simply made again, and writes only what is missing.
 */
import type { KeyValue } from "@kvorum/proto";
import type { Changes, KeyChange } from "./changes.js";
import { isMarker } from "./marker.js";
import { type ByteRange, pairsAt, survey } from "./pairs.js";
import type { Side } from "./side.js";

export interface CopyOptions {
  readonly source: Side;
  readonly target: Side;
  readonly range: ByteRange;
  readonly changes: Changes;
  /** The source's. */
  readonly revision: bigint;
  /** Told of every key of the source that is in the target now or waits for its transaction. */
  readonly onKey: () => void;
}

export interface CopyResult {
  readonly written: number;
  readonly deleted: number;
  readonly alike: number;
}

/** Errors: `CompactedError` when the source gives up the revision: take a newer one. */
export async function copyAt(options: CopyOptions): Promise<CopyResult> {
  const { source, target, range, changes, revision, onKey } = options;
  const there = await survey(target, range);
  const result = { written: 0, deleted: 0, alike: 0 };
  for await (const [wanted, present] of sideBySide(
    withoutMarker(pairsAt(source, range, revision)),
    withoutMarker(pairsAt(target, range, there.revision)),
  )) {
    const change = difference(wanted, present);
    if (wanted !== undefined) onKey();
    if (change === undefined) {
      result.alike++;
      continue;
    }
    if (!changes.fits([change])) await changes.flush();
    changes.add(change);
    if (change.value === undefined) result.deleted++;
    else result.written++;
  }
  await changes.flush();
  return result;
}

function difference(wanted: KeyValue | undefined, present: KeyValue | undefined): KeyChange | undefined {
  if (wanted === undefined) return present && { key: present.key, value: undefined };
  const { key, value, lease } = wanted;
  const alike = present !== undefined && present.lease === lease && Buffer.from(present.value).equals(value);
  return alike ? undefined : { key, value, lease };
}

async function* withoutMarker(pairs: AsyncIterable<KeyValue>): AsyncGenerator<KeyValue, void> {
  for await (const pair of pairs) if (!isMarker(pair.key)) yield pair;
}

/** Two ascending walks as one: what has the same key comes together. */
async function* sideBySide(
  a: AsyncGenerator<KeyValue, void>,
  b: AsyncGenerator<KeyValue, void>,
): AsyncGenerator<[KeyValue | undefined, KeyValue | undefined], void> {
  const next = async (walk: AsyncGenerator<KeyValue, void>): Promise<KeyValue | undefined> =>
    (await walk.next()).value ?? undefined;
  let [left, right] = [await next(a), await next(b)];
  while (left !== undefined || right !== undefined) {
    const order = orderOf(left, right);
    yield [order <= 0 ? left : undefined, order >= 0 ? right : undefined];
    [left, right] = [order <= 0 ? await next(a) : left, order >= 0 ? await next(b) : right];
  }
}

/** The end of a walk comes after everything. */
function orderOf(left: KeyValue | undefined, right: KeyValue | undefined): number {
  if (left === undefined) return 1;
  return right === undefined ? -1 : Buffer.compare(left.key, right.key);
}
