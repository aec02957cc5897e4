/** Watches over a stream that a test plays: ids, resuming, refusals, back-pressure and the end. */
import { RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { utf8 } from "../codec.js";
import { ClientClosedError, CompactedError } from "../errors.js";
import { prefix } from "../keys.js";
import { Keyspace } from "../keyspace.js";
import { Balancer } from "../net/balancer.js";
import { Caller } from "../net/caller.js";
import { Credentials } from "../net/credentials.js";
import { Endpoint } from "../net/endpoint.js";
import { Streams } from "../net/streams.js";
import { type FakeStream, FakeTransport } from "../testing/fake-transport.js";
import { ManualClock } from "../testing/manual-clock.js";
import type { WatchEvent, WatchOptions } from "./options.js";
import { openWatch, type Watch } from "./watch.js";
import { WatchHub } from "./watch-hub.js";

function setUp(addresses: string[] = ["http://a"]) {
  const transport = new FakeTransport();
  const clock = new ManualClock();
  const close = new AbortController();
  const endpoints = addresses.map((address) => new Endpoint(address, transport.factory, {}));
  const balancer = new Balancer(endpoints, "pick-first");
  const token = { value: "first" };
  const credentials = new Credentials({ token: () => token.value }, balancer, clock);
  const shared = { clock, random: () => 1, closed: close.signal };
  const caller = new Caller({ balancer, credentials, ...shared });
  const watches = new WatchHub({ streams: new Streams(balancer, credentials, clock), ...shared });
  const watch = (key: string, options?: WatchOptions): Watch<string> =>
    openWatch({ caller, watches }, { keyspace: new Keyspace(), codec: utf8 }, prefix(key), options);
  /** The create requests of a stream: id and start revision. */
  const creates = (stream: FakeStream): [bigint, bigint][] =>
    unions(stream, "createRequest").map((value) => [value["watchId"] as bigint, value["startRevision"] as bigint]);
  const cancels = (stream: FakeStream): bigint[] =>
    unions(stream, "cancelRequest").map((value) => value["watchId"] as bigint);
  return { transport, clock, close, watches, watch, creates, cancels, token };
}

type Union = { case: string; value: Record<string, unknown> };

function unions(stream: FakeStream, kind: string): Record<string, unknown>[] {
  return stream.requests
    .map((request) => request["requestUnion"] as Union)
    .filter((union) => union.case === kind)
    .map((union) => union.value);
}

const header = (revision: bigint) => ({ header: { revision } });
const created = (watchId: bigint, revision = 10n) => ({ watchId, created: true, ...header(revision) });
const put = (watchId: bigint, ...revisions: bigint[]) => ({
  watchId,
  ...header(revisions.at(-1) ?? 0n),
  events: revisions.map((modRevision) => ({ kv: { key: new Uint8Array([97]), modRevision } })),
});
const lost = (): RpcError => new RpcError(StatusCode.UNAVAILABLE, "connection lost");

/** Collects what a watch yields, and how it ends. */
function collect(watch: Watch<string>) {
  const result: { revisions: bigint[]; events: WatchEvent<string>[]; error?: unknown; done: Promise<void> } = {
    revisions: [],
    events: [],
    done: Promise.resolve(),
  };
  result.done = (async () => {
    try {
      for await (const event of watch) {
        result.events.push(event);
        if (event.type === "put") result.revisions.push(event.kv.modRevision);
      }
    } catch (error) {
      result.error = error;
    }
  })();
  return result;
}

describe("the watch stream", () => {
  it("creates all watches at once under ids of its own and gives each its events", async () => {
    const { transport, clock, watch, creates } = setUp();
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
    expect(transport.stream.options.metadata).toMatchObject({ hasleader: "true" });
  });

  it("opens again at another member at once and resumes each watch after its last event", async () => {
    const { transport, clock, watch, creates } = setUp(["http://a", "http://b"]);
    const [live, history] = [watch("a"), watch("b", { startRevision: 3n })];
    const seen = [collect(live), collect(history)];
    await clock.advance(0);
    for (const answer of [created(1n), created(2n), put(1n, 11n, 12n)]) transport.stream.answer(answer);
    transport.stream.end(lost());
    await clock.advance(0);
    expect(transport.streams.map((stream) => stream.endpoint)).toEqual(["http://a", "http://b"]);
    expect(creates(transport.stream).map(([, start]) => start)).toEqual([13n, 3n]);
    const [[first] = [0n], [second] = [0n]] = creates(transport.stream);
    for (const answer of [created(first), created(second), put(first, 12n, 13n), put(second, 3n)]) {
      transport.stream.answer(answer);
    }
    await clock.advance(0);
    expect(seen.map((watched) => watched.revisions)).toEqual([[11n, 12n, 13n], [3n]]);
  });

  it("waits longer and longer between attempts at a lone member, also when the server ends it well", async () => {
    const { transport, clock, watch } = setUp();
    collect(watch("a"));
    await clock.advance(0);
    for (const waitMs of [50, 100, 200]) {
      const before = transport.streams.length;
      transport.stream.end();
      await clock.advance(waitMs - 1);
      expect(transport.streams).toHaveLength(before);
      await clock.advance(1);
      expect(transport.streams).toHaveLength(before + 1);
    }
  });

  it("closes with its last watch and opens with the next", async () => {
    const { transport, clock, watch } = setUp();
    const first = watch("a");
    await clock.advance(0);
    await first.close();
    const second = watch("b");
    await clock.advance(0);
    expect(transport.streams.map((stream) => stream.closed)).toEqual([true, false]);
    await second.close();
    await clock.advance(0);
    expect(transport.stream.closed).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it("cancels one watch of several and ignores what is still under way for it", async () => {
    const { transport, clock, watch, cancels } = setUp();
    const [going, staying] = [watch("a"), watch("b")];
    const seen = [collect(going), collect(staying)];
    await clock.advance(0);
    await going.close();
    await clock.advance(0);
    expect(cancels(transport.stream)).toEqual([1n]);
    // The refusal of its create and an event, both sent before the server saw the cancel.
    const refused = { watchId: -1n, created: true, canceled: true, cancelReason: "etcdserver: permission denied" };
    for (const answer of [refused, put(1n, 11n), created(2n), put(2n, 11n)]) transport.stream.answer(answer);
    await clock.advance(0);
    expect(cancels(transport.stream)).toEqual([1n]);
    expect(seen.map((watched) => watched.revisions)).toEqual([[], [11n]]);
  });

  it("takes a refused create, which comes as id -1, for the one whose turn it is", async () => {
    const { transport, clock, watch } = setUp();
    const watched = ["a", "b", "c"].map((key) => collect(watch(key)));
    await clock.advance(0);
    const cancelReason = "rpc error: code = PermissionDenied desc = etcdserver: permission denied";
    const refused = { watchId: -1n, created: true, canceled: true, cancelReason };
    for (const answer of [created(1n), refused, created(3n), put(3n, 11n)]) transport.stream.answer(answer);
    await clock.advance(0);
    expect(watched[1]?.error).toMatchObject({ name: "PermissionDeniedError" });
    expect(watched[0]?.error).toBeUndefined();
    expect(watched[2]?.revisions).toEqual([11n]);
  });

  it("fetches another token when the server refuses a watch over it, and gives up after the third", async () => {
    const { transport, clock, watch, token } = setUp();
    const watched = collect(watch("a"));
    await clock.advance(0);
    const refuse = async (): Promise<void> => {
      const cancelReason = "rpc error: code = Unauthenticated desc = etcdserver: invalid auth token";
      transport.stream.answer({ watchId: -1n, created: true, canceled: true, cancelReason });
      await clock.advance(500);
    };
    token.value = "second";
    await refuse();
    expect(transport.streams.map((stream) => stream.options.metadata?.["token"])).toEqual(["first", "second"]);
    await refuse();
    await refuse();
    expect(watched.error).toMatchObject({ name: "UnauthenticatedError" });
  });

  it("ends a watch whose revision is compacted and leaves the others alone", async () => {
    const { transport, clock, watch } = setUp();
    const [old, live] = [collect(watch("a", { startRevision: 2n })), collect(watch("b"))];
    await clock.advance(0);
    const canceled = { watchId: 1n, canceled: true, compactRevision: 7n };
    for (const answer of [created(1n), canceled, created(2n), put(2n, 11n)]) transport.stream.answer(answer);
    await clock.advance(0);
    expect(old.error).toBeInstanceOf(CompactedError);
    expect(old.error).toMatchObject({ compactRevision: 7n, requested: 2n });
    expect(live.revisions).toEqual([11n]);
  });

  it("is replaced when it gives no sign of life", async () => {
    const { transport, clock, watch } = setUp(["http://a", "http://b"]);
    collect(watch("a"));
    await clock.advance(0);
    transport.stream.answer(created(1n));
    await clock.advance(45_000);
    expect(unions(transport.streams[0] as FakeStream, "progressRequest")).toHaveLength(2);
    expect(transport.streams.map((stream) => stream.endpoint)).toEqual(["http://a", "http://b"]);
  });

  it("ends all watches with the closed error, and at once those that come later", async () => {
    const { clock, close, watches, watch } = setUp();
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

describe("a watch", () => {
  it("is ready when the server has it, and fails to be when it is closed before", async () => {
    const { transport, clock, watch } = setUp();
    const [first, second] = [watch("a"), watch("b")];
    await clock.advance(0);
    transport.stream.answer(created(1n, 10n));
    expect(await first.ready).toBe(10n);
    await second.close();
    await expect(second.ready).rejects.toThrow("closed");
  });

  it("lets the server hold what its consumer does not take, and goes on where it stopped", async () => {
    const { transport, clock, watch, creates, cancels } = setUp();
    const slow = watch("a", { bufferSize: 4 });
    collect(watch("b"));
    await clock.advance(0);
    for (const answer of [created(1n), created(2n), put(1n, 11n, 12n, 13n, 14n), put(1n, 15n)]) {
      transport.stream.answer(answer);
    }
    await clock.advance(0);
    expect([slow.lag, cancels(transport.stream)]).toEqual([4, [1n]]);
    const seen = collect(slow);
    await clock.advance(0);
    expect(seen.revisions).toEqual([11n, 12n, 13n, 14n]);
    expect(creates(transport.stream).at(-1)).toEqual([3n, 15n]);
    for (const answer of [created(3n), put(3n, 15n)]) transport.stream.answer(answer);
    await clock.advance(0);
    expect(seen.revisions).toEqual([11n, 12n, 13n, 14n, 15n]);
  });

  it("groups events by revision and counts a batch as seen once it was taken", async () => {
    const { transport, clock, watch } = setUp();
    const watched = watch("a");
    await clock.advance(0);
    for (const answer of [created(1n), put(1n, 11n, 11n, 12n), { watchId: 1n, ...header(20n) }]) {
      transport.stream.answer(answer);
    }
    const log: [bigint, number, bigint][] = [];
    void (async () => {
      for await (const batch of watched.batches()) log.push([batch.revision, batch.events.length, watched.revision]);
    })();
    await clock.advance(0);
    expect(log).toEqual([
      [11n, 2, 0n],
      [12n, 1, 11n],
    ]);
    expect(watched.revision).toBe(20n);
    await watched.close();
  });

  it("throws, skips or reports a value that its codec refuses, as it was asked", async () => {
    const { transport, clock, watch } = setUp();
    const reported: string[] = [];
    const watched = [
      collect(watch("a")),
      collect(watch("a", { onDecodeError: "skip" })),
      collect(watch("a", { onDecodeError: (error) => reported.push(error.key) })),
    ];
    await clock.advance(0);
    const bad = { kv: { key: new Uint8Array([97]), value: new Uint8Array([0xff]), modRevision: 11n } };
    const good = { kv: { key: new Uint8Array([97]), modRevision: 12n } };
    for (const watchId of [1n, 2n, 3n]) {
      transport.stream.answer(created(watchId));
      transport.stream.answer({ watchId, ...header(12n), events: [bad, good] });
    }
    await clock.advance(0);
    expect(watched.map((each) => each.revisions)).toEqual([[], [12n], [12n]]);
    expect(watched[0]?.error).toMatchObject({ name: "DecodeError", modRevision: 11n });
    expect(reported).toEqual(["a"]);
  });

  it("makes up for a compacted gap with what differs from what it has reported", async () => {
    const { transport, clock, watch, creates } = setUp();
    const key = (text: string): Uint8Array => new TextEncoder().encode(text);
    const watched = collect(watch("k", { onCompacted: "resync", startRevision: 1n }));
    await clock.advance(0);
    const events = ["k1", "k2", "k3"].map((name, index) => ({
      kv: { key: key(name), modRevision: BigInt(index + 1) },
    }));
    transport.stream.answer(created(1n));
    transport.stream.answer({ watchId: 1n, ...header(3n), events });
    // k1 stays, k2 goes, k3 changes, k4 comes.
    transport.answer = () => ({
      ...header(50n),
      kvs: [
        { key: key("k1"), modRevision: 1n },
        { key: key("k3"), modRevision: 40n },
        { key: key("k4"), createRevision: 45n, modRevision: 45n },
      ],
    });
    transport.stream.answer({ watchId: 1n, canceled: true, compactRevision: 30n });
    await clock.advance(0);
    const made = watched.events.slice(3).map((event) => {
      if (event.type === "put") return [event.kv.key, event.kv.modRevision, event.isCreate];
      return event.type === "delete" ? [event.key, event.modRevision] : [event.type, event.revision];
    });
    expect(made).toEqual([
      ["resync", 50n],
      ["k3", 40n, false],
      ["k4", 45n, true],
      ["k2", 50n],
    ]);
    expect(creates(transport.stream)).toEqual([[2n, 51n]]);
  });

  it("knows how far it is from a server that can be believed, and asks no other", async () => {
    const { transport, clock, watch } = setUp();
    const watched = watch("a");
    await clock.advance(0);
    transport.stream.answer(created(1n));
    await watched.ready;
    transport.answer = () => ({ version: "3.4.23" });
    await expect(watched.progress()).rejects.toMatchObject({ reason: "not-supported", code: "UNIMPLEMENTED" });
    expect(unions(transport.stream, "progressRequest")).toHaveLength(0);
    transport.answer = () => ({ version: "3.5.8" });
    const progress = watched.progress();
    await clock.advance(0);
    transport.stream.answer({ watchId: -1n, ...header(30n) });
    expect(await progress).toBe(30n);
    // It says what has been reported, but does not move the cursor.
    expect(watched.revision).toBe(0n);
    const tooLate = watched.progress({ timeout: 20 });
    await expect(tooLate).rejects.toMatchObject({ name: "TimeoutError" });
  });

  it("can be iterated once", async () => {
    const { watch } = setUp();
    const watched = watch("a");
    await watched.close();
    const [first, again] = [collect(watched), collect(watched)];
    await Promise.all([first.done, again.done]);
    expect(first.error).toBeUndefined();
    expect(again.error).toBeInstanceOf(TypeError);
  });
});
