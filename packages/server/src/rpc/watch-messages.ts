/**
 * What goes over the wire for a response of a watch. Watchers that get the same batch get the same bytes but for the watch's
 * id, which stands between header and events (`etcdserverpb.WatchResponse`, fields 1, 2 and 11); so these two are encoded once
 * for all watchers of a batch but the first.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Event_EventType, type EventSchema, encodeMessage, Slab, WatchResponseSchema } from "@kvorum/proto";
import type { WatchEvent, WatchResponse } from "../core/watch/types.js";
import type { NodeApi } from "../node/api.js";
import { type Header, headerOf } from "./header.js";

export type WatchMessage = MessageInitShape<typeof WatchResponseSchema>;
type EventMessage = MessageInitShape<typeof EventSchema>;

export class WatchMessages {
  readonly #node: NodeApi;
  readonly #slab = new Slab();
  /** The batch of the last response, by the list that its watchers share. */
  #events: readonly WatchEvent[] | undefined;
  /** Once a second watcher has asked. */
  #shared: SharedParts | undefined;

  constructor(node: NodeApi) {
    this.#node = node;
  }

  of(response: WatchResponse): WatchMessage {
    const { events, revision } = response;
    if (events !== this.#events) {
      this.#events = events;
      this.#shared = undefined;
    } else if (isPlain(response)) {
      const { raftTerm } = this.#node.header;
      // A batch from history carries the revision at which it was read, a term may begin in between.
      if (this.#shared?.revision !== revision || this.#shared.raftTerm !== raftTerm)
        this.#shared = new SharedParts(events, headerOf(this.#node, revision), revision, raftTerm);
      return new SharedMessage(response.watchId, this.#shared, this.#slab);
    }
    return this.#message(response);
  }

  #message({
    watchId,
    created,
    canceled,
    compactRevision,
    cancelReason,
    fragment,
    events,
    revision,
  }: WatchResponse): WatchMessage {
    return {
      header: headerOf(this.#node, revision),
      watchId: BigInt(watchId),
      created,
      canceled,
      compactRevision,
      cancelReason,
      fragment,
      events: events.map(messageOf),
    };
  }
}

/** Nothing but events, for a watch whose id is short. */
function isPlain({
  watchId,
  created,
  canceled,
  fragment,
  events,
  compactRevision,
  cancelReason,
}: WatchResponse): boolean {
  if (events.length === 0 || created || canceled || fragment) return false;
  return compactRevision === 0n && cancelReason === "" && watchId >= 0 && watchId <= SHORT_ID_MAX;
}

/** Ids that 32-bit arithmetic can shift. */
const SHORT_ID_MAX = 2 ** 31 - 1;
/** Field 2, a varint. */
const WATCH_ID_TAG = 0x10;

function messageOf({ type, kv, prevKv }: WatchEvent): EventMessage {
  const event = { type: type === "put" ? Event_EventType.PUT : Event_EventType.DELETE, kv };
  return prevKv === undefined ? event : { ...event, prevKv };
}

/** What all watchers of a batch are told. */
class SharedParts {
  readonly header: Header;
  readonly events: EventMessage[];
  readonly revision: bigint;
  readonly raftTerm: number;
  readonly encodedHeader: Uint8Array;
  readonly encodedEvents: Uint8Array;

  constructor(events: readonly WatchEvent[], header: Header, revision: bigint, raftTerm: number) {
    this.header = header;
    this.events = events.map(messageOf);
    this.revision = revision;
    this.raftTerm = raftTerm;
    this.encodedHeader = encodeMessage(WatchResponseSchema, { header });
    this.encodedEvents = encodeMessage(WatchResponseSchema, { events: this.events });
  }
}

/** What one of them is told, as fields and encoded. */
class SharedMessage {
  readonly header: Header;
  readonly watchId: bigint;
  readonly events: EventMessage[];
  /** No property of its own, so that no copy with other fields takes it along. */
  readonly #encoded: Uint8Array;

  constructor(watchId: number, { header, events, encodedHeader, encodedEvents }: SharedParts, slab: Slab) {
    this.header = header;
    this.watchId = BigInt(watchId);
    this.events = events;
    const idBytes = watchId === 0 ? 0 : 1 + varintBytes(watchId);
    const bytes = slab.take(encodedHeader.length + idBytes + encodedEvents.length);
    bytes.set(encodedHeader, 0);
    let at = encodedHeader.length;
    if (watchId !== 0) {
      bytes[at++] = WATCH_ID_TAG;
      let rest = watchId;
      for (; rest > 0x7f; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
      bytes[at++] = rest;
    }
    bytes.set(encodedEvents, at);
    this.#encoded = bytes;
  }

  get $encoded(): Uint8Array {
    return this.#encoded;
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes++;
  return bytes;
}
