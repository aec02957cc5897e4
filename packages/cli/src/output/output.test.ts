/** The formats, letter by letter. */
import { create } from "@bufbuild/protobuf";
import { KeyValueSchema, RangeResponseSchema, TxnResponseSchema } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import { jsonText, messageJson } from "./json.js";
import { Progress } from "./progress.js";
import { quote } from "./quote.js";
import { formatReport } from "./report.js";
import { renderTable } from "./table.js";
import { readQuoted } from "./unquote.js";

describe("Go's quotation", () => {
  it.each<[string | Uint8Array, string]>([
    ["plain", '"plain"'],
    ['a "b" \\ c', '"a \\"b\\" \\\\ c"'],
    ["\n\t\r\u0007\b\f\v", '"\\n\\t\\r\\a\\b\\f\\v"'],
    ["\u0000\u001b\u007f", '"\\x00\\x1b\\x7f"'],
    ["\u00e4\u2713\u{1f600}", '"\u00e4\u2713\u{1f600}"'],
    ["\u200b\u00a0\u{e0001}", '"\\u200b\\u00a0\\U000e0001"'],
    [Uint8Array.of(0x61, 0xff, 0xc3, 0x28, 0xe2, 0x82), '"a\\xff\\xc3(\\xe2\\x82"'],
    [Uint8Array.of(0xef, 0xbb, 0xbf), '"\\ufeff"'],
  ])("%j", (value, quoted) => {
    expect(quote(value)).toBe(quoted);
  });

  it("is read back, with what follows it", () => {
    const text = 'a "b" \\ \n \u00e4 \u0007 \u2713';
    expect(readQuoted(`${quote(text)} rest`)).toEqual({ text, rest: " rest" });
    expect(readQuoted("`raw \\n`)")).toEqual({ text: "raw \\n", rest: ")" });
    expect(readQuoted('"\\x41\\u00e4\\U0001f600\\101"')).toEqual({ text: "A\u00e4\u{1f600}A", rest: "" });
  });

  it.each(['"open', "plain", '"\\q"', '"\\U00110000"'])("%j cannot be read", (text) => {
    expect(readQuoted(text)).toBeUndefined();
  });
});

describe("JSON as Go writes it", () => {
  it("leaves out what is zero and writes 64 bits as numbers, bytes in base64", () => {
    const message = create(RangeResponseSchema, {
      header: { clusterId: 2n ** 64n - 1n, revision: 5n },
      kvs: [create(KeyValueSchema, { key: Buffer.from("a"), lease: 7n })],
      count: 1n,
    });
    expect(jsonText(messageJson(RangeResponseSchema, message))).toBe(
      '{"header":{"cluster_id":18446744073709551615,"revision":5},"kvs":[{"key":"YQ==","lease":7}],"count":1}',
    );
  });

  it("wraps what was chosen among several", () => {
    const message = create(TxnResponseSchema, {
      responses: [{ response: { case: "responsePut", value: {} } }, {}],
    });
    expect(jsonText(messageJson(TxnResponseSchema, message))).toBe(
      '{"responses":[{"Response":{"ResponsePut":{}}},{"Response":null}]}',
    );
  });

  it("escapes what could end a script", () => {
    expect(jsonText("<&>\u2028\b\f\n")).toBe('"\\u003c\\u0026\\u003e\\u2028\\u0008\\u000c\\n"');
  });
});

describe("tables", () => {
  it("are framed, headings centred, cells to the right", () => {
    expect(
      renderTable({
        header: ["id", "name"],
        rows: [
          ["1", "default"],
          ["10", "n"],
        ],
      }),
    ).toBe(
      [
        "+----+---------+",
        "| ID |  NAME   |",
        "+----+---------+",
        "|  1 | default |",
        "| 10 |       n |",
        "+----+---------+",
        "",
      ].join("\n"),
    );
  });
});

describe("formats", () => {
  it("that a command does not have are refused in etcdctl's words", () => {
    const report = { simple: () => undefined };
    for (const format of ["json", "fields", "table", "protobuf"]) {
      expect(() => formatReport(report, format)).toThrow(`${format} not supported as output format`);
    }
    expect(() => formatReport(report, "xml")).toThrow("unsupported output format");
  });
});

describe("progress", () => {
  it("is drawn in one line that fits, and ends below it", () => {
    let drawn = "";
    const progress = new Progress("keys", 4, { write: (text) => (drawn += text), columns: 60 });
    progress.set(2);
    progress.end();
    const lines = drawn.split("\r").slice(1);
    expect(lines[0]).toMatch(/^ 50\.0% \[=+> +\] keys/);
    expect(Math.max(...lines.map((line) => line.replace("\u001b[K", "").trimEnd().length))).toBeLessThan(60);
    expect(drawn.endsWith("\n")).toBe(true);
  });

  it("is silent where there is no terminal", () => {
    const progress = new Progress("keys", 4, undefined);
    progress.advance(4);
    expect(() => progress.end()).not.toThrow();
  });
});
