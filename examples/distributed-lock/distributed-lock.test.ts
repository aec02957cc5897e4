/** The story of the paused lock holder, run as a user runs it. */
import { describe, expect, it } from "vitest";
import { runExample, startExample, untilPrinted } from "../../integration/support/example.js";
import { startKvorum } from "../../integration/support/kvorum.js";

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe("distributed-lock", () => {
  it("loses updates without fencing and refuses the stale write with it", async () => {
    const server = await startKvorum();
    try {
      const { code, output } = await runExample("distributed-lock", ["--endpoints", server.endpoint]);
      expect(output).toMatch(/unfenced {2}2 acknowledged lines are lost/);
      expect(output).toMatch(/worker 1 {2}was refused/);
      expect(output).toMatch(/fenced {4}the stale write was refused, nothing is lost/);
      expect(output).toContain('document: "worker 2 was here", "worker 3 was here", "worker 1 was here"');
      expect(code, output).toBe(0);
    } finally {
      await server.stop();
    }
  });

  it("leaves no paused process behind when it is interrupted", async () => {
    const example = await startExample("distributed-lock");
    const pid = Number(await untilPrinted(example, /SIGSTOP, pid (\d+)/));
    expect(isAlive(pid)).toBe(true);
    expect(await example.stop("SIGINT")).toBe(130);
    for (let i = 0; isAlive(pid) && i < 100; i++) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isAlive(pid)).toBe(false);
  });
});
