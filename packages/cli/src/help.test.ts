/** The help of every command, as a person reads it in a pipe or on a narrow terminal. */
import { describe, expect, it } from "vitest";
import { COMMANDS } from "./commands.js";
import { helpText, similarCommands } from "./help.js";

const plain = { paint: (text: string): string => text };
const narrow = { ...plain, columns: 60, isInteractive: true };
const pipe = { ...plain, columns: 80, isInteractive: false };

describe("the help", () => {
  it("lists every command with its summary", async () => {
    const text = (await helpText([], undefined, pipe)).replace(/\s+/g, " ");
    for (const { name, summary } of COMMANDS) expect(text).toContain(`${name} ${summary}`);
  });

  it.each(COMMANDS.map((entry) => [entry.name, entry] as const))(
    "of %s shows its usage and flags, wrapped once",
    async (name, entry) => {
      const { usage, flags } = await entry.load();
      const text = await helpText(name.split(" "), entry, pipe);
      expect(text).toContain(`Usage: kvorumctl ${name}${usage === "" ? " [options]" : ` ${usage}`}\n`);
      for (const [flag, { isHidden }] of Object.entries(flags))
        expect(text.includes(`--${flag}`)).toBe(isHidden !== true);
      expect(text).not.toContain("(default: )");
      // A line that ends early, with its paragraph going on, was broken by whoever wrote it.
      const lines = text.slice(0, text.indexOf("Global flags:")).split("\n");
      const early = lines.filter((line, at) => {
        const [next = ""] = (lines[at + 1] ?? "").split(" ");
        return /^\S/.test(line) && next !== "" && line.length + 1 + next.length <= 105;
      });
      expect(early).toEqual([]);
      const wide = (await helpText(name.split(" "), entry, narrow)).split("\n");
      expect(wide.filter((line) => line.length > 60 && !/^(Usage:|\s+(-|\S+$))/.test(line))).toEqual([]);
    },
  );

  it("knows what was meant, among what may stand there", () => {
    expect(similarCommands([], "gte")).toEqual(["get"]);
    expect(similarCommands(["user"], "grant")).toEqual(["grant-role"]);
    expect(similarCommands(["member"], "nothing-like-it")).toEqual([]);
  });
});
