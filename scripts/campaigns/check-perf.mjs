/**
 * etcd's own load check, `etcdctl check perf`, against a Kvorum process: it takes a minute whatever the machine. Build first.
 *
 *   node scripts/campaigns/check-perf.mjs [counts.json]
 */
import { writeFileSync } from "node:fs";
import { runnerImport } from "vite";
import { root } from "../workspace.mjs";

const { module } = await runnerImport(`${root}integration/etcdctl/check-perf-main.ts`, {
  root,
  configFile: false,
  esbuild: { target: "es2022" },
  logLevel: "error",
});
const counts = await module.checkPerf();
const [path] = process.argv.slice(2);
if (path !== undefined) writeFileSync(path, JSON.stringify(counts));
process.exitCode = counts.failed > 0 ? 1 : 0;
