/** One batch for many watchers: encoded once, and the same on the wire as if each had its own. */
import { create, toBinary } from "@bufbuild/protobuf";
import { encodeMessage, WatchResponseSchema } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import type { WatchEvent, WatchResponse } from "../core/watch/types.js";
import type { NodeApi } from "../node/api.js";
import { WatchMessages } from "./watch-messages.js";

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

describe("messages of watchers", () => {
  it("are the bytes of plain messages, whoever got the batch before", () => {
    const messages = new WatchMessages(node);
    const [first, second] = [eventsOf("a", "b", "c"), eventsOf("x")];
    for (const [watchId, events] of [first, first, first, second, first, second, second, [], []].entries()) {
      const plain = new WatchMessages(node).of(response(watchId, events));
      const expected = toBinary(WatchResponseSchema, create(WatchResponseSchema, plain));
      expect(encodeMessage(WatchResponseSchema, messages.of(response(watchId, events))), `watch ${watchId}`).toEqual(
        expected,
      );
    }
  });

  it("encode a batch once from its second watcher on", () => {
    const messages = new WatchMessages(node);
    const events = eventsOf("a", "b");
    const [first, second, third] = [1, 2, 3].map((id) => messages.of(response(id, events)).events);
    expect(first?.every((event) => !("$encoded" in event))).toBe(true);
    expect(second?.every((event) => "$encoded" in event)).toBe(true);
    expect(third).toBe(second);
    // Who makes no bytes of it, as the JSON gateway, finds every field.
    const [plain, encoded] = [first, second].map((all) => create(WatchResponseSchema, { events: all ?? [] }));
    expect(encoded).toEqual(plain);
    expect(encoded?.events.map(({ kv }) => Buffer.from(kv?.key ?? []).toString())).toEqual(["a", "b"]);
  });
});
