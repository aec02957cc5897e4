/** One suite for every disk: memory, worker thread (both ways of signalling) and thread pool. */
import { spawn } from "node:child_process";
import { chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Disk } from "../../env.js";
import { dataDirectory, openDataDirectory } from "./data-directory.js";
import { DiskWorkerClient } from "./disk-worker-client.js";
import { DATA_BYTES, Operation } from "./disk-worker-protocol.js";
import { MemoryDisk } from "./memory-disk.js";
import { NodeDisk } from "./node-disk.js";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kvorum-disk-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

const disks: readonly [string, () => Disk][] = [
  ["memory disk", () => new MemoryDisk()],
  ["node disk with a worker", () => new NodeDisk()],
  ["node disk with a worker that posts messages", () => new NodeDisk({ signalling: "messages" })],
  ["node disk in the thread pool", () => new NodeDisk({ writer: "pool" })],
];

describe.each(disks)("%s", (_, create) => {
  it("reads back what was written, across reopening", async () => {
    const disk = create();
    const path = join(directory, "f");
    const created = await disk.open(path, "create");
    await created.writeAt(0, [bytes(1, 2), bytes(), bytes(3)]);
    await created.close();
    const file = await disk.open(path, "write");
    await file.writeAt(2, [bytes(9, 8)], { sync: true });
    await file.dataSync();
    expect(file.size).toBe(4);
    expect(await file.readAt(1, 100)).toEqual(bytes(2, 9, 8));
    expect(await file.readAt(4, 10)).toEqual(bytes());
    await file.truncate(1);
    expect(file.size).toBe(1);
    await file.writeAt(3, [bytes(7)]);
    expect(await file.readAt(0, 10)).toEqual(bytes(1, 0, 0, 7));
    await file.close();
    await file.close();
    await expect(file.readAt(0, 1)).rejects.toMatchObject({ code: "EBADF" });
    await expect(file.writeAt(0, [bytes(1)])).rejects.toMatchObject({ code: "EBADF" });
  });

  it("creates in place of an existing file and refuses to open an absent one", async () => {
    const disk = create();
    const path = join(directory, "f");
    await expect(disk.open(path, "read")).rejects.toMatchObject({ code: "ENOENT" });
    await expect(disk.open(path, "write")).rejects.toMatchObject({ code: "ENOENT" });
    for (const content of [bytes(1, 2, 3), bytes(4)]) {
      const file = await disk.open(path, "create");
      await file.writeAt(0, [content]);
      await file.close();
    }
    const file = await disk.open(path, "read");
    expect(await file.readAt(0, 10)).toEqual(bytes(4));
    await expect(file.writeAt(0, [bytes(1)], { sync: true })).rejects.toThrow();
    await file.close();
  });

  it("writes more than a worker takes at a time", async () => {
    const disk = create();
    const path = join(directory, "f");
    await (await disk.open(path, "create")).close();
    const file = await disk.open(path, "write");
    const large = new Uint8Array(2 * DATA_BYTES + 5).map((_, i) => i % 251);
    await file.writeAt(3, [large.subarray(0, 10), large.subarray(10)], { sync: true });
    expect(file.size).toBe(3 + large.length);
    expect(Buffer.compare(await file.readAt(3, large.length), large)).toBe(0);
    await file.close();
  });

  it("lists, renames and removes", async () => {
    const disk = create();
    const inside = join(directory, "a", "b");
    expect(await disk.list(inside)).toEqual([]);
    await disk.makeDirectory(inside);
    await disk.makeDirectory(inside);
    for (const name of ["z", "y"]) await (await disk.open(join(inside, name), "create")).close();
    expect(await disk.list(inside)).toEqual(["y", "z"]);
    expect(await disk.list(join(directory, "a"))).toEqual(["b"]);
    await disk.rename(join(inside, "z"), join(inside, "x"));
    await disk.remove(join(inside, "y"));
    await disk.syncDirectory(inside);
    expect(await disk.list(inside)).toEqual(["x"]);
    await expect(disk.remove(join(inside, "y"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("lets one holder have a directory until it releases", async () => {
    const disk = create();
    const lock = await disk.lockDirectory(directory);
    await expect(disk.lockDirectory(directory)).rejects.toThrow(`data directory ${directory} is in use by`);
    await lock.release();
    await (await disk.lockDirectory(directory)).release();
  });
});

describe("node disk", () => {
  it("keeps files and directories to their owner, whatever the umask", async () => {
    const disk = new NodeDisk();
    const inside = join(directory, "a", "b");
    await disk.makeDirectory(inside);
    await (await disk.open(join(inside, "f"), "create")).close();
    for (const path of [join(directory, "a"), inside]) expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect((await stat(join(inside, "f"))).mode & 0o777).toBe(0o600);
  });

  it("refuses a directory that others can write to and warns about one they can read", async () => {
    const warnings: string[] = [];
    const ignore = (): void => {};
    const warn = (_: object, message: string): void => void warnings.push(message);
    const disk = new NodeDisk({ logger: { debug: ignore, info: ignore, error: ignore, warn } });
    await chmod(directory, 0o720);
    await expect(disk.makeDirectory(directory)).rejects.toThrow(/can be written by others \(mode 720\)/);
    await chmod(directory, 0o750);
    await disk.makeDirectory(directory);
    expect(warnings).toEqual(["directory can be read by others"]);
  });

  // The device that is always full exists on Linux only.
  it.runIf(process.platform === "linux").each(["worker", "pool"] as const)(
    "poisons a file whose write failed (%s)",
    async (writer) => {
      const file = await new NodeDisk({ writer }).open("/dev/full", "write");
      await expect(file.writeAt(0, [bytes(1)], { sync: true })).rejects.toMatchObject({ code: "ENOSPC" });
      await expect(file.writeAt(0, [bytes()])).rejects.toThrow(/after an earlier failure/);
      await expect(file.dataSync()).rejects.toThrow(/after an earlier failure/);
      await file.close();
    },
  );

  it("fails every request of a worker that died, and starts a new one for the next file", async () => {
    const client = new DiskWorkerClient();
    const thread = client.acquire();
    const request = { operation: Operation.dataSync, fileDescriptor: 2 ** 20 };
    await expect(thread.run(request)).rejects.toMatchObject({ code: "EBADF" });
    await thread.terminate();
    await expect(thread.run(request)).rejects.toThrow("the disk worker has ended");
    client.release();
    expect(client.acquire().failed).toBe(false);
    client.release();
  });
});

describe("data directory", () => {
  it("has its layout and one owner", async () => {
    const disk = new NodeDisk();
    const opened = await openDataDirectory(disk, join(directory, "data"));
    expect(opened).toMatchObject(dataDirectory(join(directory, "data")));
    expect(await disk.list(join(directory, "data"))).toEqual(["LOCK", "member"]);
    expect(await disk.list(join(directory, "data", "member"))).toEqual(["backend", "wal"]);
    await expect(openDataDirectory(disk, join(directory, "data"))).rejects.toThrow(`process ${process.pid}`);
    await opened.release();
    await (await openDataDirectory(disk, join(directory, "data"))).release();
  });

  it("is refused while another process holds it, and free as soon as that one is killed", async () => {
    const built = new URL("../../../dist/io/disk/directory-lock.js", import.meta.url).href;
    const script = `const { lockDirectory } = await import(${JSON.stringify(built)});
      await lockDirectory(${JSON.stringify(directory)});
      console.log("held");
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
    const disk = new NodeDisk();
    const message = `data directory ${directory} is in use by process ${child.pid}`;
    await expect(disk.lockDirectory(directory)).rejects.toThrow(message);
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
    await (await disk.lockDirectory(directory)).release();
  });

  it("takes over from a holder of an earlier boot and from a damaged lock file", async () => {
    const disk = new NodeDisk();
    const leftovers = [JSON.stringify({ pid: process.pid, bootId: "earlier", startTime: "1", namespace: "" }), "", "{"];
    for (const leftover of leftovers) {
      await writeFile(join(directory, "LOCK"), leftover);
      await (await disk.lockDirectory(directory)).release();
    }
  });
});
