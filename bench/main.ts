/**
 * `pnpm bench`: Kvorum and etcd in turn in one run, with the same load, and the clients of both. Every put is durable on both
 * before its answer. A whole run stores its results under `bench/results/` and redraws the tables and pictures of the docs.
 *
 * Read on in `plan.ts` (what a workload is), `groups/` (which there are), `load/` (how they are loaded), `rounds.ts`, `report/`.
 */
import { fileURLToPath } from "node:url";
import { commit, describeMachine, versions } from "./circumstances.js";
import { compareCoordination } from "./coordination/coordination.js";
import { GROUPS } from "./groups/groups.js";
import { type Options, parseOptions, USAGE } from "./options.js";
import { profile } from "./profile/profile.js";
import { circumstances } from "./report/markdown.js";
import { publish, store } from "./report/publish.js";
import { printResult } from "./report/terminal.js";
import type { RunResult, WorkloadResult } from "./results.js";
import { playGroup } from "./rounds.js";
import { FLAGS } from "./servers.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PROFILED = ["put-10-100", "range-linearizable"] as const;

// The servers end with this process, but only if it ends by itself.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));
await main();

async function main(): Promise<void> {
  let options: Options;
  try {
    options = parseOptions(process.argv.slice(2), process.env);
    checkNames(options);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  const { settings, only } = options;
  if (options.list) list(options);
  else if (options.subject === "coordination") await compareCoordination(settings);
  else if (options.profile) await profile(settings, (name) => (only.length > 0 ? only : PROFILED).includes(name));
  else await compare(options);
}

async function compare(options: Options): Promise<void> {
  const workloads: WorkloadResult[] = [];
  const { settings } = options;
  const run: RunResult = {
    format: 1,
    date: new Date().toISOString(),
    commit: commit(ROOT),
    machine: describeMachine(),
    versions: versions(),
    engine: settings.engine,
    rounds: settings.rounds,
    seconds: settings.seconds,
    flags: FLAGS,
    workloads,
  };
  console.log(circumstances(run));
  if (run.machine.fileSystem === "tmpfs")
    console.log("the data are in memory: no put is durable. Set TMPDIR to a disk");
  const done = (result: WorkloadResult): void => {
    workloads.push(result);
    printResult(result);
  };
  for (const group of GROUPS) {
    const wanted = (name: string): boolean => isWanted(options, group.name, name);
    await group.play((typed) => playGroup(typed, { settings, wanted, done }));
  }
  if (options.publish) console.log(`\n${(await publish(ROOT, run)).join("\n")}`);
  else if (options.save) console.log(`\n${await store(ROOT, run)}`);
}

function isWanted({ only }: Options, group: string, workload: string): boolean {
  return only.length === 0 || only.includes(group) || only.includes(workload);
}

function checkNames({ only, settings }: Options): void {
  const known = GROUPS.flatMap((group) => [group.name, ...group.names(settings)]);
  const unknown = only.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new RangeError(`--only ${unknown}: there is no such group or workload; --list names them`);
}

function list({ settings }: Options): void {
  for (const group of GROUPS)
    console.log(
      `${group.name}\n${group
        .names(settings)
        .map((name) => `  ${name}`)
        .join("\n")}`,
    );
}
