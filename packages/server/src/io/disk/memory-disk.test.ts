/** What the memory disk keeps and loses when the power goes. */
import { describe, expect, it } from "vitest";
import { MemoryDisk } from "./memory-disk.js";
import { SECTOR_BYTES } from "./memory-inode.js";

const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

async function durableFile(disk: MemoryDisk, content: Uint8Array): Promise<void> {
  const file = await disk.open("/data/f", "create");
  await file.writeAt(0, [content], { sync: true });
  await disk.syncDirectory("/data");
}

describe("memory disk crash", () => {
  it("keeps synced bytes and reverts unsynced ones", async () => {
    const disk = new MemoryDisk();
    await durableFile(disk, filled(1000, 1));
    const file = await disk.open("/data/f", "write");
    await file.writeAt(500, [filled(2000, 2)]);
    expect(file.size).toBe(2500);
    disk.crash();
    const reopened = await disk.open("/data/f", "read");
    expect(await reopened.readAt(0, 5000)).toEqual(filled(1000, 1));
  });

  it("keeps the unsynced sectors that survived, with zeros where new space was lost", async () => {
    const disk = new MemoryDisk();
    await durableFile(disk, filled(SECTOR_BYTES, 1));
    const file = await disk.open("/data/f", "write");
    await file.writeAt(0, [filled(3 * SECTOR_BYTES, 2)]);
    disk.crash({ sectorSurvives: ({ offset }) => offset === 2 * SECTOR_BYTES });
    const reopened = await disk.open("/data/f", "read");
    const bytes = await reopened.readAt(0, 5000);
    expect(bytes.length).toBe(3 * SECTOR_BYTES);
    expect([bytes[0], bytes[SECTOR_BYTES], bytes[2 * SECTOR_BYTES]]).toEqual([1, 0, 2]);
  });

  it("undoes creations, renames and removals whose directory was not synced", async () => {
    const disk = new MemoryDisk();
    await durableFile(disk, filled(10, 1));
    await disk.open("/data/new", "create");
    await disk.rename("/data/f", "/data/g");
    disk.crash();
    expect(await disk.list("/data")).toEqual(["f"]);
    await disk.remove("/data/f");
    await disk.syncDirectory("/data");
    disk.crash();
    expect(await disk.list("/data")).toEqual([]);
  });

  it("leaves open files dead and locks free", async () => {
    const disk = new MemoryDisk();
    const file = await disk.open("/data/f", "create");
    await disk.lockDirectory("/data");
    await expect(disk.lockDirectory("/data")).rejects.toThrow(/in use/);
    disk.crash();
    await expect(file.readAt(0, 1)).rejects.toThrow(/EBADF/);
    await (await disk.lockDirectory("/data")).release();
  });

  it("poisons a file after a failed sync", async () => {
    let failing = false;
    const disk = new MemoryDisk({
      before: ({ type }) => {
        if (failing && type === "sync") throw new Error("EIO");
      },
    });
    const file = await disk.open("/data/f", "create");
    failing = true;
    await expect(file.writeAt(0, [filled(1, 1)], { sync: true })).rejects.toThrow("EIO");
    failing = false;
    await expect(file.dataSync()).rejects.toThrow(/earlier failure/);
    await expect(file.writeAt(0, [filled(1, 1)])).rejects.toThrow(/earlier failure/);
    await expect(file.readAt(0, 1)).rejects.toThrow(/earlier failure/);
    expect([...file.readNow(0, 1)]).toEqual([1]);
  });
});

describe("memory disk names", () => {
  it("survive in the order of their changes, as a journal keeps them", async () => {
    for (const [survivors, expected] of [["f"], ["f", "new"], ["g", "new"], ["new"]].entries()) {
      const disk = new MemoryDisk();
      await durableFile(disk, filled(10, 1));
      await disk.open("/data/new", "create");
      await disk.rename("/data/f", "/data/g");
      await disk.remove("/data/g");
      expect(disk.unsyncedNames).toBe(3);
      disk.crash({ namesSurvive: () => survivors });
      expect(await disk.list("/data")).toEqual(expected);
      expect(disk.unsyncedNames).toBe(0);
    }
  });

  it("of a synced directory are settled, and those of another one are not", async () => {
    const disk = new MemoryDisk();
    await disk.open("/a/f", "create");
    await disk.open("/b/f", "create");
    await disk.syncDirectory("/a");
    expect(disk.unsyncedNames).toBe(1);
    disk.crash();
    expect([...disk.contents().keys()]).toEqual(["/a/f"]);
  });
});

describe("memory disk sizes", () => {
  it("survive without the data when the crash says so, growing and shrinking", async () => {
    const disk = new MemoryDisk();
    await durableFile(disk, filled(600, 1));
    const file = await disk.open("/data/f", "write");
    await file.writeAt(600, [filled(1000, 2)]);
    const shorter = disk.clone();
    disk.crash({ sizesSurvive: true });
    const grown = disk.contents().get("/data/f") as Uint8Array;
    expect(grown).toEqual(Uint8Array.from([...filled(600, 1), ...filled(1000, 0)]));
    await (await shorter.open("/data/f", "write")).truncate(100);
    shorter.crash({ sizesSurvive: true });
    expect(shorter.contents().get("/data/f")).toEqual(filled(100, 1));
  });
});

describe("a clone of a memory disk", () => {
  it("goes its own way, and so does the disk: bytes, names and what is not durable", async () => {
    const disk = new MemoryDisk();
    await durableFile(disk, filled(1000, 1));
    const file = await disk.open("/data/f", "write");
    await file.writeAt(0, [filled(10, 2)]);
    await disk.rename("/data/f", "/data/g");
    const twin = disk.clone();

    await file.writeAt(0, [filled(10, 3)], { sync: true });
    await disk.syncDirectory("/data");
    const theirs = await twin.open("/data/g", "write");
    expect((await theirs.readAt(0, 1))[0]).toBe(2);
    await theirs.writeAt(990, [filled(10, 4)], { sync: true });
    expect((await file.readAt(995, 1))[0]).toBe(1);

    twin.crash();
    expect(await twin.list("/data")).toEqual(["f"]);
    expect(twin.contents().get("/data/f")?.[0]).toBe(2);
    disk.crash();
    expect(await disk.list("/data")).toEqual(["g"]);
    expect([...disk.contents().values()].map((bytes) => [bytes[0], bytes[995]])).toEqual([[3, 1]]);
  });

  it("keeps one file under two names one file", async () => {
    const disk = new MemoryDisk();
    await durableFile(disk, filled(10, 1));
    await disk.rename("/data/f", "/data/g");
    const twin = disk.clone();
    await (await twin.open("/data/g", "write")).writeAt(0, [filled(10, 5)], { sync: true });
    twin.crash();
    expect(twin.contents().get("/data/f")).toEqual(filled(10, 5));
  });
});
