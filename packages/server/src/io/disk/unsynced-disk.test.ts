/** `--unsafe-no-fsync`: what is written is there, and what a power cut leaves is what nobody synced. */
import { describe, expect, it } from "vitest";
import type { Disk } from "../../env.js";
import { MemoryDisk } from "./memory-disk.js";
import { unsynced } from "./unsynced-disk.js";

const BYTES = Uint8Array.of(1, 2, 3);

async function write(disk: Disk): Promise<void> {
  await disk.makeDirectory("/data");
  const file = await disk.open("/data/log", "create");
  await file.writeAt(0, [BYTES], { sync: true });
  await file.dataSync();
  await file.close();
  await disk.syncDirectory("/data");
}

async function content(disk: Disk): Promise<Uint8Array | undefined> {
  if (!(await disk.list("/data")).includes("log")) return undefined;
  const file = await disk.open("/data/log", "read");
  const bytes = await file.readAt(0, file.size);
  await file.close();
  return bytes;
}

describe("a disk without syncs", () => {
  it("has what was written, and loses it with the power; the disk below would have kept it", async () => {
    const memory = new MemoryDisk();
    const disk = unsynced(memory);
    await write(disk);
    expect(await content(disk)).toEqual(BYTES);
    memory.crash();
    expect(await content(disk)).toBeUndefined();

    await write(memory);
    memory.crash();
    expect(await content(memory)).toEqual(BYTES);
  });

  it("is the disk below in everything else", async () => {
    const disk = unsynced(new MemoryDisk());
    await write(disk);
    const file = await disk.open("/data/log", "write");
    await file.truncate(1);
    expect(file.size).toBe(1);
    await file.close();
    await disk.rename("/data/log", "/data/moved");
    expect(await disk.list("/data")).toEqual(["moved"]);
    await disk.remove("/data/moved");
    expect(await disk.list("/data")).toEqual([]);
    const lock = await disk.lockDirectory("/data");
    await expect(disk.lockDirectory("/data")).rejects.toThrow("in use");
    await lock.release();
  });
});
