/**
 * The unit of a segment: one committed batch, there as a whole or not at all. Numbers are little-endian, frames start at
 * multiples of 8:
 *
 *     0        4         8         12       16          20         24
 *     | magic  | payload | durable | oldest | headerCrc | chainCrc | payload, zero-padded to 8 |
 *     |        | length  | u32     | u32    | u32       | u32      |
 *
 * - `durable`: so many bytes of the segment's file were durable when the frame was made. A frame is therefore a witness: a
 *   tear before that point lost something that others rely on.
 * - `oldest`: the first segment that is still needed from this frame on.
 * - `headerCrc` covers what stands before it and starts from a value of its own segment, so that bytes inside a value do not
 *   pass for a header.
 * - `chainCrc` covers the chain checksum of the frame before, the header up to `headerCrc`, and the payload. The chain goes on
 *   from segment to segment.
 *
 * The log of the node has frames of the same kind (`io/wal/frame.ts`), with the numbers of its flushes in them.
 */
import { crc32 } from "node:zlib";

export const FRAME_HEADER_BYTES = 24;
const FRAME_ALIGNMENT = 8;
const MAGIC = 0x5347_5642;
/** Covered by `headerCrc`. */
const FIELDS_BYTES = 16;

export interface FrameHeader {
  readonly payloadLength: number;
  readonly durable: number;
  readonly oldest: number;
  readonly chainCrc: number;
}

/** Bytes that the frame takes in the file. */
export function frameBytes(payloadLength: number): number {
  return FRAME_HEADER_BYTES + Math.ceil(payloadLength / FRAME_ALIGNMENT) * FRAME_ALIGNMENT;
}

export interface FrameContext {
  readonly headerSeed: number;
  readonly chainCrc: number;
  readonly durable: number;
  readonly oldest: number;
}

/** Fills in the header of a frame whose payload is in place, and returns the new chain checksum. */
export function sealFrame(frame: Uint8Array, payloadLength: number, context: FrameContext): number {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, payloadLength, true);
  view.setUint32(8, context.durable, true);
  view.setUint32(12, context.oldest, true);
  const fields = frame.subarray(0, FIELDS_BYTES);
  const payload = frame.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + payloadLength);
  const chainCrc = crc32(payload, crc32(fields, context.chainCrc));
  view.setUint32(16, crc32(fields, context.headerSeed), true);
  view.setUint32(20, chainCrc, true);
  return chainCrc;
}

/** The header at `at`, or undefined when there is none that is whole. Says nothing about the payload. */
export function readFrameHeader(bytes: Uint8Array, at: number, headerSeed: number): FrameHeader | undefined {
  if (at + FRAME_HEADER_BYTES > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, FRAME_HEADER_BYTES);
  if (view.getUint32(0, true) !== MAGIC) return undefined;
  if (view.getUint32(16, true) !== crc32(bytes.subarray(at, at + FIELDS_BYTES), headerSeed)) return undefined;
  return {
    payloadLength: view.getUint32(4, true),
    durable: view.getUint32(8, true),
    oldest: view.getUint32(12, true),
    chainCrc: view.getUint32(20, true),
  };
}

/** The payload (a view), or undefined when it is cut off or the chain does not hold. */
export function readFramePayload(
  bytes: Uint8Array,
  at: number,
  header: FrameHeader,
  chainCrc: number,
): Uint8Array | undefined {
  const start = at + FRAME_HEADER_BYTES;
  const end = start + header.payloadLength;
  if (end > bytes.length) return undefined;
  const payload = bytes.subarray(start, end);
  const chain = crc32(payload, crc32(bytes.subarray(at, at + FIELDS_BYTES), chainCrc));
  return chain === header.chainCrc ? payload : undefined;
}

/** The highest `durable` that any whole header from `from` (aligned) on tells of; 0 when there is none. */
export function highestDurable(bytes: Uint8Array, from: number, headerSeed: number): number {
  let highest = 0;
  for (let at = from; at + FRAME_HEADER_BYTES <= bytes.length; at += FRAME_ALIGNMENT) {
    highest = Math.max(highest, readFrameHeader(bytes, at, headerSeed)?.durable ?? 0);
  }
  return highest;
}
