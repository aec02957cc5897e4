/** Messages that say they are larger than they are, unpack to more than they are, or ask for more work than they seem to. */
import { gzipSync } from "node:zlib";
import { KV } from "@kvorum/proto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { framed, type Outcome, RawCaller } from "../fuzz/raw-caller.js";
import { AttackedNode } from "./target.js";

let attacked: AttackedNode;
let raw: RawCaller;
beforeAll(async () => {
  attacked = await AttackedNode.start();
  raw = new RawCaller(attacked.node.endpoint);
});
afterAll(async () => {
  raw?.close();
  await attacked?.[Symbol.asyncDispose]();
});
afterEach(() => attacked.unharmed());

const call = (
  part: Buffer,
  headers: Record<string, string> = {},
  method: keyof typeof KV.method = "txn",
): Promise<Outcome> =>
  raw.call({ path: `/${KV.typeName}/${KV.method[method].name}`, parts: [part], headers, timeoutMs: 30_000 });

/** A field with a length. */
function field(number: number, value: Buffer): Buffer {
  const head: number[] = [(number << 3) | 2];
  for (let left = value.length; ; left >>>= 7) {
    if (left < 0x80) return Buffer.concat([Buffer.of(...head, left), value]);
    head.push((left & 0x7f) | 0x80);
  }
}

/** TxnRequest.success and RequestOp's fields, by the contract. */
const SUCCESS = 2;
const [RANGE, PUT, TXN] = [1, 2, 4];
const key = (text: string): Buffer => field(1, Buffer.from(text));

describe("CVE-2024-37168: a message", () => {
  it("that says it has four gigabytes is refused at its head", async () => {
    expect(await call(framed(Buffer.alloc(10), 0, 2 ** 32 - 1))).toMatchObject({ kind: "status", code: 8 });
  });

  it("of more than the limit is refused, and one within it is not", async () => {
    const put = (bytes: number): Buffer => framed(Buffer.concat([key("big"), field(2, Buffer.alloc(bytes))]));
    expect(await call(put(2 * 2 ** 20), {}, "put")).toMatchObject({ kind: "status", code: 8 });
    expect(await call(put(2 ** 20), {}, "put")).toMatchObject({ kind: "status", code: 0 });
  });

  it("that unpacks to a hundred times the limit is refused before it has", async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 2 ** 20));
    expect(bomb.length).toBeLessThan(2 ** 20);
    const headers = { "grpc-encoding": "gzip" };
    const outcome = await call(framed(bomb, 1), headers);
    expect(outcome).toMatchObject({ kind: "status" });
    expect(outcome.kind === "status" ? outcome.code : 0).toBeOneOf([8, 12, 13]);
  });

  it("CVE-2026-48068, CVE-2026-48069: that is said to be compressed and is not, or in no way that there is, is refused", async () => {
    for (const headers of [{}, { "grpc-encoding": "gzip" }, { "grpc-encoding": "x" }, { "grpc-encoding": "deflate" }]) {
      for (const bytes of [Buffer.alloc(100, 7), gzipSync(Buffer.alloc(100)).subarray(0, 20)]) {
        const outcome = await call(framed(bytes, 1), headers);
        expect(outcome, JSON.stringify(headers)).toMatchObject({ kind: "status" });
        expect(outcome.kind === "status" ? outcome.code : 0).toBeOneOf([3, 12, 13]);
      }
    }
  });
});

describe("a message of very many parts", () => {
  it("is refused before it is decoded, who ever sends it", async () => {
    const operations = Buffer.alloc(2 ** 21, Buffer.of((SUCCESS << 3) | 2, 0));
    expect(await call(framed(operations))).toMatchObject({ kind: "status", code: 13 });
    const filters = Buffer.alloc(2 ** 20, 1);
    const create = field(1, Buffer.concat([key("a"), field(5, filters)]));
    const watch = await raw.call({ path: "/etcdserverpb.Watch/Watch", parts: [framed(create)], timeoutMs: 30_000 });
    expect(watch).toMatchObject({ kind: "status", code: 13 });
  });

  it("may have as many as a transaction can need", async () => {
    const put = (i: number): Buffer =>
      field(SUCCESS, field(PUT, Buffer.concat([key(`many/${i}`), field(2, Buffer.of(1))])));
    const inner = (i: number): Buffer =>
      field(SUCCESS, field(TXN, Buffer.concat(Array.from({ length: 60 }, (_, j) => put(60 * i + j)))));
    const txn = Buffer.concat(Array.from({ length: 60 }, (_, i) => inner(i)));
    expect(await call(framed(txn))).toMatchObject({ kind: "status", code: 0 });
  });
});

describe("a transaction", () => {
  it("of 128 transactions of 128 operations is refused", async () => {
    const put = field(SUCCESS, field(PUT, key("a")));
    const inner = field(SUCCESS, field(TXN, Buffer.concat(Array.from({ length: 128 }, () => put))));
    const outcome = await call(framed(Buffer.concat(Array.from({ length: 128 }, () => inner))));
    expect(outcome).toMatchObject({
      kind: "status",
      code: 3,
      message: "etcdserver: too many operations in txn request",
    });
  });

  it("that reads one large value until no answer could be sent costs no copies of it, and its write is done", async () => {
    const put = framed(Buffer.concat([key("large"), field(2, Buffer.alloc(2 ** 20))]));
    expect(await call(put, {}, "put")).toMatchObject({ kind: "status", code: 0 });
    const read = field(SUCCESS, field(RANGE, key("large")));
    const inner = field(SUCCESS, field(TXN, Buffer.concat(Array.from({ length: 60 }, () => read))));
    const write = field(SUCCESS, field(PUT, Buffer.concat([key("beside"), field(2, Buffer.of(1))])));
    const outcome = await call(framed(Buffer.concat([write, ...Array.from({ length: 36 }, () => inner)])));
    expect(outcome).toMatchObject({ kind: "status", code: 8 });
    expect(outcome.kind === "status" ? outcome.message : "").toMatch(
      /^grpc: trying to send message larger than max \(\d+ vs\. 2147483647\)$/,
    );
    const { count } = await attacked.channel.unary(KV.method.range, { key: Buffer.from("beside") });
    expect(count).toBe(1n);
  });

  it.each([10, 1000, 20_000])("nested %d deep does no harm", async (depth) => {
    let txn = field(SUCCESS, field(RANGE, key("a")));
    for (let i = 0; i < depth && txn.length < 1_500_000; i++) txn = field(SUCCESS, field(TXN, txn));
    const outcome = await call(framed(txn));
    expect(outcome).toMatchObject({ kind: "status" });
    if (outcome.kind !== "status") return;
    // Protobuf's own bound of depth comes first.
    if (depth === 10) expect(outcome.code).toBe(0);
    else expect([outcome.code, outcome.message]).toEqual([13, "Error deserializing request"]);
  });

  it("of more operations, nested, than 32 lists may have is refused as one of too many", async () => {
    const range = field(SUCCESS, field(RANGE, key("none")));
    const inner = field(SUCCESS, field(TXN, Buffer.concat(Array.from({ length: 60 }, () => range))));
    const nested = (width: number): Buffer => framed(Buffer.concat(Array.from({ length: width }, () => inner)));
    const message = "etcdserver: too many operations in txn request";
    expect(await call(nested(60))).toMatchObject({ kind: "status", code: 0 });
    expect(await call(nested(68))).toMatchObject({ kind: "status", code: 3, message });
  });
});
