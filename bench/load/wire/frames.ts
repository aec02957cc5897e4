/** As much of RFC 9113's framing as a load generator needs. Pure. */

export const FrameType = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
} as const;

export const Flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8 } as const;
export const HEAD_BYTES = 9;
const NOTHING: Buffer = Buffer.alloc(0);

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  /** A view, without the head. */
  readonly payload: Buffer;
}

/** Cuts what a socket delivers into frames. The frame handed out is one object, overwritten by the next. */
export class FrameReader {
  #rest: Buffer = NOTHING;
  readonly #frame: { -readonly [K in keyof Frame]: Frame[K] } = { type: 0, flags: 0, streamId: 0, payload: NOTHING };

  read(chunk: Buffer, each: (frame: Frame) => void): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= HEAD_BYTES) {
      const end = at + HEAD_BYTES + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      const frame = this.#frame;
      frame.type = bytes[at + 3] as number;
      frame.flags = bytes[at + 4] as number;
      frame.streamId = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
      frame.payload = bytes.subarray(at + HEAD_BYTES, end);
      each(frame);
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }
}

export function writeHead(
  out: Buffer,
  at: number,
  type: number,
  flags: number,
  streamId: number,
  length: number,
): void {
  out.writeUIntBE(length, at, 3);
  out[at + 3] = type;
  out[at + 4] = flags;
  out.writeUInt32BE(streamId, at + 5);
}

export function frameBytes(type: number, flags: number, streamId: number, payload: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(HEAD_BYTES + payload.length);
  writeHead(out, 0, type, flags, streamId, payload.length);
  out.set(payload, HEAD_BYTES);
  return out;
}

/** What is inside of a DATA frame's padding. */
export function dataOf({ flags, payload }: Frame): Buffer {
  return (flags & Flag.padded) === 0 ? payload : payload.subarray(1, payload.length - (payload[0] as number));
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
