/**
 * etcd's own load check, `etcdctl check perf`, against a Kvorum process: it takes a minute whatever the machine. Build first.
 *
 *   node scripts/campaigns/check-perf.mjs [counts.json]
 */
import { writeFileSync } from "node:fs";
import { importSources } from "../import-sources.mjs";

const campaign = await importSources("integration/etcdctl/check-perf-main.ts");
const counts = await campaign.checkPerf();
const [path] = process.argv.slice(2);
if (path !== undefined) writeFileSync(path, JSON.stringify(counts));
process.exitCode = counts.failed > 0 ? 1 : 0;
