/** Making up for a compacted gap: the difference to what was reported, at one revision, whatever happens meanwhile. */
import { RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import type { FakeCall } from "../testing/fake-transport.js";
import { collect, compacted, created, creates, header, playedWatches } from "../testing/played-watches.js";
import type { WatchBatch, WatchEvent, WatchOptions } from "./options.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const kv = (name: string, modRevision: bigint, createRevision = 1n) => ({
  key: bytes(name),
  createRevision,
  modRevision,
});
const DELETE = 1;

/** An event in short: `k1@5`, `-k1@5`, `resync@5`. */
function short(event: WatchEvent<string>): string {
  if (event.type === "put") return `${event.kv.key}@${event.kv.modRevision}${event.isCreate ? "+" : ""}`;
  return event.type === "delete" ? `-${event.key}@${event.modRevision}` : `resync@${event.revision}`;
}

/** A watch that has reported k1@1, k2@2 and k3@3, and a range that a test sets. */
async function reported(options: WatchOptions = {}) {
  const played = playedWatches();
  const watch = played.watch("k", { onCompacted: "resync", startRevision: 1n, ...options });
  await played.clock.advance(0);
  played.transport.stream.answer(created(1n));
  const events = [kv("k1", 1n), kv("k2", 2n, 2n), kv("k3", 3n, 3n)].map((each) => ({ kv: each }));
  played.transport.stream.answer({ watchId: 1n, ...header(3n), events });
  return { ...played, watch, ranges: () => played.transport.calls.filter((call) => call.method === "Range") };
}

const pageOf = ({ request }: FakeCall): [string, unknown] => [
  new TextDecoder().decode(request["key"] as Uint8Array),
  request["revision"],
];

describe("a watch whose history is compacted", () => {
  // k1 stays, k2 goes, k3 changes, k4 comes.
  const present = { ...header(50n), kvs: [kv("k1", 1n), kv("k3", 40n, 3n), kv("k4", 45n, 45n)] };

  it("reports what differs from what it has reported, deletions too, and goes on after that", async () => {
    const { transport, clock, watch } = await reported();
    const seen = collect(watch);
    transport.answer = () => present;
    transport.stream.answer(compacted(1n, 30n));
    await clock.advance(0);
    expect(seen.events.slice(3).map(short)).toEqual(["resync@50", "k3@40", "k4@45+", "-k2@50"]);
    expect(seen.events[3]).toMatchObject({ compactRevision: 30n });
    expect(creates(transport.stream)).toEqual([[1n, 51n]]);
  });

  it("yields all of that as one batch", async () => {
    const { transport, clock, watch } = await reported();
    const batches: WatchBatch<string>[] = [];
    void (async () => {
      for await (const batch of watch.batches()) batches.push(batch);
    })();
    transport.answer = () => present;
    transport.stream.answer(compacted(1n, 30n));
    await clock.advance(0);
    expect(batches.slice(3).map((batch) => [batch.revision, batch.events.map(short)])).toEqual([
      [50n, ["resync@50", "k3@40", "k4@45+", "-k2@50"]],
    ]);
  });

  it("counts nothing as seen before the last of it was taken", async () => {
    const { transport, clock, watch } = await reported();
    transport.answer = () => present;
    transport.stream.answer(compacted(1n, 30n));
    const log: [string, bigint][] = [];
    void (async () => {
      for await (const event of watch) log.push([short(event), watch.revision]);
    })();
    await clock.advance(0);
    expect(log.slice(3).map(([, revision]) => revision)).toEqual([3n, 3n, 3n, 3n]);
    expect(watch.revision).toBe(50n);
  });

  it.each([
    ["delete", ["resync@50", "-k2@50"]],
    ["put", ["k1@1+", "k2@2+", "k3@3+", "resync@50", "k3@40", "k4@45+"]],
  ] as const)("that reports each %s only knows of the others all the same", async (only, expected) => {
    const { transport, clock, watch } = await reported({ only });
    const seen = collect(watch);
    transport.answer = () => present;
    transport.stream.answer(compacted(1n, 30n));
    await clock.advance(0);
    expect(seen.events.map(short)).toEqual(expected);
  });

  it("knows that a key it reported was deleted before the gap, and reports no deletion twice", async () => {
    const { transport, clock, watch } = await reported();
    const seen = collect(watch);
    transport.stream.answer({ watchId: 1n, ...header(4n), events: [{ type: DELETE, kv: kv("k2", 4n) }] });
    transport.answer = () => present;
    transport.stream.answer(compacted(1n, 30n));
    await clock.advance(0);
    expect(seen.events.slice(3).map(short)).toEqual(["-k2@4", "resync@50", "k3@40", "k4@45+"]);
  });

  it("is compacted again before it goes on, and makes up for that as well", async () => {
    const { transport, clock, watch } = await reported();
    const seen = collect(watch);
    transport.answer = () => present;
    transport.stream.answer(compacted(1n, 30n));
    await clock.advance(0);
    // k1 and k3 go; k4 has stayed as it was reported.
    transport.answer = () => ({ ...header(90n), kvs: [kv("k4", 45n, 45n)] });
    for (const answer of [created(1n, 80n), compacted(1n, 80n)]) transport.stream.answer(answer);
    await clock.advance(0);
    expect(seen.events.slice(7).map(short)).toEqual(["resync@90", "-k1@90", "-k3@90"]);
    expect(creates(transport.stream)).toEqual([[1n, 91n]]);
  });

  it("reads a large range in pages at one revision", async () => {
    const { transport, clock, watch, ranges } = await reported();
    const seen = collect(watch);
    transport.answer = (call) => {
      const [key] = pageOf(call);
      if (key === "k") return { ...header(50n), kvs: [kv("k1", 1n), kv("k2", 2n)], more: true };
      return { ...header(60n), kvs: [kv("k7", 47n, 47n)], more: false };
    };
    transport.stream.answer(compacted(1n, 30n));
    await clock.advance(0);
    expect(ranges().map(pageOf)).toEqual([
      ["k", undefined],
      ["k2\0", 50n],
    ]);
    expect(ranges().map((call) => call.request["limit"])).toEqual([1_000n, 1_000n]);
    expect(seen.events.slice(3).map(short)).toEqual(["resync@50", "k7@47+", "-k3@50"]);
    expect(creates(transport.stream)).toEqual([[1n, 51n]]);
  });

  it("starts over when it is compacted between two pages, and then has reported the same in the end", async () => {
    const { transport, clock, watch } = await reported();
    const seen = collect(watch);
    const answers = [
      () => ({ ...header(50n), kvs: [kv("k1", 41n), kv("k2", 2n)], more: true }),
      () => {
        throw new RpcError(StatusCode.OUT_OF_RANGE, "etcdserver: mvcc: required revision has been compacted");
      },
      () => ({ ...header(70n), kvs: [kv("k1", 41n), kv("k2", 60n)], more: false }),
    ];
    transport.answer = () => answers.shift()?.() ?? {};
    transport.stream.answer(compacted(1n, 30n));
    await clock.advance(0);
    expect(seen.events.slice(3).map(short)).toEqual(["resync@50", "k1@41", "resync@70", "k2@60", "-k3@70"]);
    expect(creates(transport.stream)).toEqual([[1n, 71n]]);
  });

  it("outlives a time without a server that is longer than any call", async () => {
    const { transport, clock, watch } = await reported();
    const seen = collect(watch);
    transport.answer = () => {
      throw new RpcError(StatusCode.UNAVAILABLE, "connection lost", { maybeSent: false });
    };
    transport.stream.answer(compacted(1n, 30n));
    await clock.advance(120_000);
    expect([seen.ended, seen.events.length]).toEqual([false, 3]);
    transport.answer = () => present;
    await clock.advance(5_000);
    expect(seen.events.slice(3).map(short)).toEqual(["resync@50", "k3@40", "k4@45+", "-k2@50"]);
  });

  it("fails with what the server refuses", async () => {
    const { transport, clock, watch } = await reported();
    const seen = collect(watch);
    transport.answer = () => {
      throw new RpcError(StatusCode.PERMISSION_DENIED, "etcdserver: permission denied");
    };
    transport.stream.answer(compacted(1n, 30n));
    await clock.advance(0);
    expect(seen.error).toMatchObject({ reason: "permission-denied" });
  });

  it("ends at once when it is closed in the middle, and is not created again", async () => {
    const { transport, clock, watch } = await reported();
    const seen = collect(watch);
    transport.answer = () => new Promise(() => undefined);
    transport.stream.answer(compacted(1n, 30n));
    await clock.advance(0);
    const streams = transport.streams.length;
    await watch.close();
    await clock.advance(0);
    expect([seen.ended, seen.error, transport.streams.length]).toEqual([true, undefined, streams]);
  });
});
