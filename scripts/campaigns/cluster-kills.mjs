/**
 * Kills, pauses and restarts the members of a real cluster at random while clients work on it, also at the moments that the
 * code names as failpoints, and judges the whole history at the end: linearizable, every watch true, all members alike. Build
 * first.
 *
 *   node scripts/campaigns/cluster-kills.mjs [counts.json] [--seconds 90] [--seed N] [--program kvorum|etcd]
 *
 * `KVORUM_CAMPAIGN_SECONDS` and `KVORUM_SEED` do the same as the flags. The seed replays what is asked and which faults
 * strike; when exactly is up to the machine.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { importSources } from "../import-sources.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: process.env["KVORUM_CAMPAIGN_SECONDS"] ?? "90" },
    seed: { type: "string", default: process.env["KVORUM_SEED"] ?? String(Date.now() % 1_000_000) },
    program: { type: "string", default: "kvorum" },
  },
});

const campaign = await importSources("integration/robustness/kills-main.ts");
const counts = await campaign.runCampaign({
  program: values.program,
  seconds: Number(values.seconds),
  seed: Number(values.seed),
});
const [path] = positionals;
if (path !== undefined) writeFileSync(path, JSON.stringify(counts));
process.exitCode = counts.failed > 0 ? 1 : 0;
