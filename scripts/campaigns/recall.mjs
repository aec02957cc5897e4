/**
 * The recall of the tests: bugs that etcd and its like once had are put back into today's code, one at a time, and each must
 * be noticed by what its patch names. Start it by `pnpm sim:recall`, or by npm:
 *
 *   npm run sim:recall -- [--only NN] [--seeds N]   all bugs, or one
 *   npm run sim:recall -- --rotate N --seed S       N of them, from the S-th on
 *   node scripts/campaigns/recall.mjs counts.json
 *
 * First the code as it is has to pass everything that is named. Then every patched code has to survive ordinary use, for a
 * patch that breaks it shows nothing, and to be noticed by what it names. Where that does not notice it, all scenarios are
 * tried, then `--seeds` seeds of the simulation and some of Raft alone, to say what would: it is a failure all the same. A
 * bug of which its patch says that nothing notices it is listed as a miss and counted as skipped, like a row without a patch.
 */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { claimText, readBugs } from "../recall/patch.mjs";
import { Patient } from "../recall/patient.mjs";
import { readTable } from "../recall/table.mjs";
import { wholeNumber, wrongUse } from "../whole-number.mjs";

/** Where the seeds begin that are tried without being named. */
const FIRST_SEED = 1;
/** Raft alone is so much cheaper than whole nodes. */
const RAFT_SEEDS_PER_SEED = 50;
/** A patch after which this story fails is no bug that anybody would have shipped. */
const ORDINARY_USE = { means: "scenario", name: "ordinary-use" };
/** Characters of what was noticed. */
const SHOWN_MAX = 160;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string" },
    seeds: { type: "string", default: "3" },
    rotate: { type: "string" },
    seed: { type: "string", default: "0" },
  },
});
const results = { passed: 0, failed: 0, skipped: 0 };
const bugs = chosen(readBugs());
const misses = [];

const start = performance.now();
if (await checkHealth()) {
  console.log("number, bug, noticed by, what it says:");
  const queue = bugs.values();
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, () => work(queue)));
}
if (misses.length > 0) console.log("misses:");
results.skipped += misses.length;
for (const { number, name } of misses) console.log(`  ${number} ${name}: nothing notices it`);
if (values.only === undefined && values.rotate === undefined) tellLeftOut();
const seconds = Math.round((performance.now() - start) / 1000);
console.log(
  `recall: ${results.passed} passed, ${results.failed} failed, ${results.skipped} skipped; ${bugs.length} bugs, ${misses.length} missed, ${seconds} s`,
);
if (positionals[0] !== undefined) writeFileSync(positionals[0], JSON.stringify(results));
process.exitCode = results.failed > 0 || bugs.length === 0 ? 1 : 0;

function chosen(all) {
  if (values.only !== undefined) {
    const only = wholeNumber("only", values.only);
    const found = all.filter(({ number }) => number === only);
    return found.length > 0 ? found : wrongUse(`--only: there is no patch of row ${only}`);
  }
  if (values.rotate === undefined) return all;
  const first = wholeNumber("seed", values.seed);
  const count = Math.min(wholeNumber("rotate", values.rotate), all.length);
  return Array.from({ length: count }, (_, i) => all[(first + i) % all.length]);
}

/** The code as it is passes every scenario and every seed that a patch names; else nothing that notices a bug means much. */
async function checkHealth() {
  const patient = await Patient.admit(undefined);
  const seeds = bugs.filter(({ claim }) => claim.means.endsWith("seed")).map(({ claim }) => claim);
  const scenarios = patient.scenarios.map((name) => ({ means: "scenario", name }));
  let healthy = true;
  for (const means of [...scenarios, ...new Map(seeds.map((claim) => [claimText(claim), claim])).values()]) {
    const noticed = await patient.ask(means).catch((error) => error.stack);
    if (noticed === undefined) continue;
    healthy = false;
    fail(`the code as it is does not pass ${claimText(means)}: ${noticed}`);
  }
  patient.dismiss();
  if (healthy) results.passed += 1;
  return healthy;
}

/** Every process takes the next bug when it is done with one. */
async function work(queue) {
  for (const bug of queue) {
    try {
      await examine(bug);
    } catch (error) {
      fail(`${bug.number} ${bug.name}: nothing can be said: ${error instanceof Error ? error.message : error}`);
    }
  }
}

async function examine(bug) {
  const { number, name, claim } = bug;
  const patient = await Patient.admit(bug);
  try {
    const unusable = await patient.ask(ORDINARY_USE);
    if (unusable !== undefined) throw new Error(`it does not survive ordinary use: ${shortened(unusable)}`);
    const noticed = claim.means === "nothing" ? undefined : await patient.ask(claim);
    if (noticed !== undefined) {
      results.passed += 1;
      console.log(`  ${number} ${name}: ${claimText(claim)}: ${shortened(noticed)}`);
      return;
    }
    const other = await search(patient);
    if (claim.means === "nothing" && other === undefined) {
      misses.push(bug);
      return;
    }
    fail(`${number} ${name}: not noticed by ${claimText(claim)}, but by ${other ?? "nothing else either"}`);
  } finally {
    patient.dismiss();
  }
}

/** Whatever else notices the bug that the patient has. */
async function search(patient) {
  for (const means of everything(patient.scenarios)) {
    const noticed = await patient.ask(means);
    if (noticed !== undefined) return `${claimText(means)}: ${shortened(noticed)}`;
  }
  return undefined;
}

function* everything(scenarios) {
  for (const name of scenarios) yield { means: "scenario", name };
  const seeds = wholeNumber("seeds", values.seeds);
  for (let i = 0; i < seeds; i++) yield { means: "seed", seed: FIRST_SEED + i };
  for (let i = 0; i < seeds * RAFT_SEEDS_PER_SEED; i++) yield { means: "raft seed", seed: FIRST_SEED + i };
}

function shortened(text) {
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

function tellLeftOut() {
  const rows = readTable().filter(({ leftOut }) => leftOut !== undefined);
  if (rows.length > 0) console.log("left out:");
  results.skipped += rows.length;
  for (const { number, bug, leftOut } of rows) console.log(`  ${number} ${bug}: ${leftOut}`);
}

function fail(text) {
  results.failed += 1;
  console.log(`  FAILED ${text}`);
}
