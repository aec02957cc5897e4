/** TypeScript blocks of a document as programs of their own: compiled as it stands, run against a server in place of the default. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import ts from "typescript";

const ROOT = new URL("../../", import.meta.url);

/** A document, by its path below the root. */
export function textOf(path: string): string {
  return readFileSync(new URL(path, ROOT), "utf8");
}

export function snippetsOf(path: string): string[] {
  return [...textOf(path).matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code ?? "");
}

/** JavaScript that asks `endpoint` where the block says `http://127.0.0.1:2379`. */
export function compiled(snippet: string, endpoint: string): string {
  const { outputText } = ts.transpileModule(snippet, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  return outputText.replaceAll("http://127.0.0.1:2379", endpoint);
}

export function execute(file: string): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [file], { timeout: 30_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, output: stdout + stderr });
    });
  });
}
