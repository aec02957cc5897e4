/** The command as it is called, on the built files: everything small, and little of it. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it, vi } from "vitest";

const MAIN = fileURLToPath(new URL("dist/main.js", import.meta.url));
const bench = (...args: string[]) => promisify(execFile)(process.execPath, [MAIN, ...args]);

it("measures a put on each server and prints what it has cost", async () => {
  const { stdout } = await bench("--quick", "--seconds", "0.2", "--only", "put-random");
  expect(stdout).toMatch(/^put of random keys, 10 connections, 100 clients \(put-random\)$/m);
  expect(stdout).toMatch(/^ {2}throughput +[\d,]+\/s/m);
  expect(stdout).toMatch(/^ {2}p99\.9 +[\d.,]+ ms/m);
}, 60_000);

it("a mistake is told with what could have been said", async () => {
  await expect(bench("--only", "everything")).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^--only everything: there is no such group[\s\S]*--list/),
  });
});

it("leaves no server and no data behind when it is interrupted", async () => {
  const directory = await mkdtemp(join(tmpdir(), "kvorum-interrupted-"));
  const child = spawn(process.execPath, [MAIN, "--seconds", "60", "--rounds", "1", "--only", "put-1-1"], {
    env: { ...process.env, TMPDIR: directory },
  });
  // A server has begun to write.
  await vi.waitUntil(async () => (await readdir(directory, { recursive: true })).length > 2, { timeout: 30_000 });
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([1, null]);
  expect(await readdir(directory)).toEqual([]);
  await rm(directory, { recursive: true });
}, 60_000);
