/**
 * Locks, elections and transactions of worker processes that are killed, paused and cut off, on three processes of Kvorum and of
 * etcd, judged by what every process noted and by the servers' own history. Each kind of fault must have happened, or a story
 * fails. Build first.
 *
 *   node scripts/campaigns/coordination.mjs [counts.json] [--full] [--seed N] [--only STORY] [--servers kvorum,etcd]
 *
 * Stories are mutex, election, stm, shared (read-write locks and semaphores) and work (a work queue). `--full` takes an hour. The seed replays what is done; when exactly is up to the machine.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bundle } from "../bundle.mjs";
import { importSources } from "../import-sources.mjs";
import { wholeNumber, wrongUse } from "../whole-number.mjs";

const SERVERS = ["kvorum", "etcd"];
const STORIES = ["mutex", "election", "stm", "shared", "work"];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: "boolean", default: false },
    seed: { type: "string", default: process.env["KVORUM_SEED"] ?? String(Date.now() % 1_000_000) },
    only: { type: "string" },
    servers: { type: "string", default: "kvorum,etcd" },
  },
});

const servers = values.servers.split(",");
for (const server of servers) {
  if (!SERVERS.includes(server)) wrongUse(`--servers: "${server}" is not allowed, give some of ${SERVERS.join(",")}`);
}
if (values.only !== undefined && !STORIES.includes(values.only)) {
  wrongUse(`--only: "${values.only}" is not allowed, give one of ${STORIES.join(", ")}`);
}

// Who interrupts it leaves no process behind: those that were started are killed when this one exits.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

const campaign = await importSources("integration/coordination/campaign/coordination-main.ts");
// Workers start often, so their program is one file that is made once.
const worker = await bundle("integration/coordination/campaign/worker-main.ts");
const counts = await campaign
  .runCampaign({
    program: fileURLToPath(worker.url),
    seed: wholeNumber("seed", values.seed),
    full: values.full,
    only: values.only,
    servers,
  })
  .finally(() => worker.remove());
const [path] = positionals;
if (path !== undefined) writeFileSync(path, JSON.stringify(counts));
process.exitCode = counts.failed > 0 ? 1 : 0;
