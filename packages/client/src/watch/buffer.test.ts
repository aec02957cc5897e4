/** What waits for a slow consumer, and when it is too much. */
import { create } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import { type BufferEntry, WatchBuffer } from "./buffer.js";

const event = (bytes = 1, modRevision = 1n): Event =>
  create(EventSchema, { kv: { key: new Uint8Array(bytes), modRevision } });
const events = (count: number, bytes?: number): BufferEntry => ({
  kind: "events",
  revision: 1n,
  events: Array.from({ length: count }, () => event(bytes)),
});

describe("a watch buffer", () => {
  it("is full by events or by bytes, and has room again below a quarter", async () => {
    const buffer = new WatchBuffer(8, 100_000);
    buffer.push(events(7));
    expect(buffer.isFull).toBe(false);
    buffer.push(events(2));
    expect([buffer.isFull, buffer.lag]).toEqual([true, 9]);
    await buffer.take();
    expect([buffer.isFull, buffer.hasRoom, buffer.lag]).toEqual([false, true, 2]);
    buffer.push(events(1, 200_000));
    expect(buffer.isFull).toBe(true);
  });

  it("holds 1,024 events or 16 MiB unless told otherwise", () => {
    const [many, large] = [new WatchBuffer(), new WatchBuffer()];
    many.push(events(1_023));
    large.push(events(15, 1_024 * 1_024));
    expect([many.isFull, large.isFull]).toEqual([false, false]);
    many.push(events(1));
    large.push(events(1, 1_024 * 1_024));
    expect([many.isFull, large.isFull]).toEqual([true, true]);
  });

  it("gives out one revision at a time, whole, and counts it as waiting until then", async () => {
    const buffer = new WatchBuffer();
    buffer.pushEvents([1n, 1n, 2n, 3n, 3n, 3n].map((revision) => event(1, revision)));
    const taken: [bigint, number, number][] = [];
    while (buffer.lag > 0) {
      const entry = await buffer.take();
      if (entry?.kind === "events") taken.push([entry.revision, entry.events.length, buffer.lag]);
    }
    expect(taken).toEqual([
      [1n, 2, 4],
      [2n, 1, 3],
      [3n, 3, 0],
    ]);
    buffer.pushEvents([]);
    expect(buffer.lag).toBe(0);
  });

  it("keeps the order over thousands of entries, taken while others come", async () => {
    const buffer = new WatchBuffer();
    const taken: bigint[] = [];
    for (let revision = 1n; revision <= 9_000n; revision++) {
      buffer.pushEvents([event(1, revision)]);
      if (revision % 3n === 0n) continue;
      const entry = await buffer.take();
      if (entry?.kind === "events") taken.push(entry.revision);
    }
    expect([taken.length, buffer.lag]).toEqual([6_000, 3_000]);
    expect(taken).toEqual(taken.map((_, i) => BigInt(i) + 1n));
    expect(await buffer.take()).toMatchObject({ revision: 6_001n });
  });

  it("keeps only the newest progress of an idle watch", async () => {
    const buffer = new WatchBuffer();
    for (const revision of [1n, 2n, 3n]) buffer.push({ kind: "progress", revision });
    expect(await buffer.take()).toEqual({ kind: "progress", revision: 3n });
  });

  it("gives what it has before the error, and the error once", async () => {
    const buffer = new WatchBuffer();
    buffer.push(events(1));
    buffer.fail(new Error("gone"));
    buffer.push(events(1));
    expect((await buffer.take())?.kind).toBe("events");
    await expect(buffer.take()).rejects.toThrow("gone");
    expect(await buffer.take()).toBeUndefined();
  });

  it("ends a waiting consumer at once and drops what it has", async () => {
    const buffer = new WatchBuffer();
    const waiting = buffer.take();
    buffer.end();
    expect(await waiting).toBeUndefined();
    expect(buffer.lag).toBe(0);
  });
});
