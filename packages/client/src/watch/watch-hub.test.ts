/** The stream under all watches: ids, resuming, refusals, signs of life and the end. */
import { getEventListeners } from "node:events";
import { RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { ClientClosedError, CompactedError } from "../errors.js";
import type { FakeStream } from "../testing/fake-transport.js";
import {
  cancels,
  collect,
  compacted,
  created,
  creates,
  lost,
  playedWatches,
  probes,
  progressed,
  put,
  refused,
  sent,
} from "../testing/played-watches.js";

describe("the watch stream", () => {
  it("creates all watches at once under ids of its own from 1 on and gives each its events", async () => {
    const { transport, clock, watch } = playedWatches();
    const [first, second] = [collect(watch("a")), collect(watch("b"))];
    await clock.advance(0);
    expect(transport.streams).toHaveLength(1);
    expect(creates(transport.stream)).toEqual([
      [1n, 0n],
      [2n, 0n],
    ]);
    for (const answer of [created(1n), created(2n), put(2n, 11n), put(1n, 12n)]) transport.stream.answer(answer);
    await clock.advance(0);
    expect([first.revisions, second.revisions]).toEqual([[12n], [11n]]);
  });

  it("requires a leader, and carries the watches that do not on another stream", async () => {
    const { transport, clock, watch, watches } = playedWatches();
    const [strict, lax] = [watch("a"), watch("b", { requireLeader: false })];
    await clock.advance(0);
    expect(transport.streams.map((stream) => stream.options.metadata?.["hasleader"])).toEqual(["true", undefined]);
    for (const stream of transport.streams) stream.answer(created(1n));
    expect(await Promise.all([strict.ready, lax.ready])).toEqual([10n, 10n]);
    const ends = [collect(strict), collect(lax)];
    await watches.close();
    await Promise.all(ends.map((end) => end.done));
    expect(ends.map((end) => end.error)).toMatchObject([{ reason: "closed" }, { reason: "closed" }]);
  });

  it("opens again at another member at once and resumes each watch after its last event", async () => {
    const { transport, clock, watch } = playedWatches(["http://a", "http://b"]);
    const [live, history] = [watch("a"), watch("b", { startRevision: 3n })];
    const seen = [collect(live), collect(history)];
    await clock.advance(0);
    for (const answer of [created(1n), created(2n), put(1n, 11n, 12n)]) transport.stream.answer(answer);
    transport.stream.end(lost());
    await clock.advance(0);
    expect(transport.streams.map((stream) => stream.endpoint)).toEqual(["http://a", "http://b"]);
    expect(creates(transport.stream)).toEqual([
      [1n, 13n],
      [2n, 3n],
    ]);
    for (const answer of [created(1n), created(2n), put(1n, 12n, 13n), put(2n, 3n)]) transport.stream.answer(answer);
    await clock.advance(0);
    expect(seen.map((watched) => watched.revisions)).toEqual([[11n, 12n, 13n], [3n]]);
  });

  it("discards half a set of fragments with the stream that broke and yields the whole once", async () => {
    const { transport, clock, watch } = playedWatches(["http://a", "http://b"]);
    const seen = collect(watch("a", { startRevision: 5n }));
    await clock.advance(0);
    for (const answer of [created(1n), { ...put(1n, 5n, 6n), fragment: true }]) transport.stream.answer(answer);
    await clock.advance(0);
    transport.stream.end(lost());
    await clock.advance(0);
    expect(seen.revisions).toEqual([]);
    expect(creates(transport.stream)).toEqual([[1n, 5n]]);
    for (const answer of [created(1n), { ...put(1n, 5n, 6n), fragment: true }, put(1n, 6n, 7n)]) {
      transport.stream.answer(answer);
    }
    await clock.advance(0);
    expect(seen.revisions).toEqual([5n, 6n, 6n, 7n]);
  });

  it("waits longer and longer, up to two seconds, at a lone member, also when the server ends it well", async () => {
    const { transport, clock, watch } = playedWatches();
    collect(watch("a"));
    await clock.advance(0);
    for (const waitMs of [50, 100, 200, 400, 800, 1_600, 2_000, 2_000]) {
      const before = transport.streams.length;
      transport.stream.end();
      await clock.advance(waitMs - 1);
      expect(transport.streams).toHaveLength(before);
      await clock.advance(1);
      expect(transport.streams).toHaveLength(before + 1);
    }
  });

  it("does not run in a circle between members that end it as soon as it is open", async () => {
    const { transport, clock, watch } = playedWatches(["http://a", "http://b"]);
    collect(watch("a"));
    for (let i = 0; i < 30; i++) {
      await clock.advance(10);
      transport.stream.answer(created(1n));
      transport.stream.end(lost());
    }
    // In 300 ms: one at once and one after the first wait, again and again.
    expect(transport.streams.length).toBeLessThan(14);
    expect(transport.streams.length).toBeGreaterThan(5);
  });

  it("closes with its last watch and opens with the next", async () => {
    const { transport, clock, watch } = playedWatches();
    const first = watch("a");
    await clock.advance(0);
    await first.close();
    const second = watch("b");
    await clock.advance(0);
    expect(transport.streams.map((stream) => stream.closed)).toEqual([true, false]);
    transport.stream.answer(created(1n));
    expect(await second.ready).toBe(10n);
    await second.close();
    await clock.advance(0);
    expect(transport.stream.closed).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it("cancels one watch of several and ignores what is still under way for it", async () => {
    const { transport, clock, watch } = playedWatches();
    const [going, staying] = [watch("a"), watch("b")];
    const seen = [collect(going), collect(staying)];
    await clock.advance(0);
    await going.close();
    await clock.advance(0);
    expect(cancels(transport.stream)).toEqual([1n]);
    // The refusal of its create and an event, both sent before the server saw the cancel.
    const answers = [refused("etcdserver: permission denied"), put(1n, 11n), created(2n), put(2n, 11n)];
    for (const answer of answers) transport.stream.answer(answer);
    await clock.advance(0);
    expect(cancels(transport.stream)).toEqual([1n]);
    expect(seen.map((watched) => watched.revisions)).toEqual([[], [11n]]);
  });

  it("takes a refused create, which comes as id -1, for the one whose turn it is", async () => {
    const { transport, clock, watch } = playedWatches();
    const watched = ["a", "b", "c"].map((key) => collect(watch(key)));
    await clock.advance(0);
    const denied = refused("rpc error: code = PermissionDenied desc = etcdserver: permission denied");
    for (const answer of [created(1n), denied, created(3n), put(3n, 11n)]) transport.stream.answer(answer);
    await clock.advance(0);
    expect(watched[1]?.error).toMatchObject({ name: "PermissionDeniedError" });
    expect(watched[0]?.error).toBeUndefined();
    expect(watched[2]?.revisions).toEqual([11n]);
  });

  it("ends all watches with the closed error, and at once those that come later", async () => {
    const { clock, close, watches, watch } = playedWatches();
    const early = collect(watch("a"));
    await clock.advance(0);
    close.abort(new ClientClosedError());
    await watches.close();
    const late = collect(watch("b"));
    await Promise.all([early.done, late.done]);
    expect([early.error, late.error]).toMatchObject([{ reason: "closed" }, { reason: "closed" }]);
    expect(clock.pending).toBe(0);
  });
});

describe("a server that chooses the ids itself", () => {
  /** Ids from 0 on for everything but probes, as servers before 3.4 and proxies give them. */
  async function attached(count: number) {
    const played = playedWatches();
    const seen = Array.from({ length: count }, (_, i) => collect(played.watch(String(i))));
    await played.clock.advance(0);
    played.transport.stream.answer(created(0n));
    await played.clock.advance(0);
    return { ...played, seen };
  }

  it("is asked for one watch at a time on a new stream, and each gets its own events", async () => {
    const { transport, clock, seen } = await attached(3);
    expect(transport.streams.map((stream) => stream.closed)).toEqual([true, false]);
    for (const id of [0n, 1n, 2n]) {
      expect(creates(transport.stream)).toHaveLength(Number(id) + 1);
      transport.stream.answer(created(id));
      await clock.advance(0);
    }
    for (const [id, revision] of [
      [2n, 12n],
      [0n, 13n],
      [1n, 14n],
    ] as const) {
      transport.stream.answer(put(id, revision));
    }
    await clock.advance(0);
    expect(seen.map((each) => each.revisions)).toEqual([[13n], [14n], [12n]]);
  });

  it("cancels by the server's id, also a watch that left while it was created", async () => {
    const { transport, clock, watch } = await attached(1);
    transport.stream.answer(created(7n));
    const [going, unsent, staying] = [watch("b"), watch("c"), watch("d")];
    const seen = collect(staying);
    await clock.advance(0);
    await Promise.all([going.close(), unsent.close()]);
    expect(cancels(transport.stream)).toEqual([]);
    transport.stream.answer(created(8n));
    await clock.advance(0);
    expect(cancels(transport.stream)).toEqual([8n]);
    // The second of them was never asked for.
    expect(creates(transport.stream)).toHaveLength(3);
    for (const answer of [created(9n), put(8n, 11n), put(9n, 12n)]) transport.stream.answer(answer);
    await clock.advance(0);
    expect(seen.revisions).toEqual([12n]);
    await staying.close();
    await clock.advance(0);
    expect(cancels(transport.stream)).toEqual([8n, 9n]);
  });
});

describe("the end of a watch by the server", () => {
  it("for compaction ends that watch and leaves the others alone", async () => {
    const { transport, clock, watch } = playedWatches();
    const [old, live] = [collect(watch("a", { startRevision: 2n })), collect(watch("b"))];
    await clock.advance(0);
    const answers = [created(1n), compacted(1n, 7n), created(2n), put(2n, 11n)];
    for (const answer of answers) transport.stream.answer(answer);
    await clock.advance(0);
    expect(old.error).toBeInstanceOf(CompactedError);
    expect(old.error).toMatchObject({ compactRevision: 7n, requested: 2n, reason: "compacted", code: "OUT_OF_RANGE" });
    expect(live.revisions).toEqual([11n]);
    // A server keeps the id until the client lets go of it.
    expect(cancels(transport.stream)).toEqual([1n]);
  });

  it("for compaction in words alone is the same, without the revision", async () => {
    const { transport, clock, watch } = playedWatches();
    const old = collect(watch("a", { startRevision: 2n }));
    await clock.advance(0);
    transport.stream.answer(refused("etcdserver: mvcc: required revision has been compacted"));
    await clock.advance(0);
    expect(old.error).toBeInstanceOf(CompactedError);
    expect(old.error).toMatchObject({ compactRevision: undefined, requested: 2n });
  });

  it.each([
    ["without a reason", { watchId: 1n, canceled: true }, { reason: "future-revision", code: "OUT_OF_RANGE" }],
    [
      "for a range that is empty",
      refused("mvcc: watcher range is empty"),
      { reason: "watch-range-empty", code: "INVALID_ARGUMENT" },
    ],
    [
      "for an id that is taken",
      refused("mvcc: duplicate watch ID provided on the WatchStream"),
      { reason: "watch-id-duplicate", code: "INVALID_ARGUMENT" },
    ],
    ["in words of no meaning to us", refused("boom"), { reason: "unknown", code: "UNKNOWN", message: "boom" }],
  ])("%s is an error of that watch", async (_, answer, error) => {
    const { transport, clock, watch } = playedWatches();
    const watched = watch("a");
    const seen = collect(watched);
    await clock.advance(0);
    if (answer["watchId"] === 1n) transport.stream.answer(created(1n));
    transport.stream.answer(answer);
    await clock.advance(0);
    expect(seen.error).toMatchObject({ ...error, outcome: "not-applied" });
    expect(clock.pending).toBe(0);
  });

  it.each([
    "rpc error: code = Unauthenticated desc = etcdserver: invalid auth token",
    "rpc error: code = InvalidArgument desc = etcdserver: revision of auth store is old",
    "rpc error: code = InvalidArgument desc = etcdserver: user name is empty",
  ])("over its token (%s) fetches another one, and is final after the third", async (reason) => {
    const { transport, clock, watch, token } = playedWatches();
    const watched = collect(watch("a"));
    await clock.advance(0);
    const refuse = async (): Promise<void> => {
      transport.stream.answer(refused(reason));
      await clock.advance(500);
    };
    token.value = "second";
    await refuse();
    expect(transport.streams.map((stream) => stream.options.metadata?.["token"])).toEqual(["first", "second"]);
    await refuse();
    await refuse();
    expect(watched.error).toBeInstanceOf(Error);
    expect(transport.streams).toHaveLength(3);
  });

  it("over an old revision of auth is tried again by a client that has no token to renew", async () => {
    const { transport, clock, watch } = playedWatches(["http://a"], false);
    const watched = collect(watch("a"));
    await clock.advance(0);
    transport.stream.answer(
      refused("rpc error: code = InvalidArgument desc = etcdserver: revision of auth store is old"),
    );
    await clock.advance(500);
    for (const answer of [created(1n), put(1n, 11n)]) transport.stream.answer(answer);
    await clock.advance(0);
    expect([transport.streams.length, watched.revisions]).toEqual([2, [11n]]);
  });

  it("that another member would not ask for is tried there", async () => {
    const { transport, clock, watch } = playedWatches(["http://a", "http://b"]);
    const watched = collect(watch("a"));
    await clock.advance(0);
    transport.stream.answer(refused("etcdserver: no leader"));
    await clock.advance(0);
    expect(transport.streams.map((stream) => stream.endpoint)).toEqual(["http://a", "http://b"]);
    for (const answer of [created(1n), put(1n, 11n)]) transport.stream.answer(answer);
    await clock.advance(0);
    expect(watched.revisions).toEqual([11n]);
  });
});

describe("the end of the stream", () => {
  const status = (code: keyof typeof StatusCode, details: string): RpcError => new RpcError(StatusCode[code], details);

  it.each([
    ["UNAVAILABLE", status("UNAVAILABLE", "connection lost")],
    ["no leader", status("UNAVAILABLE", "etcdserver: no leader")],
    ["INTERNAL", status("INTERNAL", "Received RST_STREAM with code 2")],
    ["CANCELLED by the server", status("CANCELLED", "the server is closing")],
    ["a good end", undefined],
  ])("by %s goes on at another member", async (_, error) => {
    const { transport, clock, watch } = playedWatches(["http://a", "http://b"]);
    const watched = collect(watch("a"));
    await clock.advance(0);
    transport.stream.answer(created(1n));
    await clock.advance(0);
    transport.stream.end(error);
    await clock.advance(0);
    expect(transport.streams.map((stream) => stream.endpoint)).toEqual(["http://a", "http://b"]);
    expect(watched.ended).toBe(false);
  });

  it("by UNAUTHENTICATED goes on with another token", async () => {
    const { transport, clock, watch, token } = playedWatches();
    collect(watch("a"));
    await clock.advance(0);
    token.value = "second";
    transport.stream.end(status("UNAUTHENTICATED", "etcdserver: invalid auth token"));
    await clock.advance(500);
    expect(transport.streams.map((stream) => stream.options.metadata?.["token"])).toEqual(["first", "second"]);
  });

  it.each([
    ["PERMISSION_DENIED", status("PERMISSION_DENIED", "etcdserver: permission denied")],
    ["UNIMPLEMENTED", status("UNIMPLEMENTED", "unknown service")],
    ["DATA_LOSS", status("DATA_LOSS", "etcdserver: corrupt cluster")],
  ])("by %s is final for every watch", async (code, error) => {
    const { transport, clock, watch } = playedWatches(["http://a", "http://b"]);
    const seen = [collect(watch("a")), collect(watch("b"))];
    await clock.advance(0);
    transport.stream.end(error);
    await clock.advance(5_000);
    expect(seen.map((each) => each.error)).toMatchObject([{ code }, { code }]);
    expect(transport.streams).toHaveLength(1);
  });
});

describe("a silent watch stream", () => {
  it("is asked twice, 15 s apart, and then replaced, at another member", async () => {
    const { transport, clock, watch } = playedWatches(["http://a", "http://b"]);
    collect(watch("a"));
    await clock.advance(0);
    transport.stream.answer(created(1n));
    const asked: number[] = [];
    for (let i = 0; i < 3; i++) {
      await clock.advance(14_999);
      asked.push(probes(transport.streams[0] as FakeStream).length);
      await clock.advance(1);
    }
    expect(asked).toEqual([0, 1, 2]);
    expect(transport.streams.map((stream) => stream.endpoint)).toEqual(["http://a", "http://b"]);
  });

  it("lives on when it answers, with watches that wait for a revision to come as well", async () => {
    const { transport, clock, watch } = playedWatches();
    const watched = collect(watch("a", { startRevision: 1_000n }));
    await clock.advance(0);
    transport.stream.answer(created(1n));
    for (let i = 0; i < 10; i++) {
      await clock.advance(15_000);
      // What every server says to a range that is empty.
      transport.stream.answer(refused("mvcc: watcher range is empty"));
    }
    expect([transport.streams.length, probes(transport.stream).length]).toEqual([1, 10]);
    expect(watched.ended).toBe(false);
    transport.stream.answer(put(1n, 1_000n));
    await clock.advance(0);
    expect(watched.revisions).toEqual([1_000n]);
  });

  it("is asked with a create that no watch takes for its own, whoever answers it and how", async () => {
    const { transport, clock, watch } = playedWatches();
    const first = collect(watch("a"));
    await clock.advance(0);
    transport.stream.answer(created(1n));
    await clock.advance(15_000);
    const second = collect(watch("b"));
    await clock.advance(0);
    // A server that lets a watch of nothing be is asked to end it again.
    for (const answer of [created(2n), created(3n), put(3n, 11n), put(1n, 12n)]) transport.stream.answer(answer);
    await clock.advance(0);
    expect(cancels(transport.stream)).toEqual([2n]);
    expect([first.revisions, second.revisions]).toEqual([[12n], [11n]]);
  });

  it("is not asked while progress is reported", async () => {
    const { transport, clock, watch } = playedWatches();
    collect(watch("a"));
    await clock.advance(0);
    transport.stream.answer(created(1n));
    for (let i = 0n; i < 5n; i++) {
      await clock.advance(14_000);
      transport.stream.answer(progressed(1n, 20n + i));
    }
    expect(probes(transport.stream)).toEqual([]);
  });
});

describe("ten thousand watches", () => {
  it("are created in one round trip on one stream, again after a break, and closed", async () => {
    const { transport, clock, watch } = playedWatches();
    const owner = new AbortController();
    const watches = Array.from({ length: 10_000 }, (_, i) => watch(String(i), { signal: owner.signal }));
    await clock.advance(0);
    expect(getEventListeners(owner.signal, "abort")).toHaveLength(1);
    for (let round = 1; round <= 2; round++) {
      expect(transport.streams).toHaveLength(round);
      // Nothing has been answered yet.
      expect(creates(transport.stream)).toHaveLength(10_000);
      for (let id = 1n; id <= 10_000n; id++) transport.stream.answer(created(id));
      await Promise.all(watches.map((each) => each.ready));
      await clock.advance(0);
      if (round === 1) transport.stream.end(lost());
      await clock.advance(100);
    }
    for (const each of watches.slice(1)) await each.close();
    await clock.advance(0);
    expect(sent(transport.stream, "cancelRequest")).toHaveLength(9_999);
    await watches[0]?.close();
    await clock.advance(0);
    expect([transport.stream.closed, clock.pending]).toEqual([true, 0]);
    expect(getEventListeners(owner.signal, "abort")).toHaveLength(0);
  });
});
