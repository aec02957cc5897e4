/** The scripts for shells, in those shells that are here: a line is typed as far as it goes, and the shell says what may follow. */
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryDirectory } from "../support/process.js";
import { KVORUMCTL, start } from "./command.js";

function isHere(shell: string): boolean {
  try {
    execFileSync(shell, ["-c", "exit 0"], { stdio: "ignore" });
    return true;
  } catch {
    console.log(`kvorumctl's completion in ${shell} is skipped: no ${shell} command`);
    return false;
  }
}

describe.skipIf(!isHere("bash"))("completion in bash", () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

  beforeAll(async () => {
    directory = await temporaryDirectory("completion");
    await writeFile(`${directory.path}/saved one.db`, "");
    await writeFile(`${directory.path}/ca.pem`, "");
  });
  afterAll(async () => {
    await directory?.remove();
  });

  /** What bash would offer when the key is pressed at the end of the words, split as bash splits a line. */
  async function offered(...words: readonly string[]): Promise<string[]> {
    const quoted = words.map((word) => `'${word}'`).join(" ");
    const shell = start("bash", [
      "--norc",
      "-c",
      [
        `kvorumctl() { '${process.execPath}' '${KVORUMCTL}' "$@"; }`,
        "source <(kvorumctl completion bash)",
        `cd '${directory.path}'`,
        `COMP_WORDS=(kvorumctl ${quoted})`,
        `COMP_CWORD=${words.length}`,
        "$(complete -p kvorumctl | sed 's/.*-F \\([^ ]*\\) .*/\\1/')",
        'printf "%s\\n" "$' + '{COMPREPLY[@]}"',
      ].join("\n"),
    ]);
    expect(await shell.ended).toBe(0);
    expect(shell.stderr()).toBe("");
    return shell
      .stdout()
      .split("\n")
      .filter((line) => line !== "");
  }

  it.each<[readonly string[], readonly string[]]>([
    [["pu"], ["put"]],
    [
      ["member", ""],
      ["list", "add", "remove", "update", "promote"],
    ],
    [["get", "--prev"], []],
    [["put", "--prev"], ["--prev-kv"]],
    // As bash splits --write-out=f and --endpoints http://a:1,http://b:2.
    [["get", "--write-out", "=", "f"], ["fields"]],
    [
      ["get", "--write-out", "="],
      ["simple", "json", "fields", "table", "protobuf"],
    ],
    [["--endpoints", "http", ":", "//a", ":", "1,http", ":", "//b", ":", "2", "ele"], ["elect"]],
    [["snapshot", "status", "sav"], ["saved one.db"]],
    [["get", "k", "--cacert", "ca"], ["ca.pem"]],
  ])("%j", async (words, expected) => {
    expect((await offered(...words)).sort()).toEqual([...expected].sort());
  });
});

describe.each(["zsh", "fish"].filter(isHere))("completion in %s", (shell) => {
  it("is a script that the shell can read", async () => {
    const script = start(process.execPath, [KVORUMCTL, "completion", shell]);
    expect(await script.ended).toBe(0);
    const check = start(shell, ["-n"], { input: script.stdout() });
    expect({ code: await check.ended, stderr: check.stderr() }).toEqual({ code: 0, stderr: "" });
  });
});
