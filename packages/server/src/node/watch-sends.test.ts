/** A response that leaves the core passes its place once. */
import { expect, it } from "vitest";
import { put } from "../../testing/node-cluster.js";
import { StateMachine } from "../core/apply/state-machine.js";
import { MemoryBackend } from "../io/backend/memory-backend.js";
import { WatchSends } from "./watch-sends.js";

it("every response that is pulled passes the site, and a pull without one does not", () => {
  const machine = StateMachine.open({ backend: new MemoryBackend(), lessor: { minTtlSeconds: 2 } });
  const hits: string[] = [];
  const stream = new WatchSends(machine.watch, {
    failpoints: { hit: (site) => hits.push(site) },
    fail: (cause) => hits.push(String(cause)),
  }).openStream(() => {});
  const { key } = put("k", "");
  const flags = { prevKv: false, progressNotify: false, noPut: false, noDelete: false, fragment: false };
  stream.create({ watchId: 0, key, rangeEnd: new Uint8Array(0), startRevision: 0n, ...flags });
  machine.apply({ index: 1, term: 1, command: put("k", "v") }, 0);
  expect(stream.next()).toMatchObject({ created: true });
  expect(hits).toEqual(["watch-before-send"]);
  expect(stream.next()?.events).toHaveLength(1);
  expect(stream.next()).toBeUndefined();
  expect(hits).toEqual(["watch-before-send", "watch-before-send"]);
  stream.close();
});
