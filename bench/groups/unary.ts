/** Calls of one message each, on one server: puts, ranges, transactions. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { KV } from "@kvorum/proto";
import { type Load, run } from "../load/load.js";
import { replay } from "../load/replay.js";
import { counting, mixed, numberedKey, puts, random, randomValue, recorded } from "../load/requests.js";
import type { Group, Settings, Sizes, Workload } from "../plan.js";
import type { Server } from "../servers.js";
import { onServers } from "./on-servers.js";
import { kvorumOverEtcd, type UnaryWorkload, unary } from "./unary-workload.js";

const PUT = "bench/put/";
const ONE = "bench/one/";
const MANY = "bench/many/";
const END_OF_MANY = "bench/many0";
const TXN_OPERATIONS = 4;
const READ_SHARE = 0.8;

export const unaryGroup: Group<Server> = onServers({
  name: "unary",
  title: "Unary calls, one server",
  workloads: ({ sizes }) => unaryWorkloads(sizes),
  preload,
});

/** Ranges come first: etcd's cost many times more once a server has taken puts, which is told by a workload of its own. */
export function unaryWorkloads(sizes: Sizes): readonly Workload<Server>[] {
  return [...rangeWorkloads(sizes), ...putWorkloads(sizes), rangeAfterPuts(), ...txnWorkloads(sizes)].map(unary);
}

function putWorkloads({ keys }: Sizes): readonly UnaryWorkload[] {
  const source = () => puts(PUT, random(keys));
  const put = { writes: 1, how: "256 random bytes" };
  return [
    {
      ...put,
      name: "put-1-1",
      title: "put, 1 connection × 1",
      load: { connections: 1, callersPerConnection: 1, requests: "recorded", source },
      targets: [kvorumOverEtcd("p50Ms", { atMost: 1.1 })],
    },
    {
      ...put,
      name: "put-10-100",
      title: "put, 10 connections, 100 clients",
      load: { connections: 10, callersPerConnection: 10, requests: "recorded", source },
      targets: [
        kvorumOverEtcd("perSecond", { atLeast: 2.5 }),
        kvorumOverEtcd("p99Ms", { atMost: 1 }),
        kvorumOverEtcd("serverCpuMicros", { atMost: 1 }),
      ],
    },
    {
      ...put,
      name: "put-100-1000",
      title: "put, 100 connections, 1,000 clients",
      load: { connections: 100, callersPerConnection: 10, requests: "recorded", source },
      targets: [],
    },
    {
      ...put,
      name: "put-random",
      title: "put of random keys, 10 connections, 100 clients",
      how: `256 random bytes, new ones in each put, to one of ${keys.toLocaleString("en")} keys`,
      load: { connections: 10, callersPerConnection: 10, requests: "fresh", source },
      targets: [],
    },
  ];
}

function rangeOfOne(): UnaryWorkload {
  return {
    name: "range-linearizable",
    title: "linearizable range of one key, 100 clients",
    how: "10 connections; 256 bytes; nothing was put since the servers were filled",
    writes: 0,
    load: range({ key: numberedKey(ONE, 0) }),
    targets: [kvorumOverEtcd("perSecond", { atLeast: 4 })],
  };
}

function rangeAfterPuts(): UnaryWorkload {
  return {
    ...rangeOfOne(),
    name: "range-after-puts",
    title: "linearizable range of one key, 100 clients, after the puts",
    how: "10 connections; 256 bytes; the servers have taken the puts above",
    targets: [],
  };
}

function range(message: MessageInitShape<typeof KV.method.range.input>): Load {
  return { ...hundred(() => recorded(KV.method.range, message)), bodies: 1 };
}

function rangeWorkloads({ rangeKeys }: Sizes): readonly UnaryWorkload[] {
  return [
    rangeOfOne(),
    {
      name: "range-serializable",
      title: "serializable range of one key, 100 clients",
      how: "10 connections; 256 bytes",
      writes: 0,
      load: range({ key: numberedKey(ONE, 0), serializable: true }),
      targets: [],
    },
    {
      name: "range-many",
      title: `linearizable range of ${rangeKeys.toLocaleString("en")} keys, 100 clients`,
      how: "10 connections; 256 bytes each key",
      writes: 0,
      load: range({ key: Buffer.from(MANY), rangeEnd: Buffer.from(END_OF_MANY) }),
      targets: [kvorumOverEtcd("perSecond", { atLeast: 1.5 })],
    },
  ];
}

function txnWorkloads({ keys }: Sizes): readonly UnaryWorkload[] {
  const put = (number: number) => ({
    request: { case: "requestPut" as const, value: { key: numberedKey(PUT, number), value: randomValue() } },
  });
  // A transaction may not put a key twice.
  const neighbours = (first: number): number[] => Array.from({ length: TXN_OPERATIONS }, (_, i) => first + i);
  const read = { request: { case: "requestRange" as const, value: { key: numberedKey(ONE, 0) } } };
  return [
    {
      name: "txn-4",
      title: "transaction of 4 puts, 100 clients",
      how: "10 connections; 256 random bytes each",
      writes: 1,
      load: hundred(() => recorded(KV.method.txn, { success: neighbours(random(keys - TXN_OPERATIONS)()).map(put) })),
      targets: [],
    },
    {
      name: "txn-mixed",
      title: "transactions, 80 % one range, 20 % one put, 100 clients",
      how: "10 connections; 256 bytes",
      writes: 1 - READ_SHARE,
      load: {
        ...hundred(() =>
          mixed(
            READ_SHARE,
            recorded(KV.method.txn, { success: [read] }),
            recorded(KV.method.txn, { success: [put(random(keys)())] }),
          ),
        ),
        requests: "fresh",
      },
      targets: [],
    },
  ];
}

function hundred(source: Load["source"]): Load {
  return { connections: 10, callersPerConnection: 10, requests: "recorded", source };
}

/** What the workloads read. */
export async function preload({ endpoint }: Server, { sizes: { rangeKeys } }: Settings): Promise<void> {
  const load = { connections: 1, callersPerConnection: 10, requests: "fresh" as const };
  await replay(endpoint, { ...load, source: () => puts(ONE, counting()) }, { calls: 1 });
  await replay(endpoint, { ...load, source: () => puts(MANY, counting()) }, { calls: rangeKeys });
  // Warms the paths that every workload takes, before the first of them is warmed by itself.
  await run(endpoint, { ...load, source: () => recorded(KV.method.range, { key: numberedKey(ONE, 0) }) }, 1);
}
