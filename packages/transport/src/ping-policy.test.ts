/** Who pings too often is found out, however the bytes are cut, and nobody else is. */
import { describe, expect, it } from "vitest";
import { FrameFlag, FrameType, frameBytes, parseFrame } from "./http2/frame.js";
import { PingPolicy } from "./ping-policy.js";

const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const frame = (type: number, streamId: number, flags = 0, bytes = 0): Uint8Array =>
  frameBytes({ type, flags, streamId }, new Uint8Array(bytes));
const ping = (flags = 0): Uint8Array => frame(FrameType.PING, 0, flags, 8);
const opened = (streamId: number): Uint8Array => frame(FrameType.HEADERS, streamId, FrameFlag.END_HEADERS, 30);
const answered = (streamId: number): Uint8Array => frame(FrameType.HEADERS, streamId, FrameFlag.END_STREAM, 20);

function connection(minTimeMs = 5000): PingPolicy {
  const policy = new PingPolicy({ minTimeMs });
  policy.fromClient(PREFACE, 0);
  policy.fromClient(frame(FrameType.SETTINGS, 0, 0, 12), 0);
  return policy;
}

function pings(policy: PingPolicy, times: readonly number[]): boolean[] {
  return times.map((nowMs) => {
    policy.fromClient(ping(), nowMs);
    return policy.violated;
  });
}

describe("a client with an open call", () => {
  it("may ping as often as it is allowed to, for ever", () => {
    const policy = connection();
    policy.fromClient(opened(1), 0);
    const times = Array.from({ length: 100 }, (_, count) => count * 5000);
    expect(pings(policy, times)).not.toContain(true);
  });

  it("is sent away by the fourth ping in a row: the first is none too many, two are put up with", () => {
    const policy = connection();
    policy.fromClient(opened(1), 0);
    expect(pings(policy, [0, 4999, 9998, 14_997])).toEqual([false, false, false, true]);
  });

  it("is forgiven by what the server sends of a call, and not by anything else", () => {
    const policy = connection();
    policy.fromClient(opened(1), 0);
    for (let nowMs = 0; nowMs < 1000; nowMs += 10) {
      policy.fromServer(frame(FrameType.DATA, 1, 0, 100));
      policy.fromClient(ping(), nowMs);
    }
    expect(policy.violated).toBe(false);
    policy.fromServer(frame(FrameType.WINDOW_UPDATE, 1, 0, 4));
    policy.fromServer(ping(1));
    expect(pings(policy, [1000, 1010, 1020])).toEqual([false, false, true]);
  });

  it("may answer pings as fast as they come", () => {
    const policy = connection();
    for (let i = 0; i < 100; i++) policy.fromClient(ping(1), i);
    expect(policy.violated).toBe(false);
  });
});

describe("a client without a call", () => {
  it("may ping every two hours", () => {
    const policy = connection();
    expect(pings(policy, [0, 10_000, 20_000, 30_000])).toEqual([false, false, false, true]);
    expect(pings(connection(), [0, 7_200_000, 14_400_000, 21_600_000])).not.toContain(true);
  });

  it("is one whose calls have ended, by an answer or by a reset of either side", () => {
    for (const end of [
      (policy: PingPolicy) => policy.fromServer(answered(1)),
      (policy: PingPolicy) => policy.fromServer(frame(FrameType.RST_STREAM, 1, 0, 4)),
      (policy: PingPolicy) => policy.fromClient(frame(FrameType.RST_STREAM, 1, 0, 4), 0),
    ]) {
      const policy = connection();
      policy.fromClient(opened(1), 0);
      end(policy);
      // The first one may be forgiven; the pause is long enough for an open call.
      expect(pings(policy, [0, 6000, 12_000, 18_000, 24_000])).toContain(true);
    }
  });
});

it("the bytes may be cut anywhere", () => {
  const client = [PREFACE, frame(FrameType.SETTINGS, 0, 0, 12), opened(1), ping(), ping(), ping(), ping()];
  const all = Uint8Array.from(client.flatMap((part) => [...part]));
  for (let size = 1; size < 40; size++) {
    const policy = new PingPolicy({ minTimeMs: 5000 });
    for (let at = 0; at < all.length; at += size) {
      const chunk = all.subarray(at, at + size);
      policy.fromClient(chunk, 1000);
      // The head of the last ping ends eight bytes before the end.
      if (at + chunk.length < all.length - 8) expect(policy.violated).toBe(false);
    }
    expect(policy.violated, `chunks of ${size}`).toBe(true);
  }
});

it("a farewell names the last call and the reason, and fits only between two frames of the server", () => {
  const policy = connection();
  policy.fromClient(opened(7), 0);
  const { type, streamId, payload } = parseFrame(policy.goAway());
  const view = new DataView(payload.buffer, payload.byteOffset);
  expect([type, streamId, view.getUint32(0), view.getUint32(4)]).toEqual([FrameType.GOAWAY, 0, 7, 0xb]);
  expect(new TextDecoder().decode(payload.subarray(8))).toBe("too_many_pings");
  const data = frame(FrameType.DATA, 7, 0, 100);
  expect(policy.betweenFrames).toBe(true);
  policy.fromServer(data.subarray(0, 50));
  expect(policy.betweenFrames).toBe(false);
  policy.fromServer(data.subarray(50));
  expect(policy.betweenFrames).toBe(true);
});
