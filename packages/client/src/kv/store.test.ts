/** What the verbs send and what they make of the answer, and the types they promise. The server is a function. */
import { RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { type Client, createClient } from "../client.js";
import { codec } from "../codec.js";
import { prefix } from "../keys.js";
import { type FakeCall, FakeTransport } from "../testing/fake-transport.js";
import { compare } from "./compare.js";
import { op } from "./op.js";

function setUp(): { client: Client; transport: FakeTransport; last: () => FakeCall["request"] } {
  const transport = new FakeTransport();
  const client = createClient({ endpoints: "http://a", transport: transport.factory });
  return { client, transport, last: () => transport.calls.at(-1)?.request ?? {} };
}

const raw = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("reads", () => {
  it("ask for what their options say", async () => {
    const { client, last } = setUp();
    await client.get("k", { revision: 7, consistency: "serializable" });
    expect(last()).toMatchObject({ key: raw("k"), revision: 7n, serializable: true });
    await client.list(prefix("k"), { limit: 3, sortBy: "mod", order: "desc", minModRevision: 5 });
    expect(last()).toMatchObject({ rangeEnd: raw("l"), limit: 3n, sortTarget: 3, sortOrder: 2, minModRevision: 5n });
    await client.list(prefix("k"), { sortBy: "version" });
    expect(last()).toMatchObject({ sortTarget: 1, sortOrder: 1 });
    await client.keys(prefix("k"));
    expect(last()).toMatchObject({ keysOnly: true });
    const bounds = { maxModRevision: 9n, minCreateRevision: 1, maxCreateRevision: 8 };
    await client.list(prefix("k"), { ...bounds, keysOnly: true });
    expect(last()).toMatchObject({ keysOnly: true, maxModRevision: 9n, minCreateRevision: 1n, maxCreateRevision: 8n });
    await client.count("k");
    expect(last()).toMatchObject({ countOnly: true });
  });

  it("ask the cluster when the member that answers is behind what the caller has seen", async () => {
    const { client, transport } = setUp();
    transport.answer = ({ request }) => ({ header: { revision: request["serializable"] === true ? 9n : 12n } });
    await client.get("k", { consistency: { atLeast: 9 } });
    expect(transport.calls.map((call) => call.request["serializable"])).toEqual([true]);
    await client.get("k", { consistency: { atLeast: 10n } });
    expect(transport.calls.map((call) => call.request["serializable"])).toEqual([true, true, false]);
  });

  it("give entries without a value where only keys are asked for", async () => {
    const { client, transport } = setUp();
    // JSON would not take the empty value that comes instead.
    const numbers = client.withCodec(codec.json<number>());
    transport.answer = () => ({ kvs: [{ key: raw("a"), version: 2n }], count: 1n });
    const { kvs } = await numbers.list(prefix(""), { keysOnly: true });
    expect(kvs).toEqual([
      { key: "a", keyBytes: raw("a"), createRevision: 0n, modRevision: 0n, version: 2n, lease: 0n },
    ]);
    const listed = { response: { case: "responseRange", value: { kvs: [{ key: raw("a") }], count: 7n } } };
    transport.answer = () => ({ succeeded: true, responses: [listed, listed] });
    const { op } = numbers;
    const result = await client.txn({ then: [op.list(prefix(""), { keysOnly: true }), op.count(prefix(""))] });
    expect(Object.hasOwn(result.responses[0]?.kvs[0] ?? { value: 0 }, "value")).toBe(false);
    expect(result.responses[1]).toBe(7n);
  });
});

describe("writes", () => {
  it("send what their options say, and no more", async () => {
    const { client, last } = setUp();
    await client.put("k", "v", { lease: 7, prevKv: true });
    expect(last()).toMatchObject({ value: raw("v"), lease: 7n, prevKv: true, ignoreValue: false, ignoreLease: false });
    await client.put("k", undefined, { ignoreValue: true, lease: { id: 8n } });
    expect(last()).toMatchObject({ lease: 8n, ignoreValue: true });
    expect(last()).not.toHaveProperty("value");
    await client.put("k", "", { ignoreLease: true });
    expect(last()).toMatchObject({ value: raw(""), lease: 0n, ignoreLease: true });
    await client.delete(prefix("k"), { prevKv: true });
    expect(last()).toMatchObject({ key: raw("k"), rangeEnd: raw("l"), prevKv: true });
  });

  it("give back what was there only where it was asked for", async () => {
    const { client, transport } = setUp();
    transport.answer = ({ method }) =>
      method === "Put" ? { prevKv: { key: raw("k"), value: raw("old") } } : { deleted: 1n, prevKvs: [] };
    expect(await client.put("k", "v")).not.toHaveProperty("prev");
    expect(await client.put("k", "v", { prevKv: true })).toMatchObject({ prev: { value: "old" } });
    expect(await client.delete("k")).not.toHaveProperty("prev");
    expect(await client.delete("k", { prevKv: true })).toMatchObject({ deleted: 1n, prev: [] });
  });
});

describe("a txn", () => {
  it("of reads only may be repeated, any other may not", async () => {
    const { client, transport } = setUp();
    const failures = (): void => {
      let left = 1;
      transport.answer = () => {
        if (left-- > 0) throw new RpcError(StatusCode.UNAVAILABLE, "etcdserver: request timed out");
        return { succeeded: true, responses: [{ response: { case: "responseRange", value: {} } }] };
      };
    };
    failures();
    expect((await client.txn({ then: [op.get("k")] })).succeeded).toBe(true);
    failures();
    const writes = client.txn({ then: [op.get("k")], else: [op.txn({ then: [op.delete("k")] })] });
    await expect(writes).rejects.toMatchObject({ outcome: "unknown", attempts: 1 });
  });

  it("sends its conditions as they were built", async () => {
    const { client, last } = setUp();
    await client.txn({
      if: [
        compare.value("k").eq("v"),
        compare.lease(prefix("k")).ne(0),
        compare.value("n", codec.json<number>()).gt(4),
      ],
    });
    expect(last()["compare"]).toMatchObject([
      { key: raw("k"), target: 3, result: 0, targetUnion: { case: "value", value: raw("v") } },
      { key: raw("k"), rangeEnd: raw("l"), target: 4, result: 3, targetUnion: { case: "lease", value: 0n } },
      { target: 3, result: 1, targetUnion: { case: "value", value: raw("4") } },
    ]);
  });
});
