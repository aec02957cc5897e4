/** Every example of the guide to testing is a test, and passes. */
import { readFile } from "node:fs/promises";
import * as client from "@kvorum/client";
import * as testing from "@kvorum/client/testing";
import * as concurrency from "@kvorum/concurrency";
import { transform } from "esbuild";
import { describe, expect, it } from "vitest";

const GUIDE = new URL("../../docs/guides/testing-your-app.md", import.meta.url);

type Case = { readonly name: string; readonly run: () => Promise<void> };

/** Runs a block as a module whose imports are these, and gives the tests that it declares. */
async function casesOf(block: string): Promise<Case[]> {
  const cases: Case[] = [];
  const declare = Object.assign((name: string, run: () => Promise<void>) => cases.push({ name, run }), {
    each:
      (values: readonly number[]) =>
      (name: string, run: (value: number) => Promise<void>): void => {
        for (const value of values) cases.push({ name: name.replace("%i", String(value)), run: () => run(value) });
      },
  });
  const modules = {
    "@kvorum/client": client,
    "@kvorum/client/testing": testing,
    "@kvorum/concurrency": concurrency,
    vitest: { expect, it: declare },
  };
  const { code } = await transform(block, { loader: "ts", target: "es2022", format: "esm" });
  const body = code.replace(/^import (\{[^}]*\}) from "([^"]+)";$/gm, 'const $1 = modules["$2"];');
  new Function("modules", body)(modules);
  return cases;
}

describe("the guide to testing an application", async () => {
  const guide = await readFile(GUIDE, "utf8");
  const blocks = [...guide.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block = ""]) => block);

  it("has an example for each of its parts", () => {
    expect(blocks.length).toBe(8);
  });

  for (const block of blocks) {
    for (const { name, run } of await casesOf(block)) it(name, run);
  }
});
