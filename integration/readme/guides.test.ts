/**
 * The guides' TypeScript runs as it stands, block after block, one process a guide; and each `console.log` prints what the comment
 * behind it says, in the order of the lines. What a guide names (tests, other guides) is there.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestServer } from "../support/etcd.js";
import { startKvorum } from "../support/kvorum.js";
import { compiled, execute, snippetsOf, textOf } from "./snippets.js";

/** Inside this package, so that `@kvorum/*` resolves as it does for its users. */
const SCRATCH = fileURLToPath(new URL("../dist/guides", import.meta.url));
const ROOT = new URL("../../", import.meta.url);
const GUIDES = [
  ...["connect", "watch", "leases", "errors-and-retries", "configuration", "migrate-from-etcd3", "tls"],
  ...["locks", "leader-election", "transactions", "work-queues", "service-discovery"],
  "monitoring",
];
const BETWEEN = "-- next block --";

/** What the comments behind prints say, one line each. A call that prints by way of a listener may have one too. */
function promisedBy(block: string): string {
  return block
    .split("\n")
    .map((line) => /(?:console\.log\(.*\);|revoke\(\);) \/\/ (.*)$/.exec(line)?.[1])
    .filter((text) => text !== undefined)
    .join("\n");
}

describe("the guides", () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startKvorum();
    mkdirSync(SCRATCH, { recursive: true });
  });

  afterAll(async () => {
    await server.stop();
    rmSync(SCRATCH, { recursive: true, force: true });
  });

  it.concurrent.each(GUIDES)("%s does what it shows", async (guide) => {
    const blocks = snippetsOf(`docs/guides/${guide}.md`);
    const files = blocks.map((block, i) => {
      const name = `${guide}-${i}.mjs`;
      writeFileSync(`${SCRATCH}/${name}`, compiled(block, server.endpoint).replaceAll("/var/lib/app/", `${SCRATCH}/`));
      return `await import("./${name}");`;
    });
    const main = `${SCRATCH}/${guide}.mjs`;
    writeFileSync(main, files.join(`\nconsole.log("${BETWEEN}");\n`));
    const { code, output } = await execute(main);
    expect(code, output).toBe(0);
    const printed = output.split(BETWEEN).map((part) => part.trim());
    expect(printed).toEqual(blocks.map(promisedBy));
    expect(printed.filter((part) => part !== "").length).toBeGreaterThanOrEqual(2);
  });

  it.each([...GUIDES, "README"])("%s names only what there is", (guide) => {
    const text = textOf(`docs/guides/${guide}.md`);
    const tests = [...text.matchAll(/`((?:packages|integration)\/[^`\s]+\.ts)`/g)].map(([, path = ""]) => path);
    const links = [...text.matchAll(/\]\((?!http)([^)#]+)/g)].map(([, path = ""]) => `docs/guides/${path}`);
    expect(tests.length + links.length).toBeGreaterThan(0);
    expect([...tests, ...links].filter((path) => !existsSync(new URL(path, ROOT)))).toEqual([]);
  });
});
