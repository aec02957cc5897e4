/** The rules of JSON requests, one by one; `integration/gateway` asks a real etcd the same where its version agrees. */
import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import { toBinary } from "@bufbuild/protobuf";
import { KV, Lease, Maintenance, type RangeRequest, type TxnRequest } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import { ROUTES } from "../routes.js";
import { JsonReader } from "./reader.js";

const reader = new JsonReader();
const range = (text: string): RangeRequest => reader.read(KV.method.range.input, text) as RangeRequest;
const txn = (text: string): TxnRequest => reader.read(KV.method.txn.input, text) as TxnRequest;
const grant = (text: string): { ID: bigint; TTL: bigint } =>
  reader.read(Lease.method.leaseGrant.input, text) as unknown as { ID: bigint; TTL: bigint };
const failure = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    return `${(error as { code: number }).code} ${(error as Error).message}`;
  }
  return "nothing was wrong";
};

describe("names", () => {
  it("are those of the proto files or lowerCamelCase", () => {
    for (const name of ["range_end", "rangeEnd"]) expect(range(`{"${name}":"YQ=="}`).rangeEnd).toEqual(bytes("a"));
    for (const name of ["RangeEnd", "rangeend", "range-end"]) {
      expect(range(`{"${name}":"YQ=="}`).rangeEnd, name).toEqual(bytes(""));
    }
    expect(grant('{"ID":1,"TTL":2}')).toMatchObject({ ID: 1n, TTL: 2n });
  });

  it("may be unknown, whatever their value", () => {
    const text =
      '{"x":[1,{"y":null}],"key":"YQ==","z":{"a":[[],[{}]]},"w":-1.5e+3,"v":"\\"","u":true,"__proto__":{"a":1}}';
    expect(range(text).key).toEqual(bytes("a"));
  });

  it("may not come twice, under either spelling", () => {
    expect(failure(() => range('{"key":"YQ==","key":"Yg=="}'))).toBe('3 proto: (line 1:15): duplicate field "key"');
    expect(failure(() => range('{"range_end":"","rangeEnd":""}'))).toContain('duplicate field "rangeEnd"');
    expect(failure(() => range('{"key":null,"key":"YQ=="}'))).toContain("duplicate field");
  });
});

describe("whole numbers", () => {
  it("come as numbers or strings and keep all digits", () => {
    for (const text of [
      "7587862094123456789",
      '"7587862094123456789"',
      "-9223372036854775808",
      "9223372036854775807",
    ]) {
      expect(grant(`{"ID":${text}}`).ID).toBe(BigInt(text.replaceAll('"', "")));
    }
    for (const [text, value] of [
      ["1e3", 1000n],
      ["100.0", 100n],
      ["1.5e1", 15n],
      ['"0100"', 100n],
      ["-0", 0n],
    ] as const) {
      expect(grant(`{"ID":${text}}`).ID, text).toBe(value);
    }
  });

  it("are neither broken nor out of range nor anything else", () => {
    for (const text of [
      "1.5",
      "9223372036854775808",
      "1e30",
      "1e-1",
      '"x"',
      '""',
      '" 1"',
      "true",
      "[]",
      "{}",
      '"0x1"',
    ]) {
      expect(
        failure(() => grant(`{"ID":${text}}`)),
        text,
      ).toContain("3 proto: (line 1:7): invalid value for int64 field ID:");
    }
    for (const text of ["01", "+1", ".5", "1.", "1e", "--1", "Infinity", "NaN"]) {
      expect(
        failure(() => grant(`{"ID":${text}}`)),
        text,
      ).toMatch(/^3 proto: syntax error/);
    }
  });

  it("of 64 bits without a sign reach up to 2^64 - 1", () => {
    const alarm = (text: string): Message => reader.read(Maintenance.method.alarm.input, `{"memberID":${text}}`);
    expect(alarm("18446744073709551615")).toMatchObject({ memberID: 2n ** 64n - 1n });
    expect(failure(() => alarm("-1"))).toContain("uint64");
  });
});

describe("bytes", () => {
  it("are base64 of either alphabet, padded or not", () => {
    for (const text of ["+/8=", "-_8=", "+/8", "-_8"]) {
      expect(range(`{"key":"${text}"}`).key, text).toEqual(Uint8Array.of(0xfb, 0xff));
    }
    expect(range('{"key":""}').key).toEqual(bytes(""));
    expect(range('{"key":"\\u0059Q=="}').key).toEqual(bytes("a"));
  });

  it("are not anything beside it", () => {
    for (const text of ["+_8=", "A", "AAAAA", "YQ=", "Y===", "=", "YQ==YQ==", "Y Q==", "YQ==\\n", "é"]) {
      expect(
        failure(() => range(`{"key":"${text}"}`)),
        text,
      ).toMatch(/^3 proto: \(line 1:8\): invalid value for bytes field key:/);
    }
    expect(failure(() => range('{"key":3}'))).toBe("3 proto: (line 1:8): invalid value for bytes field key: number");
  });

  it("have memory of their own", () => {
    const { key } = range('{"key":"YWJj"}');
    expect([key.constructor, key.buffer.byteLength]).toEqual([Uint8Array, 3]);
  });
});

describe("enums, switches, texts and null", () => {
  it("enums come by name or number, also by one that is not known yet", () => {
    expect(range('{"sort_order":"DESCEND"}').sortOrder).toBe(2);
    expect(range('{"sort_order":2}').sortOrder).toBe(2);
    expect(range('{"sort_order":77}').sortOrder).toBe(77);
    expect(failure(() => range('{"sort_order":"NOPE"}'))).toBe(
      '3 proto: (line 1:15): invalid value for enum field sort_order: "NOPE"',
    );
    for (const text of ["2147483648", "1.5", "true", "[]"]) {
      expect(
        failure(() => range(`{"sort_order":${text}}`)),
        text,
      ).toContain("enum field");
    }
  });

  it("switches are true or false", () => {
    expect(range('{"serializable":true,"keys_only":false}')).toMatchObject({ serializable: true, keysOnly: false });
    for (const text of ['"true"', "1", "[]"]) {
      expect(
        failure(() => range(`{"serializable":${text}}`)),
        text,
      ).toContain("bool field serializable");
    }
  });

  it("null is a field that is not there, but no value of a list and no request", () => {
    expect(range('{"key":null,"limit":null,"sort_order":null}')).toMatchObject({ limit: 0n, sortOrder: 0 });
    expect(txn('{"success":null}').success).toEqual([]);
    expect(failure(() => txn('{"success":[null]}'))).toContain("invalid value for repeated field success");
    expect(failure(() => range("null"))).toContain("syntax error");
  });
});

describe("messages", () => {
  it("a member of a oneof is named by its own name", () => {
    const { success, compare } = txn(
      '{"compare":[{"key":"YQ==","version":"0"}],"success":[{"request_range":{"key":"YQ=="}},{"requestPut":{"key":"Yg=="}},{}]}',
    );
    expect(success.map(({ request }) => request.case)).toEqual(["requestRange", "requestPut", undefined]);
    expect(compare[0]?.targetUnion).toEqual({ case: "version", value: 0n });
  });

  it("may not have two members of one oneof", () => {
    expect(failure(() => txn('{"success":[{"request_range":{},"request_put":{}}]}'))).toContain(
      "oneof etcdserverpb.RequestOp.request is already set",
    );
    expect(txn('{"success":[{"request_range":null,"request_put":{}}]}').success[0]?.request.case).toBe("requestPut");
  });

  it("are objects, and lists are lists", () => {
    expect(failure(() => txn('{"success":{}}'))).toContain("repeated field success");
    expect(failure(() => txn('{"success":[[]]}'))).toContain("repeated field success");
    expect(failure(() => txn('{"success":[{"request_put":[]}]}'))).toContain("message field request_put");
  });
});

describe("syntax", () => {
  it.each([
    ...[
      "",
      "{",
      '{"key"}',
      '{"key":}',
      '{"key":"YQ=="',
      '{"key":"YQ==",}',
      "{,}",
      '{"key" "YQ=="}',
      "{key:1}",
      "[]",
      "x",
    ],
    ...[
      '{"key":"YQ=="}x',
      '{"key":"YQ=="}{}',
      '{"a":tru}',
      '{"a":nul}',
      '{"a":"\\x"}',
      '{"a":"\n"}',
      '{"a":"',
      '{"a":"\\"}',
    ],
    ...['{"a":[1,]}', '{"a":[1 2]}', '{"a":[}', "{'a':1}", '{"a":1}//'],
  ])("%j is refused", (text) => {
    expect(failure(() => range(text))).toMatch(/^3 proto: syntax error \(line \d+:\d+\): /);
  });

  it("tells the line", () => {
    expect(failure(() => range('{\n  "key": "YQ==",\n  "limit": x\n}'))).toBe(
      "3 proto: syntax error (line 3:12): unexpected token x",
    );
  });

  it("spaces may stand between all tokens", () => {
    expect(range(' {\t"key" :\r\n"YQ==" , "x" : [ 1 , 2 ] , "limit" : 3 } ')).toMatchObject({ limit: 3n });
  });

  it("what is wrong is shown, but not at any length", () => {
    expect(failure(() => range(`{"key":"${"!".repeat(100_000)}"}`)).length).toBeLessThan(200);
  });
});

it("every field of every request has a JSON form", () => {
  const seen = new Set<DescMessage>();
  const fieldsOf = (schema: DescMessage): DescField[] => {
    if (seen.has(schema)) return [];
    seen.add(schema);
    return schema.fields.flatMap((field) => [field, ...(field.message === undefined ? [] : fieldsOf(field.message))]);
  };
  const fields = [...ROUTES.values()].flatMap(({ input }) => fieldsOf(input));
  expect(fields.length).toBeGreaterThan(80);
  for (const field of fields) {
    const sample = field.message !== undefined ? "{}" : field.enum !== undefined ? "1" : undefined;
    const samples = sample === undefined ? ["1", "true", '"YQ=="'] : [sample];
    const read = samples.some((one) => {
      const text = `{"${field.name}":${field.fieldKind === "list" ? `[${one}]` : one}}`;
      try {
        return toBinary(field.parent, reader.read(field.parent, text)).length > 0 || field.message !== undefined;
      } catch {
        return false;
      }
    });
    expect(read, `${field.parent.typeName}.${field.name}`).toBe(true);
  }
});

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}
