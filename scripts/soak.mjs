/**
 * Three real members under a steady load of everything for as long as is asked for: are they at the end what they were?
 * Memory, handles, files, latencies and the rest are sampled every ten seconds and must not rise; no call may fail but while
 * a member is started again, and what was written must be there. No campaign, for CI has no hour. Build first.
 *
 *   node scripts/soak.mjs [--minutes 60] [--seed N] [--out report.json]
 *
 * `--minutes 3` does all of it in short. The seed replays what is asked for; when exactly is up to the machine.
 */
import { parseArgs } from "node:util";
import { importSources } from "./import-sources.mjs";
import { wholeNumber, wrongUse } from "./whole-number.mjs";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    seed: { type: "string", default: process.env["KVORUM_SEED"] ?? String(Date.now() % 1_000_000) },
    out: { type: "string" },
  },
});
const { runSoak } = await importSources("integration/soak/soak-main.ts");
try {
  const options = { minutes: wholeNumber("minutes", values.minutes), seed: wholeNumber("seed", values.seed) };
  process.exitCode = (await runSoak({ ...options, out: values.out })) ? 0 : 1;
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  wrongUse(`--minutes: ${error.message}`);
}
