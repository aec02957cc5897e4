/** A watch as its consumer sees it: readiness, batches, back-pressure, decoding, progress and the end. */
import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { CompactedError } from "../errors.js";
import {
  cancels,
  collect,
  compacted,
  created,
  creates,
  header,
  lost,
  playedWatches,
  probes,
  progressed,
  put,
  refused,
  sent,
} from "../testing/played-watches.js";
import type { WatchBatch } from "./options.js";

describe("a watch", () => {
  it("is ready when the server has it, and fails to be when it is closed before", async () => {
    const { transport, clock, watch } = playedWatches();
    const [first, second] = [watch("a"), watch("b")];
    await clock.advance(0);
    transport.stream.answer(created(1n, 10n));
    expect(await first.ready).toBe(10n);
    await second.close();
    await expect(second.ready).rejects.toThrow("closed");
  });

  it("from a revision on is ready with the one before, however far the store is", async () => {
    const { transport, clock, watch } = playedWatches();
    const watched = watch("a", { startRevision: 5 });
    await clock.advance(0);
    expect(creates(transport.stream)).toEqual([[1n, 5n]]);
    transport.stream.answer(created(1n, 10n));
    expect(await watched.ready).toBe(4n);
  });

  it("groups events by revision and counts a batch as seen once it was taken", async () => {
    const { transport, clock, watch } = playedWatches();
    const watched = watch("a");
    await clock.advance(0);
    for (const answer of [created(1n), put(1n, 11n, 11n, 12n), progressed(1n, 20n)]) transport.stream.answer(answer);
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

  it("never splits a revision over two batches, in however many fragments it came", async () => {
    const { transport, clock, watch } = playedWatches();
    const watched = watch("a");
    const batches: WatchBatch<string>[] = [];
    void (async () => {
      for await (const batch of watched.batches()) batches.push(batch);
    })();
    await clock.advance(0);
    transport.stream.answer(created(1n));
    for (const part of [put(1n, 11n, 12n), put(1n, 12n), put(1n, 12n)]) {
      transport.stream.answer({ ...part, fragment: true });
      await clock.advance(0);
    }
    expect(batches).toEqual([]);
    transport.stream.answer(put(1n, 12n, 13n));
    await clock.advance(0);
    expect(batches.map((batch) => [batch.revision, batch.events.length])).toEqual([
      [11n, 1],
      [12n, 4],
      [13n, 1],
    ]);
  });

  it("throws, skips or reports a value that its codec refuses, as it was asked", async () => {
    const { transport, clock, watch } = playedWatches();
    const reported: string[] = [];
    const skipping = watch("a", { onDecodeError: "skip" });
    const watched = [
      collect(watch("a")),
      collect(skipping),
      collect(watch("a", { onDecodeError: (error) => reported.push(error.key) })),
    ];
    await clock.advance(0);
    const bad = { kv: { key: new Uint8Array([97]), value: new Uint8Array([0xff]), modRevision: 12n } };
    const good = { kv: { key: new Uint8Array([97]), modRevision: 11n } };
    // In the order in which they were asked for.
    for (const watchId of [2n, 1n, 3n]) {
      transport.stream.answer(created(watchId));
      transport.stream.answer({ watchId, ...header(12n), events: [good, bad] });
    }
    await clock.advance(0);
    expect(watched.map((each) => each.revisions)).toEqual([[11n], [11n], [11n]]);
    expect(watched[0]?.error).toMatchObject({ name: "DecodeError", modRevision: 12n });
    expect(reported).toEqual(["a"]);
    // What is left out has been seen all the same.
    expect(skipping.revision).toBe(12n);
  });

  it("can be iterated once", async () => {
    const { watch } = playedWatches();
    const watched = watch("a");
    await watched.close();
    const [first, again] = [collect(watched), collect(watched)];
    await Promise.all([first.done, again.done]);
    expect(first.error).toBeUndefined();
    expect(again.error).toBeInstanceOf(TypeError);
  });

  it("with a negative start or a buffer of nothing is a mistake of the caller", () => {
    const { transport, watch } = playedWatches();
    expect(() => watch("a", { startRevision: -1 })).toThrow(RangeError);
    for (const bufferSize of [0, -1, 1.5, Number.NaN]) expect(() => watch("a", { bufferSize })).toThrow(RangeError);
    expect(transport.streams).toEqual([]);
  });
});

describe("leaving a watch", () => {
  it("by a break of the loop cancels it on the server", async () => {
    const { transport, clock, watch } = playedWatches();
    const [watched] = [watch("a"), watch("b")];
    const leaving = (async () => {
      for await (const event of watched) if (event.type === "put") break;
    })();
    await clock.advance(0);
    for (const answer of [created(1n), created(2n), put(1n, 11n)]) transport.stream.answer(answer);
    await leaving;
    await clock.advance(0);
    expect(cancels(transport.stream)).toEqual([1n]);
  });

  it("by its signal ends the loop without an error and leaves nothing on the signal", async () => {
    const { transport, clock, watch } = playedWatches();
    const owner = new AbortController();
    const watches = [watch("a", owner), watch("b", owner), watch("c")];
    const seen = watches.map((each) => collect(each));
    await clock.advance(0);
    for (const id of [1n, 2n, 3n]) transport.stream.answer(created(id));
    await clock.advance(0);
    const reason = new Error("enough");
    owner.abort(reason);
    await Promise.all([seen[0]?.done, seen[1]?.done]);
    await clock.advance(0);
    expect(seen.map(({ ended, error }) => [ended, error])).toEqual([
      [true, undefined],
      [true, undefined],
      [false, undefined],
    ]);
    expect(cancels(transport.stream)).toEqual([1n, 2n]);
    expect(getEventListeners(owner.signal, "abort")).toEqual([]);
    // One that has aborted already asks for nothing; who waits for it to be ready is told why.
    await expect(watch("d", owner).ready).rejects.toBe(reason);
    await clock.advance(0);
    expect(creates(transport.stream)).toHaveLength(3);
  });

  it("early, or by a failure that nobody has asked about yet, leaves nothing on the signal either", async () => {
    const { transport, clock, watch } = playedWatches();
    const [owner, other] = [new AbortController(), new AbortController()];
    const [closed, failed] = [watch("a", owner), watch("b", other)];
    await clock.advance(0);
    await closed.close();
    for (const answer of [created(1n), refused("etcdserver: permission denied")]) transport.stream.answer(answer);
    await expect(failed.ready).rejects.toMatchObject({ reason: "permission-denied" });
    expect([owner, other].map(({ signal }) => getEventListeners(signal, "abort"))).toEqual([[], []]);
  });
});

describe("a slow consumer", () => {
  /** A watch with a buffer of eight that is full, beside another one. */
  async function full() {
    const played = playedWatches();
    const slow = played.watch("a", { bufferSize: 8 });
    const other = collect(played.watch("b"));
    await played.clock.advance(0);
    const revisions = [11n, 12n, 13n, 14n, 15n, 16n, 17n, 18n];
    for (const answer of [created(1n), created(2n), put(1n, ...revisions), put(1n, 19n), put(2n, 20n)]) {
      played.transport.stream.answer(answer);
    }
    await played.clock.advance(0);
    const events = slow[Symbol.asyncIterator]();
    const take = async (count: number): Promise<bigint[]> => {
      const taken: bigint[] = [];
      for (let i = 0; i < count; i++) {
        const { value } = await events.next();
        if (value?.type === "put") taken.push(value.kv.modRevision);
      }
      return taken;
    };
    return { ...played, slow, other, take };
  }

  it("leaves the rest to the server, and others are served meanwhile", async () => {
    const { transport, slow, other } = await full();
    expect([slow.lag, cancels(transport.stream), other.revisions]).toEqual([8, [1n], [20n]]);
  });

  it("gets the rest from where the buffer ends, once no more than a quarter of it waits", async () => {
    const { transport, clock, slow, take } = await full();
    expect(await take(5)).toEqual([11n, 12n, 13n, 14n, 15n]);
    expect([slow.lag, creates(transport.stream).length]).toEqual([3, 2]);
    expect(await take(1)).toEqual([16n]);
    await clock.advance(0);
    expect(creates(transport.stream).at(-1)).toEqual([3n, 19n]);
    for (const answer of [created(3n), put(3n, 19n)]) transport.stream.answer(answer);
    await clock.advance(0);
    expect(await take(3)).toEqual([17n, 18n, 19n]);
  });

  it("stays where it is over a reconnect, which creates only the others", async () => {
    const { transport, clock, take } = await full();
    transport.stream.end(lost());
    await clock.advance(100);
    expect(creates(transport.stream)).toEqual([[1n, 21n]]);
    await take(8);
    await clock.advance(0);
    expect(creates(transport.stream)).toEqual([
      [1n, 21n],
      [2n, 19n],
    ]);
  });

  it("is told of a compaction that passed it by, after what it still had", async () => {
    const { transport, clock, take } = await full();
    await take(8);
    await clock.advance(0);
    for (const answer of [created(3n), compacted(3n, 100n)]) transport.stream.answer(answer);
    const error = await take(1).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(CompactedError);
    expect(error).toMatchObject({ requested: 19n, compactRevision: 100n });
  });

  it("that leaves while the server holds the rest is not created again", async () => {
    const { transport, clock, slow } = await full();
    await slow.close();
    await clock.advance(0);
    expect([slow.lag, creates(transport.stream).length, cancels(transport.stream)]).toEqual([0, 2, [1n]]);
  });
});

describe("the progress of a watch", () => {
  async function ready(version: string) {
    const played = playedWatches();
    const watched = played.watch("a");
    await played.clock.advance(0);
    played.transport.stream.answer(created(1n, 10n));
    await watched.ready;
    played.transport.answer = () => ({ version });
    return { ...played, watched };
  }

  it("is what a server that can be believed says when all its watches are there", async () => {
    const { transport, clock, watched } = await ready("3.5.8");
    const progress = watched.progress();
    await clock.advance(0);
    expect(sent(transport.stream, "progressRequest")).toHaveLength(1);
    transport.stream.answer(progressed(-1n, 30n));
    await clock.advance(0);
    expect(await progress).toBe(30n);
    // It says what has been received, but nothing has been yielded by it.
    expect(watched.revision).toBe(0n);
  });

  it("is asked for again until the server answers, and ends with the time", async () => {
    const { transport, clock, watched } = await ready("3.6.0");
    const progress = watched.progress({ timeout: 250 });
    const tooLate = expect(progress).rejects.toMatchObject({ name: "TimeoutError", outcome: "not-applied" });
    await clock.advance(400);
    await tooLate;
    expect(sent(transport.stream, "progressRequest")).toHaveLength(3);
  });

  it("of a watch that is ahead of its member is known without such an answer, which would not come", async () => {
    const { transport, clock, watched } = await ready("3.6.0");
    const progress = watched.progress();
    await clock.advance(0);
    expect(probes(transport.stream)).toHaveLength(1);
    // Behind, so it says nothing yet.
    transport.stream.answer(refused("mvcc: watcher range is empty", 11n));
    await clock.advance(100);
    transport.stream.answer(put(1n, 11n));
    transport.stream.answer(refused("mvcc: watcher range is empty", 11n));
    await clock.advance(0);
    expect(await progress).toBe(11n);
  });

  it("is not asked of a server that may answer ahead of the events, nor taken from it", async () => {
    const { transport, clock, watched } = await ready("3.4.23");
    const refusing = expect(watched.progress()).rejects.toMatchObject({
      reason: "not-supported",
      code: "UNIMPLEMENTED",
    });
    await clock.advance(0);
    transport.stream.answer(refused("mvcc: watcher range is empty", 11n));
    await clock.advance(100);
    await refusing;
    expect(sent(transport.stream, "progressRequest")).toEqual([]);
    const idle = watched.progress();
    await clock.advance(0);
    transport.stream.answer(refused("mvcc: watcher range is empty", 10n));
    await clock.advance(0);
    expect(await idle).toBe(10n);
  });

  it("ends with the reason of its signal", async () => {
    const { clock, watched } = await ready("3.6.0");
    const abort = new AbortController();
    const aborted = expect(watched.progress({ signal: abort.signal })).rejects.toBe("enough");
    await clock.advance(0);
    abort.abort("enough");
    await clock.advance(0);
    await aborted;
    expect(getEventListeners(abort.signal, "abort").length).toBeLessThanOrEqual(1);
  });
});
