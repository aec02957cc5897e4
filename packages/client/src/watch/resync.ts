/**
 * What a watch does when the history it needs is gone: it reads the range as it is now and reports the difference to what it
 * has reported before. It remembers keys and revisions only, and only in this mode. A key that existed before the watch
 * began and was never reported is reported now; its deletion in the gap cannot be known.
 */
import { type Event, Event_EventType, KV, type RangeResponse } from "@kvorum/proto";
import { isEtcdError } from "../errors.js";
import { concatBytes, keyText } from "../keys.js";
import type { Keyspace, WireRange } from "../keyspace.js";
import { toHeader } from "../kv/results.js";
import type { Caller } from "../net/caller.js";
import { decide, errorKind } from "../retry.js";
import type { EventReader } from "./event-reader.js";
import type { WatchEvent, WatchOptions } from "./options.js";
import type { Subscription } from "./subscription.js";

const PAGE_SIZE = 1_000n;
const ZERO = new Uint8Array([0]);

export interface ResyncInit<V> {
  readonly caller: Caller;
  readonly keyspace: Keyspace;
  readonly range: WireRange;
  readonly only: WatchOptions["only"];
  readonly reader: EventReader<V>;
  readonly subscription: Subscription;
}

export class Resync<V> {
  readonly #init: ResyncInit<V>;
  /** Keys this watch knows to exist, with their revision. Keys as one character a byte. */
  readonly #known = new Map<string, { readonly keyBytes: Uint8Array; readonly modRevision: bigint }>();

  constructor(init: ResyncInit<V>) {
    this.#init = init;
  }

  /** Remembers an event, also one that the consumer does not want to see. */
  saw(wire: Event): void {
    if (wire.kv === undefined) return;
    const keyBytes = this.#init.keyspace.strip(wire.kv.key);
    if (wire.type === Event_EventType.DELETE) this.#known.delete(mapKey(keyBytes));
    else this.#known.set(mapKey(keyBytes), { keyBytes, modRevision: wire.kv.modRevision });
  }

  /** Yields what makes up for the gap, page by page, and returns the revision at which the range was read. */
  async *run(compactRevision: bigint): AsyncGenerator<WatchEvent<V>[], bigint, undefined> {
    for (let compacted = compactRevision; ; ) {
      const first = await this.#page({ ...this.#init.range });
      const { revision } = toHeader(first.header);
      yield [{ type: "resync", revision, compactRevision: compacted }];
      if (yield* this.#difference(first, revision)) return revision;
      // Compacted again under our hands. What has been reported so far is remembered, so starting over is right.
      compacted = revision;
    }
  }

  /** False when the history was compacted meanwhile. */
  async *#difference(first: RangeResponse, revision: bigint): AsyncGenerator<WatchEvent<V>[], boolean, undefined> {
    const present = new Set<string>();
    for (let page = first; ; ) {
      const changes = await this.#changes(page, present);
      if (changes.length > 0) yield changes;
      const last = page.kvs.at(-1);
      if (!page.more || last === undefined) break;
      try {
        page = await this.#page({ ...this.#init.range, key: concatBytes(last.key, ZERO), revision });
      } catch (error) {
        if (isEtcdError(error, "compacted")) return false;
        throw error;
      }
    }
    const deletions = this.#deletions(present, revision);
    if (deletions.length > 0) yield deletions;
    return true;
  }

  async #changes(page: RangeResponse, present: Set<string>): Promise<WatchEvent<V>[]> {
    const events: WatchEvent<V>[] = [];
    for (const wire of page.kvs) {
      const keyBytes = this.#init.keyspace.strip(wire.key);
      const key = mapKey(keyBytes);
      present.add(key);
      if (this.#known.get(key)?.modRevision === wire.modRevision) continue;
      this.#known.set(key, { keyBytes, modRevision: wire.modRevision });
      if (this.#init.only === "delete") continue;
      const kv = await this.#init.reader.keyValue(wire);
      if (kv !== undefined) events.push({ type: "put", kv, isCreate: kv.createRevision === kv.modRevision });
    }
    return events;
  }

  #deletions(present: ReadonlySet<string>, revision: bigint): WatchEvent<V>[] {
    const events: WatchEvent<V>[] = [];
    for (const [key, { keyBytes }] of this.#known) {
      if (present.has(key)) continue;
      this.#known.delete(key);
      if (this.#init.only === "put") continue;
      events.push({ type: "delete", key: keyText(keyBytes), keyBytes, modRevision: revision });
    }
    return events;
  }

  /** A watch outlives any time without a server, and so does this: it is tried until it succeeds or the watch ends. */
  async #page(request: WireRange & { readonly revision?: bigint }): Promise<RangeResponse> {
    const { caller, subscription } = this.#init;
    const signal = subscription.closing;
    for (let retry = 0; ; retry++) {
      try {
        return await caller.unary(KV.method.range, { ...request, limit: PAGE_SIZE }, "read", { signal });
      } catch (error) {
        if (!isEtcdError(error)) throw error;
        const kind = errorKind(error);
        if (kind !== "deadline" && decide(kind, "read") === "surface") throw error;
      }
      await subscription.hub.pause(retry, signal);
    }
  }
}

function mapKey(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
