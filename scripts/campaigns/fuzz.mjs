/**
 * Inputs that nobody would send on purpose, for real processes of the node: gRPC calls, JSON of the gateway, tokens,
 * settings, and bytes on every port; and, in this process, conversations with the HTTP/2 core of the transport. After each batch the process must live, answer, have had short turns only, and have
 * kept its memory, its files and its data. A minute or so in all; `--minutes` is the time of all targets together. Build first.
 *
 *   node scripts/campaigns/fuzz.mjs [counts.json] [--minutes N] [--seed N] [--only requests|gateway|tokens|config|frames|http2]
 *
 * Every finding prints the seed and the target that replay its batch.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { importSources } from "../import-sources.mjs";
import { wholeNumber, wrongUse } from "../whole-number.mjs";

const GROUPS = ["requests", "gateway", "tokens", "config", "frames", "http2"];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string", default: process.env["KVORUM_SEED"] ?? String(Date.now() % 1_000_000) },
    only: { type: "string" },
  },
});
if (values.only !== undefined && !GROUPS.includes(values.only)) {
  wrongUse(`--only: "${values.only}" is not allowed, give one of ${GROUPS.join(", ")}`);
}

// Nodes that were started end with this process, whose messages they hear.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

const fuzz = await importSources("integration/fuzz/fuzz-main.ts");
const counts = await fuzz.runFuzz({
  minutes: wholeNumber("minutes", values.minutes),
  seed: wholeNumber("seed", values.seed),
  only: values.only,
});
const [path] = positionals;
if (path !== undefined) writeFileSync(path, JSON.stringify(counts));
process.exitCode = counts.failed > 0 ? 1 : 0;
