/** One batch for many watchers: encoded once, and the same on the wire as if each had its own. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { encodeMessage, Slab, WatchResponseSchema } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import type { WatchEvent, WatchResponse } from "../core/watch/types.js";
import { JsonWriter } from "../http/gateway/json/writer.js";
import type { NodeApi } from "../node/api.js";
import { type WatchMessage, WatchMessages } from "./watch-messages.js";

const node = { header: { clusterId: 1n, memberId: 2n, raftTerm: 3, revision: 9n } } as NodeApi;

function eventsOf(...names: string[]): WatchEvent[] {
  return names.map((name, index) => {
    const [key, value] = [Buffer.from(name), Buffer.alloc(index * 200, name)];
    const kv = { key, value, createRevision: 4n, modRevision: 5n + BigInt(index), version: 2n, lease: 0n };
    return { type: index % 2 === 0 ? "put" : "delete", kv, prevKv: index === 2 ? kv : undefined };
  });
}

function response(watchId: number, events: readonly WatchEvent[]): WatchResponse {
  const rest = { created: false, canceled: false, compactRevision: 0n, cancelReason: "", fragment: false };
  return { watchId, revision: 8n, events, ...rest };
}

/** What the HTTP gateway writes. */
function json(message: WatchMessage): string {
  return [...new JsonWriter().pieces(WatchResponseSchema, message)].join("");
}

describe("messages of watchers", () => {
  it("are the bytes, fields and JSON of plain messages, whoever got the batch before", () => {
    const messages = new WatchMessages(node);
    const [first, second] = [eventsOf("a", "b", "c"), eventsOf("x")];
    const batches = [first, first, first, second, first, second, second, [], []];
    for (const id of [0, 1, 127, 128, 16_383, 16_384, 2 ** 31 - 1, 2 ** 31, 2 ** 40]) {
      for (const [index, events] of batches.entries()) {
        const what = `watch ${id}, response ${index}`;
        const plain = new WatchMessages(node).of(response(id, events));
        const expected = toBinary(WatchResponseSchema, create(WatchResponseSchema, plain));
        const message = messages.of(response(id, events));
        expect(encodeMessage(WatchResponseSchema, message), what).toEqual(expected);
        expect(encodeMessage(WatchResponseSchema, message, new Slab()), what).toEqual(expected);
        expect(json(message), what).toBe(json(plain));
        // Who makes one of its own of it, a middleware perhaps, has all of it.
        const changed = encodeMessage(WatchResponseSchema, { ...message, watchId: 5n });
        expect(changed, what).toEqual(encodeMessage(WatchResponseSchema, { ...plain, watchId: 5n }));
      }
    }
  });

  it("that are more than events share nothing", () => {
    const messages = new WatchMessages(node);
    const events = eventsOf("a");
    const changes = [{ fragment: true }, { canceled: true }, { created: true }, { compactRevision: 4n }];
    for (const change of [{}, {}, ...changes, { cancelReason: "no" }, { watchId: -1 }]) {
      const asked = { ...response(3, events), ...change };
      const expected = encodeMessage(WatchResponseSchema, new WatchMessages(node).of(asked));
      expect(encodeMessage(WatchResponseSchema, messages.of(asked)), JSON.stringify(Object.keys(change))).toEqual(
        expected,
      );
    }
  });

  it("encode a batch once from its second watcher on", () => {
    const messages = new WatchMessages(node);
    const events = eventsOf("a", "b");
    const [first, second, third] = [1, 2, 3].map((id) => messages.of(response(id, events)));
    expect(first && "$encoded" in first).toBe(false);
    for (const message of [second, third]) expect(message && "$encoded" in message).toBe(true);
    expect(third?.events).toBe(second?.events);
  });

  it("have the header of their time, in which a term may begin or history be read again", () => {
    const header = { clusterId: 1n, memberId: 2n, raftTerm: 3, revision: 9n };
    const messages = new WatchMessages({ header } as NodeApi);
    const events = eventsOf("a");
    const headers = [
      [3, 8n],
      [3, 8n],
      [4, 8n],
      [4, 9n],
      [4, 9n],
    ] as const;
    for (const [raftTerm, revision] of headers) {
      header.raftTerm = raftTerm;
      const bytes = encodeMessage(WatchResponseSchema, messages.of({ ...response(1, events), revision }));
      expect(fromBinary(WatchResponseSchema, bytes).header).toMatchObject({ raftTerm: BigInt(raftTerm), revision });
    }
  });
});
