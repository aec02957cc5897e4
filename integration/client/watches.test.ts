/**
 * What the watch stream relies on in a server, asked on the wire, and what only shows on real connections: an idle watch that
 * was resumed, and a signal that outlives thousands of watches and calls.
 */
import { getEventListeners } from "node:events";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Client, createClient, prefix } from "@kvorum/client";
import { Watch, type WatchRequestSchema, type WatchResponse } from "@kvorum/proto";
import { startNode } from "@kvorum/server";
import { niceChannel } from "@kvorum/transport";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { etcdMissing, startEtcd } from "../support/etcd.js";
import { eventually } from "../support/example.js";
import { startProxy } from "../support/proxy.js";
import type { SuiteServer } from "./suite.js";

const EMPTY_RANGE = { key: new Uint8Array([1]), rangeEnd: new Uint8Array([1]) };

async function startKvorum(): Promise<SuiteServer> {
  const node = await startNode();
  return { endpoint: node.endpoints[0] ?? "", stop: () => node.close() };
}

describe.each([
  ["Kvorum", startKvorum, undefined],
  ["etcd", () => startEtcd(), etcdMissing()],
] as const)("watches before %s", (name, start, missing) => {
  describe.skipIf(missing !== undefined)(missing === undefined ? "" : `(skipped: ${missing})`, () => {
    let server: SuiteServer;
    let direct: Client;
    beforeAll(async () => {
      server = await start();
      direct = createClient({ endpoints: server.endpoint });
      await direct.ready({ timeout: 5_000 });
    });
    afterAll(async () => {
      await direct?.close();
      await server?.stop();
    });

    it("a create of an empty range is refused at once, whatever the other watches of the stream wait for", async () => {
      const { header } = await direct.put("probed", "1");
      await using channel = niceChannel(server.endpoint, {});
      const abort = new AbortController();
      const creates = [
        { key: new TextEncoder().encode("future"), startRevision: header.revision + 1_000n, watchId: 1n },
        { ...EMPTY_RANGE, watchId: 2n },
        { ...EMPTY_RANGE, watchId: 3n },
      ];
      const answers: WatchResponse[] = [];
      for await (const answer of channel.stream(Watch.method.watch, requests(creates), { signal: abort.signal })) {
        answers.push(answer);
        if (answers.length === creates.length) break;
      }
      expect(answers.map(({ watchId, created, canceled }) => [watchId, created, canceled])).toEqual([
        [1n, true, false],
        [-1n, true, true],
        [-1n, true, true],
      ]);
      expect(answers[1]?.cancelReason).toBe("mvcc: watcher range is empty");
      expect(answers[1]?.header?.revision).toBe(header.revision);
    });

    it("a watch that was resumed and then sees nothing still knows that it is caught up", async () => {
      const proxy = await startProxy(server.endpoint);
      const client = createClient({ endpoints: proxy.endpoint });
      try {
        const watch = client.watch(prefix("idle/"));
        const first = await watch.ready;
        const { header } = await direct.put("idle/a", "1");
        const events = watch[Symbol.asyncIterator]();
        expect((await events.next()).value).toMatchObject({ kv: { modRevision: header.revision } });
        expect(header.revision).toBeGreaterThan(first);
        proxy.cut();
        await eventually(async () => proxy.connections >= 2);
        expect(await watch.progress({ timeout: 5_000 })).toBe(header.revision);
      } finally {
        await client.close();
        await proxy.close();
      }
    });

    it("a signal that lives as long as the process keeps nothing of the watches and calls it was given to", async () => {
      const warnings: string[] = [];
      const warned = (warning: Error): void => {
        warnings.push(warning.name);
      };
      process.on("warning", warned);
      const owner = new AbortController();
      const { signal } = owner;
      const watches = Array.from({ length: 500 }, (_, i) => direct.watch(`many/${i}`, { signal }));
      await Promise.all(watches.map((watch) => watch.ready));
      expect(getEventListeners(signal, "abort").length).toBe(1);
      for (const watch of watches) await watch.close();
      for (let i = 0; i < 200; i++) await direct.get("many/0", { signal });
      const lease = await direct.lease.keep({ ttl: 60, signal });
      await direct.lease.keepAliveOnce(lease.id, { signal });
      await lease.revoke({ signal });
      for await (const kv of direct.scan(prefix("idle/"), { signal })) expect(kv.value).toBe("1");
      await new Promise((resolve) => setImmediate(resolve));
      process.off("warning", warned);
      expect(getEventListeners(signal, "abort")).toEqual([]);
      expect(warnings, name).toEqual([]);
    });
  });
});

type WatchRequestInit = MessageInitShape<typeof WatchRequestSchema>;
type CreateInit = (WatchRequestInit["requestUnion"] & { readonly case: "createRequest" })["value"];

/** Creates, and then a stream that stays open. */
async function* requests(creates: readonly CreateInit[]): AsyncGenerator<WatchRequestInit, void, undefined> {
  for (const value of creates) yield { requestUnion: { case: "createRequest", value } };
  await new Promise(() => undefined);
}
