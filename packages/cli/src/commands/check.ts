/**
 * `check perf` and `check datascale`: whether a cluster takes a load, and how much memory a server needs for data. The figures are
 * those of writes from this one process: see `check/load.ts`.
 */
import { randomBytes } from "node:crypto";
import { type Client, prefix as keysWith } from "@kvorum/client";
import { type Load, type Measured, runLoad } from "../check/load.js";
import { residentBytes } from "../check/memory.js";
import { type Command, type Context, defineCommand } from "../command.js";
import { endpointsOf } from "../connect.js";
import { badFeature, CommandFailure, EXIT } from "../failure.js";
import { duration, type FlagsFor, onOff, text } from "../flags.js";
import { quote } from "../output/quote.js";

interface CheckFlags {
  readonly "auto-compact": boolean;
  readonly "auto-defrag": boolean;
  readonly load: string;
  readonly prefix: string;
}

interface Model {
  readonly clients: number;
  /** Writes per second. */
  readonly rate: number;
  /** Keys of the data scale. */
  readonly keys: number;
}

/** etcdctl's. */
const MODELS: Readonly<Record<string, Model>> = {
  s: { clients: 50, rate: 150, keys: 10_000 },
  m: { clients: 200, rate: 1_000, keys: 100_000 },
  l: { clients: 500, rate: 8_000, keys: 1_000_000 },
  xl: { clients: 1_000, rate: 15_000, keys: 3_000_000 },
};
const ALIASES: Readonly<Record<string, string>> = { small: "s", medium: "m", large: "l", xLarge: "xl" };

/** Connections that the clients of a model share: more only cost memory here. */
const CONNECTIONS_MAX = 10;
/** Seconds and above it a figure fails, as for etcdctl. */
const SLOWEST_MAX = 0.5;
const DEVIATION_MAX = 0.1;
const CLEANUP_MS = 30_000;
/** Above that share of its time this process is what is measured. */
const BUSY_MAX = 0.9;

const flagsFor = (prefix: string): FlagsFor<CheckFlags> => ({
  "auto-compact": onOff("Compact storage with last revision after test is finished."),
  "auto-defrag": onOff("Defragment storage after test is finished."),
  load: text("The workload model: s(small), m(medium), l(large), xl(xLarge)", {
    fallback: "s",
    placeholder: "<model>",
  }),
  prefix: text("The prefix for writing the check's keys.", { fallback: prefix }),
});

export const checkPerf: Command = defineCommand({
  usage: "[options]",
  description: [
    "Writes keys of 256 bytes with values of 1 KiB for a minute at 150 (s), 1,000 (m), 8,000 (l) or 15,000 (xl) a second, and",
    "deletes them. All of them come from this process over 10 connections: it says so when it was the limit itself. Fails",
    "below nine tenths of the rate, when a write took longer than half a second, or when the times scatter by more than 0.1 s.",
  ].join("\n"),
  flags: {
    ...flagsFor("/etcdctl-check-perf/"),
    duration: duration("How long to write", 60_000),
  },
  run: async (context, _args, flags) => {
    const model = modelOf(flags.load);
    const clients = await connectAll(context, model.clients);
    await refuseUsedPrefix(context, clients, flags.prefix);
    const bar = context.terminal.progress("writes", (model.rate * flags.duration) / 1_000);
    const measured = await measure(context, clients, flags, 256, 1_024, {
      concurrency: model.clients,
      rate: model.rate,
      durationMs: flags.duration,
      onProgress: (ended) => bar.set(ended),
    });
    bar.end();
    return judge(context, measured, model.rate);
  },
});

export const checkDatascale: Command = defineCommand({
  usage: "[options]",
  description: [
    "Writes 10,000 (s), 100,000 (m), 1,000,000 (l) or 3,000,000 (xl) pairs of 1 KiB as fast as answers come, and reads from the",
    "first endpoint's /metrics by how much its resident memory has grown. That is what the operating system counts, with",
    "whatever the server had not given back yet: repeat it for a figure to plan with.",
  ].join("\n"),
  flags: flagsFor("/etcdctl-check-datascale/"),
  run: async (context, _args, flags) => {
    const model = modelOf(flags.load);
    const clients = await connectAll(context, model.clients);
    await refuseUsedPrefix(context, clients, flags.prefix);
    const memory = (when: string): Promise<number> => memoryOf(context, when);
    const before = await memory("before");
    const { terminal } = context;
    terminal.out(
      `Start data scale check for work load [${model.keys} key-value pairs, 1024 bytes per key-value, ${model.clients} concurrent clients].\n`,
    );
    const bar = terminal.progress("keys", model.keys);
    let after = 0;
    const measured = await measure(
      context,
      clients,
      flags,
      512,
      512,
      { concurrency: model.clients, count: model.keys, onProgress: (ended) => bar.set(ended) },
      async () => {
        bar.end();
        after = await memory("after");
      },
    );
    if (measured.errors.size > 0) {
      tellErrors(context, measured);
      return EXIT.error;
    }
    const megabytes = (after - before) / (1_024 * 1_024);
    terminal.out(`PASS: Approximate system memory used : ${megabytes.toFixed(2)} MB.\n`);
    return EXIT.ok;
  },
});

function modelOf(name: string): Model {
  const model = MODELS[ALIASES[name] ?? name];
  if (model === undefined) throw badFeature(`unknown load option ${name}`);
  return model;
}

async function connectAll(context: Context, clients: number): Promise<readonly Client[]> {
  return Promise.all(Array.from({ length: Math.min(clients, CONNECTIONS_MAX) }, () => context.clientWith({})));
}

async function refuseUsedPrefix(context: Context, [client]: readonly Client[], prefix: string): Promise<void> {
  const found = await client?.list(keysWith(prefix), { limit: 1, keysOnly: true, ...context.call() });
  if (found?.kvs.length === 0) return;
  throw new CommandFailure(
    EXIT.invalidInput,
    `prefix ${quote(prefix)} has keys. Delete with kvorumctl del --prefix ${prefix} first`,
  );
}

/** Writes, and takes away what was written, also when it is interrupted. */
async function measure(
  context: Context,
  clients: readonly Client[],
  flags: CheckFlags,
  keyBytes: number,
  valueBytes: number,
  load: Omit<Load, "signal" | "write">,
  whileFull: () => Promise<void> = async () => undefined,
): Promise<Measured> {
  const { signal, settings } = context;
  const value = Buffer.alloc(valueBytes);
  const write = (index: number): Promise<unknown> => {
    const client = clients[index % clients.length] as Client;
    const key = Buffer.concat([Buffer.from(flags.prefix), randomBytes(keyBytes)]);
    return client.rpc.kv.put({ key, value }, { signal, timeout: settings["command-timeout"] });
  };
  try {
    const measured = await runLoad({ ...load, signal, write });
    await whileFull();
    return measured;
  } finally {
    await cleanUp(context, clients[0] as Client, flags);
  }
}

async function cleanUp({ terminal }: Context, client: Client, flags: CheckFlags): Promise<void> {
  const { header } = await client.delete(keysWith(flags.prefix), { timeout: CLEANUP_MS });
  if (flags["auto-compact"]) {
    terminal.out(`Compacting with revision ${header.revision}\n`);
    await client.compact(header.revision, { physical: true, timeout: CLEANUP_MS });
    terminal.out(`Compacted with revision ${header.revision}\n`);
  }
  if (!flags["auto-defrag"]) return;
  for (const endpoint of client.endpoints) {
    terminal.out(`Defragmenting ${quote(endpoint)}\n`);
    await client.maintenance.defragment({ endpoint, timeout: CLEANUP_MS });
    terminal.out(`Defragmented ${quote(endpoint)}\n`);
  }
}

function judge(context: Context, measured: Measured, rate: number): number {
  const { terminal } = context;
  const { errors, perSecond, slowest, deviation, busy } = measured;
  if (errors.size > 0) tellErrors(context, measured);
  const verdicts = [
    perSecond / rate > 0.9
      ? { isGood: true, text: `PASS: Throughput is ${Math.floor(perSecond) + 1} writes/s` }
      : { isGood: false, text: `FAIL: Throughput too low: ${Math.floor(perSecond) + 1} writes/s` },
    slowest <= SLOWEST_MAX
      ? { isGood: true, text: `PASS: Slowest request took ${slowest.toFixed(6)}s` }
      : { isGood: false, text: `Slowest request took too long: ${slowest.toFixed(6)}s` },
    deviation <= DEVIATION_MAX
      ? { isGood: true, text: `PASS: Stddev is ${deviation.toFixed(6)}s` }
      : { isGood: false, text: `Stddev too high: ${deviation.toFixed(6)}s` },
  ];
  for (const { isGood, text } of verdicts) terminal.out(`${terminal.paint(text, isGood ? "green" : "red")}\n`);
  const passed = errors.size === 0 && verdicts.every(({ isGood }) => isGood);
  if (busy > BUSY_MAX) {
    const share = Math.round(busy * 100);
    terminal.error(`Note: kvorumctl itself was busy for ${share}% of the time; the figures are its own limit.\n`);
  }
  terminal.out(`${terminal.paint(passed ? "PASS" : "FAIL", "bold", passed ? "green" : "red")}\n`);
  return passed ? EXIT.ok : EXIT.error;
}

function tellErrors({ terminal }: Context, { errors }: Measured): void {
  terminal.out("FAIL: too many errors\n");
  for (const [text, count] of errors) terminal.out(`FAIL: ERROR(${text}) -> ${count}\n`);
}

async function memoryOf(context: Context, when: string): Promise<number> {
  const [endpoint = ""] = endpointsOf(context.settings);
  try {
    return await residentBytes(endpoint, context.settings);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(
      EXIT.error,
      `could not read process_resident_memory_bytes ${when} the put operations: ${why}`,
      error,
    );
  }
}
