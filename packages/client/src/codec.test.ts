/** What each codec writes, reads and refuses. */
import { inspect } from "node:util";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type KeyValue, KeyValueSchema } from "@kvorum/proto";
import * as v from "valibot";
import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { bytes, type Codec, codec, SchemaMismatchError, utf8 } from "./codec.js";

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

  it("quotes nothing of a value that it cannot read", () => {
    const decode = (): unknown => codec.json().decode(raw("hunter2"));
    expect(decode).toThrow("the text is not JSON");
    expect(decode).not.toThrow(/hunter2/);
  });

  it("refuses bytes that are not UTF-8", () => {
    expect(() => codec.json().decode(new Uint8Array([0x22, 0xff, 0x22]))).toThrow(TypeError);
  });
});

/** The same three schemas by two libraries: with a default, with a transformation, and checked asynchronously. */
const libraries = {
  zod: {
    address: codec.schema(z.object({ port: z.number(), host: z.string().default("localhost") })),
    length: codec.schema(z.string().transform((word) => word.length)),
    even: codec.schema(z.number().refine(async (n) => n % 2 === 0)),
  },
  valibot: {
    address: codec.schema(v.object({ port: v.number(), host: v.optional(v.string(), "localhost") })),
    length: codec.schema(
      v.pipe(
        v.string(),
        v.transform((word) => word.length),
      ),
    ),
    even: codec.schema(
      v.pipeAsync(
        v.number(),
        v.checkAsync(async (n) => n % 2 === 0),
      ),
    ),
  },
};

describe.each(Object.entries(libraries))("codec.schema of %s", (_, { address, length, even }) => {
  it("reads through the schema, with its defaults", async () => {
    expect(await address.decode(raw('{"port":1}'))).toEqual({ port: 1, host: "localhost" });
  });

  it("writes what the schema takes and reads what it gives", async () => {
    expect(await length.decode(length.encode("four"))).toBe(4);
    expect(await address.decode(address.encode({ port: 2 }))).toEqual({ port: 2, host: "localhost" });
  });

  it("refuses what does not satisfy the schema and says where", () => {
    const decode = (): unknown => address.decode(raw('{"port":"x"}'));
    expect(decode).toThrow(SchemaMismatchError);
    expect(decode).toThrow(/^the schema refuses port$/);
  });

  it("keeps of a refused value the words of the schema and the place, and nothing else", () => {
    const secret = "hunter2";
    const decode = (): unknown =>
      codec.schema(v.object({ port: v.number("no port") })).decode(raw(`{"port":"${secret}"}`));
    let error: unknown;
    try {
      decode();
    } catch (thrown) {
      error = thrown;
    }
    expect((error as SchemaMismatchError).issues).toEqual([{ message: "no port", path: ["port"] }]);
    expect(inspect(error, { depth: 9 })).not.toContain(secret);
  });

  it("waits for a schema that checks asynchronously", async () => {
    expect(await even.decode(raw("4"))).toBe(4);
    await expect(even.decode(raw("3"))).rejects.toBeInstanceOf(SchemaMismatchError);
  });
});

describe("the types of codec.schema", () => {
  interface Address {
    port: number;
    host: string;
  }
  interface AddressInput {
    port: number;
    host?: string | undefined;
  }

  it("are the schema's output when reading and its input when writing", () => {
    expectTypeOf(libraries.zod.address).toEqualTypeOf<Codec<Address, AddressInput>>();
    expectTypeOf(libraries.valibot.address).toEqualTypeOf<Codec<Address, AddressInput>>();
    expectTypeOf(libraries.zod.length).toEqualTypeOf<Codec<number, string>>();
    expectTypeOf(libraries.valibot.length).toEqualTypeOf<Codec<number, string>>();
  });
});

describe("codec.protobuf", () => {
  const messages = codec.protobuf(KeyValueSchema);

  it("reads what it wrote, from a message or from its fields", async () => {
    const message = create(KeyValueSchema, { version: 3n });
    expect(await messages.decode(messages.encode(message))).toEqual(message);
    expect(await messages.decode(messages.encode({ version: 3n }))).toEqual(message);
    expectTypeOf(messages).toEqualTypeOf<Codec<KeyValue, MessageInitShape<typeof KeyValueSchema>>>();
  });

  it("reads no bytes as the message without fields, and refuses what is none", () => {
    expect(messages.decode(new Uint8Array(0))).toEqual(create(KeyValueSchema));
    expect(() => messages.decode(new Uint8Array([0xff]))).toThrow();
  });
});
