/** Makes a store's typed events of the server's messages. Runs when events are taken, so that what waits costs no objects. */
import { Event_EventType, type Event as WireEvent, type KeyValue as WireKeyValue } from "@kvorum/proto";
import { DecodeError } from "../errors.js";
import { keyText } from "../keys.js";
import { type KeyValue, toKeyValue, type View } from "../kv/results.js";
import type { WatchEvent, WatchOptions } from "./options.js";

export class EventReader<V> {
  readonly #view: View<V>;
  readonly #policy: NonNullable<WatchOptions["onDecodeError"]>;

  constructor(view: View<V>, policy: WatchOptions["onDecodeError"]) {
    this.#view = view;
    this.#policy = policy ?? "throw";
  }

  /** Undefined where the value cannot be decoded and such values are left out. Errors: `DecodeError`. */
  async event(wire: WireEvent): Promise<WatchEvent<V> | undefined> {
    if (wire.kv === undefined) return undefined;
    const previous = wire.prevKv && (await this.keyValue(wire.prevKv));
    const prev = previous && { prev: previous };
    if (wire.type === Event_EventType.DELETE) {
      const keyBytes = this.#view.keyspace.strip(wire.kv.key);
      return { type: "delete", key: keyText(keyBytes), keyBytes, modRevision: wire.kv.modRevision, ...prev };
    }
    const kv = await this.keyValue(wire.kv);
    return kv && { type: "put", kv, isCreate: kv.createRevision === kv.modRevision, ...prev };
  }

  async keyValue(kv: WireKeyValue): Promise<KeyValue<V> | undefined> {
    try {
      return await toKeyValue(this.#view, kv);
    } catch (error) {
      if (this.#policy === "throw" || !(error instanceof DecodeError)) throw error;
      if (typeof this.#policy === "function") this.#policy(error);
      return undefined;
    }
  }
}
