/** Messages, however they arrive, and the events in them. */
import { create, toBinary } from "@bufbuild/protobuf";
import { Watch } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import { frameOf } from "../requests.js";
import { MessageSplitter, watchNews } from "./messages.js";

const schema = Watch.method.watch.output;

describe("messages", () => {
  it("are the same however the stream cuts them", () => {
    const frames = Buffer.concat(
      [1n, 2n, 3n].map((watchId) => frameOf(schema, { watchId, cancelReason: "x".repeat(300) })),
    );
    for (const size of [1, 2, 5, 100, 307, frames.length]) {
      const splitter = new MessageSplitter();
      const lengths: number[] = [];
      for (let at = 0; at < frames.length; at += size) {
        splitter.push(frames.subarray(at, at + size), (message) => lengths.push(message.length));
      }
      expect(lengths).toEqual([305, 305, 305]);
    }
  });

  it("events are counted in any watch response", () => {
    const kv = { key: Buffer.from("k"), value: Buffer.alloc(300, 1), modRevision: 2n ** 62n };
    const news = (init: Parameters<typeof create<typeof schema>>[1]) =>
      watchNews(Buffer.from(toBinary(schema, create(schema, init))));
    expect(news({ created: true, watchId: 9n })).toEqual({ created: true, canceled: false, events: 0 });
    expect(news({ canceled: true, compactRevision: 7n })).toEqual({ created: false, canceled: true, events: 0 });
    const header = { clusterId: 2n ** 64n - 1n, memberId: 2n ** 63n, revision: 5n, raftTerm: 2n };
    expect(news({ header, events: [{ kv }, { kv, prevKv: kv }], fragment: true }).events).toBe(2);
  });

  it("what is no whole message is refused", () => {
    expect(() => watchNews(Buffer.of(0x08, 0x80))).toThrow("inside a number");
    expect(() => watchNews(Buffer.of(0x0d, 0, 0, 0, 0))).toThrow("wire type 5");
  });
});
