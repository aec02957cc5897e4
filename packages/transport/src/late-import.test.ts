/** Loading late, from packages that are links, in a process that has just looked at a pipe. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";
import { afterAll, beforeAll, expect, it } from "vitest";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const SOURCE = fileURLToPath(new URL("late-import.ts", import.meta.url));

/** Looks at its own output, which is a pipe, after a link has been followed for another package. */
const PROGRAM = `
import { fstatSync } from "node:fs";
import { lateImport } from "./late-import.mjs";
await import("@bufbuild/protobuf");
fstatSync(1);
const { Metadata } = await lateImport(() => import("@grpc/grpc-js"));
console.log(typeof Metadata);
`;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(PACKAGE, "node_modules", ".late-import-"));
  const options = { module: ts.ModuleKind.ES2022, target: ts.ScriptTarget.ES2022 };
  const { outputText } = ts.transpileModule(await readFile(SOURCE, "utf8"), { compilerOptions: options });
  await writeFile(join(directory, "late-import.mjs"), outputText);
  await writeFile(join(directory, "program.mjs"), PROGRAM);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

it("finds what a linked package requires", async () => {
  // A pipe of the shell's, as those of Node are sockets; and without `NODE_PATH`, where pnpm says where else things are.
  const line = `"${process.execPath}" "${join(directory, "program.mjs")}" | cat`;
  const { stdout } = await promisify(execFile)("sh", ["-c", line], { env: { PATH: process.env["PATH"] } });
  expect(stdout).toBe("function\n");
});
