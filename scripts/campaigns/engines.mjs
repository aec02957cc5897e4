/**
 * The suites that touch RPC, on other engines than the default one, which `npm test` has played: nice-grpc on both sides, then
 * each engine's servers with the other one's clients. Members of a cluster meet both halves. The transport's own contract needs
 * none of this: its tests name their engines.
 *
 *   node scripts/campaigns/engines.mjs [counts.json] [--full] [--only nice:lean]
 *
 * `--full` plays every unit and integration test, conformance and `etcdctl` among them, `--only` one choice of `KVORUM_ENGINE`.
 * Build first.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { vitestCampaign } from "../vitest-campaign.mjs";
import { wrongUse } from "../whole-number.mjs";

/** Suites of callers, from one call to whole clusters, tokens and faults of clients. */
const BOTH_SIDES = {
  unit: ["packages/server/src/server.test.ts", "packages/server/src/cluster.test.ts", "packages/client/src/net/caller"],
  integration: ["integration/client/kvorum", "integration/client/auth"],
};
/** What `KVORUM_ENGINE` says, and what is played with it. */
const CHOICES = {
  nice: BOTH_SIDES,
  "nice:lean": BOTH_SIDES,
  "lean:nice": BOTH_SIDES,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { full: { type: "boolean", default: false }, only: { type: "string" } },
});
if (values.only !== undefined && CHOICES[values.only] === undefined) {
  wrongUse(`--only: one of ${Object.keys(CHOICES).join(", ")}`);
}

const folder = mkdtempSync(join(tmpdir(), "kvorum-engines-"));
const counts = { passed: 0, failed: 0, skipped: 0 };
try {
  for (const [choice, parts] of Object.entries(CHOICES)) {
    if (values.only !== undefined && values.only !== choice) continue;
    const suites = values.full ? { unit: [], integration: [] } : parts;
    for (const [project, paths] of Object.entries(suites)) play(choice, project, paths);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`engines: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
if (positionals[0] !== undefined) writeFileSync(positionals[0], JSON.stringify(counts));
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;

function play(engine, project, paths) {
  const path = join(folder, "counts.json");
  rmSync(path, { force: true });
  const code = vitestCampaign({ project, paths, env: { KVORUM_ENGINE: engine } }, path);
  const { numPassedTests, numFailedTests, numPendingTests } = existsSync(path)
    ? JSON.parse(readFileSync(path, "utf8"))
    : { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 };
  counts.passed += numPassedTests;
  // A file can fail outside its tests.
  counts.failed += code === 0 ? 0 : Math.max(1, numFailedTests);
  counts.skipped += numPendingTests;
  console.log(`engines: ${project} tests on KVORUM_ENGINE=${engine}: ${numPassedTests} passed, exit code ${code}`);
}
