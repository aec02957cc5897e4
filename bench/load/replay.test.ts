/** Our generator on a real node. */
import { KV } from "@kvorum/proto";
import { startNode } from "@kvorum/server";
import { niceChannel } from "@kvorum/transport";
import { expect, it } from "vitest";
import { replay } from "./replay.js";
import { counting, numberedKey, puts, recorded } from "./requests.js";
import { Watchers } from "./watchers.js";

it("so many puts make so many keys, and every watcher is told of its own", async () => {
  await using node = await startNode();
  const endpoint = node.endpoints[0] as string;
  const watchers = await Watchers.open(endpoint, {
    connections: 2,
    streamsPerConnection: 2,
    watchers: 50,
    key: (watcher) => numberedKey("a/", watcher),
  });
  const load = {
    connections: 3,
    callersPerConnection: 4,
    requests: "fresh",
    source: () => puts("a/", counting()),
  } as const;
  const { calls, p50Ms, p999Ms } = await replay(endpoint, load, { calls: 100 });
  expect(calls).toBe(100);
  expect(p50Ms).toBeGreaterThan(0);
  expect(p999Ms).toBeGreaterThanOrEqual(p50Ms);
  await watchers.untilEvents(50);
  watchers.close();
  expect(watchers.events).toBe(50);
  await using channel = niceChannel(endpoint);
  const { count } = await channel.unary(KV.method.range, { key: Buffer.from("a/"), rangeEnd: Buffer.from("a0") });
  expect(count).toBe(100n);
});

it("a call that is answered with an error ends the load", async () => {
  await using node = await startNode();
  const source = () => recorded(KV.method.put, { key: new Uint8Array(0) }); // etcdserver: key is not provided
  const load = { connections: 1, callersPerConnection: 1, requests: "fresh", source } as const;
  await expect(replay(node.endpoints[0] as string, load, { calls: 1 })).rejects.toThrow("answered with an error");
});
