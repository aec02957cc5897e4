/** Frames of HTTP/2 by hand (RFC 9113 §4.1, §6), right ones and others. */
import { encodeHeaders } from "../../packages/transport/dist/http2/hpack/encoder.js";

export const PREFACE: Buffer = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const END_STREAM = 1;
export const END_HEADERS = 4;

/** `length` is what the head says; default the truth. */
export function frame(type: number, flags: number, streamId: number, payload: Buffer, length = payload.length): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** Fields as one block, without any table. */
export function block(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.from(encodeHeaders(fields.map(([name, value]) => ({ name, value }))));
}

/** The fields of a call. */
export function callFields(path: string): [string, string][] {
  return [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "localhost"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
  ];
}
