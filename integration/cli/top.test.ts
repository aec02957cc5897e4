/** `kvorumctl top` on a cluster of three: under a pseudo terminal, in a pipe, once, and with a member that goes away. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@kvorum/client";
import { type KvorumCluster, startCluster } from "@kvorum/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kvorumctl } from "./in-process.js";

const PROGRAM = new URL("../../packages/cli/dist/main.js", import.meta.url).pathname;

function scriptMissing(): string | undefined {
  try {
    execFileSync("script", ["--version"]);
    return undefined;
  } catch {
    return "no script command (util-linux)";
  }
}

let cluster: KvorumCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster?.close());

const flags = (): string[] => ["--endpoints", cluster.endpoints.join(), "top", "--interval", "300ms"];

async function whileWriting<T>(work: () => Promise<T>): Promise<T> {
  await using client = createClient({ endpoints: cluster.endpoints, syncMembers: false });
  let stopped = false;
  const writing = (async () => {
    for (let i = 0; !stopped; i++) await client.put(`k${i % 100}`, "v");
  })();
  try {
    return await work();
  } finally {
    stopped = true;
    await writing;
  }
}

describe("kvorumctl top", () => {
  it("shows the cluster once, with rates between two looks", async () => {
    // Longer than a member may lag behind on a busy machine.
    const { code, stdout, stderr } = await whileWriting(() => kvorumctl([...flags(), "--interval", "1s", "--once"]));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toMatch(
      /^cluster [0-9a-f]+ {2}members 3\/3 {2}leader n\d {2}revision \d+ \(\+[\d.]+\/s\) {2}leases 0/,
    );
    expect(lines[1]).toBe("alarms none");
    expect(lines.slice(4).map((line) => line.split(/ +/)[0])).toEqual(["n1", "n2", "n3"]);
    expect(lines.filter((line) => / leader /.test(line) && line.startsWith("n"))).toHaveLength(1);
    // From the members' metrics: every member applies every put.
    for (const line of lines.slice(4)) expect(Number(line.split(/ +/)[10])).toBeGreaterThan(0);
  });

  it("writes a line a period where nobody sits before it, and JSON where that is asked for", async () => {
    const abort = new AbortController();
    const running = kvorumctl(flags(), {
      signal: abort.signal,
      onOutput: (text) => text.split("\n").length > 3 && abort.abort(new Error("enough")),
    });
    const { code, stdout } = await running;
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    for (const line of lines)
      expect(line).toMatch(/^\S+Z members=3\/3 leader=n\d revision=\d+ writes\/s=\S+ .* alarms=none$/);
    expect(stdout).not.toContain("\u001b");
    const json = JSON.parse((await kvorumctl([...flags(), "--once", "-w", "json"])).stdout) as {
      members: { name: string }[];
    };
    expect(json.members.map(({ name }) => name)).toEqual(["n1", "n2", "n3"]);
  });

  it("tells of a member that is down, and goes on", async () => {
    const follower = [...cluster.nodes].find(([, node]) => !node.isLeader)?.[0] as string;
    await cluster.stop(follower);
    try {
      const { code, stdout } = await kvorumctl([...flags(), "--once"]);
      expect(code).toBe(0);
      expect(stdout).toContain("members 2/3");
      expect(stdout).toMatch(new RegExp(`^${follower} +down `, "m"));
    } finally {
      await cluster.start(follower);
    }
  });

  it("refuses an interval that asks too much, and says when nobody answers", async () => {
    expect(await kvorumctl(["top", "--interval", "1ms"])).toMatchObject({
      code: 128,
      stderr: "Error: --interval must be at least 100ms\n",
    });
    const nobody = await kvorumctl(["--endpoints", "127.0.0.1:1", "--command-timeout", "1s", "top"]);
    expect(nobody.code).toBe(1);
    expect(nobody.stderr).toContain("127.0.0.1:1");
  });

  const missing = scriptMissing();
  if (missing !== undefined) console.log(`skipped: top under a pseudo terminal: ${missing}`);
  it.skipIf(missing !== undefined)("redraws in place on a terminal and gives the screen back", async () => {
    const line = [process.execPath, PROGRAM, ...flags()].map((word) => `'${word}'`).join(" ");
    // Whoever runs the tests may want no colours in what they print.
    const env = { ...process.env, NO_COLOR: "" };
    const child = spawn("script", ["-qefc", line, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"], env });
    let screen = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      screen += text;
    });
    const redraws = (): number => screen.split("\u001b[H").length - 1;
    while (redraws() < 3) await sleep(50);
    child.stdin.write("\u0003");
    await once(child, "exit");
    expect(screen.indexOf("\u001b[?1049h\u001b[?25l")).toBe(0);
    expect(screen.trimEnd().endsWith("\u001b[?25h\u001b[?1049l")).toBe(true);
    expect(screen).toContain("members 3/3");
    // The leader's line is painted.
    expect(screen.split("\u001b[32m")[1]).toMatch(/^n\d +leader /);
  });
});
