/** The Watch service through a real channel: what the edge adds to the rules of the core. */
import { Event_EventType, KV } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import { bytes, failure, text, useNode, WatchClient } from "../../testing/rpc-harness.js";

const node = useNode();

const create = (value: object) => ({ case: "createRequest" as const, value });
const cancel = (watchId: bigint) => ({ case: "cancelRequest" as const, value: { watchId } });
const progress = { case: "progressRequest" as const, value: {} };

async function withWatch(use: (watch: WatchClient) => Promise<void>): Promise<void> {
  const watch = new WatchClient(node().channel);
  try {
    await use(watch);
  } finally {
    await watch.close();
  }
}

describe("a watch stream", () => {
  it("answers a create first, then sends events with full headers", () =>
    withWatch(async (watch) => {
      const { put, channel } = node();
      watch.send(create({ key: bytes("w"), prevKv: true }));
      const created = await watch.next();
      expect(created).toMatchObject({ created: true, canceled: false, watchId: 0n });
      const first = await put("w", "1");
      const put1 = await watch.next();
      expect(put1.header).toMatchObject({ revision: first, clusterId: created.header?.clusterId });
      expect(put1.header?.raftTerm).toBeGreaterThan(0n);
      expect(put1.events[0]).toMatchObject({ type: Event_EventType.PUT });
      await channel.unary(KV.method.deleteRange, { key: bytes("w") });
      const { events } = await watch.next();
      expect(events[0]?.type).toBe(Event_EventType.DELETE);
      expect(events[0]?.kv).toMatchObject({ modRevision: first + 1n, createRevision: 0n, version: 0n });
      expect(text(events[0]?.prevKv?.value ?? bytes("none"))).toBe("1");
    }));

  it("numbers watches from 0 and lets the client choose", () =>
    withWatch(async (watch) => {
      watch.send(create({ key: bytes("a") }), create({ key: bytes("b"), watchId: 7n }), create({ key: bytes("c") }));
      expect([(await watch.next()).watchId, (await watch.next()).watchId, (await watch.next()).watchId]).toEqual([
        0n,
        7n,
        1n,
      ]);
    }));

  it("refuses with the reason in the response, and goes on", () =>
    withWatch(async (watch) => {
      watch.send(
        create({ key: bytes("a"), watchId: 7n }),
        create({ key: bytes("a"), watchId: 7n }),
        create({ key: bytes("b"), rangeEnd: bytes("a") }),
        create({ key: bytes("a"), startRevision: -1n }),
      );
      await watch.next();
      const reasons = [await watch.next(), await watch.next(), await watch.next()];
      expect(reasons.every(({ watchId, created, canceled }) => watchId === -1n && created && canceled)).toBe(true);
      expect(reasons.map(({ cancelReason }) => cancelReason)).toEqual([
        "mvcc: duplicate watch ID provided on the WatchStream",
        "mvcc: watcher range is empty",
        "etcdserver: mvcc: required revision has been compacted",
      ]);
    }));

  it("reads an empty key as the lowest one", () =>
    withWatch(async (watch) => {
      watch.send(create({ rangeEnd: Uint8Array.of(0) }));
      await watch.next();
      await node().put("anything", "1");
      expect(text((await watch.next()).events[0]?.kv?.key ?? bytes(""))).toBe("anything");
    }));

  it("cancels with an answer, ignores what it does not know, and reports progress", () =>
    withWatch(async (watch) => {
      const revision = await node().put("c", "1");
      watch.send(create({ key: bytes("c") }), create({ key: bytes("d") }));
      await watch.next();
      await watch.next();
      watch.send(cancel(99n), cancel(0n), progress);
      expect(await watch.next()).toMatchObject({ watchId: 0n, canceled: true, cancelReason: "", compactRevision: 0n });
      const answer = await watch.next();
      expect(answer).toMatchObject({ watchId: -1n, created: false, canceled: false, events: [] });
      expect(answer.header?.revision).toBe(revision);
    }));

  it("replays history in order and filters", () =>
    withWatch(async (watch) => {
      const { put } = node();
      const start = await put("h/1", "1");
      await put("h/2", "2");
      await put("h/1", "3");
      watch.send(create({ key: bytes("h/"), rangeEnd: bytes("h0"), startRevision: start }));
      await watch.next();
      const values: string[] = [];
      while (values.length < 3)
        values.push(...(await watch.next()).events.map((event) => text(event.kv?.value ?? bytes(""))));
      expect(values).toEqual(["1", "2", "3"]);
      watch.send(create({ key: bytes("h/1"), startRevision: start, filters: [0] }), cancel(1n));
      expect((await watch.next()).created).toBe(true);
      expect(await watch.next()).toMatchObject({ watchId: 1n, canceled: true });
    }));

  it("ends a watch from a compacted revision with header revision 0", () =>
    withWatch(async (watch) => {
      const { channel, put } = node();
      const first = await put("k", "1");
      const second = await put("k", "2");
      await channel.unary(KV.method.compact, { revision: second });
      watch.send(create({ key: bytes("k"), startRevision: first }));
      expect(await watch.next()).toMatchObject({ created: true, canceled: false });
      const end = await watch.next();
      expect(end).toMatchObject({ canceled: true, compactRevision: second, cancelReason: "" });
      expect(end.header?.revision).toBe(0n);
    }));

  it("goes on after the client has sent its last request", () =>
    withWatch(async (watch) => {
      watch.send(create({ key: bytes("half") }));
      await watch.next();
      watch.halfClose();
      await node().put("half", "1");
      expect((await watch.next()).events).toHaveLength(1);
    }));

  it("delivers everything to a client that reads late, without losing or repeating", () =>
    withWatch(async (watch) => {
      const { put } = node();
      watch.send(create({ key: bytes("late") }));
      await watch.next();
      for (let i = 0; i < 300; i++) await put("late", `${i}`);
      const values: string[] = [];
      while (values.length < 300)
        values.push(...(await watch.next()).events.map((event) => text(event.kv?.value ?? bytes(""))));
      expect(values).toEqual(Array.from({ length: 300 }, (_, i) => `${i}`));
    }));
});

describe("metadata", () => {
  it("that asks for a leader is no hindrance while there is one", async () => {
    const { channel } = node();
    const metadata = { hasleader: "true", "client-api-version": "3.6" };
    const answer = await channel.unary(KV.method.range, { key: bytes("x") }, { metadata });
    expect(answer.header?.raftTerm).toBeGreaterThan(0n);
    const watch = new WatchClient(channel, metadata);
    watch.send(create({ key: bytes("x") }));
    expect((await watch.next()).created).toBe(true);
    await watch.close();
    expect(await failure(watch.next())).toBeDefined();
  });
});
