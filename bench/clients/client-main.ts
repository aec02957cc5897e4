/**
 * One client under test, in a process of its own: so many callers, each asking again as soon as it is answered. Takes its work as
 * JSON in the first argument and prints what came of it as JSON. `groups/clients.ts` starts it.
 */
import { createClient } from "@kvorum/client";
import { engineNamed } from "@kvorum/transport";
import { Etcd3 } from "etcd3";
import type { Engine } from "../engines.js";
import { latencies } from "../statistics.js";

export type ClientKind = Engine | "etcd3";
export type Operation = "get" | "put";

export interface ClientWork {
  readonly client: ClientKind;
  readonly endpoint: string;
  readonly operation: Operation;
  readonly callers: number;
  readonly seconds: number;
  readonly warmSeconds: number;
}

interface UnderTest {
  readonly get: () => Promise<unknown>;
  readonly put: () => Promise<unknown>;
  readonly close: () => void | Promise<void>;
}

const KEY = "bench/client";
/** Text, since both decode to a string where nothing else is said. */
const VALUE = "0123456789abcdef".repeat(16);

function open({ client, endpoint }: ClientWork): UnderTest {
  if (client === "etcd3") {
    const etcd3 = new Etcd3({ hosts: endpoint });
    return {
      get: () => etcd3.get(KEY).serializable(true).string(),
      put: () => etcd3.put(KEY).value(VALUE).exec(),
      close: () => etcd3.close(),
    };
  }
  const ours = createClient({ endpoints: endpoint, syncMembers: false, transport: engineNamed(client).channel });
  return {
    get: () => ours.get(KEY, { consistency: "serializable" }),
    put: () => ours.put(KEY, VALUE),
    close: () => ours.close(),
  };
}

async function call(operation: () => Promise<unknown>, callers: number, seconds: number): Promise<number[]> {
  const tookMs: number[] = [];
  const endMs = performance.now() + seconds * 1000;
  const caller = async (): Promise<void> => {
    for (let startMs = performance.now(); startMs < endMs; ) {
      await operation();
      const nowMs = performance.now();
      tookMs.push(nowMs - startMs);
      startMs = nowMs;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return tookMs;
}

const work = JSON.parse(process.argv[2] ?? "{}") as ClientWork;
const underTest = open(work);
await underTest.put();
await call(underTest[work.operation], work.callers, work.warmSeconds);
const [cpu, startMs] = [process.cpuUsage(), performance.now()];
const tookMs = await call(underTest[work.operation], work.callers, work.seconds);
const { user, system } = process.cpuUsage(cpu);
const perSecond = (tookMs.length / (performance.now() - startMs)) * 1000;
const readings = { perSecond, clientCpuMicros: (user + system) / tookMs.length };
console.log(JSON.stringify({ ...readings, ...latencies(Float64Array.from(tookMs)) }));
await underTest.close();
