/**
 * `integration/kills` at length: one real process is killed again and again under load, and no acknowledged write may be missing.
 * `npm test` does a dozen kills.
 *
 *   node scripts/campaigns/kills.mjs [counts.json] [--kills 50] [--seed N]
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { wholeNumber } from "../whole-number.mjs";
import { root } from "../workspace.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kills: { type: "string", default: "50" },
    seed: { type: "string" },
  },
});
const env = {
  ...process.env,
  KVORUM_KILLS: String(wholeNumber("kills", values.kills)),
  ...(values.seed !== undefined && { KVORUM_SEED: values.seed }),
};
const { status } = spawnSync("npx", ["vitest", "run", "--project", "alone", "integration/kills"], {
  ...{ cwd: root, env, stdio: "inherit" },
});
const counts = { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
const [path] = positionals;
if (path !== undefined) writeFileSync(path, JSON.stringify(counts));
process.exitCode = status ?? 1;
