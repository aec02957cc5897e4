/** What of a call's head is made once for many calls, and what is not. */
import { Health } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import type { HeaderField } from "../http2/hpack/header-field.js";
import type { MetadataInit } from "../metadata.js";
import { KnownMetadata } from "./known-metadata.js";
import { RequestHead } from "./request-head.js";

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
const field = (name: string, value: string): HeaderField => ({ name, value });

describe("metadata", () => {
  it("that cannot change is the same fields each time, until there is other", () => {
    const known = new KnownMetadata();
    const [first, second] = [Object.freeze({ token: "a" }), Object.freeze({ token: "b" })];
    const fields = known.fields(first);
    expect(fields).toEqual([field("token", "a")]);
    expect(known.fields(first)).toBe(fields);
    expect(known.fields(second)).toEqual([field("token", "b")]);
    expect(known.fields(first)).toEqual(fields);
  });

  it.each<[string, () => { init: MetadataInit; change: () => void; value: string }]>([
    ["an object", () => changing({ key: "1" }, (init) => Object.assign(init, { key: "2" }), "2")],
    ["a list in a frozen one", () => changing(Object.freeze({ key: ["1"] }), ({ key }) => (key[0] = "2"), "2")],
    [
      "bytes in a frozen one",
      () => changing(Object.freeze({ "k-bin": Uint8Array.of(1) }), (i) => i["k-bin"].fill(2), "Ag"),
    ],
  ])("that was changed since the last call is sent as it is now: %s", (_name, made) => {
    const known = new KnownMetadata();
    const { init, change, value } = made();
    known.fields(init);
    change();
    expect(known.fields(init).map((one) => one.value)).toEqual([value]);
  });
});

function changing<T extends MetadataInit>(init: T, change: (init: T) => unknown, value: string) {
  return { init, change: () => void change(init), value };
}

describe("the head of a call", () => {
  const head = new RequestHead(Health.method.check, "host", false);

  it("is the same block for the same timeout and the same fields", () => {
    const fields = [field("token", "a")];
    const block = head.block("5m", fields);
    expect(textOf(block)).toMatch(/grpc-timeout.*5m.*token.*a$/s);
    expect(head.block("5m", fields)).toBe(block);
    expect(head.block("5m", [field("token", "a")])).toEqual(block);
  });

  it("is another one for each of them", () => {
    const [a, b] = [[field("token", "a")], [field("token", "b")]];
    const blocks = (
      [
        ["5m", a],
        ["6m", a],
        ["6m", b],
        ["6m", undefined],
        [undefined, undefined],
        [undefined, a],
      ] as const
    ).map(([timeout, fields]) => textOf(head.block(timeout, fields)));
    expect(new Set(blocks).size).toBe(blocks.length);
    expect(blocks.map((text) => [/\dm/.exec(text)?.[0], /token.(.)/s.exec(text)?.[1]])).toEqual([
      ["5m", "a"],
      ["6m", "a"],
      ["6m", "b"],
      ["6m", undefined],
      [undefined, undefined],
      [undefined, "a"],
    ]);
  });
});
