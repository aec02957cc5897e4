/** The README's example runs, and is the one in the README. */
import { readFile } from "node:fs/promises";
import { startNode } from "@kvorum/server";
import { describe, expect, it } from "vitest";
import { example } from "./readme-example.js";

/** The lines of an example without indentation, blank lines and the address, which is the test's own. */
const lines = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim().replace(/endpoints: \[[^\]]*\]/, "endpoints: []"))
    .filter((line) => line !== "");

describe("the README of the client", () => {
  it("has an example that does what it says", async () => {
    await using node = await startNode();
    const printed: unknown[][] = [];
    expect(await example(node.endpoints[0] ?? "", { log: (...parts) => printed.push(parts) })).toBe(true);
    expect(printed).toEqual([
      ["jobs", "4"],
      ["jobs", "5"],
      ["me", "here"],
    ]);
  });

  it("shows the example that is run", async () => {
    const at = (path: string): URL => new URL(path, import.meta.url);
    const readme = await readFile(at("../../packages/client/README.md"), "utf8");
    const source = await readFile(at("./readme-example.ts"), "utf8");
    const shown = lines(/```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "");
    const run = lines(source).filter((line) => !line.startsWith("/**") && !line.startsWith("export async function"));
    expect(shown).toEqual(run.slice(0, -2));
  });
});
