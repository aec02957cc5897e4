/**
 * `npm run bench`: Kvorum and etcd side by side in one run, with the same load. Each put is durable on both (default flags:
 * every acknowledged write is synced). Rounds alternate between the servers, so that a machine that changes its speed
 * does not favour one of them; the table shows medians.
 *
 * `npm run bench -- coordination` compares locks and transactions of two clients instead: `coordination/`.
 */
import { cpus, totalmem } from "node:os";
import { KV } from "@kvorum/proto";
import { niceChannel } from "@kvorum/transport";
import { compareCoordination } from "./coordination/coordination.js";
import { chooseGenerator, type Generator, type LoadResult } from "./load.js";
import { etcdVersion, type Server, startEtcd, startKvorum } from "./servers.js";

const ROUNDS = numberFlag("--rounds", 3);
const SECONDS = numberFlag("--seconds", 3);
const KEY = new TextEncoder().encode("bench/key");
const VALUE = new TextEncoder().encode("v".repeat(256));

const workloads = {
  "put, 1 connection × 1": (seconds: number) => put(seconds, 1, 1),
  "put, 10 connections × 10": (seconds: number) => put(seconds, 10, 10),
  "range of one key, linearizable, 10 × 10": (seconds: number) => range(seconds, false),
  "range of one key, serializable, 10 × 10": (seconds: number) => range(seconds, true),
};

function put(seconds: number, connections: number, callersPerConnection: number) {
  return { method: KV.method.put, request: { key: KEY, value: VALUE }, connections, callersPerConnection, seconds };
}

function range(seconds: number, serializable: boolean) {
  return {
    method: KV.method.range,
    request: { key: KEY, serializable },
    connections: 10,
    callersPerConnection: 10,
    seconds,
  };
}

interface Measured extends LoadResult {
  readonly cpuMicrosPerCall: number | undefined;
}

async function measure(
  server: Server,
  generator: Generator,
  name: keyof typeof workloads,
  seconds: number,
): Promise<Measured> {
  const before = await server.cpuSeconds();
  const work = workloads[name](seconds);
  const result = await ("value" in work.request
    ? generator.run(server.endpoint, work as ReturnType<typeof put>)
    : generator.run(server.endpoint, work as ReturnType<typeof range>));
  const after = await server.cpuSeconds();
  const cpu = before === undefined || after === undefined ? undefined : ((after - before) * 1e6) / result.calls;
  return { ...result, cpuMicrosPerCall: cpu };
}

/** A generator does not read gRPC statuses, so the key's version shows whether the puts really happened. */
async function expectPutsStored(server: Server, puts: number): Promise<void> {
  const channel = niceChannel(server.endpoint);
  const { kvs } = await channel.unary(KV.method.range, { key: KEY });
  await channel.close();
  if ((kvs[0]?.version ?? 0n) < BigInt(puts)) {
    throw new Error(`${server.name}: ${puts} puts were answered, the key is at version ${kvs[0]?.version ?? 0n}`);
  }
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number;

function numberFlag(name: string, fallback: number): number {
  const at = process.argv.indexOf(name);
  const value = at < 0 ? fallback : Number(process.argv[at + 1]);
  if (!(value > 0)) throw new RangeError(`${name} wants a number above 0, not ${process.argv[at + 1]}`);
  return value;
}

function line(...cells: readonly string[]): void {
  console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(42) : cell.padStart(14))).join(""));
}

async function main(): Promise<void> {
  console.log(
    `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${process.platform}`,
  );
  const [subject] = process.argv.slice(2).filter((argument) => !/^(--|\d)/.test(argument));
  if (subject !== undefined && subject !== "coordination") {
    console.error(`"${subject}" is nothing to measure: give coordination, or nothing for puts and ranges`);
    process.exitCode = 2;
    return;
  }
  if (subject === "coordination") await compareCoordination({ rounds: ROUNDS, seconds: SECONDS });
  else await compareServers();
}

async function compareServers(): Promise<void> {
  const generator = chooseGenerator();
  const theirs = etcdVersion();
  console.log(
    `generator: ${generator.name}; ${ROUNDS} rounds of ${SECONDS} s; value 256 bytes; every put durable before its answer`,
  );
  if (theirs === undefined) console.log("no etcd found (ETCD_BIN or PATH): Kvorum alone");
  const servers = [await startKvorum("0.1.0"), ...(theirs === undefined ? [] : [await startEtcd(theirs)])];
  try {
    line(
      "",
      ...servers.map((server) => `${server.name} ${server.version}`),
      ...(servers.length > 1 ? ["ratio"] : []),
      ...servers.map(() => "CPU µs/call"),
    );
    for (const name of Object.keys(workloads) as (keyof typeof workloads)[]) await compare(servers, generator, name);
    line(
      "resident memory, MiB",
      ...(await Promise.all(servers.map(async (server) => ((await server.residentMiB()) ?? Number.NaN).toFixed(0)))),
    );
  } finally {
    for (const server of servers) await server.stop();
  }
}

async function compare(servers: readonly Server[], generator: Generator, name: keyof typeof workloads): Promise<void> {
  const measured = servers.map((): Measured[] => []);
  for (const server of servers) await measure(server, generator, name, 1); // warm
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, server] of servers.entries()) measured[i]?.push(await measure(server, generator, name, SECONDS));
  }
  for (const [i, server] of servers.entries()) {
    if (name.startsWith("put"))
      await expectPutsStored(
        server,
        (measured[i] ?? []).reduce((sum, { calls }) => sum + calls, 0),
      );
  }
  const rates = measured.map((rounds) => median(rounds.map((round) => round.callsPerSecond)));
  const ratio = rates.length > 1 ? [`${((rates[0] as number) / (rates[1] as number)).toFixed(2)} ×`] : [];
  const cpu = measured.map((rounds) => median(rounds.map((round) => round.cpuMicrosPerCall ?? Number.NaN)).toFixed(0));
  line(name, ...rates.map((rate) => `${rate.toFixed(0)}/s`), ...ratio, ...cpu);
}

await main();
