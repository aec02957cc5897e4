/**
 * What a watch does when the history it needs is gone: it reads the range as it is now and reports the difference to what it
 * has reported before. It remembers keys and revisions only, and only in this mode. A key that existed before the watch
 * began and was never reported is reported now; its deletion in the gap cannot be known.
 */

import { KV, type RangeResponse } from "@kvorum/proto";
import { concatBytes, keyText } from "../keys.js";
import { toHeader, toKeyValue, type View } from "../kv/results.js";
import type { Caller } from "../net/caller.js";
import type { WatchBatch, WatchEvent, WatchOptions } from "./options.js";

const PAGE_SIZE = 1_000n;
const ZERO = new Uint8Array([0]);

export class Resync<V> {
  readonly #caller: Caller;
  readonly #view: View<V>;
  readonly #range: { readonly key: Uint8Array; readonly rangeEnd: Uint8Array };
  readonly #options: WatchOptions;
  /** Keys this watch has reported as existing, with the revision it reported. Keys as one character a byte. */
  readonly #known = new Map<string, { readonly keyBytes: Uint8Array; readonly modRevision: bigint }>();

  constructor(
    caller: Caller,
    view: View<V>,
    range: { readonly key: Uint8Array; readonly rangeEnd: Uint8Array },
    options: WatchOptions,
  ) {
    this.#caller = caller;
    this.#view = view;
    this.#range = range;
    this.#options = options;
  }

  reported(event: WatchEvent<V>): void {
    if (event.type === "put") {
      const { keyBytes, modRevision } = event.kv;
      this.#known.set(mapKey(keyBytes), { keyBytes, modRevision });
    }
    if (event.type === "delete") this.#known.delete(mapKey(event.keyBytes));
  }

  /** Yields what makes up for the gap and returns the revision at which the range was read. */
  async *run(compactRevision: bigint): AsyncGenerator<WatchBatch<V>, bigint, undefined> {
    const present = new Set<string>();
    let page = await this.#page({ ...this.#range });
    const { revision } = toHeader(page.header);
    yield { revision, events: [{ type: "resync", revision, compactRevision }] };
    for (;;) {
      const events: WatchEvent<V>[] = [];
      for (const kv of page.kvs) {
        const key = mapKey(this.#view.keyspace.strip(kv.key));
        present.add(key);
        if (this.#known.get(key)?.modRevision === kv.modRevision || this.#options.only === "delete") continue;
        const pair = await toKeyValue(this.#view, kv);
        events.push({ type: "put", kv: pair, isCreate: pair.createRevision === pair.modRevision });
      }
      for (const event of events) this.reported(event);
      if (events.length > 0) yield { revision, events };
      const last = page.kvs.at(-1);
      if (!page.more || last === undefined) break;
      page = await this.#page({ ...this.#range, key: concatBytes(last.key, ZERO), revision });
    }
    const deleted = this.#deletions(present, revision);
    if (deleted.length > 0) yield { revision, events: deleted };
    return revision;
  }

  #deletions(present: ReadonlySet<string>, revision: bigint): WatchEvent<V>[] {
    const events: WatchEvent<V>[] = [];
    for (const [key, { keyBytes }] of this.#known) {
      if (present.has(key)) continue;
      this.#known.delete(key);
      if (this.#options.only === "put") continue;
      events.push({ type: "delete", key: keyText(keyBytes), keyBytes, modRevision: revision });
    }
    return events;
  }

  #page(request: { key: Uint8Array; rangeEnd: Uint8Array; revision?: bigint }): Promise<RangeResponse> {
    const { signal } = this.#options;
    return this.#caller.unary(KV.method.range, { ...request, limit: PAGE_SIZE }, "read", signal && { signal });
  }
}

function mapKey(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
