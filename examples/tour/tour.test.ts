/** The tour as `npm start` runs it: played to the end, interrupted, and serving. */
import { existsSync } from "node:fs";
import { createClient } from "@kvorum/client";
import { describe, expect, it } from "vitest";
import { runExample, startExample, untilPrinted } from "../../integration/support/example.js";

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe("the tour", () => {
  it("plays every step against a real node and ends with 0", async () => {
    const { code, output } = await runExample("tour");
    expect(output).toMatch(/8 steps of 8 in /);
    expect(output).toMatch(/ ✓ {2}The node killed and restarted .*writes, none lost, back in \d+ ms/);
    // Neither colour nor spinner where the output is no terminal.
    expect(output).not.toContain("\x1b");
    expect(code, output).toBe(0);
    const pid = Number(/process (\d+), ready/.exec(output)?.[1]);
    expect(isAlive(pid)).toBe(false);
  });

  it("takes the node and its data along when it is interrupted", async () => {
    const tour = await startExample("tour");
    const pid = Number(await untilPrinted(tour, /process (\d+), ready/));
    await untilPrinted(tour, /A lease that expires/);
    expect(await tour.stop("SIGINT")).toBe(130);
    for (let i = 0; isAlive(pid) && i < 100; i++) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isAlive(pid)).toBe(false);
  });

  it("serves until it is told to stop", async () => {
    const tour = await startExample("tour", ["--serve"]);
    const directory = await untilPrinted(tour, /Data in (\S+),/);
    const endpoint = await untilPrinted(tour, /etcdctl --endpoints (\S+) put greeting hello/);
    expect(existsSync(directory)).toBe(true);
    {
      await using client = createClient({ endpoints: endpoint });
      await client.put("greeting", "hello");
      expect((await client.get("greeting"))?.value).toBe("hello");
    }
    expect(await tour.stop("SIGTERM")).toBe(0);
    expect(existsSync(directory)).toBe(false);
  });

  it("says what it can be told, and what it cannot", async () => {
    expect(await runExample("tour", ["--help"])).toMatchObject({ code: 0, output: expect.stringContaining("--serve") });
    expect(await runExample("tour", ["--sreve"])).toMatchObject({
      code: 2,
      output: expect.stringContaining("--sreve"),
    });
  });
});
