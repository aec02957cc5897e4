/**
 * Damage to the log on a disk: a bit flips, a sector is zero, a sector holds what belongs elsewhere. Never within the last flush:
 * damage there cannot be told from a write that was torn (`io/wal/recovery.ts`), and no log of this kind claims to see it.
 */
import type { Chance } from "../../src/core/seeded/chance.js";
import type { MemoryDisk } from "../../src/io/disk/memory-disk.js";
import { FRAME_HEADER_BYTES } from "../../src/io/wal/frame.js";
import { scanFrames } from "../../src/io/wal/scan.js";
import { decodeSegmentHeader, headerSeed, SEGMENT_HEADER_BYTES } from "../../src/io/wal/segment-header.js";

export interface Decay {
  readonly path: string;
  readonly kind: "flipped bit" | "zeroed sector" | "misdirected sector";
  /** Of the first byte that changed, in the file. */
  readonly offset: number;
  /** Where the frame begins that has it. */
  readonly frameOffset: number;
  /** What was there, from `offset` on. */
  readonly original: Uint8Array;
}

interface Place {
  readonly path: string;
  readonly offset: number;
  readonly bytes: number;
  readonly epoch: number;
}

const SECTOR_BYTES = 512;

/** Does the damage; undefined when there is nothing that could be damaged. */
export function decay(disk: MemoryDisk, chance: Chance): Decay | undefined {
  const places = framesOf(disk);
  const lastEpoch = places.at(-1)?.epoch ?? 0;
  const old = places.filter(({ epoch }) => epoch < lastEpoch);
  if (old.length === 0) return undefined;
  const frame = chance.pick(old);
  const content = disk.durable(frame.path) as Uint8Array;
  const place = frame.offset + chance.int(frame.bytes);
  const sector = Math.floor(place / SECTOR_BYTES) * SECTOR_BYTES;
  const kind = chance.pick(["flipped bit", "zeroed sector", "misdirected sector"] as const);
  const changed = content.slice();
  // A sector is harmed from the frame on at most: what lies before it belongs to frames of its own.
  const from = Math.max(sector, frame.offset);
  // What is behind the frame may belong to the last flush.
  const to = Math.min(sector + SECTOR_BYTES, frame.offset + frame.bytes);
  if (kind === "flipped bit") changed[place] = (content[place] as number) ^ (1 << chance.int(8));
  else if (kind === "zeroed sector") changed.fill(0, from, to);
  else changed.set(content.subarray(0, to - from), from);
  const offset = changed.findIndex((byte, at) => byte !== content[at]);
  if (offset < 0) return undefined;
  const original = content.slice(offset, to);
  disk.damage(frame.path, offset, changed.subarray(offset, to));
  return { path: frame.path, kind, offset, frameOffset: frame.offset, original };
}

/** Every frame of the log, oldest first. */
function framesOf(disk: MemoryDisk): Place[] {
  const paths = [...disk.durablePaths()].filter((path) => path.startsWith("/wal/") && path.endsWith(".wal")).sort();
  return paths.flatMap((path) => {
    const bytes = disk.durable(path) as Uint8Array;
    const header = decodeSegmentHeader(bytes);
    if (header === undefined) return [];
    const start = { offset: SEGMENT_HEADER_BYTES, headerSeed: headerSeed(header), chainCrc: header.chainCrc };
    return [...scanFrames(bytes, start)].map(({ offset, payload, header: { epoch } }) => ({
      ...{ path, offset, epoch },
      // Without the padding: what stands there means nothing.
      bytes: FRAME_HEADER_BYTES + payload.length,
    }));
  });
}
