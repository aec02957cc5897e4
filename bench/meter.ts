/** What a piece of load costs: its processes and the server's are read before and after it. */
import { tmpdir } from "node:os";
import { diskWrittenBytes } from "./disk.js";
import { generatorCpuSeconds } from "./processes.js";
import type { Readings } from "./readings.js";
import type { Server } from "./servers.js";

export interface Metered {
  /** What the costs are divided by. */
  readonly operations: number;
  readonly readings: Readings;
}

/** `writes`: also what reached the disk for each operation. */
export async function meter(
  server: Server,
  work: () => Promise<Metered>,
  { writes = false }: { readonly writes?: boolean } = {},
): Promise<Readings> {
  const before = await take(server, writes);
  const { operations, readings } = await work();
  const after = await take(server, writes);
  const per = (what: keyof typeof after, factor: number): number =>
    ((after[what] - before[what]) * factor) / operations;
  const costs = {
    serverCpuMicros: per("serverCpuSeconds", 1e6),
    generatorCpuMicros: per("generatorCpuSeconds", 1e6),
    residentMiB: after.residentMiB,
    ...(writes ? { writtenBytes: per("writtenBytes", 1) } : {}),
  };
  return known({ ...readings, ...costs });
}

/** NaN where the system does not say. */
async function take({ members }: Server, writes: boolean): Promise<Readonly<Record<(typeof TAKEN)[number], number>>> {
  const sum = async (read: (member: Server["members"][number]) => Promise<number | undefined>): Promise<number> =>
    (await Promise.all(members.map(read))).reduce<number>((all, one) => all + (one ?? Number.NaN), 0);
  return {
    serverCpuSeconds: await sum((member) => member.cpuSeconds()),
    generatorCpuSeconds: (await generatorCpuSeconds()) ?? Number.NaN,
    residentMiB: await sum(async (member) => (await member.memory())?.residentMiB),
    // The last, for it waits until all is written.
    writtenBytes: (writes ? await diskWrittenBytes(tmpdir()) : undefined) ?? Number.NaN,
  };
}

const TAKEN = ["serverCpuSeconds", "generatorCpuSeconds", "residentMiB", "writtenBytes"] as const;

/** Without what the system does not say, and without costs and latencies of nothing. */
function known(readings: Readings): Readings {
  return Object.fromEntries(Object.entries(readings).filter(([, value]) => Number.isFinite(value)));
}
