/**
 * The first 4 KiB of a segment: whose log it is, where it stands in the sequence, and the chain checksum it goes on from.
 * Together with the file's name `<seq>-<firstIndex>.wal` (16 hexadecimal digits each) it ties a segment to its place.
 */
import { crc32 } from "node:zlib";
import { getUint64, setUint64 } from "./frame.js";

export const SEGMENT_HEADER_BYTES = 4096;
export const WAL_FORMAT = 1;
const MAGIC = new TextEncoder().encode("kvrmwal\n");
const CRC_OFFSET = SEGMENT_HEADER_BYTES - 4;

export interface SegmentHeader {
  readonly format: number;
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly seq: number;
  /** The index after the last entry of the segments before. */
  readonly firstIndex: number;
  /** The last chain checksum of the segment before; 0 in the very first. */
  readonly chainCrc: number;
}

export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(8, header.format, true);
  view.setBigUint64(16, header.clusterId, true);
  view.setBigUint64(24, header.memberId, true);
  setUint64(view, 32, header.seq);
  setUint64(view, 40, header.firstIndex);
  view.setUint32(48, header.chainCrc, true);
  view.setUint32(CRC_OFFSET, crc32(bytes.subarray(0, CRC_OFFSET)), true);
  return bytes;
}

/** Undefined when the sector is damaged. */
export function decodeSegmentHeader(bytes: Uint8Array): SegmentHeader | undefined {
  if (bytes.length < SEGMENT_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(CRC_OFFSET, true) !== crc32(bytes.subarray(0, CRC_OFFSET))) return undefined;
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) return undefined;
  return {
    format: view.getUint32(8, true),
    clusterId: view.getBigUint64(16, true),
    memberId: view.getBigUint64(24, true),
    seq: getUint64(view, 32),
    firstIndex: getUint64(view, 40),
    chainCrc: view.getUint32(48, true),
  };
}

/** What a segment's frame headers start their checksum from: different in every segment and every log. */
export function headerSeed(header: SegmentHeader): number {
  return crc32(encodeSegmentHeader(header).subarray(0, CRC_OFFSET));
}

export interface SegmentName {
  readonly name: string;
  readonly seq: number;
  readonly firstIndex: number;
}

export function segmentName(seq: number, firstIndex: number): SegmentName {
  return { name: `${hex(seq)}-${hex(firstIndex)}.wal`, seq, firstIndex };
}

/** Undefined for a name that is no segment's. */
export function parseSegmentName(name: string): SegmentName | undefined {
  const match = /^([0-9a-f]{16})-([0-9a-f]{16})\.wal$/.exec(name);
  if (match === null) return undefined;
  const [, seq = "", firstIndex = ""] = match;
  return { name, seq: Number.parseInt(seq, 16), firstIndex: Number.parseInt(firstIndex, 16) };
}

function hex(value: number): string {
  return value.toString(16).padStart(16, "0");
}
