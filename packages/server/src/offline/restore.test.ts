/** Restoring a saved snapshot: what becomes of its content, what is refused, and what a restore that breaks off leaves. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memberKey, removedKey } from "../core/apply/member-record.js";
import { stringBytes } from "../core/bytes.js";
import { SCHEDULED } from "../core/mvcc/compaction.js";
import { hashBackend } from "../core/mvcc/hash.js";
import { encodeKeyValue } from "../core/mvcc/key-value-codec.js";
import { encodeCounter, encodeRevision } from "../core/mvcc/revision.js";
import type { Disk, DiskFile } from "../env.js";
import { MemoryBackend } from "../io/backend/memory-backend.js";
import { dataDirectory } from "../io/disk/data-directory.js";
import { NodeDisk } from "../io/disk/node-disk.js";
import type { SnapshotEntry } from "../io/snapshot/decode.js";
import { SnapshotError } from "../io/snapshot/format.js";
import { at, fileOf } from "../io/snapshot/test-support.js";
import { Wal } from "../io/wal/wal.js";
import { restoreOn, restoreSnapshot } from "./restore.js";
import { RestoreRefusedError } from "./restore-options.js";
import { snapshotStatus } from "./status.js";
import { defragment, hashKv } from "./stopped-member.js";

let directory: string;
let file: string;
let dataDir: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kvorum-restore-"));
  file = join(directory, "saved.db");
  dataDir = join(directory, "data");
  await writeFile(file, await fileOf(saved()));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Five puts at the revisions 2 to 6, a lease record, a member, a removed id, an alarm, and a user. */
function saved(): SnapshotEntry[] {
  const puts = [2, 3, 4, 5, 6].map((main): SnapshotEntry => {
    const [key, value] = [stringBytes(`k${main}`), stringBytes(`v${main}`)];
    const revision = BigInt(main);
    const kv = { key, value, createRevision: revision, modRevision: revision, version: 1n, lease: 0n };
    return { table: "key", key: encodeRevision(main, 0), value: encodeKeyValue(kv) };
  });
  return [
    ...puts,
    { table: "meta", key: SCHEDULED, value: encodeCounter(3) },
    { table: "lease", key: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 9), value: Uint8Array.of(0x08, 9, 0x10, 60) },
    { table: "member", key: memberKey(1n), value: Uint8Array.of(0x08, 1) },
    { table: "member", key: removedKey(2n), value: Uint8Array.of(1) },
    { table: "alarm", key: Uint8Array.of(7), value: Uint8Array.of(7) },
    { table: "auth", key: stringBytes("user"), value: Uint8Array.of(1) },
  ];
}

const cluster = ["n1", "n2", "n3"].map((name, i) => ({ name, peerUrls: [`http://127.0.0.1:${i + 1}`] }));
const SEGMENT_BYTES = 64 * 1024;
const member = { name: "n2", initialCluster: cluster, clusterToken: "second-life" };

async function logOf(root: string): Promise<Awaited<ReturnType<typeof Wal.open>>["recovered"]> {
  const { clusterId, memberId } = await identity;
  const { wal, recovered } = await Wal.open({
    ...{ disk: new NodeDisk({ writer: "pool" }), directory: dataDirectory(root).wal, clusterId, memberId },
    backendAppliedIndex: at.index,
  });
  await wal.close();
  return recovered;
}
let identity: Promise<{ readonly clusterId: bigint; readonly memberId: bigint }>;

describe("the status of a saved snapshot", () => {
  it("is what is in it", async () => {
    const status = await snapshotStatus(file);
    const backend = new MemoryBackend();
    await backend.replaceWith(at, saved());
    expect(status).toEqual({
      ...{ hash: hashBackend(backend), revision: 6n, compactRevision: 3n, totalKeys: 11 },
      ...{ totalSize: (await readFile(file)).length - 32, version: "3.6.0" },
      ...{ index: at.index, term: at.term, clusterId: 9n },
    });
    await backend.close();
  });

  it("is an error that names the file and the offset, whichever byte is wrong and wherever the file ends", async () => {
    const whole = await readFile(file);
    for (let offset = 0; offset < whole.length; offset += 7) {
      const damaged = Buffer.from(whole);
      damaged[offset] = (damaged[offset] as number) ^ 0x40;
      await writeFile(file, damaged);
      const error = await snapshotStatus(file).catch((reason: unknown) => reason);
      expect(error, `byte ${offset}`).toBeInstanceOf(SnapshotError);
      expect((error as Error).message).toContain(file);
    }
    for (let size = 0; size < whole.length; size += 13) {
      await writeFile(file, whole.subarray(0, size));
      await expect(snapshotStatus(file), `${size} bytes`).rejects.toThrow(
        size % 512 === 32 ? SnapshotError : `${file}: the file ends at offset ${size}`,
      );
    }
    const chunk = 48 + whole.indexOf("k2") - 48;
    const inContent = Buffer.from(whole);
    inContent[chunk] = 0;
    await writeFile(file, inContent);
    await expect(snapshotStatus(file)).rejects.toThrow(/the chunk at offset \d+ is damaged/);
  });

  it("says of a file of etcd's what it is", async () => {
    const bbolt = new Uint8Array(4096 + 32);
    new DataView(bbolt.buffer).setUint32(16, 0xed0cdaed, true);
    await writeFile(file, bbolt);
    await expect(snapshotStatus(file)).rejects.toThrow("this is a snapshot of etcd");
  });
});

describe("a restored member", () => {
  it("has the keys, leases and users of the file, the members of its settings, and a log that begins behind a mark", async () => {
    identity = restoreSnapshot({ file, dataDir, ...member });
    const result = await identity;
    expect(result).toMatchObject({ revision: 6n, savedRevision: 6n });
    expect(await readdir(dataDir)).toEqual(["member"]);
    const { snapshot, entries, hardState } = await logOf(dataDir);
    expect(entries).toEqual([]);
    expect(hardState).toEqual({ term: at.term + 1, vote: 0n, commit: at.index });
    expect(snapshot).toMatchObject({ index: at.index, term: at.term + 1, confState: { learners: [] } });
    expect(snapshot?.confState.voters).toHaveLength(3);
    expect(snapshot?.confState.voters).toContain(result.memberId);
    expect(await hashKv(dataDir)).toMatchObject({ hashRevision: 6n, compactRevision: 3n });
  });

  it("is alike on every member but for who it is", async () => {
    const results = [];
    for (const { name } of cluster) {
      const own = join(directory, name);
      const result = await restoreSnapshot({ file, dataDir: own, ...member, name });
      results.push({ ...result, ...(await hashKv(own)) });
    }
    expect(new Set(results.map(({ clusterId }) => clusterId)).size).toBe(1);
    expect(new Set(results.map(({ hash }) => hash)).size).toBe(1);
    expect(new Set(results.map(({ memberId }) => memberId)).size).toBe(3);
  });

  it("goes on from a bumped revision with its history given up", async () => {
    const result = await restoreSnapshot({ file, dataDir, ...member, bumpRevision: 1_000_000, markCompacted: true });
    expect(result).toMatchObject({ revision: 1_000_006n, savedRevision: 6n });
    expect(await hashKv(dataDir)).toMatchObject({ hashRevision: 1_000_006n, compactRevision: 1_000_006n });
    await expect(hashKv(dataDir, 6n)).rejects.toThrow("compacted");
  });

  it("may have its log elsewhere", async () => {
    const walDir = join(directory, "log");
    await restoreSnapshot({ file, dataDir, walDir, ...member });
    expect(await readdir(walDir)).toEqual([expect.stringMatching(/\.wal$/)]);
    expect(await readdir(join(dataDir, "member"))).toEqual(["backend"]);
  });

  it("can be defragmented while nobody runs on it, and not while somebody does", async () => {
    await restoreSnapshot({ file, dataDir, ...member });
    const before = await hashKv(dataDir);
    const { bytesBefore, bytesAfter } = await defragment(dataDir);
    expect(bytesAfter).toBeGreaterThan(0);
    expect(bytesAfter).toBeLessThanOrEqual(bytesBefore);
    expect(await hashKv(dataDir)).toEqual(before);
    const lock = await new NodeDisk({ writer: "pool" }).lockDirectory(dataDir);
    await expect(defragment(dataDir)).rejects.toThrow("in use");
    await lock.release();
    await expect(defragment(join(directory, "nothing"))).rejects.toThrow("ENOENT");
  });
});

describe("a restore", () => {
  it("refuses a directory that holds something, and touches nothing in it", async () => {
    await mkdir(join(dataDir, "member"), { recursive: true, mode: 0o700 });
    await writeFile(join(dataDir, "member", "precious"), "1");
    await expect(restoreSnapshot({ file, dataDir })).rejects.toThrow(RestoreRefusedError);
    await expect(restoreSnapshot({ file, dataDir })).rejects.toThrow(`${dataDir} is not empty (member)`);
    expect(await readFile(join(dataDir, "member", "precious"), "utf8")).toBe("1");
    const [empty, walDir] = [join(directory, "empty"), dataDir];
    await expect(restoreSnapshot({ file, dataDir: empty, walDir })).rejects.toThrow(RestoreRefusedError);
  });

  it("refuses settings that do not fit together before it touches anything", async () => {
    const refused: readonly [object, string][] = [
      [{ name: "n4", initialCluster: cluster }, `couldn't find local name "n4"`],
      [{ ...member, peerUrls: ["http://127.0.0.1:9"] }, "they must be the same"],
      [{ bumpRevision: 1 }, "bumpRevision needs markCompacted"],
      [{ markCompacted: true }, "markCompacted goes with"],
      [{ bumpRevision: -1, markCompacted: true }, "never goes back"],
      [{ bumpRevision: 1.5, markCompacted: true }, "whole number"],
    ];
    for (const [options, message] of refused) {
      await expect((async () => restoreSnapshot({ file, dataDir, ...options }))()).rejects.toThrow(message);
    }
    await expect(readdir(dataDir)).rejects.toThrow("ENOENT");
  });

  it("leaves no member of a damaged file, unless only the digest is wrong and is to be passed over", async () => {
    const damaged = await readFile(file);
    damaged[damaged.length - 1] = (damaged[damaged.length - 1] as number) ^ 1;
    await writeFile(file, damaged);
    await expect(restoreSnapshot({ file, dataDir })).rejects.toThrow("does not match its SHA-256 digest");
    expect(await readdir(dataDir)).toEqual([]);
    expect(await restoreSnapshot({ file, dataDir, skipHashCheck: true })).toMatchObject({ revision: 6n });
  });

  it("that broke off at any operation of the disk leaves no member, and the next one succeeds", async () => {
    let operations = 0;
    await restoreOn(
      dying(Number.POSITIVE_INFINITY, () => operations++),
      { file, dataDir: join(directory, "whole"), ...member },
      SEGMENT_BYTES,
    );
    expect(operations).toBeGreaterThan(20);
    let complete = 0;
    for (let last = 0; last < operations; last++) {
      const own = join(directory, `broken-${last}`);
      await expect(restoreOn(dying(last), { file, dataDir: own, ...member }, SEGMENT_BYTES)).rejects.toThrow();
      const left = await readdir(own).catch((): string[] => []);
      if (left.includes("member")) {
        // The rename was the last thing to happen: what stands there is all of it.
        complete++;
        expect(await hashKv(own)).toMatchObject({ hashRevision: 6n });
        continue;
      }
      // A restore takes a tenth of a second, so not each of them is made good.
      if (last % 4 !== 0) continue;
      // What a dead process leaves lies where the next one looks for it.
      await mkdir(join(own, "restoring", "member", "wal"), { recursive: true, mode: 0o700 });
      await writeFile(join(own, "restoring", "member", "wal", "half"), "half");
      identity = restoreOn(dying(Number.POSITIVE_INFINITY), { file, dataDir: own, ...member }, SEGMENT_BYTES);
      await identity;
      expect(await readdir(own)).toEqual(["member"]);
      expect(await readdir(join(own, "member"))).toEqual(["backend", "wal"]);
      expect((await logOf(own)).snapshot).toMatchObject({ index: at.index });
      await rm(own, { recursive: true });
    }
    expect(complete).toBeLessThanOrEqual(2);
  });
});

/** The file system until so many operations are done; then everything fails. */
function dying(operations: number, onOperation: () => void = () => {}): Disk {
  const inner = new NodeDisk({ writer: "pool" });
  let done = 0;
  const step = (): void => {
    if (done++ >= operations) throw new Error("the machine is gone");
    onOperation();
  };
  const counted =
    <A extends readonly unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      step();
      return call(...args);
    };
  const wrap = (one: DiskFile): DiskFile => ({
    get size() {
      return one.size;
    },
    readAt: counted((offset: number, length: number) => one.readAt(offset, length)),
    readNow: (offset, length) => {
      step();
      return one.readNow(offset, length);
    },
    writeAt: counted((...args: Parameters<DiskFile["writeAt"]>) => one.writeAt(...args)),
    dataSync: counted(() => one.dataSync()),
    truncate: counted((size: number) => one.truncate(size)),
    close: () => one.close(),
  });
  return {
    open: counted(async (path: string, mode: "read" | "write" | "create") => wrap(await inner.open(path, mode))),
    rename: counted((from: string, to: string) => inner.rename(from, to)),
    remove: counted((path: string) => inner.remove(path)),
    list: counted((path: string) => inner.list(path)),
    makeDirectory: counted((path: string) => inner.makeDirectory(path)),
    syncDirectory: counted((path: string) => inner.syncDirectory(path)),
    lockDirectory: (path: string) => inner.lockDirectory(path),
  };
}
