/** The list of sites and the code say the same. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { FAILPOINT_SITES } from "./failpoint-sites.js";

const SOURCE = fileURLToPath(new URL(".", import.meta.url));

/** What stands between the parentheses of every hit in the text; the name, or both names of a choice. */
function sitesHitIn(text: string): string[] {
  return [...text.matchAll(/failpoints\.hit\(([^)]*)\)/g)].flatMap(([, argument = ""]) =>
    [...argument.matchAll(/"([^"]*)"/g)].map(([, site = ""]) => site),
  );
}

async function sitesHit(): Promise<readonly string[]> {
  const names = await readdir(SOURCE, { recursive: true });
  const sources = names.filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  return (await Promise.all(sources.map((name) => readFile(join(SOURCE, name), "utf8")))).flatMap(sitesHitIn);
}

describe("the failpoint sites", () => {
  it("are each hit by one place in the code, and no other is", async () => {
    expect([...(await sitesHit())].sort()).toEqual([...FAILPOINT_SITES].sort());
  });

  it("are named by what they belong to, the moment, and the step", () => {
    for (const site of FAILPOINT_SITES) expect(site).toMatch(/^[a-z]+-(before|after)(-[a-z]+)*$/);
    expect(new Set(FAILPOINT_SITES).size).toBe(FAILPOINT_SITES.length);
  });

  it("are found where a hit chooses between two", () => {
    expect(sitesHitIn('failpoints.hit(a ? "x-before" : "x-after"); this.#failpoints.hit("y"); hit("z")')).toEqual([
      "x-before",
      "x-after",
      "y",
    ]);
  });
});
