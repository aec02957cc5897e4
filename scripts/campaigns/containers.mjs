/**
 * The image of a node, a cluster of three in containers, and the same of real etcd: the tests of `integration/containers`, which
 * need a container engine. Without one they are skipped and counted as skipped. Build first.
 *
 *   node scripts/campaigns/containers.mjs [counts.json]
 */
import { spawnSync } from "node:child_process";
import { root, tools } from "../workspace.mjs";

const [path] = process.argv.slice(2);
// The counts are vitest's own, which `scripts/tally.mjs` reads too.
const reporters = [
  "--reporter=default",
  ...(path === undefined ? [] : ["--reporter=json", `--outputFile.json=${path}`]),
];
const ended = spawnSync(process.execPath, [tools.vitest, "run", "--project", "containers", ...reporters], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, KVORUM_CONTAINERS: "1" },
});
process.exitCode = ended.status ?? 1;
