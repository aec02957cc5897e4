/** What chance does not find often: limits, numbers that do not fit, and who else may hold a message. */
import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import {
  ConfStateSchema,
  DeleteRangeRequestSchema,
  EventSchema,
  HardStateSchema,
  KeyValueSchema,
  type MemberRecord,
  MemberRecordSchema,
  PutRequestSchema,
  SnapshotChunkSchema,
  TxnRequestSchema,
} from "../gen/index.js";
import { decodeMessage, encodeMessage } from "./message.js";

/** Of protobuf-es. */
function written<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>): Uint8Array {
  return toBinary(schema, create(schema, init));
}

describe("nesting", () => {
  type TxnInit = MessageInitShape<typeof TxnRequestSchema>;

  /** Inside of 98 messages that are one transaction in the other, with an operation between every two. */
  function nested(innermost: TxnInit): Uint8Array {
    let txn = innermost;
    for (let level = 0; level < 49; level++) txn = { success: [{ request: { case: "requestTxn", value: txn } }] };
    return written(TxnRequestSchema, txn);
  }

  it("is read as deep as protobuf-es reads it", () => {
    const hundred = nested({ success: [{}] });
    expect(decodeMessage(TxnRequestSchema, hundred)).toStrictEqual(fromBinary(TxnRequestSchema, hundred));
    const more = nested({ success: [{ request: { case: "requestPut", value: {} } }] });
    expect(() => fromBinary(TxnRequestSchema, more)).toThrow();
    expect(() => decodeMessage(TxnRequestSchema, more)).toThrow("100 deep");
  });

  it("of groups counts from the message they are in", () => {
    const groups = (depth: number): Uint8Array =>
      Uint8Array.from([...Array<number>(depth).fill(0x7b), ...Array<number>(depth).fill(0x7c)]);
    for (const depth of [98, 99, 100]) {
      const bytes = groups(depth);
      if (depth < 100) expect(decodeMessage(PutRequestSchema, bytes)).toEqual(fromBinary(PutRequestSchema, bytes));
      else for (const decode of [fromBinary, decodeMessage]) expect(() => decode(PutRequestSchema, bytes)).toThrow();
    }
  });
});

describe("numbers that a field cannot hold", () => {
  it.each<[string, DescMessage, Record<string, unknown>]>([
    ["int64 above", PutRequestSchema, { lease: 2n ** 63n }],
    ["int64 below", PutRequestSchema, { lease: -(2n ** 63n) - 1n }],
    ["uint64 above", HardStateSchema, { term: 2n ** 64n }],
    ["uint64 below", HardStateSchema, { term: -1n }],
    ["uint64 below, in a list", ConfStateSchema, { voters: [-1n] }],
    ["uint32 above", SnapshotChunkSchema, { crc: 2 ** 32 }],
    ["uint32 below", SnapshotChunkSchema, { crc: -1 }],
    ["a fraction", SnapshotChunkSchema, { crc: 1.5 }],
    ["enum above", EventSchema, { type: 2 ** 31 }],
  ])("%s: refused, as protobuf-es does", (_, schema, init) => {
    expect(() => written(schema, init)).toThrow();
    expect(() => encodeMessage(schema, init)).toThrow(RangeError);
  });

  it("may be numbers where a bigint is meant, as for protobuf-es", () => {
    const init = { lease: 5 as unknown as bigint };
    expect(encodeMessage(PutRequestSchema, init)).toEqual(written(PutRequestSchema, init));
  });
});

describe("unknown fields", () => {
  const put = create(PutRequestSchema, { key: Uint8Array.of(1) });
  put.$unknown = [{ no: 900, wireType: 0, data: Uint8Array.of(7) }];

  it("stay with their message, and not with another that is made of it", () => {
    expect(encodeMessage(PutRequestSchema, put)).toEqual(toBinary(PutRequestSchema, put));
    const other = put as unknown as MessageInitShape<typeof DeleteRangeRequestSchema>;
    expect(encodeMessage(DeleteRangeRequestSchema, other)).toEqual(written(DeleteRangeRequestSchema, other));
    expect(encodeMessage(DeleteRangeRequestSchema, other)).toEqual(Uint8Array.of(10, 1, 1));
  });

  it("of a message that comes twice are all kept", () => {
    const bytes = Uint8Array.of(0x12, 2, 0x48, 1, 0x12, 2, 0x50, 2);
    const event = decodeMessage(EventSchema, bytes);
    expect(event.kv?.$unknown?.map(({ no }) => no)).toEqual([9, 10]);
    expect(event).toStrictEqual(fromBinary(EventSchema, bytes));
  });
});

describe("a nested message", () => {
  it("that reads past its end is taken while there are bytes, as protobuf-es does", () => {
    const bytes = Uint8Array.of(0x12, 1, 0x10, 5, 0x08, 1);
    expect(decodeMessage(EventSchema, bytes)).toStrictEqual(fromBinary(EventSchema, bytes));
    expect(decodeMessage(EventSchema, bytes)).toMatchObject({ type: 1, kv: { createRevision: 5n } });
    for (const decode of [fromBinary, decodeMessage]) expect(() => decode(EventSchema, bytes.subarray(0, 3))).toThrow();
  });
});

describe("text", () => {
  it("with half a pair is written as protobuf-es writes it", () => {
    for (const name of ["\ud83d", "a\ude00b", "\ud83d\ud83d\ude00", "\ud83d€", `${"x".repeat(60)}\ud83d`]) {
      expect(encodeMessage(MemberRecordSchema, { name })).toEqual(written(MemberRecordSchema, { name }));
    }
  });

  it("that is no UTF-8 is refused, short or long", () => {
    for (const bytes of [[0xc3, 0x28], [0xff], [...Array<number>(20).fill(0x61), 0xc3]]) {
      const message = Uint8Array.of(0x12, bytes.length, ...bytes);
      for (const decode of [fromBinary, decodeMessage]) {
        expect(() => decode(MemberRecordSchema, message)).toThrow(TypeError);
      }
    }
  });
});

describe("memory", () => {
  it("of a decoded message is that of its bytes, and no Buffer", () => {
    const bytes = Buffer.from(written(KeyValueSchema, { key: Uint8Array.of(1, 2), value: Uint8Array.of(3) }));
    const unknown = Buffer.concat([bytes, Buffer.of(0x7a, 1, 9)]);
    const { key, value, $unknown } = decodeMessage(KeyValueSchema, unknown);
    for (const field of [key, value, $unknown?.[0]?.data]) {
      expect(Object.getPrototypeOf(field)).toBe(Uint8Array.prototype);
      expect(field?.buffer).toBe(unknown.buffer);
    }
  });

  it("of an encoded message is its own, and as large", () => {
    const value = new Uint8Array(200);
    const { buffer, length } = encodeMessage(PutRequestSchema, { value });
    expect(buffer.byteLength).toBe(length);
  });

  it("is not given to a message that changes while it is written", () => {
    let reads = 0;
    const record = {
      get name(): string {
        reads += 1;
        return "x".repeat(reads);
      },
    } as unknown as MemberRecord;
    expect(() => encodeMessage(MemberRecordSchema, record)).toThrow("changed");
  });
});

describe("a schema of somebody else's", () => {
  it("takes protobuf-es's way, whatever it has that ours have not", () => {
    const init = { name: "a.proto", publicDependency: [1, 2], options: { javaPackage: "x" } };
    const bytes = encodeMessage(FileDescriptorProtoSchema, init);
    expect(bytes).toEqual(written(FileDescriptorProtoSchema, init));
    const message = decodeMessage(FileDescriptorProtoSchema, Buffer.from(bytes));
    expect(message).toEqual(fromBinary(FileDescriptorProtoSchema, bytes));
  });
});
