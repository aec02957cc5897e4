/**
 * `npm run verify`: everything that must hold before a change lands, short of the integration tests. It changes no file
 * of the tree (`npm run fix` is the one that rewrites). Every step runs, whatever the others found; then comes a table.
 *
 * With names of steps as arguments only those run: `npm run verify -- types lint`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packTarballs, staleFiles } from "./tarballs.mjs";
import { captureTool, install, PhaseError, requireNode, seconds, tools } from "./workspace.mjs";

const steps = {
  install: { about: "dependencies are as in the lockfile", run: install },
  types: { about: "every package compiles", run: () => tool(tools.tsc, "-b") },
  "test types": { about: "tests and scripts compile", run: () => tool(tools.tsc, "-p", "tsconfig.tests.json") },
  lint: { about: "biome: format and lint", run: () => tool(tools.biome, "check", "--error-on-warnings", ".") },
  tidy: { about: "directions of imports, purity, dead files", run: () => vitest("scripts/tidy.test.ts") },
  unit: { about: "unit tests", run: () => vitest("--exclude", "scripts/tidy.test.ts") },
  knip: { about: "no unused file, export or dependency", run: () => tool(tools.knip, "--no-progress") },
  packages: { about: "publint and attw on the packed tarballs", run: checkTarballs },
  docs: { about: "the reference has no dead link or hidden type", run: () => tool("scripts/docs.mjs", "--check") },
  generated: { about: "generated code is fresh", run: () => tool("scripts/generate.mjs", "--check") },
};

requireNode();
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => steps[name] === undefined);
if (unknown.length > 0) {
  console.error(`no such step: ${unknown.join(", ")}. Steps: ${Object.keys(steps).join(", ")}`);
  process.exit(2);
}
const rows = [];
for (const [name, { about, run }] of Object.entries(steps)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const start = performance.now();
  const problem = await problemOf(run);
  if (problem !== undefined) console.log(`\n--- ${name} ---\n${problem.trim()}\n`);
  rows.push({ name, about, passed: problem === undefined, time: seconds(start) });
}
for (const { name, about, passed, time } of rows) {
  console.log(`${passed ? "ok    " : "FAILED"}  ${time.padStart(8)}  ${name.padEnd(11)} ${about}`);
}
process.exitCode = rows.every(({ passed }) => passed) ? 0 : 1;

/** What a step complains of, or undefined. */
async function problemOf(run) {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error instanceof PhaseError ? `${error.output}\n${error.message}` : String(error.stack);
  }
}

async function tool(path, ...args) {
  const { code, output } = await captureTool(path, args, { env: { ...process.env, NO_COLOR: "1" } });
  if (code !== 0) throw new PhaseError(`exit code ${code}`, output);
}

function vitest(...args) {
  return tool(tools.vitest, "run", "--project", "unit", "--reporter", "dot", ...args);
}

/** Packs every public package as it would be published, and looks at the tarballs only. */
async function checkTarballs() {
  const stale = staleFiles();
  if (stale.length > 0) throw new PhaseError("compiled files without a source: remove them", stale.join("\n"));
  const target = mkdtempSync(join(tmpdir(), "kvorum-pack-"));
  try {
    const problems = [];
    for (const tarball of await packTarballs(target)) problems.push(...(await tarballProblems(tarball)));
    if (problems.length > 0) throw new PhaseError("the packages are not fit to publish", problems.join("\n"));
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}

async function tarballProblems(tarball) {
  const checks = [
    captureTool(tools.publint, ["run", tarball, "--strict"]),
    captureTool(tools.attw, [tarball, "--profile", "esm-only", "--no-color", "--no-emoji"]),
  ];
  return (await Promise.all(checks)).filter(({ code }) => code !== 0).map(({ output }) => output);
}
