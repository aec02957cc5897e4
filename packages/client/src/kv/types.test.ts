/** What the types of the verbs promise. Nothing here runs but the type checker. */
import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { type Client, createClient } from "../client.js";
import { bytes, codec } from "../codec.js";
import { prefix, range } from "../keys.js";
import { FakeTransport } from "../testing/fake-transport.js";
import { type Compare, compare } from "./compare.js";
import { type Op, type OpListResult, op } from "./op.js";
import type { CasResult, DeleteResult, KeyEntry, KeyListResult, KeyValue, ListResult, PutResult } from "./results.js";
import type { Store } from "./store.js";

const transport = new FakeTransport();
const client: Client = createClient({ endpoints: "http://a", transport: transport.factory });
const numbers = client.withCodec(codec.json<number>());
const Port = z.object({ port: z.number(), opened: z.string().transform((text) => new Date(text)) });
const ports = client.withCodec(codec.schema(Port));
interface PortOut {
  port: number;
  opened: Date;
}
interface PortIn {
  port: number;
  opened: string;
}

type Then<T> = Extract<T, { succeeded: true }> extends { responses: infer R } ? R : never;
type Else<T> = Extract<T, { succeeded: false }> extends { responses: infer R } ? R : never;
/** The result of a call that is written down and not made. */
type ResultOf<F extends () => Promise<unknown>> = Awaited<ReturnType<F>>;

describe("previous pairs", () => {
  it("are in the result of a put exactly where they are asked for", () => {
    expectTypeOf<ResultOf<() => Promise<PutResult>>>().not.toHaveProperty("prev");
    const plain = () => client.put("k", "v");
    const previous = () => client.put("k", "v", { prevKv: true, lease: 7 });
    const kept = () => client.put("k", undefined, { ignoreValue: true });
    const keptPrevious = () => client.put("k", undefined, { ignoreValue: true, prevKv: true });
    expectTypeOf<ResultOf<typeof plain>>().toEqualTypeOf<PutResult>();
    expectTypeOf<ResultOf<typeof previous>["prev"]>().toEqualTypeOf<KeyValue<string> | undefined>();
    expectTypeOf<ResultOf<typeof kept>>().toEqualTypeOf<PutResult>();
    expectTypeOf<ResultOf<typeof keptPrevious>["prev"]>().toEqualTypeOf<KeyValue<string> | undefined>();
  });

  it("are in the result of a delete exactly where they are asked for", () => {
    const plain = () => client.delete("k", { retry: "exactly-once" });
    const previous = () => numbers.delete(prefix("k"), { prevKv: true });
    expectTypeOf<ResultOf<typeof plain>>().toEqualTypeOf<DeleteResult>();
    expectTypeOf<ResultOf<typeof previous>["prev"]>().toEqualTypeOf<KeyValue<number>[]>();
  });

  it("are in the results of operations exactly where they are asked for", () => {
    expectTypeOf(op.put("k", "v", { prevKv: true })).toEqualTypeOf<Op<{ prev: KeyValue<string> | undefined }>>();
    expectTypeOf(op.put("k", "v")).toEqualTypeOf<Op<Record<never, never>>>();
    expectTypeOf(op.put("k", undefined, { ignoreValue: true })).toEqualTypeOf<Op<Record<never, never>>>();
    expectTypeOf(op.delete("k", { prevKv: true })).toEqualTypeOf<Op<{ deleted: bigint; prev: KeyValue<string>[] }>>();
    expectTypeOf(op.delete("k")).toEqualTypeOf<Op<{ deleted: bigint }>>();
  });
});

describe("lists and scans of keys", () => {
  it("have entries without a value", () => {
    const keys = () => numbers.list(prefix("k"), { keysOnly: true, limit: 3 });
    const pairs = () => numbers.list(prefix("k"), { limit: 3 });
    expectTypeOf<ResultOf<typeof keys>>().toEqualTypeOf<KeyListResult>();
    expectTypeOf<ResultOf<typeof keys>["kvs"][number]>().toEqualTypeOf<KeyEntry>();
    expectTypeOf<KeyEntry>().not.toHaveProperty("value");
    expectTypeOf<ResultOf<typeof pairs>>().toEqualTypeOf<ListResult<number>>();
    expectTypeOf(() => numbers.scan(prefix("k"), { keysOnly: true })).returns.toEqualTypeOf<AsyncIterable<KeyEntry>>();
    expectTypeOf(() => numbers.scan(prefix("k"))).returns.toEqualTypeOf<AsyncIterable<KeyValue<number>>>();
    expectTypeOf(() => client.keys(prefix("k"))).returns.resolves.toEqualTypeOf<string[]>();
    expectTypeOf(() => client.count("k")).returns.resolves.toEqualTypeOf<bigint>();
  });
});

describe("a txn's responses", () => {
  it("are a tuple like its operations, one for each branch, nested ones included", () => {
    const run = () =>
      client.txn({
        if: [compare.version("k").eq(0)],
        then: [
          numbers.op.get("k"),
          op.put("k", "v", { prevKv: true }),
          op.delete("k"),
          op.list(prefix("k")),
          op.list(prefix("k"), { keysOnly: true }),
          op.count(prefix("k")),
        ],
        else: [op.txn({ then: [op.get("k")], else: [numbers.op.put("k", 1, { prevKv: true })] })],
      });
    type Result = ResultOf<typeof run>;
    type First = Then<Result>;
    expectTypeOf<First>().toEqualTypeOf<
      [
        KeyValue<number> | undefined,
        { prev: KeyValue<string> | undefined },
        { deleted: bigint },
        OpListResult<string>,
        { readonly kvs: KeyEntry[]; readonly count: bigint; readonly more: boolean },
        bigint,
      ]
    >();
    type Inner = Else<Result>[0];
    expectTypeOf<Then<Inner>>().toEqualTypeOf<[KeyValue<string> | undefined]>();
    expectTypeOf<Else<Inner>>().toEqualTypeOf<[{ prev: KeyValue<number> | undefined }]>();
  });

  it("are empty where a branch is, and a list where its length is not known", () => {
    const empty = () => client.txn({ then: [op.get("k")] });
    expectTypeOf<Else<ResultOf<typeof empty>>>().toEqualTypeOf<[]>();
    const many: Op<KeyValue<string> | undefined>[] = [];
    const run = () => client.txn({ then: many }, { retry: "exactly-once" });
    expectTypeOf<Then<ResultOf<typeof run>>>().toEqualTypeOf<(KeyValue<string> | undefined)[]>();
  });

  it("are told apart by `succeeded`", () => {
    const run = () => client.txn({ then: [op.count("k")], else: [op.get("k")] });
    const read = (result: ResultOf<typeof run>): bigint | KeyValue<string> | undefined => {
      if (result.succeeded) {
        expectTypeOf(result.responses).toEqualTypeOf<[bigint]>();
        return result.responses[0];
      }
      expectTypeOf(result.responses).toEqualTypeOf<[KeyValue<string> | undefined]>();
      return result.responses[0];
    };
    expectTypeOf(read).toBeFunction();
  });
});

describe("a write on condition", () => {
  it("says what stands there only where it was not done", () => {
    expectTypeOf(() => numbers.create("k", 1)).returns.resolves.toEqualTypeOf<CasResult<number>>();
    expectTypeOf(() => numbers.compareAndDelete("k", 3n)).returns.resolves.toEqualTypeOf<CasResult<number>>();
    const read = (result: CasResult<number>): unknown => {
      expectTypeOf(result.revision).toEqualTypeOf<bigint>();
      if (result.ok) {
        expectTypeOf(result).not.toHaveProperty("current");
        return undefined;
      }
      expectTypeOf(result.current).toEqualTypeOf<KeyValue<number> | undefined>();
      return result.current;
    };
    expectTypeOf(read).toBeFunction();
  });
});

describe("stores", () => {
  it("read and write what their codec does", () => {
    expectTypeOf(() => numbers.get("k")).returns.resolves.toEqualTypeOf<KeyValue<number> | undefined>();
    expectTypeOf(numbers).toEqualTypeOf<Store<number>>();
    expectTypeOf(numbers.create).parameter(1).toEqualTypeOf<number>();
    expectTypeOf(() => client.get("k")).returns.resolves.toEqualTypeOf<KeyValue<string> | undefined>();
    expectTypeOf(client.withCodec(bytes)).toEqualTypeOf<Store<Uint8Array>>();
  });

  it("of a schema that transforms write its input and read its output", () => {
    expectTypeOf(ports).toEqualTypeOf<Store<PortOut, PortIn>>();
    expectTypeOf(() => ports.get("k")).returns.resolves.toEqualTypeOf<KeyValue<PortOut> | undefined>();
    expectTypeOf(ports.create).parameter(1).toEqualTypeOf<PortIn>();
    expectTypeOf(ports.op.get("k")).toEqualTypeOf<Op<KeyValue<PortOut> | undefined>>();
    const comparison = compare.value("k", codec.schema(Port));
    expectTypeOf(comparison.eq).parameter(0).toEqualTypeOf<PortIn>();
  });

  it("keep their types in a namespace", () => {
    expectTypeOf(numbers.namespace("a/")).toEqualTypeOf<Store<number>>();
    expectTypeOf(ports.namespace("a/").namespace("b/")).toEqualTypeOf<Store<PortOut, PortIn>>();
  });
});

describe("conditions", () => {
  it("are made on keys and on ranges, with what each compares", () => {
    expectTypeOf(compare.version(range("a", "c")).gt(0)).toEqualTypeOf<Compare>();
    expectTypeOf(compare.createRevision(prefix("a")).eq)
      .parameter(0)
      .toEqualTypeOf<bigint | number>();
    expectTypeOf(compare.value("k").eq).parameter(0).toEqualTypeOf<string | Uint8Array>();
    expectTypeOf(compare.value("k", codec.json<number>()).lt).parameter(0).toEqualTypeOf<number>();
  });
});
