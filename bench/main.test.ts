/** The command as it is called, on the built files: everything small, and little of it. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const MAIN = fileURLToPath(new URL("dist/main.js", import.meta.url));
const bench = (...args: string[]) => promisify(execFile)(process.execPath, [MAIN, ...args]);

it("measures a put on each server and prints what it has cost", async () => {
  const { stdout } = await bench("--quick", "--seconds", "0.2", "--only", "put-random");
  expect(stdout).toMatch(/^put of random keys, 10 connections, 100 clients \(put-random\)$/m);
  expect(stdout).toMatch(/^ {2}throughput +[\d,]+\/s/m);
  expect(stdout).toMatch(/^ {2}p99\.9 +[\d.,]+ ms/m);
}, 20_000);

it("a mistake is told with what could have been said", async () => {
  await expect(bench("--only", "everything")).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^--only everything: there is no such group[\s\S]*--list/),
  });
});
