/**
 * The unit of the write-ahead log. All numbers are little-endian, frames start at multiples of 8:
 *
 *     0        4         8       16             24          28         32
 *     | magic  | payload | epoch | durableEpoch | headerCrc | chainCrc | payload, zero-padded to 8 |
 *     | +flags | length  | u64   | u64          | u32       | u32      |
 *     | +type  | u32     |
 *
 * - `epoch` numbers the flush that writes the frame; `durableEpoch` is the highest flush known durable at that moment.
 *   A frame is therefore a witness: whatever belongs to an epoch up to its `durableEpoch` was acknowledged.
 * - `headerCrc` starts from a value of its own segment (`headerSeed`), so bytes inside a client's value can not pass for a
 *   frame header: the client would have to know the checksum of everything before them.
 * - `chainCrc` covers the previous frame's `chainCrc`, this header up to `headerCrc` and the payload. (Not `headerCrc`
 *   itself: a CRC over data and its own CRC no longer depends on the data.) A frame left over from an earlier life of the
 *   file breaks the chain.
 * - The flag `LAST_OF_FLUSH` says that the next frame belongs to the next epoch, so that the epoch of a frame whose header
 *   is destroyed is still known.
 *
 * The idea of telling a torn tail from damage by what later records assert follows Alagappan et al., "Protocol-Aware
 * Recovery for Consensus-Based Storage" (FAST '18).
 */
import { crc32 } from "node:zlib";

export const FRAME_HEADER_BYTES = 32;
export const FRAME_ALIGNMENT = 8;
const MAGIC = 0x4b56_0000;
const MAGIC_MASK = 0xffff_0000;
const LAST_OF_FLUSH = 0x0100;

/** Written to disk: a number is never given a second meaning. */
export const FrameType = {
  metadata: 1,
  entries: 2,
  hardState: 3,
  snapshotMark: 4,
  seal: 5,
  cleanClose: 6,
  /** The backend may be replaced by content up to this mark before the log itself says so. */
  replacement: 7,
} as const;
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

const FRAME_TYPES: ReadonlySet<number> = new Set(Object.values(FrameType));

export interface Frame {
  readonly type: FrameType;
  readonly payload: Uint8Array;
}

export interface FrameHeader {
  readonly type: FrameType;
  readonly lastOfFlush: boolean;
  readonly payloadLength: number;
  readonly epoch: number;
  readonly durableEpoch: number;
  readonly chainCrc: number;
}

/** Bytes the frame takes in the file. */
export function frameBytes(payloadLength: number): number {
  return FRAME_HEADER_BYTES + Math.ceil(payloadLength / FRAME_ALIGNMENT) * FRAME_ALIGNMENT;
}

export interface FrameContext {
  readonly headerSeed: number;
  readonly epoch: number;
  readonly durableEpoch: number;
}

/**
 * Writes the frames of one flush at `offset`, which must have room for them, and returns the new chain checksum. The
 * target's bytes may be anything before: padding is cleared.
 */
export function encodeFlush(
  target: Uint8Array,
  offset: number,
  frames: readonly Frame[],
  chainCrc: number,
  context: FrameContext,
): number {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  let at = offset;
  let chain = chainCrc;
  for (const [i, { type, payload }] of frames.entries()) {
    const flags = i === frames.length - 1 ? LAST_OF_FLUSH : 0;
    view.setUint32(at, MAGIC | flags | type, true);
    view.setUint32(at + 4, payload.length, true);
    setUint64(view, at + 8, context.epoch);
    setUint64(view, at + 16, context.durableEpoch);
    view.setUint32(at + 24, crc32(target.subarray(at, at + 24), context.headerSeed), true);
    chain = crc32(payload, crc32(target.subarray(at, at + 24), chain));
    view.setUint32(at + 28, chain, true);
    target.set(payload, at + FRAME_HEADER_BYTES);
    const end = at + frameBytes(payload.length);
    target.fill(0, at + FRAME_HEADER_BYTES + payload.length, end);
    at = end;
  }
  return chain;
}

/** The header at `offset`, or undefined when there is none that is whole. Says nothing about the payload. */
export function readFrameHeader(bytes: Uint8Array, offset: number, headerSeed: number): FrameHeader | undefined {
  if (offset + FRAME_HEADER_BYTES > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = view.getUint32(offset, true);
  if ((word & MAGIC_MASK) >>> 0 !== MAGIC) return undefined;
  if (view.getUint32(offset + 24, true) !== crc32(bytes.subarray(offset, offset + 24), headerSeed)) return undefined;
  const type = word & 0xff;
  if (!FRAME_TYPES.has(type)) return undefined;
  return {
    type: type as FrameType,
    lastOfFlush: (word & LAST_OF_FLUSH) !== 0,
    payloadLength: view.getUint32(offset + 4, true),
    epoch: getUint64(view, offset + 8),
    durableEpoch: getUint64(view, offset + 16),
    chainCrc: view.getUint32(offset + 28, true),
  };
}

/** The payload (a view), or undefined when it is cut off or the chain does not hold. */
export function readFramePayload(
  bytes: Uint8Array,
  offset: number,
  header: FrameHeader,
  chainCrc: number,
): Uint8Array | undefined {
  const start = offset + FRAME_HEADER_BYTES;
  const end = start + header.payloadLength;
  if (end > bytes.length) return undefined;
  const payload = bytes.subarray(start, end);
  const chain = crc32(payload, crc32(bytes.subarray(offset, offset + 24), chainCrc));
  return chain === header.chainCrc ? payload : undefined;
}

/** Exact for the numbers a log can reach (below 2^53). */
export function setUint64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % 2 ** 32, true);
  view.setUint32(offset + 4, Math.floor(value / 2 ** 32), true);
}

export function getUint64(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32;
}
