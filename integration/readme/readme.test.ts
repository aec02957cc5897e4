/** The README's TypeScript runs as it stands: each block is compiled and executed against a node of its own. */
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestServer } from "../support/etcd.js";
import { startKvorum } from "../support/kvorum.js";

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

interface Snippet {
  readonly name: string;
  readonly code: string;
}

function snippetsOf(document: string): Snippet[] {
  const text = readFileSync(new URL(`../../${document}`, import.meta.url), "utf8");
  return [...text.matchAll(/^```ts\n(.*?)^```/gms)].map((match, i) => ({
    name: `${document}, block ${i + 1}`,
    code: match[1] ?? "",
  }));
}

function execute(file: string): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [file], { timeout: 30_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, output: stdout + stderr });
    });
  });
}

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

  const snippets = DOCUMENTS.flatMap(snippetsOf);

  it("are there", () => {
    expect(snippets.length).toBeGreaterThanOrEqual(4);
  });

  for (const [i, snippet] of snippets.entries()) {
    it(`${snippet.name} runs`, async () => {
      const { outputText } = ts.transpileModule(snippet.code, {
        compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
      });
      const file = `${SCRATCH}/snippet-${i}.mjs`;
      writeFileSync(file, outputText.replaceAll("http://127.0.0.1:2379", server.endpoint));
      const { code, output } = await execute(file);
      expect(code, output).toBe(0);
    });
  }
});
