/** Frames and header blocks of HTTP/2, without the connection around them. */
import { FrameReader } from "../../packages/transport/dist/http2/frame-reader.js";
import { HpackDecoder } from "../../packages/transport/dist/http2/hpack/decoder.js";
import { encodeHeaders } from "../../packages/transport/dist/http2/hpack/encoder.js";
import type { Micro } from "./micro.js";

const ROUNDS = 1_000;
const HEAD_BYTES = 9;
const PAYLOAD_BYTES = 64;

const request = (token: string): { name: string; value: string }[] => [
  { name: ":method", value: "POST" },
  { name: ":scheme", value: "http" },
  { name: ":path", value: "/etcdserverpb.KV/Range" },
  { name: ":authority", value: "127.0.0.1:2379" },
  { name: "te", value: "trailers" },
  { name: "content-type", value: "application/grpc" },
  { name: "token", value: token },
];

/** Each block differs from those before it, so that no cache of whole blocks knows it. */
export function hpackBlocks(): Micro {
  let next = 0;
  return {
    name: "hpack: 7 fields encoded, and decoded as a new block",
    run: () => {
      const decoder = new HpackDecoder();
      for (let i = 0; i < ROUNDS; i++) {
        const { length } = decoder.decode(encodeHeaders(request(`t${next++}`))).fields;
        if (length !== 7) throw new Error(`${length} fields`);
      }
      return ROUNDS;
    },
  };
}

export function hpackEncoder(): Micro {
  const fields = request("t0");
  return {
    name: "hpack: 7 fields encoded",
    run: () => {
      for (let i = 0; i < ROUNDS; i++) encodeHeaders(fields);
      return ROUNDS;
    },
  };
}

/** DATA frames in chunks of 64 KiB that cut some of them. */
export function frameReader(): Micro {
  const frame = new Uint8Array(HEAD_BYTES + PAYLOAD_BYTES);
  frame.set([0, 0, PAYLOAD_BYTES, 0, 0, 0, 0, 0, 1]);
  const chunk = new Uint8Array(65_536);
  for (let at = 0; at < chunk.length; at += frame.length) chunk.set(frame.subarray(0, chunk.length - at), at);
  // The next chunk begins with the rest of the frame that this one cuts.
  const whole = chunk.subarray(0, chunk.length - (chunk.length % frame.length));
  const cut = 20;
  let frames = 0;
  const reader = new FrameReader(16_384, {
    frame: () => {
      frames++;
      return true;
    },
  });
  return {
    name: "frame reader: a DATA frame of 64 bytes",
    run: () => {
      frames = 0;
      for (let i = 0; i < 10; i++) {
        reader.receive(whole.subarray(0, whole.length - cut), 0);
        reader.receive(whole.subarray(whole.length - cut), 0);
      }
      if (frames !== (10 * whole.length) / frame.length) throw new Error(`${frames} frames`);
      return frames;
    },
  };
}
