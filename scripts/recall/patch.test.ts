/** Patches rot when the sources move on; this notices on the day. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { bugOf, claimText, planted, readBugs } from "./patch.mjs";
import { readTable } from "./table.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const HEAD = "etcd #1: two and two were five.\n\nCaught-by: scenario two-and-two\n\n";
const DIFF =
  "--- a/sum.ts\n+++ b/sum.ts\n@@ -1,3 +1,3 @@\n const a = 2;\n-const sum = a + 2;\n+const sum = a + 3;\n tell(sum);\n";
const SOURCE = "const a = 2;\nconst sum = a + 2;\ntell(sum);\n";

describe("a historic bug as a patch", () => {
  it("is planted where it fits, also when lines came before it", () => {
    const bug = bugOf("01-sum.patch", HEAD + DIFF);
    expect(bug).toMatchObject({ number: 1, name: "sum", about: "etcd #1: two and two were five." });
    expect(claimText(bug.claim)).toBe("scenario two-and-two");
    expect(planted(bug, "sum.ts", SOURCE)).toBe(SOURCE.replace("a + 2", "a + 3"));
    expect(planted(bug, "sum.ts", `\n\n${SOURCE}`)).toBe(`\n\n${SOURCE.replace("a + 2", "a + 3")}`);
  });

  it("is refused where one line of its surroundings differs, with the patch and the hunk named", () => {
    const bug = bugOf("01-sum.patch", HEAD + DIFF);
    expect(() => planted(bug, "sum.ts", SOURCE.replace("tell", "say"))).toThrow(
      /01-sum\.patch: hunk 1 \(line 1\) does not fit sum\.ts/,
    );
    const second = `${DIFF}@@ -10,2 +10,2 @@\n const b = 1;\n-tell(b);\n+tell(a);\n`;
    expect(() => planted(bugOf("01-sum.patch", HEAD + second), "sum.ts", SOURCE)).toThrow(/hunk 2 \(line 10\)/);
  });

  it("is refused without a claim, without words, under another name or with a new file", () => {
    expect(() => bugOf("01-sum.patch", `words\n${DIFF}`)).toThrow(/0 lines "Caught-by:"/);
    expect(() => bugOf("01-sum.patch", `Caught-by: nothing\n${DIFF}`)).toThrow(/does not say what the bug is/);
    expect(() => bugOf("01-sum.patch", `words\nCaught-by: luck\n${DIFF}`)).toThrow(/Caught-by: luck/);
    expect(() => bugOf("sum.patch", HEAD + DIFF)).toThrow(/not named/);
    expect(() => bugOf("01-sum.patch", HEAD)).toThrow(/has no diff/);
    expect(() => bugOf("01-sum.patch", HEAD + DIFF.replace("--- a/sum.ts", "--- /dev/null"))).toThrow(
      /creates, removes/,
    );
  });

  it("every one in the folder fits today's sources and changes them", () => {
    for (const bug of readBugs()) {
      for (const path of bug.files.keys()) {
        const source = readFileSync(`${root}${path}`, "utf8");
        expect(planted(bug, path, source), bug.file).not.toBe(source);
      }
    }
  });

  it("the table has a row for each of the 47, and says what the patch says or why there is none", () => {
    const rows = readTable();
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 47 }, (_, i) => i + 1));
    const claims = new Map(readBugs().map(({ number, claim }) => [number, claimText(claim)]));
    for (const { number, caughtBy, leftOut } of rows) {
      expect(leftOut === undefined ? caughtBy : undefined, `row ${number}`).toBe(claims.get(number));
    }
  });
});
