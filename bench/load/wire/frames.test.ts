/** Frames, however they arrive. */
import { describe, expect, it } from "vitest";
import { dataOf, Flag, FrameReader, FrameType, frameBytes } from "./frames.js";

describe("frames", () => {
  it("are the same however the socket cuts them", () => {
    const bytes = Buffer.concat([
      frameBytes(FrameType.settings, 0, 0, Buffer.alloc(0)),
      frameBytes(FrameType.data, Flag.endStream, 5, Buffer.from("hello")),
      frameBytes(FrameType.ping, 0, 0, Buffer.alloc(8, 7)),
    ]);
    for (let size = 1; size <= bytes.length; size++) {
      const reader = new FrameReader();
      const seen: unknown[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        reader.read(bytes.subarray(at, at + size), ({ type, flags, streamId, payload }) => {
          seen.push([type, flags, streamId, payload.toString("latin1")]);
        });
      }
      expect(seen).toEqual([
        [4, 0, 0, ""],
        [0, 1, 5, "hello"],
        [6, 0, 0, "\x07".repeat(8)],
      ]);
    }
  });

  it("padding is not data", () => {
    const payload = Buffer.concat([Buffer.of(3), Buffer.from("hello"), Buffer.alloc(3)]);
    expect(dataOf({ type: FrameType.data, flags: Flag.padded, streamId: 1, payload }).toString()).toBe("hello");
  });
});
