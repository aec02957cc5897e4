/**
 * Advisories about etcd's log reader, tried on ours with files on a real disk. The records are made by somebody who can
 * write to the data directory: every checksum in them is right, so only their numbers are there to be distrusted.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { EntryBatchSchema, EntryType } from "@kvorum/proto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Entry } from "../../core/raft/types.js";
import { NodeDisk } from "../disk/node-disk.js";
import { WalCorruptError } from "./errors.js";
import { encodeFlush, type Frame, FrameType, frameBytes } from "./frame.js";
import { scanFrames } from "./scan.js";
import { encodeSegmentHeader, headerSeed, SEGMENT_HEADER_BYTES, WAL_FORMAT } from "./segment-header.js";
import { Wal } from "./wal.js";

const HEADER = { format: WAL_FORMAT, clusterId: 1n, memberId: 2n, seq: 1, firstIndex: 1, chainCrc: 0 };
const SEED = headerSeed(HEADER);
const SEGMENT_BYTES = 64 * 1024;
/** What reading a log of one small segment may take. */
const BUFFERS_MAX = 8 * 1024 * 1024;

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kvorum-wal-"));
  path = join(directory, "0000000000000001-0000000000000001.wal");
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const entry = (index: number): Entry => ({ type: "command", term: 1, index, data: new Uint8Array(40).fill(index) });

function openWal(): ReturnType<typeof Wal.open> {
  const { clusterId, memberId } = HEADER;
  const disk = new NodeDisk({ writer: "pool" });
  return Wal.open({ disk, directory, clusterId, memberId, segmentBytes: SEGMENT_BYTES, backendAppliedIndex: 0 });
}

/** How opening ended: the indexes of the entries, or the error. Fails when buffers beyond all need were made for it. */
async function opened(): Promise<readonly number[] | Error> {
  const before = process.memoryUsage().arrayBuffers;
  const outcome = await openWal().catch((error: Error) => error);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(BUFFERS_MAX);
  if (outcome instanceof Error) return outcome;
  await outcome.wal.close();
  return outcome.recovered.entries.map(({ index }) => index);
}

/** Entries 1, 2 and 3 in flushes of their own and a clean end; the frames of the file. */
async function writeLog(): Promise<{ readonly offset: number; readonly type: FrameType }[]> {
  const { wal } = await openWal();
  for (const index of [1, 2, 3]) await wal.append({ entries: [entry(index)], mustSync: true });
  await wal.close();
  const start = { offset: SEGMENT_HEADER_BYTES, headerSeed: SEED, chainCrc: HEADER.chainCrc };
  return [...scanFrames(await readFile(path), start)];
}

/** Says in the record at `offset` that its payload has so many bytes, under a checksum that holds. */
async function announceBytes(offset: number, bytes: number): Promise<void> {
  const image = await readFile(path);
  image.writeUInt32LE(bytes, offset + 4);
  image.writeUInt32LE(crc32(image.subarray(offset, offset + 24), SEED), offset + 24);
  await writeFile(path, image);
}

/** Without a sign it is 4 GiB; with one, as in the advisory, less than nothing. */
const GIANTS = [2 ** 32 - 1, 2 ** 32 - 8, 2 ** 31, 2 ** 31 - 1, SEGMENT_BYTES + 1];

describe("CVE-2020-15106: a record of the log says that it is larger than can be", () => {
  it.each(GIANTS)("%d bytes in a record that others follow: refused with file and place", async (bytes) => {
    const frames = await writeLog();
    const offset = frames[2]?.offset ?? 0;
    await announceBytes(offset, bytes);
    const error = await opened();
    expect(error).toBeInstanceOf(WalCorruptError);
    expect(error).toMatchObject({ file: path, offset });
    expect((error as Error).message).toMatch(/damaged at byte \d+: .* does not hold/);
  });

  it.each(GIANTS)("%d bytes in the last record: set aside like a torn one, and the log goes on", async (bytes) => {
    const frames = await writeLog();
    expect(frames.at(-1)?.type).toBe(FrameType.cleanClose);
    await announceBytes(frames.at(-1)?.offset ?? 0, bytes);
    expect(await opened()).toEqual([1, 2, 3]);
    expect((await readFile(`${path}.broken`)).readUInt32LE(4)).toBe(bytes);
    const { wal } = await openWal();
    await wal.append({ entries: [entry(4)], mustSync: true });
    await wal.close();
    expect(await opened()).toEqual([1, 2, 3, 4]);
  });
});

/** A segment of entries with these indexes, one flush each. */
async function writeEntries(indexes: readonly bigint[]): Promise<void> {
  const identity = new Uint8Array(16);
  new DataView(identity.buffer).setBigUint64(0, HEADER.clusterId, true);
  new DataView(identity.buffer).setBigUint64(8, HEADER.memberId, true);
  const flushes: Frame[] = [{ type: FrameType.metadata, payload: identity }, ...indexes.map(entryFrame)];
  const image = new Uint8Array(SEGMENT_BYTES);
  image.set(encodeSegmentHeader(HEADER));
  let offset = SEGMENT_HEADER_BYTES;
  let chainCrc = HEADER.chainCrc;
  for (const [i, frame] of flushes.entries()) {
    const context = { headerSeed: SEED, epoch: i + 1, durableEpoch: i };
    chainCrc = encodeFlush(image, offset, [frame], chainCrc, context);
    offset += frameBytes(frame.payload.length);
  }
  await writeFile(path, image);
}

function entryFrame(index: bigint): Frame {
  const entries = [{ type: EntryType.COMMAND, term: 1n, index, data: Uint8Array.of(1) }];
  return { type: FrameType.entries, payload: toBinary(EntryBatchSchema, create(EntryBatchSchema, { entries })) };
}

describe("CVE-2020-15112: an entry of the log has an index that cannot be", () => {
  it("has a maker of logs that are read when their indexes can be", async () => {
    await writeEntries([1n, 2n, 3n]);
    expect(await opened()).toEqual([1, 2, 3]);
  });

  it.each([
    { name: "leaves a gap", index: 7n, reason: "entry 7 follows entry 2" },
    { name: "would make an array of four billion", index: 2n ** 32n, reason: "entry 4294967296 follows entry 2" },
    {
      name: "is the last that a number holds",
      index: 2n ** 53n - 1n,
      reason: "entry 9007199254740991 follows entry 2",
    },
    { name: "is negative to who reads it with a sign", index: 2n ** 63n, reason: "beyond ±(2^53 - 1)" },
    { name: "is the last of 64 bits", index: 2n ** 64n - 1n, reason: "beyond ±(2^53 - 1)" },
  ])("refuses one that $name", async ({ index, reason }) => {
    await writeEntries([1n, 2n, index]);
    const error = await opened();
    expect(error).toBeInstanceOf(WalCorruptError);
    expect(error).toMatchObject({ file: path });
    expect((error as Error).message).toContain(reason);
  });

  it("takes one that is in the log already for its new end, and index 0 for nothing", async () => {
    await writeEntries([1n, 2n, 3n, 0n, 2n]);
    expect(await opened()).toEqual([1, 2]);
  });
});
