/** One workload on a Kvorum server that writes a CPU profile, and what the profile says. */
import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { streamWorkloads } from "../groups/streams.js";
import { preload, unaryWorkloads } from "../groups/unary.js";
import type { Settings } from "../plan.js";
import { startKvorum } from "../servers.js";
import { type CpuProfile, type Share, type Summary, summarize } from "./summary.js";

const FUNCTIONS_SHOWN = 15;
const LEAST_SHARE = 0.005;

/** Prints a table a workload and thread; the profiles stay where the first line of each says. */
export async function profile(settings: Settings, wanted: (name: string) => boolean): Promise<void> {
  for (const workload of [...unaryWorkloads(settings.sizes), ...streamWorkloads(settings.sizes)]) {
    if (!wanted(workload.name)) continue;
    const directory = await mkdtemp(join(tmpdir(), `kvorum-profile-${workload.name}-`));
    const nodeOptions = ["--cpu-prof", "--cpu-prof-dir", directory];
    const server = await startKvorum({ ...settings, nodeOptions });
    let fromMicros: number;
    let toMicros: number;
    try {
      await preload(server, settings);
      await workload.measure(server, settings.seconds); // warm
      fromMicros = nowMicros();
      await workload.measure(server, settings.seconds);
      toMicros = nowMicros();
    } finally {
      await server.stop("SIGTERM");
    }
    console.log(`\n${workload.title} (${workload.name}), ${directory}`);
    const files = (await readdir(directory)).sort();
    if (files.length === 0) throw new Error(`${directory}: the server has written no profile`);
    for (const file of files) {
      const taken = JSON.parse(await readFile(join(directory, file), "utf8")) as CpuProfile;
      print(threadOf(file), summarize(taken, { fromMicros, toMicros }));
    }
  }
}

function nowMicros(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** Names are `CPU.DATE.TIME.PROCESS.THREAD.NUMBER.cpuprofile`; thread 0 is the main one. */
function threadOf(file: string): string {
  const thread = file.split(".")[4];
  return thread === "0" ? "main thread" : `thread ${thread}`;
}

function print(thread: string, { busyMicros, idleMicros, packages, functions }: Summary): void {
  const seconds = (micros: number): string => `${(micros / 1e6).toFixed(1)} s`;
  console.log(`\n${thread}: ${seconds(busyMicros)} busy, ${seconds(idleMicros)} idle\n`);
  rows(packages.filter(({ share }) => share >= LEAST_SHARE));
  console.log();
  rows(functions.slice(0, FUNCTIONS_SHOWN));
}

function rows(shares: readonly Share[]): void {
  for (const { name, share, selfMicros } of shares) {
    console.log(`${(share * 100).toFixed(1).padStart(6)} %  ${(selfMicros / 1000).toFixed(0).padStart(7)} ms  ${name}`);
  }
}
