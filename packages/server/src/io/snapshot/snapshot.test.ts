/** The snapshot file, written and read back; damaged in every way, by accident and on purpose. */
import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { BackendSnapshot } from "../../core/mvcc/backend.js";
import { SeededRandom } from "../../simulation/seeded-random.js";
import { decodeSnapshot, SnapshotDecoder, type SnapshotEntry } from "./decode.js";
import { CHUNK_BYTES, SnapshotError } from "./format.js";
import { outgoingSnapshot } from "./outgoing.js";
import {
  at,
  CLUSTER_ID,
  fewEntries,
  fileOf,
  outgoing,
  printed,
  resealed,
  snapshotOf,
  someEntries,
} from "./test-support.js";

describe("a snapshot file", () => {
  it("gives back every entry of every table and the header", async () => {
    const entries = someEntries();
    const { header, entries: decoded } = decodeSnapshot(await fileOf(entries));
    expect(header).toMatchObject({ clusterId: CLUSTER_ID, revision: 40n, compactRevision: -1n, mark: at });
    expect(decoded.map(printed)).toEqual(entries.map(printed));
  });

  it("may be empty", async () => {
    expect(decodeSnapshot(await fileOf([])).entries).toEqual([]);
  });

  it("is 32 bytes longer than a multiple of 512, whatever it holds", async () => {
    for (const length of [0, 1, 400, 511, 512, 513, 1_048_576]) {
      const file = await fileOf([{ table: "key", key: Uint8Array.of(1), value: new Uint8Array(length) }]);
      expect(file.length % 512).toBe(32);
    }
  });

  it("is read in pieces of any size", async () => {
    const entries = [...fewEntries(), { table: "auth", key: Uint8Array.of(9), value: new Uint8Array(3000) } as const];
    const file = await fileOf(entries);
    for (const pieceBytes of [1, 7, 100, 511, 4096]) {
      const decoded: SnapshotEntry[] = [];
      const decoder = new SnapshotDecoder(file.length, (entry) => decoded.push(entry));
      for (let offset = 0; offset < file.length; offset += pieceBytes) {
        expect(() => decoder.finish()).toThrow(`ends after ${offset} of ${file.length} bytes`);
        decoder.push(file.subarray(offset, offset + pieceBytes));
      }
      expect(decoder.finish().mark).toEqual(at);
      expect(decoded.map(printed)).toEqual(entries.map(printed));
    }
  });

  it("is refused when any byte of it is another, cut off anywhere, or followed by anything", async () => {
    const file = await fileOf(fewEntries());
    expect(file.length).toBe(544);
    for (let i = 0; i < file.length; i++) {
      const damaged = file.slice();
      damaged[i] = (damaged[i] as number) ^ (1 << (i % 8));
      expect(() => decodeSnapshot(damaged), `byte ${i}`).toThrow(SnapshotError);
      expect(() => decodeSnapshot(file.subarray(0, i)), `cut at ${i}`).toThrow("no whole snapshot file");
    }
    for (const more of [1, 511, 512, 1024]) {
      const longer = new Uint8Array(file.length + more);
      longer.set(file);
      expect(() => decodeSnapshot(longer), `${more} more bytes`).toThrow(SnapshotError);
    }
  });

  it("is refused by its own checks even when the digest was made to match", async () => {
    const file = await fileOf([{ table: "key", key: Uint8Array.of(1), value: new Uint8Array(600).fill(9) }]);
    const changed = (offset: number): Uint8Array => {
      const copy = file.slice();
      copy[offset] = (copy[offset] as number) ^ 1;
      return resealed(copy);
    };
    expect(() => decodeSnapshot(changed(0))).toThrow("no snapshot file of Kvorum");
    expect(() => decodeSnapshot(changed(11))).toThrow("format");
    expect(() => decodeSnapshot(changed(20))).toThrow("the header is damaged");
    expect(() => decodeSnapshot(changed(400))).toThrow(/the chunk at offset \d+ is damaged/);
    expect(() => decodeSnapshot(changed(file.length - 33))).toThrow("the padding is not zeros");
  });

  it("is refused when its records make no sense, although every checksum holds", async () => {
    // One record: table, key length, value length, key of 1 byte, value of 2 bytes.
    const forged = (change: (content: DataView) => void) => withContent(fewEntries().slice(0, 1), change);
    const sense = /the record at 0 of the content makes no sense/;
    await expect(forged((content) => content.setUint8(0, 7))).rejects.toThrow(sense);
    await expect(forged((content) => content.setUint32(1, 0))).rejects.toThrow(sense);
    await expect(forged((content) => content.setUint32(1, 2 ** 31))).rejects.toThrow(sense);
    await expect(forged((content) => content.setUint32(5, 2 ** 32 - 1))).rejects.toThrow(sense);
    await expect(forged((content) => content.setUint32(5, 3))).rejects.toThrow(sense);
    await expect(forged((content) => content.setUint32(5, 1))).rejects.toThrow(/the record at 11 .* is cut off/);
    expect((await forged(() => {})).length).toBe(1);
  });

  it("never makes its reader fail in another way, whatever is done to it", async () => {
    const seed = Number(process.env["SEED"] ?? 20260117);
    const random = new SeededRandom(seed);
    const original = await fileOf(fewEntries());
    for (let run = 0; run < 3000; run++) {
      let file: Uint8Array = original.slice();
      for (let i = random.int(4); i >= 0; i--) file = mangled(file, random);
      // Most of what is mangled would only ever meet the digest, and much of the rest the chunk's checksum.
      const forged = random.int(2) === 0;
      if (forged) rechecked(file);
      if (random.int(4) > 0 && file.length > 32) file = resealed(file);
      try {
        const { entries } = decodeSnapshot(file);
        if (!forged) expect(entries.map(printed), `seed ${seed}, run ${run}`).toEqual(fewEntries().map(printed));
      } catch (error) {
        expect(error, `seed ${seed}, run ${run}`).toBeInstanceOf(SnapshotError);
      }
    }
  });
});

describe("a snapshot on its way out", () => {
  it("comes in pieces of the asked size, the digest alone in the last one, as many bytes as announced", async () => {
    for (const pieceBytes of [1000, CHUNK_BYTES]) {
      const body = await outgoing(snapshotOf(someEntries()), pieceBytes);
      const lengths: number[] = [];
      for await (const piece of body.pieces) lengths.push(piece.length);
      expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(body.bytes);
      expect(lengths.at(-1)).toBe(32);
      expect(new Set(lengths.slice(0, -2))).toEqual(new Set([pieceBytes]));
    }
  });

  it("is made as it is asked for, with a pause after every piece", async () => {
    const events: string[] = [];
    const value = new Uint8Array(CHUNK_BYTES);
    const entries = function* () {
      for (let i = 1; i <= 4; i++) {
        events.push(`entry ${i}`);
        yield { key: Uint8Array.of(i), value };
      }
    };
    const snapshot = {
      at,
      entries: (table) => (table === "key" ? entries() : []),
      close() {},
    } satisfies BackendSnapshot;
    const pause = async (): Promise<void> => void events.push("pause");
    const body = await outgoingSnapshot(snapshot, { clusterId: 1n, revision: 1n, compactRevision: -1n, pause });
    events.length = 0;
    let pieces = 0;
    for await (const _ of body.pieces) events.push(`piece ${++pieces}`);
    expect(events.slice(0, 7)).toEqual(["entry 1", "piece 1", "pause", "entry 2", "piece 2", "pause", "entry 3"]);
  });

  it("ends its backend snapshot when it is closed, and with it the pieces", async () => {
    let closes = 0;
    const snapshot = { ...snapshotOf(someEntries()), close: () => void closes++ };
    const body = await outgoing(snapshot, 1000);
    const pieces = body.pieces[Symbol.asyncIterator]();
    await pieces.next();
    expect(closes).toBe(0);
    body.close();
    expect(closes).toBe(1);
    await expect(pieces.next()).rejects.toThrow("closed before all of it was sent");
  });

  it("ends its backend snapshot when that cannot be read", async () => {
    let closes = 0;
    const entries = (): never => {
      throw new Error("unreadable");
    };
    await expect(outgoing({ at, entries, close: () => void closes++ })).rejects.toThrow("unreadable");
    expect(closes).toBe(1);
  });
});

/** Decodes a file whose content was changed and whose chunk checksum and digest say nothing of it. */
async function withContent(
  entries: readonly SnapshotEntry[],
  change: (content: DataView) => void,
): Promise<readonly SnapshotEntry[]> {
  const file = await fileOf(entries);
  const view = new DataView(file.buffer);
  const chunk = view.getUint32(12);
  const content = file.subarray(chunk + 8, chunk + 8 + view.getUint32(chunk));
  change(new DataView(content.buffer, content.byteOffset, content.length));
  rechecked(file);
  return decodeSnapshot(resealed(file)).entries;
}

/** Makes the first chunk's checksum match, if the chunk is there. */
function rechecked(file: Uint8Array): void {
  if (file.length < 48) return;
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const chunk = view.getUint32(12);
  if (chunk + 8 > file.length || chunk + 8 + view.getUint32(chunk) > file.length) return;
  view.setUint32(chunk + 4, crc32(file.subarray(chunk + 8, chunk + 8 + view.getUint32(chunk))));
}

/** One change: a byte, four bytes at once (a length), a cut, a repetition, or zeros. */
function mangled(file: Uint8Array, random: SeededRandom): Uint8Array {
  const from = random.int(file.length + 1);
  const copy = file.slice();
  switch (random.int(5)) {
    case 0:
      copy[Math.min(from, copy.length - 1)] = random.int(256);
      return copy;
    case 1:
      for (let i = from; i < Math.min(from + 4, copy.length); i++) copy[i] = random.int(2) * 255;
      return copy;
    case 2:
      return copy.slice(0, from);
    case 3:
      return Uint8Array.from(Buffer.concat([copy.subarray(0, from), copy.subarray(random.int(copy.length + 1))]));
    default:
      return copy.fill(0, from, from + random.int(40));
  }
}
