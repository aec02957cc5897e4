/** The fuzzer's eyes: what they are made to see is seen. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import type { Look } from "./probe-main.js";
import { makeProbe } from "./probed-node.js";
import { mistakeIn } from "./target.js";

/** Runs a program with the probe and looks once it has said something. */
async function lookAt(program: string): Promise<Look> {
  const probe = await makeProbe();
  const child = spawn(process.execPath, ["--expose-gc", "--import", probe.url, "-e", program], {
    stdio: ["ignore", "pipe", "ignore", "ipc"],
  });
  try {
    const message = once(child, "message");
    await Promise.race([once(child.stdout as NodeJS.ReadableStream, "data"), message]);
    if (child.connected) child.send("look", () => {});
    return (await message)[0] as Look;
  } finally {
    child.kill("SIGKILL");
    probe.remove();
  }
}

const READY = "console.log('ready'); setInterval(() => {}, 1000);";

describe("the probe sees", () => {
  it("a turn that takes 300 ms of a processor", async () => {
    const spin = "const c = process.cpuUsage(); while (process.cpuUsage(c).user < 300_000);";
    const program = `setTimeout(() => { ${spin} setTimeout(() => { ${READY} }, 100); }, 100);`;
    expect((await lookAt(program)).busyMs).toBeGreaterThan(200);
    expect((await lookAt(READY)).busyMs).toBeLessThan(200);
  });

  it("memory that is held, and files that are open", async () => {
    const idle = await lookAt(READY);
    const hold =
      "globalThis.held = [Buffer.alloc(1e8, 1), Array.from({ length: 20 }, () => fs.openSync('/dev/null'))];";
    const busy = await lookAt(`${hold} ${READY}`);
    expect(busy.heapBytes - idle.heapBytes).toBeGreaterThan(9e7);
    expect(busy.files - idle.files).toBeGreaterThanOrEqual(20);
  });

  it.each(["throw new Error('planted')", "Promise.reject(new Error('planted'))"])(
    "what nobody catches: %s",
    async (what) => {
      const { uncaught } = await lookAt(`setTimeout(() => { ${what} }, 100); setInterval(() => {}, 1000);`);
      expect(uncaught.join()).toContain("planted");
    },
  );
});

it("an answer that carries an error of JavaScript is a finding, and one of etcd's is none", () => {
  expect(mistakeIn("Cannot read properties of undefined (reading 'key')")).toBeDefined();
  expect(mistakeIn("x\n    at Node.range (node.js:1:1)")).toBeDefined();
  expect(mistakeIn("etcdserver: key is not provided")).toBeUndefined();
});
