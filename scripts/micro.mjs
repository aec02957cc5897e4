/**
 * Micro-benchmarks of the hot code: operations a second of processor time, beside those of the commit that wrote
 * `bench/micro/baseline.json`. Nothing is asserted: another machine has other figures. Build first.
 *
 *   node scripts/micro.mjs [--seconds N] [--baseline]
 *
 * `--baseline` writes the file anew.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { importSources } from "./import-sources.mjs";
import { wholeNumber } from "./whole-number.mjs";
import { root } from "./workspace.mjs";

const BASELINE = `${root}bench/micro/baseline.json`;

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "1" }, baseline: { type: "boolean", default: false } },
});
const seconds = wholeNumber("seconds", values.seconds);
const before = existsSync(BASELINE) ? JSON.parse(readFileSync(BASELINE, "utf8")) : { perCpuSecond: {} };
if (before.machine !== undefined) console.log(`beside ${before.commit} on ${before.machine}, Node ${before.node}`);

const { measureAll } = await importSources("bench/micro/micro-main.ts");
const perCpuSecond = {};
for (const [name, value] of measureAll(seconds)) {
  perCpuSecond[name] = Math.round(value);
  const earlier = before.perCpuSecond[name];
  const ratio = earlier === undefined ? "new" : `${(value / earlier).toFixed(2)} of ${earlier.toLocaleString("en")}`;
  console.log(`${name.padEnd(48)}${Math.round(value).toLocaleString("en").padStart(14)}/s  ${ratio}`);
}
if (values.baseline) {
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root, encoding: "utf8" }).trim();
  const facts = { commit, machine: `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`, node: process.version };
  writeFileSync(BASELINE, `${JSON.stringify({ ...facts, perCpuSecond }, undefined, 2)}\n`);
}
