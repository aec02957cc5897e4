/**
 * The first bytes of a segment: of which format and content it is, where it stands, and the chain checksum that it goes on
 * from. Together with the file's name `<generation>-<number>.seg` it ties a segment to its place.
 */
import { crc32 } from "node:zlib";

export const SEGMENT_HEADER_BYTES = 64;
export const SEGMENT_FORMAT = 1;
const MAGIC = new TextEncoder().encode("kvrmseg\n");
const CRC_OFFSET = SEGMENT_HEADER_BYTES - 4;

export interface SegmentHeader {
  readonly format: number;
  /** Of the content: one more with every replacement. */
  readonly generation: number;
  /** From 1, without gaps. */
  readonly number: number;
  /** The last chain checksum of the segment before; 0 in the first. */
  readonly chainCrc: number;
  /** Chance, so that nobody knows the seed of the headers of frames. */
  readonly salt: number;
}

export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(8, header.format, true);
  view.setUint32(12, header.generation, true);
  view.setUint32(16, header.number, true);
  view.setUint32(20, header.chainCrc, true);
  view.setUint32(24, header.salt, true);
  view.setUint32(CRC_OFFSET, crc32(bytes.subarray(0, CRC_OFFSET)), true);
  return bytes;
}

/** Undefined when the bytes are none. */
export function decodeSegmentHeader(bytes: Uint8Array): SegmentHeader | undefined {
  if (bytes.length < SEGMENT_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(CRC_OFFSET, true) !== crc32(bytes.subarray(0, CRC_OFFSET))) return undefined;
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) return undefined;
  return {
    format: view.getUint32(8, true),
    generation: view.getUint32(12, true),
    number: view.getUint32(16, true),
    chainCrc: view.getUint32(20, true),
    salt: view.getUint32(24, true),
  };
}

/** What the headers of the segment's frames start their checksum from. */
export function headerSeed(header: SegmentHeader): number {
  return crc32(encodeSegmentHeader(header).subarray(0, CRC_OFFSET));
}

export interface SegmentName {
  readonly generation: number;
  readonly number: number;
}

export function segmentFile({ generation, number }: SegmentName): string {
  return `${String(generation).padStart(6, "0")}-${String(number).padStart(8, "0")}.seg`;
}

/** Undefined for a name that is no segment's. */
export function parseSegmentFile(name: string): SegmentName | undefined {
  const [, generation, number] = /^(\d{6,})-(\d{8,})\.seg$/.exec(name) ?? [];
  return generation === undefined ? undefined : { generation: Number(generation), number: Number(number) };
}
