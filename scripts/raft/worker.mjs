/** One thread of the Raft campaign: does the tasks it is sent, one after the other, and posts what came of each. */
import { parentPort } from "node:worker_threads";
import { loadCore } from "./core.mjs";
import { changeOf, MUTANTS } from "./mutants.mjs";

/** States per exploration that a mutant gets. */
const MUTANT_STATES_MAX = 40_000;

const own = await loadCore();
const tasks = { seeds: runSeeds, exploration: explore, mutant: hunt };

parentPort.on("message", async (task) => {
  const start = performance.now();
  const outcome = await tasks[task.kind](task).catch(({ stack }) => ({ error: stack }));
  parentPort.postMessage({ task, outcome, seconds: (performance.now() - start) / 1000 });
});

/** A block of seeds; the first of them is run twice, which must come to the same. */
async function runSeeds({ from, count }) {
  const counters = new own.Counters();
  const failures = [];
  let events = 0;
  let settleRounds = 0;
  for (let seed = from; seed < from + count; seed++) {
    const verdict = own.runSeed(seed, counters);
    events += verdict.events;
    settleRounds = Math.max(settleRounds, verdict.settleRounds);
    if (verdict.failure !== undefined) {
      failures.push(own.shrink(seed).verdict.failure);
    } else if (seed === from && own.runSeed(seed).hash !== verdict.hash) {
      failures.push(`seed ${seed} does not repeat itself`);
    }
  }
  return { failures, events, settleRounds, counts: counters.toRecord() };
}

async function explore({ name, statesMax }) {
  const bounds = own.EXPLORATIONS[name];
  return new own.Explorer({ ...bounds, statesMax: Math.max(statesMax, bounds.statesMax) }).run();
}

/** Whether the simulation notices the mutant; and the explorer, where the simulation did not or `both` is asked for. */
async function hunt({ index, seeds, both }) {
  const mutated = await loadCore(changeOf(MUTANTS[index]));
  const bySeed = huntBySeeds(mutated, seeds);
  const byState = bySeed === undefined || both ? huntByStates(mutated) : undefined;
  return { bySeed, byState };
}

function huntBySeeds(mutated, seeds) {
  for (let seed = 1; seed <= seeds; seed++) {
    const { failure } = mutated.runSeed(seed);
    if (failure !== undefined) return failure.split("\n")[0];
  }
  return undefined;
}

function huntByStates(mutated) {
  for (const [name, bounds] of Object.entries(mutated.EXPLORATIONS)) {
    const { failure, states } = new mutated.Explorer({ ...bounds, statesMax: MUTANT_STATES_MAX }).run();
    if (failure !== undefined) return `${name}, state ${states}: ${failure.split("\n")[0]}`;
  }
  return undefined;
}
