/**
 * Every story and every partition of clusters of real processes, of which `npm test` plays a few: members killed, paused, cut
 * off, replaced and brought up by snapshots under recorded load, and the history judged. Build first.
 *
 *   node scripts/campaigns/stories.mjs [counts.json]
 */
import { vitestCampaign } from "../vitest-campaign.mjs";

const [counts] = process.argv.slice(2);
const paths = ["integration/robustness/stories.test.ts", "integration/robustness/partitions.test.ts"];
process.exitCode = vitestCampaign({ project: "alone", paths, env: { KVORUM_ROBUSTNESS: "full" } }, counts);
