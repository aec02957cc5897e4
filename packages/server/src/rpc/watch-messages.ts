/**
 * What goes over the wire for a response of a watch. Its events are those of all watchers that got the same batch, and are
 * encoded once for all of them but the first.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Event_EventType, EventSchema, encodeMessage, type WatchResponseSchema } from "@kvorum/proto";
import type { WatchEvent, WatchResponse } from "../core/watch/types.js";
import type { NodeApi } from "../node/api.js";
import { headerOf } from "./header.js";

export type WatchMessage = MessageInitShape<typeof WatchResponseSchema>;
type EventMessage = MessageInitShape<typeof EventSchema>;

export class WatchMessages {
  readonly #node: NodeApi;
  /** The batch of the last response, by the list that its watchers share. */
  #events: readonly WatchEvent[] | undefined;
  /** Once a second watcher has asked. */
  #encoded: EventMessage[] | undefined;

  constructor(node: NodeApi) {
    this.#node = node;
  }

  of({
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
      events: this.#eventsOf(events),
    };
  }

  #eventsOf(events: readonly WatchEvent[]): EventMessage[] {
    if (events !== this.#events) {
      this.#events = events;
      this.#encoded = undefined;
      return events.map(eventOf);
    }
    this.#encoded ??= events.map(encodedEvent);
    return this.#encoded;
  }
}

function eventOf({ type, kv, prevKv }: WatchEvent): EventMessage {
  const event = { type: type === "put" ? Event_EventType.PUT : Event_EventType.DELETE, kv };
  return prevKv === undefined ? event : { ...event, prevKv };
}

/** With its fields as well: the JSON gateway reads them. */
function encodedEvent(event: WatchEvent): EventMessage & { readonly $encoded: Uint8Array } {
  const message = eventOf(event);
  return { ...message, $encoded: encodeMessage(EventSchema, message) };
}
