/** The JSON of endpoints, to the byte as Go writes it. */
import { codec } from "@kvorum/client";
import { describe, expect, it } from "vitest";
import { checkEndpoint, checkService, endpointCodec } from "./endpoint.js";

const endpoints = endpointCodec(codec.json<unknown>());
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("endpoints", () => {
  it("are written with Go's members in Go's order", () => {
    expect(textOf(endpoints.encode({ addr: "a:1" }))).toBe('{"Op":0,"Addr":"a:1","Metadata":null}');
    expect(textOf(endpoints.encode({ addr: "a:1", metadata: { z: [1] }, fields: { Weight: 2 } }))).toBe(
      '{"Op":0,"Addr":"a:1","Metadata":{"z":[1]},"Weight":2}',
    );
  });

  it("are read with the members that nobody knows, and without those that are missing", async () => {
    expect(
      await endpoints.decode(bytesOf('{"Op":0,"Addr":"a:1","Metadata":"m","Weight":2,"__proto__":{"x":1}}')),
    ).toEqual({
      addr: "a:1",
      metadata: "m",
      fields: Object.assign(Object.create(null), JSON.parse('{"Weight":2,"__proto__":{"x":1}}')),
    });
    expect(await endpoints.decode(bytesOf('{"Addr":"a:1"}'))).toEqual({ addr: "a:1", metadata: null, fields: {} });
  });

  it("are refused when they are no object or have no address", async () => {
    for (const text of ["", "{", "[]", "null", '"a:1"', "{}", '{"Addr":""}', '{"Addr":7}', '{"addr":"a:1"}']) {
      await expect(endpoints.decode(bytesOf(text)), text).rejects.toThrow();
    }
  });

  it("and names have rules that say what was wrong", () => {
    for (const service of ["search", "/services/search", "a/b.c"]) expect(() => checkService(service)).not.toThrow();
    expect(() => checkService("a\ud800")).toThrow(RangeError);
    expect(() => checkService(undefined)).toThrow("service must be text, not undefined");
    expect(() => checkEndpoint({ addr: "\udfff" })).toThrow(RangeError);
    expect(() => checkEndpoint({ addr: "a", fields: { Addr: "b" } })).toThrow('fields must not have "Addr"');
  });
});
