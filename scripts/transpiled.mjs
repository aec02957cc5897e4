/**
 * Test support that a campaign runs outside of vitest: the TypeScript files that an entry needs are stripped of their types
 * into a temporary folder, changed on the way if the caller wants, and can be imported from there. They are not part of
 * the build, so no package carries them.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, normalize, relative } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";

/** Types go, nothing else changes: the code that runs is the code that is written. */
const compilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  inlineSourceMap: true,
};

/**
 * @param {string} root the folder that keeps its shape in the copy
 * @param {string[]} entries paths below it
 * @param {(path: string, text: string) => string} [change] of a file's TypeScript, before its types go
 * @returns {{ urlOf(entry: string): string, remove(): void }}
 */
export function transpile(root, entries, change = (_, text) => text) {
  const target = mkdtempSync(join(tmpdir(), "kvorum-transpiled-"));
  writeFileSync(join(target, "package.json"), '{ "type": "module" }');
  const done = new Set();
  const queue = [...entries];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (done.has(path)) continue;
    done.add(path);
    const text = change(path, readFileSync(join(root, path), "utf8"));
    const { outputText } = ts.transpileModule(text, { compilerOptions, fileName: join(root, path) });
    const output = join(target, path.replace(/\.ts$/, ".js"));
    mkdirSync(dirname(output), { recursive: true });
    writeFileSync(output, outputText);
    for (const { fileName } of ts.preProcessFile(outputText).importedFiles) {
      if (fileName.startsWith(".")) queue.push(normalize(join(dirname(path), fileName.replace(/\.js$/, ".ts"))));
      else throw new Error(`${relative(process.cwd(), join(root, path))} needs ${fileName}, which is not ours`);
    }
  }
  return {
    urlOf: (entry) => pathToFileURL(join(target, entry.replace(/\.ts$/, ".js"))).href,
    remove: () => rmSync(target, { recursive: true, force: true }),
  };
}
