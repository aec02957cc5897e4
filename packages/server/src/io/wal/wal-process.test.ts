/** The log on a real disk, written by a process that is killed. */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NodeDisk } from "../disk/node-disk.js";
import { Wal } from "./wal.js";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kvorum-wal-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

function openWal(): ReturnType<typeof Wal.open> {
  const segmentBytes = 64 * 1024;
  const identity = { clusterId: 1n, memberId: 2n };
  return Wal.open({ disk: new NodeDisk(), directory, ...identity, segmentBytes, backendAppliedIndex: 0 });
}

/** Appends entries from many callers at once and prints each index once it is durable. */
async function killWriter(firstIndex: number, waitMs: number): Promise<number> {
  const built = (path: string): string => JSON.stringify(new URL(`../../../dist/io/${path}`, import.meta.url).href);
  const script = `
    import { writeSync } from "node:fs";
    const { NodeDisk } = await import(${built("disk/node-disk.js")});
    const { Wal } = await import(${built("wal/wal.js")});
    const { wal } = await Wal.open({ disk: new NodeDisk(), directory: ${JSON.stringify(directory)}, clusterId: 1n,
      memberId: 2n, segmentBytes: ${64 * 1024}, backendAppliedIndex: 0 });
    let index = ${firstIndex} - 1;
    const append = async () => {
      for (;;) {
        const mine = ++index;
        await wal.append({ entries: [{ type: "command", term: 1, index: mine, data: new Uint8Array(mine % 900) }], mustSync: true });
        writeSync(1, mine + "\\n");
      }
    };
    for (let i = 0; i < 16; i++) append();`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  const gone = new Promise<void>((resolve) => child.stdout.once("close", resolve));
  await new Promise<void>((resolve) => {
    void gone.then(resolve);
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk;
      resolve();
    });
  });
  setTimeout(() => child.kill("SIGKILL"), waitMs);
  await gone;
  const whole = output.slice(0, output.lastIndexOf("\n"));
  return Math.max(...whole.split("\n").map(Number));
}

describe("write-ahead log on a real disk", () => {
  it("has every acknowledged entry after its process was killed, twice", async () => {
    let first = 1;
    for (const waitMs of [20, 60]) {
      const acknowledged = await killWriter(first, waitMs);
      expect(acknowledged).toBeGreaterThanOrEqual(first);
      const { wal, recovered } = await openWal();
      await wal.close();
      const last = recovered.entries.at(-1)?.index ?? 0;
      expect(last).toBeGreaterThanOrEqual(acknowledged);
      expect(recovered.entries.map(({ index, data }) => [index, data.length])).toEqual(
        Array.from({ length: last }, (_, i) => [i + 1, (i + 1) % 900]),
      );
      first = last + 1;
    }
  });

  it("keeps its files to their owner and leaves no temporary file", async () => {
    const { wal } = await openWal();
    await wal.append({ hardState: { term: 1, vote: 2n, commit: 0 }, mustSync: true });
    await wal.close();
    const names = await readdir(directory);
    expect(names).toEqual(["0000000000000001-0000000000000001.wal"]);
    const { mode, size } = await stat(join(directory, names[0] ?? ""));
    expect(mode & 0o777).toBe(0o600);
    expect(size).toBe(64 * 1024);
  });
});
