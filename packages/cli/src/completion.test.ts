/** What a shell is offered while a line is typed. */
import { describe, expect, it } from "vitest";
import { COMMANDS } from "./commands.js";
import { candidates } from "./completion.js";
import { GLOBAL_FLAGS } from "./settings.js";

async function offered(...words: readonly string[]): Promise<string[]> {
  return (await candidates(words, GLOBAL_FLAGS)).map(({ word }) => word);
}

describe("completion", () => {
  it("offers each first word once, and a family with all that it can", async () => {
    const found = await candidates([""], GLOBAL_FLAGS);
    expect(found.map(({ word }) => word)).toEqual([...new Set(COMMANDS.map(({ name }) => name.split(" ")[0]))]);
    expect(found.find(({ word }) => word === "lease")?.help).toBe("grant, keep-alive, list, revoke, timetolive");
  });

  it.each<[readonly string[], readonly string[]]>([
    [["ge"], ["get"]],
    [["nothing"], []],
    [["lease", "re"], ["revoke"]],
    [["lease", "grant", ""], []],
    [["--endpoints", "a:1,b:1", "le"], ["lease"]],
    [["--endpoints=a:1", "-w", "json", "me"], ["member"]],
    [["get", "--pre"], ["--prefix"]],
    [
      ["get", "k", "--key"],
      ["--keys-only", "--key"],
    ],
    [["lease", "list", "--pre"], []],
    [["get", "-w", "j"], ["json"]],
    [
      ["get", "-w", ""],
      ["simple", "json", "fields", "table", "protobuf"],
    ],
    [["get", "--write-out=t"], ["--write-out=table"]],
    [["get", "--order", "D"], ["DESCEND"]],
    [["get", "--rev", ""], []],
    [["get", "--cacert", "/e"], [":files"]],
    [["get", "--cert=/e"], [":files"]],
    [["snapshot", "save", ""], [":files"]],
    [["snapshot", "restore", "a.db", "--data-dir", ""], [":files"]],
    [
      ["completion", ""],
      ["bash", "zsh", "fish"],
    ],
    [["lock", "name", "--", "ge"], []],
    [[], [...new Set(COMMANDS.map(({ name }) => name.split(" ")[0] as string))]],
  ])("%j", async (words, expected) => {
    expect((await offered(...words)).sort()).toEqual([...expected].sort());
  });

  it("offers every command and every flag that is not hidden", async () => {
    for (const { name, load } of COMMANDS) {
      const words = name.split(" ");
      expect(await offered(...words.slice(0, -1), words.at(-1) ?? "")).toContain(words.at(-1));
      const shown = Object.entries((await load()).flags).filter(([, { isHidden }]) => isHidden !== true);
      expect(await offered(...words, "--")).toEqual(expect.arrayContaining(shown.map(([flag]) => `--${flag}`)));
    }
  });
});
