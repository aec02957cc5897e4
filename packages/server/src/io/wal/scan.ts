/**
 * Reads one segment's frames up to the first that does not hold, and judges what stands there: the end of the log, a torn
 * last flush, or damage to something that was acknowledged.
 */
import {
  FRAME_ALIGNMENT,
  type Frame,
  type FrameHeader,
  frameBytes,
  readFrameHeader,
  readFramePayload,
} from "./frame.js";

export interface ScannedFrame extends Frame {
  /** Where the frame starts, in bytes from the start of the file. */
  readonly offset: number;
  readonly header: FrameHeader;
}

export interface ScanStart {
  readonly offset: number;
  readonly headerSeed: number;
  readonly chainCrc: number;
}

/** The good frames in order. Their end is where the next frame would start; payloads are views. */
export function* scanFrames(bytes: Uint8Array, start: ScanStart): Generator<ScannedFrame> {
  let { offset, chainCrc } = start;
  for (;;) {
    const header = readFrameHeader(bytes, offset, start.headerSeed);
    const payload = header && readFramePayload(bytes, offset, header, chainCrc);
    if (header === undefined || payload === undefined) return;
    yield { type: header.type, payload, header, offset };
    offset += frameBytes(header.payloadLength);
    chainCrc = header.chainCrc;
  }
}

export interface Tail {
  /** Where the last byte that is not zero ends; `from` when there is none. */
  readonly end: number;
  /** The highest flush that a frame header in the tail says was durable; 0 when there is no such header. */
  readonly durableEpoch: number;
  /** The highest flush that has a frame header in the tail. */
  readonly epoch: number;
  /** The flush that the damaged frame belongs to, if its header is whole. */
  readonly firstEpoch: number | undefined;
}

/** Looks at everything from `from` (aligned) on, where the first bad frame stands. */
export function inspectTail(bytes: Uint8Array, from: number, headerSeed: number): Tail {
  let end = from;
  let durableEpoch = 0;
  let epoch = 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = from; at < bytes.length; at += FRAME_ALIGNMENT) {
    if (at + FRAME_ALIGNMENT <= bytes.length && view.getUint32(at) === 0 && view.getUint32(at + 4) === 0) continue;
    end = Math.min(at + FRAME_ALIGNMENT, bytes.length);
    const header = readFrameHeader(bytes, at, headerSeed);
    if (header === undefined) continue;
    durableEpoch = Math.max(durableEpoch, header.durableEpoch);
    epoch = Math.max(epoch, header.epoch);
  }
  return { end, durableEpoch, epoch, firstEpoch: readFrameHeader(bytes, from, headerSeed)?.epoch };
}
