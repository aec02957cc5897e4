/** Ready-made requests are what a decoder reads from them. */
import { fromBinary } from "@bufbuild/protobuf";
import { KV } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import { counting, gets, mixed, puts, type Request, recorded, VALUE_BYTES } from "./requests.js";

const putIn = ({ frame }: Request) => fromBinary(KV.method.put.input, frame.subarray(5));
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe("requests", () => {
  it("each put of a source is a whole message with its own key and its own value", () => {
    const source = puts("a/", counting());
    const first = putIn({ ...source.next(), frame: source.next().frame.slice() });
    const second = putIn(source.next());
    expect([text(first.key), text(second.key)]).toEqual(["a/0000000001", "a/0000000002"]);
    expect([first.value.length, second.value.length]).toEqual([VALUE_BYTES, VALUE_BYTES]);
    expect(first.value).not.toEqual(second.value);
  });

  it("a frame tells the length of its message", () => {
    const { path, frame } = gets("a/", () => 42).next();
    expect(path).toBe("/etcdserverpb.KV/Range");
    expect(Buffer.from(frame).readUInt32BE(1)).toBe(frame.length - 5);
    expect(text(fromBinary(KV.method.range.input, frame.subarray(5)).key)).toBe("a/0000000042");
  });

  it("a mixture holds its share at every length, evenly spread", () => {
    const [one, other] = [recorded(KV.method.range, {}), recorded(KV.method.put, {})];
    const source = mixed(0.8, one, other);
    const paths = Array.from({ length: 1000 }, () => source.next().path);
    expect(paths.filter((path) => path.endsWith("Range"))).toHaveLength(800);
    for (let at = 0; at < 1000; at += 5) {
      expect(paths.slice(at, at + 5).filter((path) => path.endsWith("Put"))).toHaveLength(1);
    }
  });
});
