/** Segments on a real disk, written by a process that is killed. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NodeDisk } from "../../disk/node-disk.js";
import { bytes } from "../contract.js";
import { SegmentBackend } from "./segment-backend.js";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kvorum-segments-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** A process that commits, flushes and cleans as fast as it can, killed after a while. The last index that it called durable. */
async function killWriter(waitMs: number): Promise<number> {
  const built = (path: string): string => JSON.stringify(new URL(`../../../../dist/io/${path}`, import.meta.url).href);
  const script = `
    import { writeSync } from "node:fs";
    const { SegmentBackend } = await import(${built("backend/segments/segment-backend.js")});
    const { put, remove, markAt } = await import(${built("backend/contract.js")});
    const { NodeDisk } = await import(${built("disk/node-disk.js")});
    const backend = await SegmentBackend.open({ disk: new NodeDisk({ writer: "pool" }),
      directory: ${JSON.stringify(directory)}, segmentBytes: 20_000, slackBytes: 20_000 });
    const key = (index, i) => String(index).padStart(8, "0") + i;
    for (let index = backend.appliedAt().index + 1; ; index++) {
      const keys = [0, 1, 2].map((i) => put("key", key(index, i), "x".repeat(index % 700)));
      const old = [1, 2].map((i) => remove("key", key(index - 20, i)));
      backend.commit([put("meta", "a", String(index)), ...keys, ...old, put("meta", "b", String(index))], markAt(index));
      if (index % 7 !== 0) continue;
      const { index: durable } = await backend.flush();
      writeSync(1, durable + "\\n");
    }`;
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
  return Math.max(...output.slice(0, output.lastIndexOf("\n")).split("\n").map(Number));
}

describe("backend on segments, killed", () => {
  it("keeps data and mark together, up to what it called durable at least", async () => {
    for (const waitMs of [50, 300, 600]) {
      const durable = await killWriter(waitMs);
      const backend = await SegmentBackend.open({ disk: new NodeDisk({ writer: "pool" }), directory });
      const { index } = backend.appliedAt();
      expect(durable).toBeGreaterThan(0);
      expect(index).toBeGreaterThanOrEqual(durable);
      const counters = [..."ab"].map((name) => Number(new TextDecoder().decode(backend.get("meta", bytes(name)))));
      expect(counters).toEqual([index, index]);
      const young = Math.min(index, 20);
      expect([...backend.range("key", bytes(""), undefined)].length).toBe(young * 3 + (index - young));
      await backend.close();
    }
  });
});
