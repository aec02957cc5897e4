/** The session in the README of the package, typed into a shell: what it shows must be what is printed. */
import { readFileSync } from "node:fs";
import { mkdir, symlink } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestServer } from "../support/etcd.js";
import { startKvorum } from "../support/kvorum.js";
import { temporaryDirectory } from "../support/process.js";
import { KVORUMCTL, start } from "./command.js";

const README = new URL("../../packages/cli/README.md", import.meta.url);

interface Step {
  readonly command: string;
  readonly shown: string;
}

describe("the README of the command line", () => {
  let node: TestServer;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

  beforeAll(async () => {
    node = await startKvorum({ flags: ["--heartbeat-interval", "500", "--election-timeout", "5000"] });
    directory = await temporaryDirectory("bin");
    await mkdir(`${directory.path}/bin`);
    await symlink(KVORUMCTL, `${directory.path}/bin/kvorumctl`);
  });
  afterAll(async () => {
    await node?.stop();
    await directory?.remove();
  });

  it("shows what is printed", async () => {
    const steps = sessionOf(readFileSync(README, "utf8"));
    expect(steps.length).toBeGreaterThan(5);
    const printed: Step[] = [];
    for (const { command } of steps) {
      // The program is called by the Node that runs the test, whatever the first one on the path is.
      const script = `kvorumctl() { '${process.execPath}' '${directory.path}/bin/kvorumctl' "$@"; }\n${command}`;
      const shell = start("sh", ["-c", script], { input: "", environment: { ETCDCTL_ENDPOINTS: node.endpoint } });
      await shell.ended;
      expect(shell.stderr()).toBe("");
      printed.push({ command, shown: shell.stdout() });
    }
    expect(printed).toEqual(steps);
  });
});

/** The first block of console: `$ command`, and below it what it prints. */
function sessionOf(markdown: string): Step[] {
  const [, block = ""] = /```console\n([\s\S]*?)```/.exec(markdown) ?? [];
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((step) => {
      const [command = "", ...lines] = step.split("\n");
      return { command, shown: lines.join("\n") };
    });
}
