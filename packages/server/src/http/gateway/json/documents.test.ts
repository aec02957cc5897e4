/** Where one request ends and the next begins, and what is too much. */
import { describe, expect, it } from "vitest";
import { DEPTH_MAX, DocumentSplitter } from "./documents.js";

const LIMITS = { bytesMax: 1000, valuesMax: 100 };

/** The requests of a body that arrives in pieces of `size` bytes. */
function split(text: string, size = text.length || 1, limits = LIMITS): string[] {
  const splitter = new DocumentSplitter(limits);
  const bytes = Buffer.from(text);
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at += size) found.push(...splitter.push(bytes.subarray(at, at + size)));
  splitter.end();
  return found;
}

describe("the requests of a body", () => {
  it("are the same however it arrives", () => {
    const requests = ['{"a":"}{\\"}"}', '{"b":[{"c":"\\\\"}]}', '{"d":"äß€😀"}', "{}"];
    for (const between of ["", "\n", " \r\n\t"]) {
      const body = `${between}${requests.join(between)}${between}`;
      for (const size of [1, 2, 3, 7, 1000]) expect(split(body, size), `${size}`).toEqual(requests);
    }
    expect(split("")).toEqual([]);
    expect(split(" \n ")).toEqual([]);
  });

  it("are objects", () => {
    for (const body of ["[]", "null", '"x"', "1", "{}x", "{} ,", "\u0000", "\ufeff{}"]) {
      expect(() => split(body), body).toThrow("a request is a JSON object");
    }
  });

  it("do not end in the middle", () => {
    for (const body of ["{", '{"a":"}', '{"a":[}', '{"a":"\\"}']) {
      expect(() => split(body), body).toThrow("unexpected end");
    }
  });

  it("have so many levels and no more", () => {
    const nested = (depth: number): string => "[".repeat(depth - 1).concat("]".repeat(depth - 1));
    expect(split(`{"a":${nested(DEPTH_MAX)}}`)).toHaveLength(1);
    expect(() => split(`{"a":${nested(DEPTH_MAX + 1)}}`)).toThrow("recursion depth");
    expect(split(`{"a":"${"{".repeat(100)}"}`)).toHaveLength(1);
  });

  it("have so many bytes and no more, each of them", () => {
    const request = (bytes: number): string => `{"a":"${"x".repeat(bytes - 8)}"}`;
    expect(split(`${request(1000)}${request(1000)}`, 64)).toHaveLength(2);
    expect(() => split(request(1001), 64)).toThrow(/^grpc: received message larger than max \(\d+ vs\. 1000\)$/);
  });

  it("have so many values and no more, each of them", () => {
    const request = (values: number): string => `{"a":[${"0,".repeat(values - 1)}0]}`;
    expect(split(`${request(100)}${request(100)}`)).toHaveLength(2);
    expect(() => split(request(101))).toThrow("100 values at most");
    expect(split(`{"a":"${",".repeat(200)}"}`)).toHaveLength(1);
  });

  it("are UTF-8", () => {
    const splitter = new DocumentSplitter(LIMITS);
    expect(() => [
      ...splitter.push(Buffer.concat([Buffer.from('{"a":"'), Buffer.of(0xff), Buffer.from('"}')])),
    ]).toThrow("not UTF-8");
  });

  it("count as pending while they are incomplete", () => {
    const splitter = new DocumentSplitter(LIMITS);
    expect([...splitter.push(Buffer.from('{"a":'))]).toEqual([]);
    expect(splitter.pendingBytes).toBe(5);
    expect([...splitter.push(Buffer.from('1} {"b"'))]).toEqual(['{"a":1}']);
    expect(splitter.pendingBytes).toBe(4);
  });
});
