/** Changes that a watch reports, as etcdctl prints them. */
import { create, toBinary } from "@bufbuild/protobuf";
import type { WatchEvent } from "@kvorum/client";
import {
  type Event,
  Event_EventType,
  EventSchema,
  type KeyValue,
  KeyValueSchema,
  type ResponseHeader,
  ResponseHeaderSchema,
} from "@kvorum/proto";
import { headerFields, keyValueFields } from "./fields.js";
import { messageJson } from "./json.js";
import { type PairStyle, pairLines } from "./pairs.js";
import type { Report } from "./report.js";

export interface Changes {
  readonly header: ResponseHeader;
  readonly events: readonly Event[];
  /** The server has ended the watch; with the oldest revision that can be read, where that was the reason. */
  readonly canceled?: { readonly compactRevision: bigint };
}

export function changesReport({ header, events, canceled }: Changes, style: PairStyle): Report {
  return {
    simple: (out) => {
      for (const { type, kv, prevKv } of events) {
        out.line(Event_EventType[type]);
        if (prevKv !== undefined) pairLines(out, prevKv, style);
        if (kv !== undefined) pairLines(out, kv, style);
      }
    },
    json: () => ({
      Header: messageJson(ResponseHeaderSchema, header),
      Events: events.map((event) => messageJson(EventSchema, event)),
      CompactRevision: canceled?.compactRevision ?? 0n,
      Canceled: canceled !== undefined,
      Created: false,
    }),
    fields: (out) => {
      headerFields(out, header);
      for (const { type, kv, prevKv } of events) {
        out.line(`"Type" : ${Event_EventType[type]}`);
        if (prevKv !== undefined) keyValueFields(out, prevKv, "Prev");
        if (kv !== undefined) keyValueFields(out, kv);
      }
    },
    protobuf: () => Buffer.concat(events.map((event) => toBinary(EventSchema, event))),
  };
}

/** The message that the event was. A resync is none: it tells of a gap, not of a change. */
export function toMessage(event: WatchEvent<Uint8Array>): Event | undefined {
  if (event.type === "resync") return undefined;
  const prevKv = event.prev && { prevKv: pairMessage(event.prev) };
  if (event.type === "put") return create(EventSchema, { kv: pairMessage(event.kv), ...prevKv });
  const kv = create(KeyValueSchema, { key: event.keyBytes, modRevision: event.modRevision });
  return create(EventSchema, { type: Event_EventType.DELETE, kv, ...prevKv });
}

function pairMessage(pair: Extract<WatchEvent<Uint8Array>, { readonly type: "put" }>["kv"]): KeyValue {
  const { keyBytes, value, createRevision, modRevision, version, lease } = pair;
  return create(KeyValueSchema, { key: keyBytes, value, createRevision, modRevision, version, lease });
}
