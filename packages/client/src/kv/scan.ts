/**
 * A walk over a range of any size in bounded memory and at one revision. The first page is a plain read and pins the revision;
 * what is left comes as one stream where the server has RangeStream, else page by page. A stream that breaks is gone on with by
 * pages from the last key. Ends with `CompactedError` when the pinned revision is compacted meanwhile.
 */
import type { RangeResponse, KeyValue as WireKeyValue } from "@kvorum/proto";
import { checkCount } from "../checks.js";
import { isEtcdError } from "../errors.js";
import { concatBytes, type KeyRange } from "../keys.js";
import type { Keyspace } from "../keyspace.js";
import type { Caller } from "../net/caller.js";
import type { ScanOptions } from "../options.js";
import { PageSize } from "./page-size.js";
import type { RangeStreams } from "./range-stream.js";
import { readRange } from "./read-range.js";
import { type RangeInit, rangeRequest } from "./requests.js";
import { type KeyEntry, type KeyValue, toKeyEntry, toKeyValue, type View } from "./results.js";

/**
 * The pairs, and with them their values. Without `rangeStreams` by pages alone.
 *
 * Errors, at once: `TypeError`, `RangeError`; of the walk: `DecodeError` and as of every read.
 */
export function scan<V>(
  caller: Caller,
  view: View<V>,
  range: KeyRange,
  options: ScanOptions = {},
  rangeStreams?: RangeStreams,
): AsyncGenerator<KeyValue<V>, void, undefined> {
  const first = firstRequest(view.keyspace, range, options);
  return read(walk({ caller, rangeStreams, first, options }), (kv) => toKeyValue(view, kv));
}

/** The keys alone. Errors: as of `scan`. */
export function scanKeys(
  caller: Caller,
  keyspace: Keyspace,
  range: KeyRange,
  options: ScanOptions,
  rangeStreams: RangeStreams,
): AsyncGenerator<KeyEntry, void, undefined> {
  const first = { ...firstRequest(keyspace, range, options), keysOnly: true };
  return read(walk({ caller, rangeStreams, first, options }), (kv) => toKeyEntry({ keyspace }, kv));
}

function firstRequest(keyspace: Keyspace, range: KeyRange, options: ScanOptions): RangeInit {
  if (options.pageSize !== undefined) checkCount(options.pageSize, "pageSize");
  return rangeRequest(keyspace, range, options);
}

async function* read<E>(
  messages: AsyncIterable<readonly WireKeyValue[]>,
  make: (kv: WireKeyValue) => E | Promise<E>,
): AsyncGenerator<E, void, undefined> {
  for await (const kvs of messages) for (const kv of kvs) yield await make(kv);
}

interface Walk {
  readonly caller: Caller;
  readonly rangeStreams: RangeStreams | undefined;
  readonly first: RangeInit;
  readonly options: ScanOptions;
}

/** Yields what each answer or message holds. */
async function* walk({ caller, rangeStreams, first, options }: Walk): AsyncGenerator<readonly WireKeyValue[]> {
  const pageSize = new PageSize(options.pageSize);
  let request = first;
  for (;;) {
    const page = await readPage(caller, request, options, pageSize);
    yield page.kvs;
    let last = page.kvs.at(-1)?.key;
    if (!page.more || last === undefined) return;
    const revision = request.revision || page.header?.revision || 0n;
    const rest = { ...request, revision, key: justAfter(last) };
    request = rest;
    // A local read works without a leader, which a stream insists on.
    if (rangeStreams === undefined || rest.serializable) continue;
    const messages = rangeStreams.read(rest, options);
    try {
      let next = await messages.next();
      for (; !next.done; next = await messages.next()) {
        yield next.value;
        last = next.value.at(-1)?.key ?? last;
      }
      if (next.value) return;
      request = { ...rest, key: justAfter(last) };
    } finally {
      await messages.return(false);
    }
  }
}

async function readPage(
  caller: Caller,
  request: RangeInit,
  options: ScanOptions,
  pageSize: PageSize,
): Promise<RangeResponse> {
  let { serializable } = request;
  for (;;) {
    try {
      const limit = BigInt(pageSize.current);
      const page = await readRange(caller, { ...request, serializable: serializable ?? false, limit }, options);
      pageSize.fitted(page.kvs.reduce((bytes, { key, value }) => bytes + key.length + value.length, 0));
      return page;
    } catch (error) {
      // A member that has not come as far as the one that gave the first page.
      if (serializable && request.revision && isEtcdError(error, "future-revision")) serializable = false;
      else if (!isEtcdError(error, "message-too-large") || !pageSize.tooLarge()) throw error;
    }
  }
}

/** The smallest key above this one: the same with a zero byte behind it. */
function justAfter(key: Uint8Array): Uint8Array {
  return concatBytes(key, ZERO);
}

const ZERO = new Uint8Array([0]);
