/** What waits for a slow consumer, and when it is too much. */
import { create } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import { type BufferEntry, WatchBuffer } from "./buffer.js";

const event = (bytes = 1): Event => create(EventSchema, { kv: { key: new Uint8Array(bytes) } });
const events = (count: number, bytes?: number): BufferEntry => ({
  kind: "events",
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
