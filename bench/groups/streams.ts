/** Streams: what watchers are told, and leases that are kept alive. */
import { keepAlive } from "../load/keep-alive.js";
import { once, replay } from "../load/replay.js";
import { counting, numberedKey, puts } from "../load/requests.js";
import { Watchers } from "../load/watchers.js";
import { WirePool } from "../load/wire/pool.js";
import { meter } from "../meter.js";
import type { Group, Sizes, Workload } from "../plan.js";
import type { Readings } from "../readings.js";
import type { Server } from "../servers.js";
import { latencies } from "../statistics.js";
import { onServers } from "./on-servers.js";
import { kvorumOverEtcd } from "./unary-workload.js";

const SHAPE = { connections: 10, streamsPerConnection: 10 } as const;

export const streamsGroup: Group<Server> = onServers({
  name: "streams",
  title: "Streams, one server",
  workloads: ({ sizes }) => streamWorkloads(sizes),
});

export function streamWorkloads({ watchers, leases }: Sizes): readonly Workload<Server>[] {
  const how = `${SHAPE.connections} connections of ${SHAPE.streamsPerConnection} streams`;
  const count = watchers.toLocaleString("en");
  return [
    {
      name: "watch-one-key",
      title: `events of one key to ${count} watchers`,
      how: `${how}; the next put when all have been told; latency is from a put to its last event`,
      targets: [kvorumOverEtcd("perSecond", { atLeast: 1.5 })],
      measure: (server, seconds) => fanOut(server, watchers, seconds),
    },
    {
      name: "watch-many-keys",
      title: `events of ${count} keys to one watcher each`,
      how: `${how}; puts of 100 clients, one after the other to each key; latency is that of the puts`,
      targets: [],
      measure: (server, seconds) => oneEach(server, watchers, seconds),
    },
    {
      name: "lease-keepalive",
      title: `keepalives of ${leases.toLocaleString("en")} leases`,
      how: `${how}; each lease again as soon as it is answered`,
      targets: [],
      measure: (server, seconds) => keepAlive(server, { ...SHAPE, leases, seconds }),
    },
  ];
}

async function fanOut(server: Server, watchers: number, seconds: number): Promise<Readings> {
  const key = (): Uint8Array => numberedKey("bench/fan/", 0);
  const all = await Watchers.open(server.endpoint, { ...SHAPE, watchers, key });
  const writer = await WirePool.open(server.endpoint, 1);
  const put = puts("bench/fan/", () => 0);
  try {
    return await meter(server, async () => {
      const tookMs: number[] = [];
      const startMs = performance.now();
      for (let nowMs = startMs; nowMs < startMs + seconds * 1000; nowMs = performance.now()) {
        await once(writer, put.next());
        await all.untilEvents((tookMs.length + 1) * watchers);
        tookMs.push(performance.now() - nowMs);
      }
      const perSecond = (all.events / (performance.now() - startMs)) * 1000;
      return { operations: all.events, readings: { perSecond, ...latencies(Float64Array.from(tookMs)) } };
    });
  } finally {
    all.close();
    writer.close();
  }
}

async function oneEach(server: Server, watchers: number, seconds: number): Promise<Readings> {
  const key = (watcher: number): Uint8Array => numberedKey("bench/each/", watcher);
  const all = await Watchers.open(server.endpoint, { ...SHAPE, watchers, key });
  const number = counting();
  let sent = 0;
  const source = puts("bench/each/", () => {
    sent++;
    return number() % watchers;
  });
  const load = { connections: 10, callersPerConnection: 10, requests: "fresh" as const, source: () => source };
  try {
    return await meter(server, async () => {
      const startMs = performance.now();
      const { p50Ms, p99Ms, p999Ms } = await replay(server.endpoint, load, { seconds });
      await all.untilEvents(sent);
      const perSecond = (all.events / (performance.now() - startMs)) * 1000;
      return { operations: all.events, readings: { perSecond, p50Ms, p99Ms, p999Ms } };
    });
  } finally {
    all.close();
  }
}
