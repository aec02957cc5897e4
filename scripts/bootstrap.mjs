/**
 * `npm start`, `npm test` and their like on a machine that has only Node and npm: installs from the lockfile with pnpm at
 * its pinned version, builds, and then does the job. What is up to date is not done again.
 *
 *   node scripts/bootstrap.mjs build
 *   node scripts/bootstrap.mjs start [arguments of the tour, such as --serve]
 *   node scripts/bootstrap.mjs test [arguments of vitest, such as --project unit]
 *   node scripts/bootstrap.mjs example [name and arguments of an example]
 *   node scripts/bootstrap.mjs bench [--rounds N] [--seconds N]
 */
import { build, install, PhaseError, phase, requireNode, runInForeground, tools } from "./workspace.mjs";

const jobs = {
  build: () => 0,
  start: (args) => runInForeground("examples/dist/tour/main.js", args),
  test: (args) => runInForeground(tools.vitest, ["run", ...args]),
  example: (args) => runInForeground("scripts/example.mjs", args),
  bench: (args) => runInForeground("bench/dist/main.js", args),
};

requireNode();
const [name = "", ...args] = process.argv.slice(2);
const job = jobs[name];
if (job === undefined) {
  console.error(`usage: node scripts/bootstrap.mjs ${Object.keys(jobs).join("|")} [arguments]`);
  process.exit(2);
}
try {
  await phase("install", install);
  await phase("build", build);
  process.exitCode = await job(args);
} catch (error) {
  if (!(error instanceof PhaseError)) throw error;
  console.error(`${error.output}\n${error.message}`);
  process.exitCode = 1;
}
