/**
 * The Raft core under test for longer than a unit test may take: mistakes planted in it, which must all be noticed; the
 * states of small clusters; then random clusters from seeds until the time is over.
 *
 *   node scripts/campaigns/raft.mjs results.json [--seconds 45] [--from SEED] [--states 60000] [--both]
 *
 * `--seconds` is for the seeds alone and `--from` is the first of them, `--states` the least size of the explorations
 * that are cut off; `--both` sends the explorer after every planted mistake, not only after those that the seeds miss.
 */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { loadCore } from "../raft/core.mjs";
import { MUTANTS } from "../raft/mutants.mjs";

const SEEDS_PER_TASK = 100;
const SEEDS_PER_MUTANT = 1000;
/** Failing seeds that are told in full. */
const FAILURES_SHOWN_MAX = 3;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "45" },
    from: { type: "string", default: String(1 + Math.floor(Math.random() * 2 ** 30)) },
    states: { type: "string", default: "60000" },
    both: { type: "boolean", default: false },
  },
});
const from = Number(values.from);
const { Counters, EXPLORATIONS } = await loadCore();
const results = { passed: 0, failed: 0, skipped: 0 };
const workers = Array.from(
  { length: Math.min(availableParallelism(), 4) },
  () => new Worker(new URL("../raft/worker.mjs", import.meta.url)),
);

await huntMutants();
await explore();
await runSeeds();
await Promise.all(workers.map((worker) => worker.terminate()));
console.log(`raft campaign: ${results.passed} passed, ${results.failed} failed`);
if (positionals[0] !== undefined) writeFileSync(positionals[0], JSON.stringify(results));
process.exitCode = results.failed > 0 ? 1 : 0;

async function huntMutants() {
  console.log("planted mistakes and what noticed them:");
  const tasks = MUTANTS.map((_, index) => ({ kind: "mutant", index, seeds: SEEDS_PER_MUTANT, both: values.both }));
  await performAll(tasks, ({ task, outcome: { bySeed, byState }, seconds }) => {
    count(bySeed !== undefined || byState !== undefined);
    const how = [bySeed, byState].filter((part) => part !== undefined).join("; ") || "NOT NOTICED";
    console.log(`  ${MUTANTS[task.index].name}: ${how} (${seconds.toFixed(1)} s)`);
  });
}

async function explore() {
  console.log("explorations:");
  const tasks = Object.keys(EXPLORATIONS).map((name) => ({
    kind: "exploration",
    name,
    statesMax: Number(values.states),
  }));
  await performAll(tasks, ({ task, outcome, seconds }) => {
    const { states, transitions, depth, memberStates, complete, failure } = outcome;
    count(failure === undefined);
    const size = `${states} states, ${transitions} transitions, depth ${depth}, ${memberStates} states of members`;
    const rate = `${Math.round(states / seconds)} states/s`;
    console.log(`  ${task.name}: ${size}, ${rate}, ${complete ? "complete" : "cut off"}`);
    if (failure !== undefined) console.log(failure);
  });
}

async function runSeeds() {
  const counters = new Counters();
  const total = { seeds: 0, events: 0, settleRounds: 0, failures: 0 };
  const start = performance.now();
  const end = start + 1000 * Number(values.seconds);
  await performAll(blocks(end), ({ task, outcome }) => {
    counters.add(outcome.counts);
    total.seeds += task.count;
    total.events += outcome.events;
    total.settleRounds = Math.max(total.settleRounds, outcome.settleRounds);
    for (const failure of outcome.failures) {
      count(false);
      if (total.failures++ < FAILURES_SHOWN_MAX) console.log(failure);
      else console.log(failure.split("\n")[0]);
    }
  });
  if (total.failures === 0) count(true);
  const seconds = (performance.now() - start) / 1000;
  const rates = `${Math.round(total.seeds / seconds)} seeds/s, ${Math.round(total.events / seconds)} events/s`;
  console.log(`seeds ${from} to ${from + total.seeds - 1}: ${total.events} events, ${rates}, ${total.failures} failed`);
  console.log(`  a healed cluster agreed within ${total.settleRounds} election timeouts at most`);
  for (const [name, times] of Object.entries(counters.toRecord()))
    console.log(`  ${String(times).padStart(9)} ${name}`);
  for (const name of counters.missing()) console.log(`  never seen: ${name}`);
  count(counters.missing().length === 0);
}

function* blocks(end) {
  for (let seed = from; performance.now() < end; seed += SEEDS_PER_TASK) {
    yield { kind: "seeds", from: seed, count: SEEDS_PER_TASK };
  }
}

/** Every worker takes the next task when it is done with one. */
async function performAll(tasks, report) {
  const queue = tasks[Symbol.iterator]();
  await Promise.all(
    workers.map(async (worker) => {
      for (let next = queue.next(); next.done !== true; next = queue.next()) {
        const result = await perform(worker, next.value);
        if (result.outcome.error === undefined) report(result);
        else fail(result.outcome.error);
      }
    }),
  );
}

function perform(worker, task) {
  return new Promise((resolve, reject) => {
    const settle = (act) => (value) => {
      worker.removeAllListeners("message");
      worker.removeAllListeners("error");
      act(value);
    };
    worker.once("message", settle(resolve));
    worker.once("error", settle(reject));
    worker.postMessage(task);
  });
}

/** A task that could not be done, such as a mutant whose text is gone. */
function fail(error) {
  count(false);
  console.log(error);
}

function count(passed) {
  if (passed) results.passed++;
  else results.failed++;
}
