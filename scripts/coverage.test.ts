/** The coverage of etcd's surface is complete, its evidence exists, and its page is fresh. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { builtServer } from "./coverage-table/built.mjs";
import { type Coverage, coverageOf, isThere } from "./coverage-table/coverage.mjs";
import { renderCoverage } from "./coverage-table/render.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

describe("the coverage of etcd's surface", () => {
  let coverage: Coverage;
  beforeAll(async () => {
    coverage = coverageOf(root, await builtServer(root));
  });

  it("has evidence or a reason for every row", () => {
    const bare = coverage.sections.flatMap(({ rows }) => rows).filter(({ how }) => how === "none");
    expect(bare.map(({ kind, name }) => `${kind} ${name}`)).toEqual([]);
  });

  it("has rows of every kind, as many as the facts have", () => {
    const counts = coverage.sections.map(({ title, rows }) => `${title} ${rows.length > 30}`);
    expect(counts).toEqual(
      [
        ...["Methods", "Fields of requests", "Fields of answers", "Values of enums"],
        ...["Errors", "HTTP", "Flags", "Metrics"],
      ].map((title) => `${title} true`),
    );
  });

  it("has every method compared with etcd, or held against its contract, in a run", () => {
    const [methods] = coverage.sections;
    expect(methods?.rows.filter(({ how }) => how !== "run")).toEqual([]);
  });

  it("has every core flag carried", () => {
    const flags = coverage.sections.find(({ title }) => title === "Flags")?.rows ?? [];
    const core = flags.filter((row) => "since" in row && row.since === "core");
    expect(core.length).toBeGreaterThan(50);
    expect(core.filter(({ how }) => how === "reason").map(({ name }) => name)).toEqual([]);
  });

  it("names tests that exist", () => {
    expect(coverage.citations.length).toBeGreaterThan(40);
    expect(coverage.citations.filter((citation) => !isThere(root, citation))).toEqual([]);
  });

  it("gives no reason for what is shown or unknown", () => {
    expect(coverage.idle).toEqual([]);
  });

  it("is on a fresh page (else: npm run build && node scripts/coverage.mjs)", () => {
    expect(readFileSync(new URL("../docs/coverage.md", import.meta.url), "utf8")).toBe(renderCoverage(coverage));
  });
});
