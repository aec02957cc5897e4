/** A walk over a range: pages, the stream after the first of them, and how the one follows when the other breaks. */
import type { DescMessage } from "@bufbuild/protobuf";
import { type Channel, RpcError, StatusCode, type StreamMethod } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { type Client, createClient } from "../client.js";
import { CompactedError } from "../errors.js";
import { fromKey, prefix } from "../keys.js";
import { type FakeCall, FakeTransport } from "../testing/fake-transport.js";
import { PageSize } from "./page-size.js";
import type { KeyEntry } from "./results.js";

const raw = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (bytes: unknown): string => new TextDecoder().decode(bytes as Uint8Array);
const unimplemented = (): RpcError => new RpcError(StatusCode.UNIMPLEMENTED, "unknown method RangeStream");

interface Scene {
  readonly client: Client;
  readonly transport: FakeTransport;
  /** Requests of streams, in order. */
  readonly streamed: Record<string, unknown>[];
  /** Streams that the client left before their end. */
  left: number;
}

type Message = { rangeResponse: Record<string, unknown> };
type Play = (request: Record<string, unknown>, scene: Scene) => AsyncIterable<Message>;

/** A server that answers pages from `keys` and plays streams as the test says. Somebody writes all the time. */
function setUp(keys: readonly string[], play: Play, refusal?: (limit: number) => RpcError | undefined): Scene {
  const transport = new FakeTransport();
  let revision = 39n;
  transport.answer = ({ request }) => {
    const limit = Number(request["limit"]);
    const error = refusal?.(limit);
    if (error !== undefined) throw error;
    const from = keys.filter((key) => Buffer.compare(raw(key), request["key"] as Uint8Array) >= 0);
    revision += 1n;
    const kvs = from.slice(0, limit).map((key) => ({ key: raw(key), value: raw(key.toUpperCase()) }));
    return { header: { revision }, kvs, more: from.length > limit };
  };
  const streamed: Record<string, unknown>[] = [];
  const factory: typeof transport.factory = (endpoint) => {
    const channel = transport.factory(endpoint);
    const stream = (_: StreamMethod<DescMessage, DescMessage>, requests: AsyncIterable<Record<string, unknown>>) =>
      (async function* () {
        let over = false;
        try {
          for await (const request of requests) {
            streamed.push(request);
            yield* play(request, scene);
          }
          over = true;
        } catch (error) {
          over = true;
          throw error;
        } finally {
          if (!over) scene.left += 1;
        }
      })();
    return Object.assign(Object.create(channel) as Channel, {
      stream,
      unary: channel.unary.bind(channel),
      onStateChange: () => () => undefined,
      close: () => channel.close(),
    });
  };
  const client = createClient({ endpoints: "http://a", transport: factory });
  const scene: Scene = { client, transport, streamed, left: 0 };
  return scene;
}

/** The keys from the one that was asked for on, two a message, the last with a header. */
const inPairs = (
  keys: readonly string[],
  breakAfter = Number.POSITIVE_INFINITY,
  how: () => unknown = unimplemented,
): Play =>
  async function* (request) {
    const from = keys.filter((key) => Buffer.compare(raw(key), request["key"] as Uint8Array) >= 0);
    for (let i = 0; i < from.length; i += 2) {
      if (i >= breakAfter) throw how();
      const kvs = from.slice(i, i + 2).map((key) => ({ key: raw(key), value: raw(key.toUpperCase()) }));
      yield { rangeResponse: i + 2 >= from.length ? { kvs, header: { revision: 99n } } : { kvs } };
    }
  };

const letters = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
const limits = (calls: readonly FakeCall[]): number[] => calls.map((call) => Number(call.request["limit"]));

async function collect<E extends KeyEntry>(entries: AsyncIterable<E>): Promise<string> {
  let seen = "";
  for await (const entry of entries) seen += entry.key;
  return seen;
}

describe("a scan by pages", () => {
  const old = inPairs(letters, 0);

  it("halves its pages until they fit, and reads all of them at the revision of the first", async () => {
    const tooLarge = new RpcError(StatusCode.RESOURCE_EXHAUSTED, "Received message larger than max");
    const { client, transport } = setUp(letters.slice(0, 5), old, (limit) => (limit > 2 ? tooLarge : undefined));
    expect(await collect(client.scan(prefix(""), { pageSize: 8 }))).toBe("abcde");
    expect(limits(transport.calls)).toEqual([8, 4, 2, 2, 2]);
    expect(transport.calls.map((call) => call.request["revision"])).toEqual([0n, 0n, 0n, 40n, 40n]);
  });

  it("ends with the error when a single pair does not fit", async () => {
    const { client } = setUp(letters, old, () => new RpcError(StatusCode.RESOURCE_EXHAUSTED, "too large"));
    await expect(collect(client.scan(prefix("")))).rejects.toMatchObject({ reason: "message-too-large" });
  });

  it("asks for no further page when its consumer leaves", async () => {
    const { client, transport } = setUp(letters, old);
    for await (const _ of client.scan(prefix(""), { pageSize: 2 })) break;
    expect(transport.calls).toHaveLength(1);
  });

  it("asks a server that lacks the stream for it once", async () => {
    const { client, streamed } = setUp(letters, old);
    expect(await collect(client.scan(prefix(""), { pageSize: 2 }))).toBe("abcdefghi");
    expect(await collect(client.scan(prefix(""), { pageSize: 2 }))).toBe("abcdefghi");
    expect(streamed).toHaveLength(1);
  });

  it("asks the cluster for what a member that is behind does not have yet", async () => {
    let behind = false;
    const { client, transport } = setUp(letters, old, () => {
      const future = "etcdserver: mvcc: required revision is a future revision";
      return behind && transport.calls.at(-1)?.request["serializable"] === true
        ? new RpcError(StatusCode.OUT_OF_RANGE, future)
        : undefined;
    });
    let seen = "";
    for await (const { key } of client.scan(prefix(""), { pageSize: 4, consistency: "serializable" })) {
      behind = true;
      seen += key;
    }
    expect(seen).toBe("abcdefghi");
    expect(transport.calls.map((call) => call.request["serializable"])).toEqual([true, true, false, true, false]);
  });

  it("is as fresh as its caller asks", async () => {
    const { client, transport } = setUp(letters, old);
    await collect(client.scan(prefix(""), { consistency: { atLeast: 41 } }));
    expect(transport.calls.map((call) => call.request["serializable"])).toEqual([true, false]);
  });

  it("refuses a wrong page size at once", () => {
    const { client } = setUp(letters, old);
    expect(() => client.scan(prefix(""), { pageSize: 0 })).toThrow("pageSize must be a whole number of at least 1");
  });
});

describe("a scan of a server that has RangeStream", () => {
  it("takes one page, and what is left as a stream at the same revision", async () => {
    const { client, transport, streamed } = setUp(letters, inPairs(letters));
    expect(await collect(client.scan(fromKey("a"), { pageSize: 3 }))).toBe("abcdefghi");
    expect(transport.calls).toHaveLength(1);
    expect(streamed.map((request) => [text(request["key"]), request["revision"], request["limit"]])).toEqual([
      ["c\0", 40n, undefined],
    ]);
  });

  it("asks for no stream where one page is all", async () => {
    const { client, streamed } = setUp(letters, inPairs(letters));
    await collect(client.scan(prefix("")));
    expect(streamed).toHaveLength(0);
  });

  const cut = (): RpcError => new RpcError(StatusCode.UNAVAILABLE, "Connection dropped");

  it("goes on after the last key when the stream breaks, first with a page and then with a stream again", async () => {
    const { client, transport, streamed } = setUp(letters, inPairs(letters, 2, cut));
    expect(await collect(client.scan(prefix(""), { pageSize: 1 }))).toBe("abcdefghi");
    expect(transport.calls.map((call) => text(call.request["key"]))).toEqual(["\0", "c\0", "f\0"]);
    expect(streamed.map((request) => text(request["key"]))).toEqual(["a\0", "d\0", "g\0"]);
    expect(new Set(streamed.map((request) => request["revision"]))).toEqual(new Set([40n]));
  });

  it("takes a stream that ends without its last message for a broken one", async () => {
    const whole = inPairs(letters);
    const { client, transport } = setUp(letters, async function* (request, scene) {
      for await (const { rangeResponse } of whole(request, scene)) {
        yield { rangeResponse: { kvs: rangeResponse["kvs"] } };
        return;
      }
    });
    expect(await collect(client.scan(prefix(""), { pageSize: 1 }))).toBe("abcdefghi");
    // Three that each begin a stream of two keys, and one that finds the end.
    expect(transport.calls).toHaveLength(4);
  });

  it("ends with a compacted error when its revision is compacted on the way", async () => {
    const compacted = "etcdserver: mvcc: required revision has been compacted";
    const { client } = setUp(
      letters,
      inPairs(letters, 2, () => new RpcError(StatusCode.OUT_OF_RANGE, compacted)),
    );
    const seen: string[] = [];
    const scan = (async () => {
      for await (const { key } of client.scan(prefix(""), { pageSize: 2 })) seen.push(key);
    })();
    await expect(scan).rejects.toBeInstanceOf(CompactedError);
    expect(seen).toEqual(["a", "b", "c", "d"]);
  });

  it("cancels the stream when its consumer leaves", async () => {
    const scene = setUp(letters, inPairs(letters));
    for await (const { key } of scene.client.scan(prefix(""), { pageSize: 1 })) if (key === "c") break;
    expect(scene.left).toBe(1);
  });

  it("rejects with the signal's reason when it aborts amid a stream", async () => {
    const abort = new AbortController();
    const { client } = setUp(letters, inPairs(letters, 2, cut));
    const scan = (async () => {
      for await (const { key } of client.scan(prefix(""), { pageSize: 1, signal: abort.signal })) {
        if (key === "c") abort.abort("enough");
      }
    })();
    await expect(scan).rejects.toBe("enough");
  });

  it("leaves the values on the server when only keys are asked for", async () => {
    const { client, transport, streamed } = setUp(letters, inPairs(letters));
    for await (const entry of client.scan(prefix(""), { pageSize: 8, keysOnly: true })) {
      expect(Object.hasOwn(entry, "value")).toBe(false);
    }
    expect([transport.calls[0]?.request, ...streamed].map((request) => request?.["keysOnly"])).toEqual([true, true]);
  });
});

describe("the size of a page", () => {
  const mebibyte = 1_048_576;

  it("doubles while answers are small, up to its bound", () => {
    const size = new PageSize();
    const sizes = Array.from({ length: 5 }, () => {
      size.fitted(1_000);
      return size.current;
    });
    expect(sizes).toEqual([2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  it("stays between half a mebibyte and one, and is halved above", () => {
    const size = new PageSize();
    size.fitted(mebibyte / 2 + 1);
    size.fitted(mebibyte);
    expect(size.current).toBe(1_000);
    size.fitted(mebibyte + 1);
    expect(size.current).toBe(500);
  });

  it("grows back after it was too large, but not at once", () => {
    const size = new PageSize(64);
    expect(size.tooLarge()).toBe(true);
    const sizes = Array.from({ length: 9 }, () => {
      size.fitted(10);
      return size.current;
    });
    expect(sizes).toEqual([32, 32, 32, 32, 32, 32, 32, 64, 64]);
  });

  it("is at its end when one pair is too large", () => {
    expect(new PageSize(1).tooLarge()).toBe(false);
  });
});
