/** A cache over a server that a test plays: what it shows when, how it catches up, and how it ends. */
import { RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, expectTypeOf, it } from "vitest";
import { createClientIn } from "../client.js";
import { codec } from "../codec.js";
import { prefix } from "../keys.js";
import type { KeyValue } from "../kv/results.js";
import { FakeTransport } from "../testing/fake-transport.js";
import { ManualClock } from "../testing/manual-clock.js";
import { PlayedStore } from "../testing/played-store.js";
import type { KeyCache } from "./cache.js";
import type { Change } from "./change.js";

function setUp() {
  const transport = new FakeTransport();
  const clock = new ManualClock();
  const store = new PlayedStore(transport, clock);
  const client = createClientIn({ clock, random: () => 1 }, { endpoints: "http://a", transport: transport.factory });
  return { transport, clock, store, client, soon: store.soon.bind(store) };
}

const shown = (cache: Iterable<KeyValue<unknown>>): string =>
  [...cache].map((kv) => `${kv.key}=${String(kv.value)}`).join(" ");
const told = (change: Change<unknown>): string =>
  `${change.type} ${change.key} ${"previous" in change ? change.previous.value : ""}→${"kv" in change ? change.kv.value : ""}`;

/** Collects what a consumer is told, and how it ends. */
function collect<T>(changes: AsyncIterable<T>) {
  const result: { all: T[]; error?: unknown; ended: boolean } = { all: [], ended: false };
  void (async () => {
    try {
      for await (const change of changes) result.all.push(change);
      result.ended = true;
    } catch (error) {
      result.error = error;
    }
  })();
  return result;
}

describe("a cache", () => {
  it("is what the range was when it was read, and then what each revision makes of it", async () => {
    const { store, client, soon } = setUp();
    store.write({ "a/1": "x", "a/2": "y", b: "z" });
    const cache = await soon(client.cache(prefix("a/")));
    expect(shown(cache)).toBe("a/1=x a/2=y");
    expect([cache.size, cache.revision, cache.stale]).toEqual([2, 2n, false]);
    expect(cache.get("a/1")).toMatchObject({ value: "x", modRevision: 2n, version: 1n });
    expect([cache.has("a/2"), cache.has("b"), cache.get("a/3")]).toEqual([true, false, undefined]);
    const changes = collect(cache.changes());
    store.write({ "a/1": "x2", "a/2": undefined, "a/3": "w", b: "z2" });
    await store.settle();
    expect(shown(cache)).toBe("a/1=x2 a/3=w");
    expect([cache.size, cache.revision]).toEqual([2, 3n]);
    expect(changes.all.map(told)).toEqual(["updated a/1 x→x2", "removed a/2 y→", "added a/3 →w"]);
    expect(changes.all.map((change) => change.revision)).toEqual([3n, 3n, 3n]);
    expect(cache.range(prefix("a/3")).map((kv) => kv.key)).toEqual(["a/3"]);
  });

  it("honours the namespace and the codec of its store", async () => {
    const { store, client, soon } = setUp();
    store.write({ "app/n/1": "1", "app/n/2": "2", "n/3": "3" });
    const numbers = client.namespace("app/").withCodec(codec.json<number>());
    const cache = await soon(numbers.cache(prefix("n/"), { indexes: { odd: (kv) => String(kv.value % 2 === 1) } }));
    expect([...cache].map((kv) => [kv.key, kv.value])).toEqual([
      ["n/1", 1],
      ["n/2", 2],
    ]);
    expect(cache.lookup("odd", "true").map((kv) => kv.value)).toEqual([1]);
    store.write({ "app/n/2": "5" });
    await store.settle();
    expect(cache.lookup("odd", "true").map((kv) => kv.value)).toEqual([1, 5]);
  });

  it("has the types of its store and of its indexes", () => {
    const types = async (): Promise<void> => {
      const { client } = setUp();
      const numbers = client.withCodec(codec.json<number>());
      const indexed = await numbers.cache(prefix(""), {
        indexes: { byZone: (kv) => String(kv.value), bySize: () => undefined },
      });
      expectTypeOf(indexed).toEqualTypeOf<KeyCache<number, "byZone" | "bySize">>();
      expectTypeOf(indexed.lookup).parameter(0).toEqualTypeOf<"byZone" | "bySize">();
      const plain = await client.cache(prefix(""), { pageSize: 3 });
      expectTypeOf(plain).toEqualTypeOf<KeyCache<string, never>>();
      expectTypeOf(plain.lookup).parameter(0).toEqualTypeOf<never>();
      for await (const change of indexed.changes()) {
        expectTypeOf(change).toEqualTypeOf<Change<number>>();
        if (change.type === "added") expectTypeOf(change).not.toHaveProperty("previous");
        if (change.type === "updated") expectTypeOf(change.previous.value).toEqualTypeOf<number>();
        if (change.type === "removed") expectTypeOf(change).not.toHaveProperty("kv");
      }
    };
    expectTypeOf(types).returns.resolves.toBeVoid();
  });

  it("reads a long range in pages at one revision, and again when that is compacted meanwhile", async () => {
    const { transport, store, client, soon } = setUp();
    for (let i = 0; i < 5; i++) store.write({ [`k${i}`]: "old" });
    let pages = 0;
    const answer = transport.answer;
    transport.answer = (call) => {
      if (call.method === "Range" && call.request["limit"] === 2n) {
        pages += 1;
        // Somebody writes between the pages; and history is thrown away under the first walk.
        if (pages === 2) store.compact(store.write({ k4: "new", k0: "new" }));
        if (pages === 4) store.write({ k4: "newer", k2: undefined });
      }
      return answer(call);
    };
    const cache = await soon(client.cache(prefix("k"), { pageSize: 2 }));
    await store.settle();
    expect(pages).toBeGreaterThanOrEqual(5);
    expect(shown(cache)).toBe("k0=new k1=old k3=old k4=newer");
  });

  it("is the range of its revision, though somebody writes while it is read", async () => {
    const { transport, store, client, soon } = setUp();
    store.write({ a: "old" });
    store.delivers = false;
    const answer = transport.answer;
    transport.answer = (call) => {
      if (call.request["limit"] === 1_000n) store.write({ a: "new" });
      return answer(call);
    };
    const cache = await soon(client.cache(prefix("a")));
    expect([cache.revision, cache.get("a")?.value, cache.stale]).toEqual([2n, "old", true]);
    store.delivers = true;
    await store.settle();
    expect([cache.revision, cache.get("a")?.value, cache.stale]).toEqual([3n, "new", false]);
  });

  it("never shows half a txn, not even to who looks at every turn", async () => {
    const { store, client, soon } = setUp();
    store.write({ a: "0", b: "0" });
    const slowly = {
      ...codec.json<number>(),
      decode: async (bytes: Uint8Array) => Number(new TextDecoder().decode(bytes)),
    };
    const cache = await soon(client.withCodec(slowly).cache(prefix("")));
    let looks = 0;
    let looking = true;
    const looker = (async () => {
      while (looking) {
        looks += 1;
        expect(cache.get("a")?.value).toBe(cache.get("b")?.value);
        await Promise.resolve();
        if (looks % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for (let i = 1; i <= 20; i++) {
      store.write({ a: String(i), b: String(i) });
      await store.settle();
    }
    looking = false;
    await looker;
    expect(looks).toBeGreaterThan(100);
    expect(cache.get("b")?.value).toBe(20);
  });

  it("is stale from the cut until what happened meanwhile is in", async () => {
    const { store, client, soon } = setUp();
    store.write({ a: "1" });
    const cache = await soon(client.cache(prefix("")));
    expect(cache.stale).toBe(false);
    store.down = true;
    store.cut();
    await store.settle();
    expect(cache.stale).toBe(true);
    store.write({ a: "2" });
    store.down = false;
    store.delivers = false;
    await store.settle(5_000);
    // The server has the watch again, and has not sent what is missing.
    expect([cache.stale, cache.get("a")?.value]).toEqual([true, "1"]);
    store.delivers = true;
    await store.settle();
    expect([cache.stale, cache.get("a")?.value]).toEqual([false, "2"]);
    // Nothing in the range has changed; only elsewhere the store went on.
    const other = await soon(client.cache(prefix("a")));
    store.down = true;
    store.cut();
    await store.settle();
    store.write({ elsewhere: "1" });
    store.down = false;
    await store.settle(5_000);
    expect([other.stale, other.revision]).toEqual([false, 4n]);
  });

  it("makes up for a compacted gap by what differs", async () => {
    const { store, client, soon } = setUp();
    store.write({ kept: "1", changed: "1", deleted: "1" });
    const cache = await soon(client.cache(prefix("")));
    const changes = collect(cache.changes());
    store.down = true;
    store.cut();
    await store.settle();
    store.write({ changed: "2", deleted: undefined, flash: "1" });
    store.write({ flash: undefined, created: "1" });
    store.compact();
    store.down = false;
    await store.settle(5_000);
    expect(shown(cache)).toBe("changed=2 created=1 kept=1");
    expect(changes.all.map(told)).toEqual(["updated changed 1→2", "added created →1", "removed deleted 1→"]);
    store.write({ kept: "2" });
    await store.settle();
    expect(told(changes.all.at(-1) as Change<string>)).toBe("updated kept 1→2");
    expect(cache.stale).toBe(false);
  });

  it("tells several consumers, each from its own beginning", async () => {
    const { store, client, soon } = setUp();
    store.write({ a: "1" });
    const cache = await soon(client.cache(prefix("")));
    const [all, later] = [collect(cache.changes({ initial: true })), cache.changes()];
    store.write({ a: "2" });
    await store.settle();
    store.write({ a: "3", b: "1" });
    await store.settle();
    expect(all.all.map(told)).toEqual(["added a →1", "updated a 1→2", "updated a 2→3", "added b →1"]);
    const late = collect(later);
    await store.settle();
    expect(late.all.map(told)).toEqual(["updated a 1→3", "added b →1"]);
  });
});

describe("a wrong argument of a cache", () => {
  it("is named before anything is sent", async () => {
    const { client, transport, soon } = setUp();
    const wrong = { onDecodeError: "skip" } as unknown as { onDecodeError: "keep" };
    await expect(client.cache(prefix(""), wrong)).rejects.toThrow('onDecodeError must be one of "throw", "keep"');
    const index = { indexes: { byZone: "zone" } } as unknown as { indexes: { byZone: () => string } };
    await expect(client.cache(prefix(""), index)).rejects.toThrow("indexes.byZone must be a function, not string");
    await expect(client.cache(prefix(""), { pageSize: 0 })).rejects.toThrow(RangeError);
    await expect(client.cache(prefix(""), { timeout: 0 })).rejects.toThrow(RangeError);
    expect(transport.calls).toHaveLength(0);
    const cache = await soon(client.cache(prefix("")));
    await expect(cache.sync({ timeout: Number.NaN })).rejects.toThrow(RangeError);
    await expect(cache.waitFor(1, { timeout: -1 })).rejects.toThrow(RangeError);
  });
});

describe("a cache that reads its range again", () => {
  it("does not go back behind what was proven meanwhile", async () => {
    const { store, client, soon, transport } = setUp();
    store.write({ a: "1" });
    const cache = await soon(client.cache(prefix("a")));
    const revisions: bigint[] = [];
    store.write({ "a/flash": "1" });
    store.compact();
    store.cut();
    const answer = transport.answer;
    let held: (() => void) | undefined;
    // The page of the second reading is held up, with `a/flash` in it, until the range has been compared without.
    transport.answer = async (call) => {
      const given = await answer(call);
      if (call.method === "Range" && call.request["limit"] === 1_000n && held === undefined) {
        await new Promise<void>((resolve) => {
          held = resolve;
        });
      }
      return given;
    };
    await store.settle(200);
    expect(held).toBeDefined();
    const revision = store.write({ "a/flash": undefined });
    await soon(cache.sync());
    revisions.push(cache.revision);
    expect(shown(cache)).toBe("a=1");
    const changes = collect(cache.changes());
    held?.();
    await store.settle();
    revisions.push(cache.revision);
    expect(revisions).toEqual([revision, revision]);
    store.write({ a: "2" });
    await store.settle();
    expect(changes.all.map(told)).toEqual(["updated a 1→2"]);
  });
});

describe("catching up", () => {
  it("`waitFor` resolves with the event that it waits for, and at once when that is past", async () => {
    const { store, client, soon, transport } = setUp();
    const cache = await soon(client.cache(prefix("a")));
    let reached = false;
    const waiting = cache.waitFor(store.revision + 1n).then(() => {
      reached = true;
    });
    await store.settle(1_000);
    expect(reached).toBe(false);
    store.write({ a: "1" });
    await soon(waiting);
    expect(cache.get("a")?.value).toBe("1");
    await cache.waitFor(2);
    // A write that comes soon costs no read.
    const before = transport.calls.length;
    const own = cache.waitFor(store.write({ a: "2" }));
    await soon(own);
    expect(transport.calls.length).toBe(before);
    await expect(cache.waitFor(1.5)).rejects.toThrow(RangeError);
  });

  it("`waitFor` and `sync` know that nothing has changed, whatever the server says of its progress", async () => {
    const { store, client, soon } = setUp();
    store.version = "3.4.23";
    const cache = await soon(client.cache(prefix("a")));
    const revision = store.write({ elsewhere: "1" });
    await soon(cache.waitFor(revision));
    expect(cache.revision).toBe(revision);
    const next = store.write({ elsewhere: "2" });
    await soon(cache.sync());
    expect(cache.revision).toBe(next);
  });

  it("`sync` waits for what was written before it, though the events are late", async () => {
    const { store, client, soon } = setUp();
    store.write({ a: "1", b: "1" });
    const cache = await soon(client.cache(prefix("")));
    for (const values of [{ a: "2" }, { b: undefined }, { c: "1" }]) {
      store.delivers = false;
      store.write(values);
      let synced = false;
      const syncing = cache.sync().then(() => {
        synced = true;
      });
      await store.settle(3_000);
      expect(synced).toBe(false);
      store.delivers = true;
      await soon(syncing);
    }
    expect(shown(cache)).toBe("a=2 c=1");
  });

  it("`sync` by many at once is one read that runs and one that waits", async () => {
    const { store, client, soon, transport } = setUp();
    store.write({ a: "1" });
    const cache = await soon(client.cache(prefix("a")));
    const answer = transport.answer;
    const held: (() => void)[] = [];
    transport.answer = async (call) => {
      const given = await answer(call);
      if (held.length === 0) await new Promise<void>((resolve) => held.push(resolve));
      return given;
    };
    const before = transport.calls.length;
    const first = cache.sync();
    await store.settle();
    // The first read has its answer already, and cannot know of this.
    store.delivers = false;
    const revision = store.write({ a: "2" });
    const leaving = new AbortController();
    const left = cache.sync({ signal: leaving.signal });
    const others = Promise.all(Array.from({ length: 20 }, () => cache.sync()));
    leaving.abort(new Error("enough"));
    await expect(left).rejects.toThrow("enough");
    held[0]?.();
    await soon(first);
    expect(cache.revision).toBe(2n);
    store.delivers = true;
    await soon(others);
    expect([cache.revision, cache.get("a")?.value]).toEqual([revision, "2"]);
    expect(transport.calls.length - before).toBe(2);
  });

  it("of a long range asks for progress where that can be believed, and compares where it cannot", async () => {
    const { store, client, soon, transport } = setUp();
    store.write(Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`k${i}`, "1"])));
    const cache = await soon(client.cache(prefix("k")));
    const compares = (): number => transport.calls.filter((call) => call.request["sortTarget"] === 3).length;
    /** On the stream that is open now. */
    const asked = (): number =>
      store.stream.requests.filter(
        (request) => (request["requestUnion"] as { case: string }).case === "progressRequest",
      ).length;
    const revision = store.write({ elsewhere: "1" });
    await soon(cache.sync());
    expect([cache.revision, compares(), asked()]).toEqual([revision, 0, 1]);
    // A server that does not answer about its progress, as one does while a watch waits for the future.
    store.delivers = false;
    const silent = store.write({ elsewhere: "2" });
    await soon(cache.sync());
    expect([cache.revision, compares(), asked()]).toEqual([silent, 1, 2]);
    // The member comes back as one that cannot be believed.
    store.delivers = true;
    store.version = "3.5.7";
    store.cut();
    await store.settle(100);
    const proven = compares();
    store.write({ elsewhere: "3" });
    await soon(cache.sync());
    expect([compares(), asked()]).toEqual([proven + 1, 0]);
  });

  it("counts an answer about progress only behind the events that were sent before it", async () => {
    const { store, client, soon, clock } = setUp();
    store.write(Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`k${i}`, "1"])));
    /** Values whose decoding waits, and how to let it go on. */
    const held: (() => void)[] = [];
    let holds = false;
    const slow = {
      encode: (value: string) => new TextEncoder().encode(value),
      decode: async (bytes: Uint8Array) => {
        if (holds) await new Promise<void>((resolve) => held.push(resolve));
        return new TextDecoder().decode(bytes);
      },
    };
    const cache = await soon(client.withCodec(slow).cache(prefix("k")));
    holds = true;
    store.write({ k7: "2" });
    store.write({ k7: "3" });
    let synced = false;
    const syncing = cache.sync().then(() => {
      synced = true;
    });
    for (let i = 0; i < 4; i++) await store.settle();
    await clock.advance(200);
    expect([synced, cache.revision, cache.get("k7")?.value]).toEqual([false, 2n, "1"]);
    held.shift()?.();
    await clock.advance(0);
    // One of the two is in; the other waits behind it, and the answer behind both.
    expect([synced, cache.revision, cache.get("k7")?.value]).toEqual([false, 3n, "2"]);
    holds = false;
    held.shift()?.();
    await soon(syncing);
    expect([cache.revision, cache.get("k7")?.value]).toEqual([4n, "3"]);
  });

  it("ends with its timeout, with its signal, and with the cache", async () => {
    const { store, client, soon } = setUp();
    const cache = await soon(client.cache(prefix("a")));
    const future = store.revision + 1_000n;
    const late = cache.waitFor(future, { timeout: 700 });
    await expect(soon(late)).rejects.toMatchObject({
      name: "TimeoutError",
      message: "the cache did not catch up in time",
    });
    const leaving = new AbortController();
    const left = cache.waitFor(future, { signal: leaving.signal });
    leaving.abort(new Error("enough"));
    await expect(soon(left)).rejects.toThrow("enough");
    await expect(cache.sync({ signal: leaving.signal })).rejects.toThrow("enough");
    const waiting = cache.waitFor(future);
    await cache.close();
    await expect(soon(waiting)).rejects.toThrow("the cache was closed");
    await expect(cache.sync()).rejects.toThrow("the cache was closed");
  });

  it("waits for servers that are away", async () => {
    const { store, client, soon } = setUp();
    const cache = await soon(client.cache(prefix("a")));
    const revision = store.write({ a: "1" });
    store.down = true;
    store.cut();
    const waiting = cache.waitFor(revision, { timeout: 60_000 });
    await store.settle(25_000);
    store.down = false;
    await soon(waiting);
    expect(cache.get("a")?.value).toBe("1");
  });
});

describe("a value that cannot be decoded", () => {
  const bad = "{";

  it("ends the cache, which keeps what it had", async () => {
    const { store, client, soon } = setUp();
    store.write({ a: "1" });
    const cache = await soon(client.withCodec(codec.json()).cache(prefix("")));
    const changes = collect(cache.changes());
    store.write({ a: bad, b: "2" });
    await store.settle();
    expect(cache.signal.reason).toMatchObject({ name: "DecodeError", key: "a", modRevision: 3n });
    expect(changes.error).toBe(cache.signal.reason);
    expect([shown(cache), cache.stale]).toEqual(["a=1", true]);
    await expect(cache.sync()).rejects.toBe(cache.signal.reason);
    const afterwards = collect(cache.changes());
    await store.settle();
    expect(afterwards.error).toBe(cache.signal.reason);
    const opening = client.withCodec(codec.json()).cache(prefix(""));
    await expect(soon(opening)).rejects.toMatchObject({ name: "DecodeError", key: "a" });
  });

  it("ends the cache also where it is found by reading again", async () => {
    const { store, client, soon } = setUp();
    store.write({ a: "1" });
    const cache = await soon(client.withCodec(codec.json()).cache(prefix("")));
    store.write({ a: bad });
    store.compact(store.write({ b: "1" }));
    store.cut();
    await store.settle(1_000);
    expect(cache.signal.reason).toMatchObject({ name: "DecodeError", key: "a", modRevision: 3n });
  });

  it("leaves what was good last when it is to be kept, and a function is told", async () => {
    const { store, client, soon } = setUp();
    store.write({ a: "1", never: bad });
    const heard: string[] = [];
    const json = client.withCodec(codec.json());
    const kept = await soon(json.cache(prefix(""), { onDecodeError: "keep" }));
    const telling = await soon(json.cache(prefix(""), { onDecodeError: (error) => heard.push(error.key) }));
    const changes = collect(kept.changes());
    store.write({ a: bad, b: "2" });
    await store.settle();
    expect([shown(kept), shown(telling)]).toEqual(["a=1 b=2", "a=1 b=2"]);
    expect([kept.size, kept.revision, kept.stale]).toEqual([2, 3n, false]);
    expect(heard).toEqual(["never", "a"]);
    await soon(kept.sync());
    store.write({ a: "3", never: undefined });
    await store.settle();
    expect(changes.all.map(told)).toEqual(["added b →2", "updated a 1→3"]);
  });
});

describe("the end of a cache", () => {
  it("by `close` is that of its consumers, and cancels the watch", async () => {
    const { store, client, soon, clock } = setUp();
    store.write({ a: "1" });
    const cache = await soon(client.cache(prefix("")));
    const changes = collect(cache.changes());
    await cache.close();
    await cache.close();
    await store.settle();
    expect([changes.ended, cache.signal.aborted, cache.stale]).toEqual([true, true, true]);
    expect(shown(cache)).toBe("a=1");
    expect(store.stream.closed).toBe(true);
    await client.close();
    expect(clock.pending).toBe(0);
  });

  it("comes with its signal, before and after it is there", async () => {
    const { store, client, soon } = setUp();
    const leaving = new AbortController();
    const cache = await soon(client.cache(prefix(""), { signal: leaving.signal }));
    const changes = collect(cache.changes());
    leaving.abort(new Error("enough"));
    await store.settle();
    expect(changes.ended).toBe(true);
    expect(cache.signal.reason).toMatchObject({ message: "enough" });
    await expect(client.cache(prefix(""), { signal: leaving.signal })).rejects.toThrow("enough");
    const during = new AbortController();
    store.down = true;
    const opening = client.cache(prefix(""), { signal: during.signal });
    await store.settle();
    during.abort(new Error("no time"));
    await expect(soon(opening)).rejects.toThrow("no time");
  });

  it("comes with the client's and with a permission that is lost", async () => {
    const { store, client, soon } = setUp();
    store.write({ a: "1" });
    const cache = await soon(client.cache(prefix("")));
    store.delivers = false;
    store.cut();
    await store.settle(100);
    const cancelReason = "rpc error: code = PermissionDenied desc = etcdserver: permission denied";
    const [create] = store.stream.requests.map((request) => request["requestUnion"] as { value: { watchId: bigint } });
    store.stream.answer({ watchId: create?.value.watchId, canceled: true, cancelReason, header: { revision: 9n } });
    await store.settle();
    expect(cache.signal.reason).toMatchObject({ name: "PermissionDeniedError" });
    store.delivers = true;
    const other = await soon(client.cache(prefix("")));
    await client.close();
    await store.settle();
    expect(other.signal.reason).toMatchObject({ name: "ClientClosedError" });
    await expect(client.cache(prefix(""))).rejects.toMatchObject({ name: "ClientClosedError" });
  });

  it("comes when the range may not be read again after a gap", async () => {
    const { store, client, soon, transport } = setUp();
    store.write({ a: "1" });
    const cache = await soon(client.cache(prefix("")));
    store.write({ a: "2" });
    store.compact();
    store.cut();
    transport.answer = () => {
      throw new RpcError(StatusCode.PERMISSION_DENIED, "etcdserver: permission denied");
    };
    await store.settle(1_000);
    expect(cache.signal.reason).toMatchObject({ name: "PermissionDeniedError" });
    expect(shown(cache)).toBe("a=1");
  });
});
