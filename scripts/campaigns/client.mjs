/**
 * The client before networks and members that misbehave: connections cut at every boundary of a message, answers lost, silence,
 * members killed and paused, and what all that costs in memory. Events lost or told twice, writes applied twice and leases
 * believed in for too long are failures, and so is having done too little. Build first.
 *
 *   node scripts/campaigns/client.mjs [counts.json] [--cuts 10000] [--replies 1000] [--seed N] [--memory-only]
 *
 * The seed replays what is done; when exactly is up to the machine.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { importSources } from "../import-sources.mjs";
import { wholeNumber } from "../whole-number.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cuts: { type: "string", default: "10000" },
    replies: { type: "string", default: "1000" },
    seed: { type: "string", default: process.env["KVORUM_SEED"] ?? String(Date.now() % 1_000_000) },
    "memory-only": { type: "boolean", default: false },
  },
});
const memoryOnly = values["memory-only"];

const campaign = await importSources("integration/client/campaign/client-main.ts");
const counts = await campaign.runCampaign({
  cuts: wholeNumber("cuts", values.cuts),
  replies: wholeNumber("replies", values.replies),
  seed: wholeNumber("seed", values.seed),
  memoryOnly,
});
if (!memoryOnly) {
  // Memory is measured in a process that has done nothing else and may collect its garbage when it wants.
  const args = ["--expose-gc", fileURLToPath(import.meta.url), "--memory-only"];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  counts[status === 0 ? "passed" : "failed"] += 1;
}
const [path] = positionals;
if (path !== undefined) writeFileSync(path, JSON.stringify(counts));
process.exitCode = counts.failed > 0 ? 1 : 0;
