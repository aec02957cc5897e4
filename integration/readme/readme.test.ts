/** The README's TypeScript runs as it stands: each block is compiled and executed against a node of its own. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestServer } from "../support/etcd.js";
import { startKvorum } from "../support/kvorum.js";
import { compiled, execute, snippetsOf } from "./snippets.js";

/** Inside this package, so that `@kvorum/*` resolves as it does for its users. */
const SCRATCH = fileURLToPath(new URL("../dist/readme", import.meta.url));
const DOCUMENTS = [
  "README.md",
  "proto/README.md",
  "packages/transport/README.md",
  "packages/client/README.md",
  "packages/concurrency/README.md",
  "packages/server/README.md",
];

describe("the snippets of the documents", () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startKvorum();
    mkdirSync(SCRATCH, { recursive: true });
  });

  afterAll(async () => {
    await server.stop();
    rmSync(SCRATCH, { recursive: true, force: true });
  });

  const snippets = DOCUMENTS.flatMap((document) =>
    snippetsOf(document).map((code, i) => ({ name: `${document}, block ${i + 1}`, code })),
  );

  it("are there", () => {
    expect(snippets.length).toBeGreaterThanOrEqual(4);
  });

  for (const [i, snippet] of snippets.entries()) {
    it(`${snippet.name} runs`, async () => {
      const file = `${SCRATCH}/snippet-${i}.mjs`;
      writeFileSync(file, compiled(snippet.code, server.endpoint));
      const { code, output } = await execute(file);
      expect(code, output).toBe(0);
    });
  }
});
