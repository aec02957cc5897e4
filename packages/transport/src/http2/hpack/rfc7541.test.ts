/** The examples of RFC 7541, appendix C: every block, and what is in the dynamic table after it. */
import { describe, expect, it } from "vitest";
import { hex, list } from "../../testing/hpack.js";
import { OctetWriter } from "../octets.js";
import { HpackDecoder } from "./decoder.js";
import { DynamicTable } from "./dynamic-table.js";
import { encodeHeaders } from "./encoder.js";
import { fieldBytes } from "./header-field.js";
import { readInteger, writeInteger } from "./integer.js";

describe("integers (C.1)", () => {
  it.each([
    ["10 in a prefix of 5 bits", 10, 5, "0a"],
    ["1337 in a prefix of 5 bits", 1337, 5, "1f9a0a"],
    ["42 in a whole octet", 42, 8, "2a"],
  ])("writes and reads %s", (_name, value, prefixBits, digits) => {
    const writer = new OctetWriter();
    writeInteger(writer, 0, prefixBits, value);
    expect(writer.written).toEqual(hex(digits));
    const cursor = { bytes: hex(digits), at: 0, end: hex(digits).length };
    expect(readInteger(cursor, prefixBits)).toBe(value);
    expect(cursor.at).toBe(cursor.bytes.length);
  });
});

describe("single fields (C.2)", () => {
  it("adds a literal with indexing to the table", () => {
    const decoder = new HpackDecoder();
    const block = hex("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572");
    const field = { name: "custom-key", value: "custom-header" };
    expect(decoder.decode(block).fields).toEqual([field]);
    expect(decoder.decode(hex("be")).fields).toEqual([field]);
    expect(fieldBytes(field)).toBe(55);
  });

  it.each([
    ["a literal without indexing", { name: ":path", value: "/sample/path" }, "040c 2f73 616d 706c 652f 7061 7468"],
    [
      "a literal never indexed",
      { name: "password", value: "secret", neverIndexed: true as const },
      "1008 7061 7373 776f 7264 0673 6563 7265 74",
    ],
    ["an indexed field", { name: ":method", value: "GET" }, "82"],
  ])("writes and reads %s, and leaves the table empty", (_name, field, digits) => {
    const decoder = new HpackDecoder();
    expect(decoder.decode(hex(digits)).fields).toEqual([field]);
    expect(encodeHeaders([field])).toEqual(hex(digits));
    expect(() => decoder.decode(hex("be"))).toThrow("no field has the index 62");
  });
});

interface Sequence {
  readonly name: string;
  readonly tableBytesMax?: number;
  /** Block, header list, and the table afterwards, newest first, with its size. */
  readonly steps: readonly (readonly [block: string, fields: string, table: string, bytes: number])[];
}

const request1 = `:method: GET
  :scheme: http
  :path: /
  :authority: www.example.com`;
const request2 = `${request1}
  cache-control: no-cache`;
const request3 = `:method: GET
  :scheme: https
  :path: /index.html
  :authority: www.example.com
  custom-key: custom-value`;
const table1 = ":authority: www.example.com";
const table2 = `cache-control: no-cache
  ${table1}`;
const table3 = `custom-key: custom-value
  ${table2}`;

const date1 = "date: Mon, 21 Oct 2013 20:13:21 GMT";
const date2 = "date: Mon, 21 Oct 2013 20:13:22 GMT";
const location = "location: https://www.example.com";
const privately = "cache-control: private";
const cookie = "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
const gzip = "content-encoding: gzip";
const answer1 = [":status: 302", privately, date1, location].join("\n");
const answer2 = [":status: 307", privately, date1, location].join("\n");
const answer3 = [":status: 200", privately, date2, location, gzip, cookie].join("\n");
const answerTable1 = [location, date1, privately, ":status: 302"].join("\n");
const answerTable2 = [":status: 307", location, date1, privately].join("\n");
const answerTable3 = [cookie, gzip, date2].join("\n");

const sequences: readonly Sequence[] = [
  {
    name: "requests without Huffman code (C.3)",
    steps: [
      ["8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", request1, table1, 57],
      ["8286 84be 5808 6e6f 2d63 6163 6865", request2, table2, 110],
      ["8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65", request3, table3, 164],
    ],
  },
  {
    name: "requests with Huffman code (C.4)",
    steps: [
      ["8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", request1, table1, 57],
      ["8286 84be 5886 a8eb 1064 9cbf", request2, table2, 110],
      ["8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf", request3, table3, 164],
    ],
  },
  {
    name: "responses without Huffman code, in a table of 256 bytes (C.5)",
    tableBytesMax: 256,
    steps: [
      [
        `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
         2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70
         6c65 2e63 6f6d`,
        answer1,
        answerTable1,
        222,
      ],
      ["4803 3330 37c1 c0bf", answer2, answerTable2, 222],
      [
        `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d
         54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049
         5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e
         3d31`,
        answer3,
        answerTable3,
        215,
      ],
    ],
  },
  {
    name: "responses with Huffman code, in a table of 256 bytes (C.6)",
    tableBytesMax: 256,
    steps: [
      [
        `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
         2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
        answer1,
        answerTable1,
        222,
      ],
      ["4883 640e ffc1 c0bf", answer2, answerTable2, 222],
      [
        `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab
         77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f
         9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
        answer3,
        answerTable3,
        215,
      ],
    ],
  },
];

describe.each(sequences)("$name", ({ tableBytesMax, steps }) => {
  it("reads each block with what the ones before left in the table", () => {
    const decoder = new HpackDecoder(tableBytesMax === undefined ? {} : { tableBytesMax });
    for (const [block, fields] of steps) {
      expect(decoder.decode(hex(block))).toEqual({ fields: list(fields), tooLarge: false });
    }
  });

  it.each(steps.map((_step, i) => i + 1))("leaves in the table what the RFC says, after block %i", (count) => {
    const decoder = new HpackDecoder(tableBytesMax === undefined ? {} : { tableBytesMax });
    for (const [block] of steps.slice(0, count)) decoder.decode(hex(block));
    const [, , table, bytes] = steps[count - 1] as Sequence["steps"][number];
    const entries = list(table);
    const indexes = Uint8Array.from(entries, (_entry, i) => 0x80 | (62 + i));
    expect(decoder.decode(indexes).fields).toEqual(entries);
    expect(() => decoder.decode(Uint8Array.of(0x80 | (62 + entries.length)))).toThrow("no field has the index");
    expect(entries.reduce((sum, entry) => sum + fieldBytes(entry), 0)).toBe(bytes);
  });
});

describe("the dynamic table (RFC 7541 §4)", () => {
  const field = (name: string): { name: string; value: string } => ({ name, value: "" });

  it("drops the oldest when it is full, and counts what it holds", () => {
    const table = new DynamicTable(100);
    for (const name of ["a", "b", "c", "d"]) table.add(field(name));
    expect([table.at(0), table.at(1), table.at(2), table.at(3)]).toEqual([
      field("d"),
      field("c"),
      field("b"),
      undefined,
    ]);
    expect([table.bytes, table.length]).toEqual([99, 3]);
    table.resize(40);
    expect([table.at(0), table.length, table.bytes]).toEqual([field("d"), 1, 33]);
  });

  it("is emptied by a field that is larger than itself", () => {
    const table = new DynamicTable(64);
    table.add(field("a"));
    table.add(field("x".repeat(33)));
    expect([table.length, table.bytes]).toEqual([0, 0]);
  });

  it("stays right over many additions", () => {
    const table = new DynamicTable(32 * 5 + 20);
    for (let i = 0; i < 1_000; i++) {
      table.add(field(String(i)));
      expect(table.at(0)).toEqual(field(String(i)));
      expect(table.bytes).toBeLessThanOrEqual(table.capacity);
    }
    expect(table.length).toBe(5);
    expect(table.at(4)).toEqual(field("995"));
  });
});
