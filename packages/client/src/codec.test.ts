/** What each codec writes, reads and refuses. */
import { create } from "@bufbuild/protobuf";
import { KeyValueSchema } from "@kvorum/proto";
import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { bytes, codec, SchemaMismatchError, utf8 } from "./codec.js";

const raw = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("utf8", () => {
  it("reads what it wrote, a byte order mark included", () => {
    expect(utf8.decode(utf8.encode("\uFEFFgrüße"))).toBe("\uFEFFgrüße");
  });

  it("refuses bytes that are not UTF-8 instead of replacing them", () => {
    expect(() => utf8.decode(new Uint8Array([0xc3, 0x28]))).toThrow(TypeError);
  });
});

describe("bytes", () => {
  it("copies on reading, so that a value does not hold the message it came in", async () => {
    const frame = new Uint8Array(1_000).fill(7);
    const value = await bytes.decode(frame.subarray(0, 3));
    frame.fill(0);
    expect([...value]).toEqual([7, 7, 7]);
  });
});

describe("codec.json", () => {
  it("reads what it wrote and refuses what has no JSON form", () => {
    const list = codec.json<number[]>();
    expect(list.decode(list.encode([1, 2]))).toEqual([1, 2]);
    expect(() => codec.json<unknown>().encode(undefined)).toThrow("undefined has no JSON form");
    expect(() => list.decode(raw("{"))).toThrow(SyntaxError);
  });
});

describe("codec.schema", () => {
  const port = codec.schema(z.object({ port: z.number(), host: z.string().default("localhost") }));

  it("reads through the schema, with its defaults and its type", async () => {
    const value = await port.decode(raw('{"port":1}'));
    expect(value).toEqual({ port: 1, host: "localhost" });
    expectTypeOf(value).toEqualTypeOf<{ port: number; host: string }>();
  });

  it("refuses what does not satisfy the schema and says where", () => {
    const decode = (): unknown => port.decode(raw('{"port":"x"}'));
    expect(decode).toThrow(SchemaMismatchError);
    expect(decode).toThrow(/^port: /);
  });

  it("waits for a schema that checks asynchronously", async () => {
    const even = codec.schema(z.number().refine(async (n) => n % 2 === 0));
    expect(await even.decode(raw("4"))).toBe(4);
    await expect(even.decode(raw("3"))).rejects.toBeInstanceOf(SchemaMismatchError);
  });
});

describe("codec.protobuf", () => {
  it("reads what it wrote", async () => {
    const messages = codec.protobuf(KeyValueSchema);
    const message = create(KeyValueSchema, { version: 3n });
    expect(await messages.decode(messages.encode(message))).toEqual(message);
  });
});
