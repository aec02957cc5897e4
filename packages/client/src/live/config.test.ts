/** A configuration over a server and a file that a test plays: what is current when, what is reported, and what is kept. */
import { RpcError, StatusCode } from "@kvorum/transport";
import * as v from "valibot";
import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { createClientIn } from "../client.js";
import { utf8 } from "../codec.js";
import { FakeTransport } from "../testing/fake-transport.js";
import { ManualClock } from "../testing/manual-clock.js";
import { PlayedStore } from "../testing/played-store.js";
import type { LiveValue } from "./config.js";
import type { ConfigFile } from "./config-file.js";

/** A file in memory, which can be broken. */
class PlayedFile implements ConfigFile {
  text: string | undefined;
  writes = 0;
  broken = false;

  async read(): Promise<string | undefined> {
    if (this.broken) throw new Error("no disk");
    return this.text;
  }

  async write(text: string): Promise<void> {
    if (this.broken) throw new Error("no disk");
    this.writes += 1;
    this.text = text;
  }
}

function setUp() {
  const transport = new FakeTransport();
  const clock = new ManualClock();
  const store = new PlayedStore(transport, clock);
  const client = createClientIn({ clock, random: () => 1 }, { endpoints: "http://a", transport: transport.factory });
  const errors: string[] = [];
  const onError = (error: Error): void => {
    errors.push(error.name);
  };
  return { transport, clock, store, client, errors, onError, soon: store.soon.bind(store) };
}

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

const Jobs = z.object({ maxJobs: z.number().int().positive(), features: z.array(z.string()).default([]) });

describe("a configuration", () => {
  it("is what the schema makes of the key, and follows it", async () => {
    const { store, client, soon } = setUp();
    store.write({ "app/jobs": '{"maxJobs":4}' });
    const config = await soon(client.config("app/jobs", Jobs));
    expect(config.current).toEqual({ maxJobs: 4, features: [] });
    expect([config.revision, config.source, config.stale, config.error]).toEqual([2n, "store", false, undefined]);
    const changes = collect(config.changes());
    const initial = collect(config.changes({ initial: true }));
    store.write({ "app/jobs": '{"maxJobs":5,"features":["x"]}', "app/other": "1" });
    await store.settle();
    expect(config.current).toEqual({ maxJobs: 5, features: ["x"] });
    expect(config.revision).toBe(3n);
    expect(changes.all).toEqual([{ maxJobs: 5, features: ["x"] }]);
    expect(initial.all.map((value) => value.maxJobs)).toEqual([4, 5]);
  });

  it("has the type of what its schema yields", () => {
    const types = async (): Promise<void> => {
      const { client } = setUp();
      const zod = await client.config("k", Jobs, { default: { maxJobs: 1, features: [] } });
      expectTypeOf(zod).toEqualTypeOf<LiveValue<{ maxJobs: number; features: string[] }>>();
      expectTypeOf(zod.changes()).toEqualTypeOf<
        AsyncIterableIterator<{ maxJobs: number; features: string[] }, undefined, undefined>
      >();
      const dated = z.string().transform((text) => new Date(text));
      expectTypeOf((await client.config("k", dated)).current).toEqualTypeOf<Date>();
      const valibot = await client.config(
        { a: "k1", b: "k2" },
        v.object({ a: v.string(), b: v.optional(v.number(), 1) }),
      );
      expectTypeOf(valibot.current).toEqualTypeOf<{ a: string; b: number }>();
      // @ts-expect-error: a default must be what the schema yields
      await client.config("k", Jobs, { default: { maxJobs: "many" } });
    };
    expectTypeOf(types).returns.resolves.toBeVoid();
  });

  it("keeps the last good value while the data is bad, and says why", async () => {
    const { store, client, soon, errors, onError } = setUp();
    store.write({ k: '{"maxJobs":4}' });
    const config = await soon(client.config("k", Jobs, { onError }));
    const changes = collect(config.changes());
    for (const bad of ["{", '{"maxJobs":0}', '{"maxJobs":"many"}']) {
      const revision = store.write({ k: bad });
      await store.settle();
      expect(config.error).toMatchObject({ name: "DecodeError", key: "k", modRevision: revision });
      expect([config.current.maxJobs, config.revision, config.stale]).toEqual([4, 2n, false]);
    }
    expect(errors).toEqual(["DecodeError", "DecodeError", "DecodeError"]);
    store.write({ k: '{"maxJobs":6}' });
    await store.settle();
    expect(config.error).toBeUndefined();
    expect(changes.all.map((value) => value.maxJobs)).toEqual([6]);
  });

  it("reports no value twice that is the same data", async () => {
    const { store, client, soon } = setUp();
    store.write({ k: '{"maxJobs":4}' });
    const config = await soon(client.config("k", Jobs));
    const changes = collect(config.changes());
    const first = config.current;
    // Other text, another form of the same, and what the default fills in.
    for (const same of ['{ "maxJobs": 4 }', '{"maxJobs":4,"features":[]}', '{"features":[],"maxJobs":4.0}']) {
      const revision = store.write({ k: same });
      await store.settle();
      expect([config.revision, config.current === first]).toEqual([revision, true]);
    }
    expect(changes.all).toEqual([]);
    // A schema that yields objects of a class: the same input is the same value.
    const urls = await soon(
      client.config(
        "u",
        z.string().transform((text) => new URL(text)),
        { default: new URL("http://d") },
      ),
    );
    const seen = collect(urls.changes());
    for (const text of ['"http://a"', ' "http://a"', '"http://b"']) {
      store.write({ u: text });
      await store.settle();
    }
    expect(seen.all.map(String)).toEqual(["http://a/", "http://b/"]);
  });

  it("waits for a schema that is asynchronous, and takes text with another codec", async () => {
    const { store, client, soon } = setUp();
    store.write({ "ns/motd": "hello" });
    const slow = z.string().refine(async (text) => text !== "bad");
    const config = await soon(client.namespace("ns/").config("motd", slow, { codec: utf8 }));
    expect(config.current).toBe("hello");
    store.write({ "ns/motd": "bad" });
    await store.settle();
    expect([config.current, config.error?.name]).toEqual(["hello", "DecodeError"]);
  });
});

describe("a wrong argument of `config`", () => {
  it("is named before anything is sent", async () => {
    const { client, transport } = setUp();
    await expect(client.config("", z.any())).rejects.toThrow("a key must not be empty");
    await expect(client.config({}, z.any())).rejects.toThrow("config(): at least one key");
    await expect(client.config("k", z.any(), { debounce: -1 })).rejects.toThrow("debounce must be a number of milli");
    await expect(client.config("k", z.any(), { debounceMax: 0 })).rejects.toThrow("debounceMax must be");
    await expect(client.config("k", { parse: true } as unknown as z.ZodAny)).rejects.toThrow(
      "schema must be a Standard Schema, not Object",
    );
    expect(transport.calls).toHaveLength(0);
  });
});

describe("a key that is not there", () => {
  it("is the default, at the start and later", async () => {
    const { store, client, soon } = setUp();
    const config = await soon(client.config("k", z.number(), { default: 1 }));
    expect([config.current, config.source, config.error]).toEqual([1, "default", undefined]);
    const changes = collect(config.changes());
    store.write({ k: "2" });
    await store.settle();
    expect(config.source).toBe("store");
    store.write({ k: undefined });
    await store.settle();
    expect(config.source).toBe("default");
    expect(changes.all).toEqual([2, 1]);
  });

  it("is an error without one; when it goes, the last good value stays", async () => {
    const { store, client, soon, errors, onError } = setUp();
    await expect(soon(client.config("k", z.number()))).rejects.toMatchObject({
      reason: "key-not-found",
      message: 'there is no configuration: "k" does not exist',
    });
    store.write({ k: "2" });
    const config = await soon(client.config("k", z.number(), { onError }));
    store.write({ k: undefined });
    await store.settle();
    expect([config.current, config.error]).toMatchObject([2, { reason: "key-not-found" }]);
    expect(errors).toEqual(["EtcdError"]);
  });

  it("and bad data at the start are not the same: the default is taken with the error, or there is only the error", async () => {
    const { store, client, soon, errors, onError } = setUp();
    store.write({ k: "many" });
    const config = await soon(client.config("k", z.number(), { default: 1, onError }));
    expect([config.current, config.source, config.error?.name]).toEqual([1, "default", "DecodeError"]);
    expect(errors).toEqual(["DecodeError"]);
    await expect(soon(client.config("k", z.number()))).rejects.toMatchObject({ name: "DecodeError" });
  });
});

describe("several keys", () => {
  const schema = z.object({ host: z.string(), port: z.number().default(80) });
  const keys = { host: "db/host", port: "elsewhere/port" };

  it("are one value of one revision", async () => {
    const { store, client, soon, transport } = setUp();
    store.write({ "db/host": '"a0"', "elsewhere/port": "0" });
    const config = await soon(client.config(keys, schema));
    const changes = collect(config.changes());
    for (let i = 1; i <= 20; i++) {
      store.write({ "db/host": `"a${i}"`, "elsewhere/port": String(i) });
      await store.settle();
    }
    expect(changes.all).toEqual(Array.from({ length: 20 }, (_, i) => ({ host: `a${i + 1}`, port: i + 1 })));
    expect(config.revision).toBe(store.revision);
    const reads = transport.calls.filter((call) => call.method === "Txn").length;
    // One for the first value and one a change, not one for each event.
    expect(reads).toBe(21);
  });

  it("may be absent in part, which the schema judges, and as a whole are the default", async () => {
    const { store, client, soon } = setUp();
    store.write({ "db/host": '"a"' });
    const config = await soon(client.config(keys, schema, { default: { host: "none", port: 1 } }));
    expect(config.current).toEqual({ host: "a", port: 80 });
    store.write({ "db/host": undefined, "elsewhere/port": "5" });
    await store.settle();
    expect(config.error).toMatchObject({ name: "DecodeError", key: "db/host" });
    store.write({ "elsewhere/port": undefined });
    await store.settle();
    expect([config.current, config.source, config.error]).toEqual([{ host: "none", port: 1 }, "default", undefined]);
  });
});

describe("a burst of changes", () => {
  it("is taken as one when it is over, or after the longest time", async () => {
    const { store, client, soon } = setUp();
    store.write({ k: "0" });
    const config = await soon(client.config("k", z.number(), { debounce: 100, debounceMax: 350 }));
    const changes = collect(config.changes());
    for (const value of ["1", "2"]) {
      store.write({ k: value });
      await store.settle();
      await store.settle(80);
    }
    expect([changes.all, config.stale]).toEqual([[], true]);
    await store.settle(30);
    expect([changes.all, config.stale]).toEqual([[2], false]);
    for (let i = 3; i < 12; i++) {
      store.write({ k: String(i) });
      await store.settle();
      await store.settle(80);
    }
    // It did not end within 350 ms.
    expect(changes.all).toEqual([2, 7]);
    await store.settle(100);
    expect(changes.all).toEqual([2, 7, 11]);
  });

  it("is one value more only for a consumer that is slow, and nothing when it ends where it began", async () => {
    const { store, client, soon } = setUp();
    store.write({ k: "0" });
    const config = await soon(client.config("k", z.number()));
    const slow = config.changes();
    for (let i = 1; i <= 5; i++) {
      store.write({ k: String(i) });
      await store.settle();
    }
    expect(await slow.next()).toEqual({ done: false, value: 5 });
    for (const value of ["6", "5"]) {
      store.write({ k: value });
      await store.settle();
    }
    const next = slow.next();
    store.write({ k: "7" });
    await store.settle();
    expect(await next).toEqual({ done: false, value: 7 });
  });
});

describe("lost connections", () => {
  it("and compacted history make no difference to what is current in the end", async () => {
    const { store, client, soon } = setUp();
    store.write({ k: "1", l: "1" });
    const config = await soon(client.config({ k: "k", l: "l" }, z.object({ k: z.number(), l: z.number() })));
    const changes = collect(config.changes());
    store.down = true;
    store.cut();
    await store.settle();
    expect(config.stale).toBe(true);
    store.write({ k: "2" });
    store.write({ l: "2" });
    store.compact();
    store.down = false;
    await store.settle(5_000);
    expect([config.current, config.stale]).toEqual([{ k: 2, l: 2 }, false]);
    expect(changes.all).toEqual([{ k: 2, l: 2 }]);
    store.write({ k: "3" });
    await store.settle();
    expect(config.current.k).toBe(3);
  });

  it("are made up for by a read, without waiting for the events", async () => {
    const { store, client, soon } = setUp();
    store.write({ k: "1" });
    const config = await soon(client.config("k", z.number()));
    store.down = true;
    store.cut();
    await store.settle();
    store.write({ k: "2" });
    store.down = false;
    store.delivers = false;
    await store.settle(5_000);
    expect([config.current, config.stale]).toEqual([2, false]);
  });
});

describe("the fallback file", () => {
  it("is served when no server answers at the start, until one does", async () => {
    const { store, client, soon } = setUp();
    const file = new PlayedFile();
    store.write({ "ns/k": "1" });
    const options = { fallbackFile: file, timeout: 500 };
    const before = await soon(client.namespace("ns/").config("k", z.number(), options));
    await before.close();
    store.write({ "ns/k": "2" });
    store.down = true;
    store.cut();
    const config = await soon(client.namespace("ns/").config("k", z.number(), options));
    expect([config.current, config.source, config.stale, config.revision]).toEqual([1, "file", true, 2n]);
    const changes = collect(config.changes());
    await store.settle(30_000);
    expect([config.current, config.stale]).toEqual([1, true]);
    store.down = false;
    await store.settle(5_000);
    expect([config.current, config.source, config.stale, config.revision]).toEqual([2, "store", false, 3n]);
    expect(changes.all).toEqual([2]);
    // And it goes on from there.
    store.write({ "ns/k": "3" });
    await store.settle();
    expect(changes.all).toEqual([2, 3]);
  });

  it("is written after each good change, and not for what is bad, the same or the default", async () => {
    const { store, client, soon } = setUp();
    const file = new PlayedFile();
    const config = await soon(client.config("k", z.number(), { fallbackFile: file, default: 0 }));
    expect(file.writes).toBe(0);
    for (const [value, writes] of [
      ["1", 1],
      ["bad", 1],
      ["2", 2],
      [undefined, 2],
      ["2", 3],
    ] as const) {
      store.write({ k: value });
      await store.settle();
      expect(file.writes).toBe(writes);
    }
    // Read again, because the store went on while there was no watch.
    store.down = true;
    store.cut();
    await store.settle();
    const revision = store.write({ elsewhere: "1" });
    store.down = false;
    await store.settle(5_000);
    expect([config.revision, file.writes]).toEqual([revision, 3]);
    await config.close();
  });

  it("that is corrupt, of other keys or refused by the schema is reported and ignored", async () => {
    const { store, client, soon, errors, onError } = setUp();
    const good = new PlayedFile();
    store.write({ k: "1", other: "1", text: '"t"' });
    await soon(client.config("k", z.number(), { fallbackFile: good }));
    const [corrupt, foreign, refused] = [new PlayedFile(), new PlayedFile(), new PlayedFile()];
    corrupt.text = "{";
    await soon(client.config("other", z.number(), { fallbackFile: foreign }));
    refused.text = good.text;
    store.down = true;
    store.cut();
    const unreachable = { name: "UnavailableError" };
    for (const file of [corrupt, foreign]) {
      // A schema that would take nothing at all for something.
      const lenient = z.number().default(7);
      const opening = client.config("k", lenient, { fallbackFile: file, timeout: 500, onError });
      await expect(soon(opening)).rejects.toMatchObject(unreachable);
    }
    const opening = client.config("k", z.string(), { fallbackFile: refused, timeout: 500, onError });
    await expect(soon(opening)).rejects.toMatchObject(unreachable);
    expect(errors).toEqual(["ConfigFileError", "ConfigFileError", "ConfigFileError"]);
    // There is none: nothing to report, and the default is no answer to a server that is away.
    const none = client.config("k", z.number(), { fallbackFile: new PlayedFile(), default: 5, timeout: 500, onError });
    await expect(soon(none)).rejects.toMatchObject(unreachable);
    expect(errors).toHaveLength(3);
  });

  it("that cannot be written is reported, and the value lives on", async () => {
    const { store, client, soon, errors, onError } = setUp();
    const file = new PlayedFile();
    file.broken = true;
    store.write({ k: "1" });
    const config = await soon(client.config("k", z.number(), { fallbackFile: file, onError }));
    store.write({ k: "2" });
    await store.settle();
    expect([config.current, config.error]).toEqual([2, undefined]);
    expect(errors).toEqual(["ConfigFileError", "ConfigFileError"]);
    file.broken = false;
    store.write({ k: "3" });
    await store.settle();
    expect(file.writes).toBe(1);
  });

  it("is no answer to who may not read", async () => {
    const { store, client, soon, transport } = setUp();
    const file = new PlayedFile();
    store.write({ k: "1" });
    await (await soon(client.config("k", z.number(), { fallbackFile: file }))).close();
    transport.answer = () => {
      throw new RpcError(StatusCode.PERMISSION_DENIED, "etcdserver: permission denied");
    };
    const opening = client.config("k", z.number(), { fallbackFile: file });
    await expect(soon(opening)).rejects.toMatchObject({ name: "PermissionDeniedError" });
  });

  it("stands in as well where the server answers with bad data or without the key", async () => {
    const { store, client, soon, errors, onError } = setUp();
    const file = new PlayedFile();
    store.write({ k: "1" });
    await (await soon(client.config("k", z.number(), { fallbackFile: file }))).close();
    for (const [value, name] of [
      ["bad", "DecodeError"],
      [undefined, "EtcdError"],
    ] as const) {
      store.write({ k: value });
      const config = await soon(client.config("k", z.number(), { fallbackFile: file, onError }));
      expect([config.current, config.source, config.stale, config.error?.name]).toEqual([1, "file", false, name]);
      await config.close();
    }
    expect(errors).toEqual(["DecodeError", "EtcdError"]);
  });
});

describe("the end of a configuration", () => {
  it("by `close`, by its signal and by the client is that of its consumers", async () => {
    const { store, client, soon, clock } = setUp();
    store.write({ k: "1" });
    const leaving = new AbortController();
    const closed = await soon(client.config("k", z.number()));
    const left = await soon(client.config("k", z.number(), { signal: leaving.signal }));
    const last = await soon(client.config("k", z.number()));
    const consumers = [closed, left, last].map((config) => collect(config.changes()));
    await closed.close();
    await closed.close();
    leaving.abort(new Error("enough"));
    await client.close();
    await store.settle();
    expect(consumers.map((consumer) => consumer.ended)).toEqual([true, true, false]);
    expect(consumers[2]?.error).toBe(last.signal.reason);
    expect(left.signal.reason).toMatchObject({ message: "enough" });
    expect(last.signal.reason).toMatchObject({ name: "ClientClosedError" });
    expect([closed.current, last.current, last.stale]).toEqual([1, 1, true]);
    expect(clock.pending).toBe(0);
    await expect(client.config("k", z.number(), { signal: leaving.signal })).rejects.toThrow("enough");
  });

  it("comes with what `onError` throws", async () => {
    const { store, client, soon } = setUp();
    store.write({ k: "1" });
    const strict = new Error("bad data must stop the process");
    const config = await soon(
      client.config("k", z.number(), {
        onError: () => {
          throw strict;
        },
      }),
    );
    const changes = collect(config.changes());
    store.write({ k: "bad" });
    await store.settle();
    expect(config.signal.reason).toBe(strict);
    expect(changes.error).toBe(strict);
  });
});
