/** The guide to the command line, typed into one bash from top to bottom: what it shows must be what is printed. */
import { chmod, readFile, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { startKvorum } from "../support/kvorum.js";
import { temporaryDirectory } from "../support/process.js";
import { KVORUMCTL, start } from "./command.js";

const GUIDE = new URL("../../docs/guides/kvorumctl.md", import.meta.url);
/** Stands alone in a line where a step begins; nothing in the guide prints it. */
const BEGIN = "=== next step ===";

interface Step {
  readonly command: string;
  readonly shown: string;
}

it("the guide shows what is printed", { timeout: 300_000 }, async () => {
  const steps = stepsOf(await readFile(GUIDE, "utf8"));
  expect(steps.length).toBeGreaterThan(30);
  const node = await startKvorum({ flags: ["--heartbeat-interval", "500", "--election-timeout", "5000"] });
  const directory = await temporaryDirectory("tour");
  try {
    const program = `${directory.path}/kvorumctl`;
    await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${KVORUMCTL}' "$@"\n`);
    await chmod(program, 0o755);
    // In braces, so that variables live on from step to step.
    const lines = steps.map(({ command }) => `echo '${BEGIN}'\n{ ${command}\n} 2>&1\n`);
    const environment = { MEMBER: node.endpoint, PATH: `${directory.path}:${process.env["PATH"]}` };
    const shell = start("bash", ["--norc", "-c", lines.join("")], { input: "", environment });
    expect(await shell.ended).toBe(0);
    const shown = shell.stdout().split(`${BEGIN}\n`).slice(1);
    expect(steps.map(({ command }, at) => ({ command, shown: shown[at] }))).toEqual(steps);
  } finally {
    await node.stop();
    await directory.remove();
  }
});

/** The steps of every block of console: `$ command`, its further lines behind `>`, and below what it prints. */
function stepsOf(markdown: string): Step[] {
  return [...markdown.matchAll(/```console\n([\s\S]*?)```/g)].flatMap(([, block = ""]) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((step) => {
        const [, command = "", shown = ""] = /^(.*\n(?:>.*\n)*)([\s\S]*)$/.exec(step) ?? [];
        return { command: command.replace(/^> ?/gm, "").trimEnd(), shown };
      }),
  );
}
