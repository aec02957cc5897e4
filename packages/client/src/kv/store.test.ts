/** What the verbs send and what they make of the answer, and the types they promise. The server is a function. */
import { RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, expectTypeOf, it } from "vitest";
import { type Client, createClient } from "../client.js";
import { codec } from "../codec.js";
import { prefix } from "../keys.js";
import { type FakeCall, FakeTransport } from "../testing/fake-transport.js";
import { compare } from "./compare.js";
import { type Op, type OpListResult, op } from "./op.js";
import type { KeyValue } from "./results.js";

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

  it("refuse numbers that are none before anything is sent", async () => {
    const { client, transport } = setUp();
    await expect(client.get("k", { revision: 1.5 })).rejects.toThrow("revision must be a whole number, not 1.5");
    await expect(client.list(prefix("k"), { limit: Number.NaN })).rejects.toThrow(RangeError);
    await expect(client.get("")).rejects.toThrow("a key must not be empty");
    expect(transport.calls).toHaveLength(0);
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

describe("the types", () => {
  const { client } = setUp();

  it("say whether previous pairs come back", () => {
    expectTypeOf(client.put("k", "v", { prevKv: true })).resolves.toHaveProperty("prev");
    expectTypeOf(client.put("k", "v", { prevKv: true }).then((result) => result.prev)).resolves.toEqualTypeOf<
      KeyValue<string> | undefined
    >();
    expectTypeOf(client.put("k", "v")).resolves.not.toHaveProperty("prev");
    expectTypeOf(client.delete("k")).resolves.not.toHaveProperty("prev");
    expectTypeOf(client.delete("k", { prevKv: true }).then((result) => result.prev)).resolves.toEqualTypeOf<
      KeyValue<string>[]
    >();
  });

  it("make a txn's responses a tuple like its operations, one for each branch", () => {
    const numbers = client.withCodec(codec.json<number>());
    const run = () =>
      client.txn({
        if: [compare.version("k").eq(0)],
        then: [numbers.op.get("k"), op.put("k", "v", { prevKv: true }), op.delete("k"), op.list(prefix("k"))],
        else: [op.txn({ then: [op.get("k")] })],
      });
    type Result = Awaited<ReturnType<typeof run>>;
    expectTypeOf<Extract<Result, { succeeded: true }>["responses"]>().toEqualTypeOf<
      [KeyValue<number> | undefined, { prev: KeyValue<string> | undefined }, { deleted: bigint }, OpListResult<string>]
    >();
    type Inner = Extract<Result, { succeeded: false }>["responses"][0];
    expectTypeOf<Extract<Inner, { succeeded: true }>["responses"]>().toEqualTypeOf<[KeyValue<string> | undefined]>();
    expectTypeOf<Extract<Inner, { succeeded: false }>["responses"]>().toEqualTypeOf<[]>();
    // A list whose length is not known stays a list.
    const many: Op<KeyValue<string> | undefined>[] = [];
    const runMany = () => client.txn({ then: many });
    type Many = Extract<Awaited<ReturnType<typeof runMany>>, { succeeded: true }>["responses"];
    expectTypeOf<Many>().toEqualTypeOf<(KeyValue<string> | undefined)[]>();
  });

  it("follow the codec of the store", () => {
    const typed = client.withCodec(codec.json<{ port: number }>());
    expectTypeOf(typed.get("k")).resolves.toEqualTypeOf<KeyValue<{ port: number }> | undefined>();
    expectTypeOf(typed.create).parameter(1).toEqualTypeOf<{ port: number }>();
    expectTypeOf(typed.namespace("a/")).toEqualTypeOf<typeof typed>();
    expectTypeOf(client.get("k")).resolves.toEqualTypeOf<KeyValue<string> | undefined>();
  });
});
