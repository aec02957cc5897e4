/**
 * What a watch does when the history it needs is gone: it reads the range as it is now and reports the difference to what it
 * has reported before. It remembers keys and revisions only, and only in this mode. A key that existed before the watch
 * began and was never reported is reported now; its deletion in the gap cannot be known.
 */
import { KV, type RangeResponse, type KeyValue as WireKeyValue } from "@kvorum/proto";
import { isEtcdError } from "../errors.js";
import { concatBytes, keyText } from "../keys.js";
import type { Keyspace, WireRange } from "../keyspace.js";
import { type KeyValue, toHeader } from "../kv/results.js";
import type { Caller } from "../net/caller.js";
import type { WatchBatch, WatchEvent, WatchOptions } from "./options.js";

const PAGE_SIZE = 1_000n;
const ZERO = new Uint8Array([0]);

export interface ResyncInit<V> {
  readonly caller: Caller;
  readonly keyspace: Keyspace;
  readonly range: WireRange;
  readonly options: WatchOptions;
  /** Undefined where the value cannot be decoded and the watch leaves such values out. */
  decode(kv: WireKeyValue): Promise<KeyValue<V> | undefined>;
}

export class Resync<V> {
  readonly #init: ResyncInit<V>;
  /** Keys this watch has reported as existing, with the revision it reported. Keys as one character a byte. */
  readonly #known = new Map<string, { readonly keyBytes: Uint8Array; readonly modRevision: bigint }>();

  constructor(init: ResyncInit<V>) {
    this.#init = init;
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
    let page = await this.#page({ ...this.#init.range });
    const { revision } = toHeader(page.header);
    yield { revision, events: [{ type: "resync", revision, compactRevision }] };
    for (;;) {
      const events = await this.#changes(page, present);
      if (events.length > 0) yield { revision, events };
      const last = page.kvs.at(-1);
      if (!page.more || last === undefined) break;
      try {
        page = await this.#page({ ...this.#init.range, key: concatBytes(last.key, ZERO), revision });
      } catch (error) {
        if (!isEtcdError(error, "compacted")) throw error;
        // Compacted again under our hands. What has been reported so far is remembered, so starting over is right.
        return yield* this.run(revision);
      }
    }
    const deleted = this.#deletions(present, revision);
    if (deleted.length > 0) yield { revision, events: deleted };
    return revision;
  }

  async #changes(page: RangeResponse, present: Set<string>): Promise<WatchEvent<V>[]> {
    const events: WatchEvent<V>[] = [];
    for (const wire of page.kvs) {
      const key = mapKey(this.#init.keyspace.strip(wire.key));
      present.add(key);
      if (this.#known.get(key)?.modRevision === wire.modRevision || this.#init.options.only === "delete") continue;
      const kv = await this.#init.decode(wire);
      if (kv === undefined) continue;
      const event: WatchEvent<V> = { type: "put", kv, isCreate: kv.createRevision === kv.modRevision };
      this.reported(event);
      events.push(event);
    }
    return events;
  }

  #deletions(present: ReadonlySet<string>, revision: bigint): WatchEvent<V>[] {
    const events: WatchEvent<V>[] = [];
    for (const [key, { keyBytes }] of this.#known) {
      if (present.has(key)) continue;
      this.#known.delete(key);
      if (this.#init.options.only === "put") continue;
      events.push({ type: "delete", key: keyText(keyBytes), keyBytes, modRevision: revision });
    }
    return events;
  }

  #page(request: WireRange & { readonly revision?: bigint }): Promise<RangeResponse> {
    const { signal } = this.#init.options;
    return this.#init.caller.unary(KV.method.range, { ...request, limit: PAGE_SIZE }, "read", signal && { signal });
  }
}

function mapKey(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
