/** Frames and header blocks: reading what was written, however the bytes are cut. */
import { describe, expect, it } from "vitest";
import { freshSeed, hex, seeded } from "../testing/hpack.js";
import {
  FRAME_HEAD_BYTES,
  type Frame,
  FrameFlag,
  FrameSizeError,
  FrameSplitter,
  frameBytes,
  parseFrame,
} from "./frame.js";
import { readHeaderBlock, writeHeaderBlock } from "./header-block.js";
import { joined } from "./octets.js";

/** All frames of the chunks, and what is left. */
function split(splitter: FrameSplitter, chunks: readonly Uint8Array[]): Frame[] {
  const frames: Frame[] = [];
  for (const chunk of chunks) {
    splitter.push(chunk);
    for (let frame = splitter.next(); frame !== undefined; frame = splitter.next()) frames.push(frame);
  }
  return frames;
}

const counted = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i % 251);

describe("a frame", () => {
  it("is nine octets and the payload, big-endian", () => {
    const bytes = frameBytes({ type: 1, flags: 0x24, streamId: 0x7fffffff }, hex("aabb"));
    expect(bytes).toEqual(hex("000002 01 24 7fffffff aabb"));
    expect(parseFrame(bytes)).toEqual({ type: 1, flags: 0x24, streamId: 0x7fffffff, bytes, payload: hex("aabb") });
  });

  it("is read without the reserved bit, and with the upper octet of the length", () => {
    expect(parseFrame(hex("000000 fa 00 80000005")).streamId).toBe(5);
    const large = frameBytes({ type: 0, flags: 0, streamId: 1 }, counted(70_000));
    expect(split(new FrameSplitter(70_000), [large])[0]?.payload).toEqual(counted(70_000));
  });

  it("has no room for what its length cannot say", () => {
    expect(() => frameBytes({ type: 0, flags: 0, streamId: 1 }, new Uint8Array(2 ** 24))).toThrow(RangeError);
  });
});

describe("the splitter", () => {
  it("finds the same frames wherever the bytes are cut", () => {
    const seed = freshSeed();
    const random = seeded(seed);
    for (let round = 0; round < 100; round++) {
      const sent = Array.from({ length: random(6) }, () =>
        frameBytes(
          { type: random(256), flags: random(256), streamId: random(2 ** 31) },
          counted(random(3) * random(200)),
        ),
      );
      const bytes = joined([...sent, counted(random(FRAME_HEAD_BYTES))]);
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; ) {
        const end = at + random(round % 2 ? 4 : 300);
        chunks.push(bytes.subarray(at, end));
        at = end;
      }
      const splitter = new FrameSplitter();
      const frames = split(splitter, chunks);
      expect(frames, `HTTP2_SEED=${seed}`).toEqual(sent.map(parseFrame));
      const whole = joined([...frames.map((frame) => frame.bytes), splitter.rest()]);
      expect(Buffer.compare(whole, bytes), `HTTP2_SEED=${seed}`).toBe(0);
    }
  });

  it("refuses a frame that is too large as soon as its head is there, and hands back every byte", () => {
    const head = hex("004001 00 00 00000001");
    const good = frameBytes({ type: 6, flags: 0, streamId: 0 }, counted(8));
    for (const cut of [0, 3, 9, good.length + 4, good.length + 9]) {
      const bytes = joined([good, head, counted(20)]);
      const splitter = new FrameSplitter();
      const frames: Frame[] = [];
      const read = (): void => {
        for (const chunk of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
          splitter.push(chunk);
          for (let frame = splitter.next(); frame !== undefined; frame = splitter.next()) frames.push(frame);
        }
      };
      expect(read).toThrow(FrameSizeError);
      expect(() => splitter.next()).toThrow("a frame of 16385 bytes, where 16384 are allowed");
      const left = joined([...frames.map((frame) => frame.bytes), splitter.rest()]);
      expect(bytes.subarray(0, left.length)).toEqual(left);
      expect(left.length).toBeGreaterThanOrEqual(good.length + FRAME_HEAD_BYTES);
    }
  });

  it("takes a chunk before the one before is used up", () => {
    const splitter = new FrameSplitter();
    const ping = frameBytes({ type: 6, flags: 0, streamId: 0 }, counted(8));
    splitter.push(joined([ping, ping]));
    splitter.next();
    splitter.push(ping);
    expect([splitter.next()?.bytes, splitter.next()?.bytes, splitter.next()]).toEqual([ping, ping, undefined]);
  });
});

describe("a header block", () => {
  const nothing = new Uint8Array(0);

  it.each([
    ["padding", FrameFlag.PADDED, "03 8286 000000", "", "8286"],
    ["priority", FrameFlag.PRIORITY, "8000000310 8286", "8000000310", "8286"],
    ["both", FrameFlag.PADDED | FrameFlag.PRIORITY, "01 8000000310 8286 00", "8000000310", "8286"],
    ["nothing but padding", FrameFlag.PADDED, "02 0000", "", ""],
  ])("is read out of HEADERS with %s", (_name, flags, payload, priority, fragment) => {
    const frame = parseFrame(frameBytes({ type: 1, flags, streamId: 5 }, hex(payload)));
    expect(readHeaderBlock(frame, [])).toEqual({
      streamId: 5,
      endStream: false,
      priority: hex(priority),
      fragment: hex(fragment),
    });
  });

  it.each([
    ["padding as long as the payload", FrameFlag.PADDED, "03 8286"],
    ["padding without its length", FrameFlag.PADDED, ""],
    ["half a priority", FrameFlag.PRIORITY, "800000"],
    ["padding that reaches into the priority", FrameFlag.PADDED | FrameFlag.PRIORITY, "01 8000000310"],
  ])("is not there with %s", (_name, flags, payload) => {
    expect(readHeaderBlock(parseFrame(frameBytes({ type: 1, flags, streamId: 5 }, hex(payload))), [])).toBeUndefined();
  });

  it.each([
    [0, nothing],
    [1, nothing],
    [16_384, nothing],
    [16_384, hex("8000000310")],
    [16_380, hex("8000000310")],
    [50_000, nothing],
  ])("of %i bytes is cut into frames that everybody takes, and is put together again", (length, priority) => {
    const block = { streamId: 7, endStream: true, priority, fragment: counted(length) };
    const [headers, ...continuations] = split(new FrameSplitter(), [writeHeaderBlock(block)]);
    expect(headers).toMatchObject({ type: 1, streamId: 7 });
    expect(continuations.every((frame) => frame.type === 9 && frame.streamId === 7)).toBe(true);
    expect([headers, ...continuations].map((frame) => (frame?.flags ?? 0) & FrameFlag.END_HEADERS)).toEqual([
      ...continuations.map(() => 0),
      FrameFlag.END_HEADERS,
    ]);
    expect(readHeaderBlock(headers as Frame, continuations)).toEqual(block);
  });
});
