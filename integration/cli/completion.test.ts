/** The scripts for shells, in those shells that are here: a line is typed as far as it goes, and the shell says what may follow. */
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
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

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  directory = await temporaryDirectory("completion");
  await writeFile(join(directory.path, "saved one.db"), "");
  await writeFile(join(directory.path, "ca.pem"), "");
});
afterAll(() => directory?.remove());

const PROGRAM = `'${process.execPath}' '${KVORUMCTL}'`;

async function outputOf(program: string, args: readonly string[]): Promise<string> {
  const environment = { HOME: directory.path, XDG_CONFIG_HOME: directory.path };
  const shell = start(program, args, { input: "", environment });
  expect([await shell.ended, shell.stderr()]).toEqual([0, ""]);
  return shell.stdout();
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

describe.skipIf(!isHere("bash"))("completion in bash", () => {
  /** What bash would offer when the key is pressed at the end of the words, split as bash splits a line. */
  async function offered(...words: readonly string[]): Promise<string[]> {
    const quoted = words.map((word) => `'${word}'`).join(" ");
    const script = [
      `kvorumctl() { ${PROGRAM} "$@"; }`,
      "source <(kvorumctl completion bash)",
      `cd '${directory.path}'`,
      `COMP_WORDS=(kvorumctl ${quoted})`,
      `COMP_CWORD=${words.length}`,
      "$(complete -p kvorumctl | sed 's/.*-F \\([^ ]*\\) .*/\\1/')",
      'printf "%s\\n" "$' + '{COMPREPLY[@]}"',
    ];
    return linesOf(await outputOf("bash", ["--norc", "-c", script.join("\n")]));
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

/** A line as it was typed, and the words that may stand at its end. */
const LINES: readonly (readonly [string, readonly string[]])[] = [
  ["pu", ["put"]],
  ["member ", ["list", "add", "remove", "update", "promote"]],
  ["get --prev", []],
  ["put --prev", ["--prev-kv"]],
  ["get --write-out=f", ["--write-out=fields"]],
  ["get --write-out=", ["simple", "json", "fields", "table", "protobuf"].map((form) => `--write-out=${form}`)],
  ["--endpoints http://a:1,http://b:2 ele", ["elect"]],
  ["snapshot status sav", ["saved one.db"]],
  ["get k --cacert ca", ["ca.pem"]],
];

/**
 * A shell with a terminal, for zsh completes only while somebody types. One key puts all that it would offer into the
 * line, another one writes the line to a file.
 */
const ZSH_SETTINGS = `
PS1=
autoload -Uz compinit && compinit -u -D
kvorumctl() { ${PROGRAM} "$@"; }
source <(kvorumctl completion zsh)
zle -C all-matches complete-word _generic
zstyle ':completion:all-matches:*' insert yes
zstyle ':completion:all-matches::::' completer _all_matches _complete
bindkey '^Xa' all-matches
tell() { print -r -- "$BUFFER" > answer.part && command mv answer.part answer; }
zle -N tell
bindkey '^Xt' tell
`;

/** Types the line that it is given, and prints what became of it; 20 s are long for that. */
const ZSH_TYPIST = `
cd "$1" && rm -f answer
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'source ./settings.zsh'
zpty -n -w shell "$2"$'\\C-xa\\C-xt'
for (( i = 0; i < 400; i++ )); do
  [[ -e answer ]] && break
  zpty -rt shell seen
  sleep 0.05
done
zpty -d shell
cat answer
`;

describe.skipIf(!isHere("zsh"))("completion in zsh", () => {
  it.each(LINES)("%s", async (typed, expected) => {
    await writeFile(join(directory.path, "settings.zsh"), ZSH_SETTINGS);
    const line = `kvorumctl ${typed}`;
    const answer = await outputOf("zsh", ["-f", "-c", ZSH_TYPIST, "zsh", directory.path, line]);
    const start = line.lastIndexOf(" ") + 1;
    expect(answer.slice(0, start)).toBe(line.slice(0, start));
    const words = answer.slice(start).match(/(?:\\.|[^\s\\])+/g) ?? [];
    const offered = words.map((word) => word.replaceAll("\\", "")).filter((word) => word !== line.slice(start));
    expect(offered.sort()).toEqual([...expected].sort());
  });
});

describe.skipIf(!isHere("fish"))("completion in fish", () => {
  it.each(LINES)("%s", async (typed, expected) => {
    const script = [
      `function kvorumctl; ${PROGRAM} $argv; end`,
      "kvorumctl completion fish | source",
      `cd '${directory.path}'`,
      `complete -C 'kvorumctl ${typed}'`,
    ];
    const offered = linesOf(await outputOf("fish", ["--no-config", "-c", script.join("\n")]));
    // Behind a tab stands what the word is for.
    expect(offered.map((word) => word.replace(/\t.*/, "")).sort()).toEqual([...expected].sort());
  });
});
