/**
 * Whole clusters in simulation, many seeds of them: the production node on simulated time, disks and network, with trouble, and
 * every history judged. Start it by `pnpm sim`, or by
 * npm:
 *
 *   npm run sim -- --seed N [--seconds 120]              plays one seed and tells its trace
 *   npm run sim -- --seeds 5000 [--from N] [--seconds S] plays many
 *   npm run sim -- --seeds 5000 --from N --keep FILE     the same, and goes on where it was ended
 *   node scripts/campaigns/simulation.mjs counts.json   the same with CI's budget
 *
 * Every seed is a simulated `--seconds` of trouble and the healing after it. Some seeds are played twice, by two processes, and
 * must come out the same; the machine's clock, timers and chance are forbidden to all of them. CI plays seeds 1 to 300,
 * `--seeds` without `--from` new ones each time. Fails on any violation, on a seed that does not repeat itself, and when it did
 * too little.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { bundle } from "../bundle.mjs";
import { digestOf, keep, kept } from "../simulation/kept.mjs";
import { wholeNumber } from "../whole-number.mjs";
import { shareOut, WORKERS } from "../workers.mjs";

const WORKER = new URL("../simulation/worker.mjs", import.meta.url);
/** Seeds that are played a second time. */
const TWICE = 50;
/** Failing seeds that are made smaller and told in full. */
const FAILURES_SHOWN_MAX = 3;
/** A seed of 120 simulated seconds has less than this only if its clients were kept from working. */
const OPERATIONS_PER_SIMULATED_SECOND_MIN = 3;
const PROGRESS_EVERY_MS = 15_000;
const NOTHING_PLAYED = {
  sum: { runs: 0, failed: 0, simulatedMs: 0, againMs: 0, events: 0, figures: {}, counts: {} },
  results: { passed: 0, failed: 0, skipped: 0 },
  hashes: [],
  seconds: 0,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string" },
    seeds: { type: "string", default: process.env["KVORUM_SIM_SEEDS"] ?? "300" },
    from: { type: "string" },
    seconds: { type: "string", default: "120" },
    keep: { type: "string" },
  },
});
const [countsFile] = positionals;
// CI plays the same seeds every time, so that it fails for a change and not for a discovery; others play new ones.
const anySeed = countsFile === undefined ? 1 + Math.floor(Math.random() * 2 ** 30) : 1;
const from = values.from === undefined ? anySeed : wholeNumber("from", values.from);
const seeds = wholeNumber("seeds", values.seeds);
const seed = values.seed === undefined ? undefined : wholeNumber("seed", values.seed);
const durationMs = 1000 * wholeNumber("seconds", values.seconds);
const { url, remove } = await bundle("integration/robustness/simulation/campaign-main.ts");
try {
  process.exitCode = seed === undefined ? await campaign() : await replay(seed);
} finally {
  remove();
}

async function replay(seed) {
  const { forbidGlobals, runSeed } = await import(url);
  const guard = forbidGlobals();
  const { failure, ...rest } = await runSeed(seed, { durationMs, tell: (line) => console.log(line) });
  guard.allow();
  const [use] = guard.takeUses();
  if (use !== undefined) console.log(use);
  console.log(failure ?? `seed ${seed}: nothing is wrong`);
  console.log(JSON.stringify({ ...rest.figures, hash: rest.hash, events: rest.events, simulatedMs: rest.simulatedMs }));
  return failure === undefined && use === undefined ? 0 : 1;
}

async function campaign() {
  const { missing } = await import(url);
  const start = performance.now();
  const of = `seeds from ${from}, ${values.seconds} s each, sources ${digestOf(url).slice(0, 12)}`;
  const before = (values.keep === undefined ? undefined : kept(values.keep, of)) ?? NOTHING_PLAYED;
  const { sum, results } = structuredClone(before);
  const hashes = new Map(before.hashes);
  const seconds = () => before.seconds + (performance.now() - start) / 1000;
  const fail = (text) => {
    results.failed += 1;
    console.log(text);
  };
  const take = ({ seed, again }, { result, small, error }) => {
    if (error !== undefined) {
      fail(`seed ${seed}: the simulation itself broke\n${error}`);
      return;
    }
    if (again) {
      sum.againMs += result.simulatedMs;
      if (hashes.get(seed) === result.hash) results.passed += 1;
      else fail(`seed ${seed} does not repeat itself: hash ${hashes.get(seed)}, then ${result.hash}`);
      return;
    }
    hashes.set(seed, result.hash);
    sum.runs += 1;
    sum.simulatedMs += result.simulatedMs;
    sum.events += result.events;
    add(sum.figures, result.figures);
    add(sum.counts, result.counts);
    if (result.failure === undefined) {
      results.passed += 1;
      return;
    }
    sum.failed += 1;
    fail(small === undefined ? result.failure.split("\n").slice(0, 4).join("\n") : small.text);
    if (small !== undefined) console.log(`made smaller: ${small.plan}`);
    console.log(`again by: npm run sim -- --seed ${seed} --seconds ${values.seconds}`);
  };
  const tell = () => {
    const hours = (sum.simulatedMs / 3_600_000).toFixed(2);
    console.log(
      `  ${sum.runs} of ${seeds} seeds, ${hours} simulated hours in ${Math.round(seconds())} s, ${sum.figures.operations ?? 0} operations, ${sum.failed} failed`,
    );
  };
  const save = () => {
    if (values.keep !== undefined) keep(values.keep, of, { sum, results, hashes: [...hashes], seconds: seconds() });
  };
  const progress = setInterval(() => {
    tell();
    save();
  }, PROGRESS_EVERY_MS);
  console.log(`simulation: seeds ${from} to ${from + seeds - 1}, ${values.seconds} s each, ${WORKERS} processes`);
  const play = (tasks, again) =>
    shareOut({
      ...{ program: WORKER, url, tasks, take },
      message: ({ seed }) => ({ seed, durationMs, shrinks: !again && sum.failed < FAILURES_SHOWN_MAX }),
    });
  const all = Array.from({ length: seeds }, (_, index) => from + index);
  await play(
    all.filter((seed) => !hashes.has(seed)).map((seed) => ({ seed, again: false })),
    false,
  );
  clearInterval(progress);
  save();
  // Fresh processes, so that nothing of the first playing is left.
  await play(
    all.slice(0, TWICE).map((seed) => ({ seed, again: true })),
    true,
  );
  tell();
  const coreSeconds = seconds() * WORKERS;
  console.log(
    `  ${sum.events} events, ${Math.round((sum.simulatedMs + sum.againMs) / 1000 / coreSeconds)} simulated seconds per core second`,
  );
  console.log(`  judged: ${counted(sum.figures)}`);
  console.log(`  happened: ${counted(sum.counts)}`);
  const { operations = 0 } = sum.figures;
  const least = Math.floor((sum.runs * durationMs * OPERATIONS_PER_SIMULATED_SECOND_MIN) / 1000);
  if (sum.runs < seeds) fail(`only ${sum.runs} of ${seeds} seeds were played`);
  if (operations < least) fail(`only ${operations} operations, at least ${least} are wanted`);
  for (const name of missing(sum.counts, seeds)) fail(`never seen: ${name}`);
  console.log(`simulation: ${results.passed} passed, ${results.failed} failed`);
  if (countsFile !== undefined) writeFileSync(countsFile, JSON.stringify(results));
  return results.failed > 0 ? 1 : 0;
}

function add(sums, counts) {
  for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
}

function counted(counts) {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}
