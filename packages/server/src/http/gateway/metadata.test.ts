/** Headers as metadata, and deadlines. */
import { describe, expect, it } from "vitest";
import { metadataOfHeaders, timeoutMsOf } from "./metadata.js";

const pairsOf = (headers: Record<string, string>): [string, unknown][] =>
  [...metadataOfHeaders(headers).entries()].map(([key, value]) => [key, value]);

describe("metadata of a request", () => {
  it("is what has the prefix, without it", () => {
    const metadata = metadataOfHeaders({
      "grpc-metadata-hasleader": "true",
      "grpc-metadata-x-bin": "AQI=",
      "x-other": "1",
    });
    expect(metadata.get("hasleader")).toBe("true");
    expect(metadata.get("x-bin")).toEqual(Uint8Array.of(1, 2));
    expect(metadata.get("x-other")).toBeUndefined();
  });

  it("has HTTP's own headers under another prefix, and the token under both names", () => {
    expect(
      pairsOf({ authorization: "Bearer t", accept: "a/b", "user-agent": "curl", "x-forwarded-for": "1.2.3.4" }),
    ).toEqual([
      ["grpcgateway-authorization", "Bearer t"],
      ["grpcgateway-accept", "a/b"],
      ["grpcgateway-user-agent", "curl"],
      ["authorization", "Bearer t"],
    ]);
  });

  it("always says that it came by the gateway (CVE-2018-16886)", () => {
    expect(pairsOf({})).toEqual([["grpcgateway-accept", "*/*"]]);
  });
});

describe("a deadline", () => {
  it("has one unit", () => {
    const units = { "1H": 3_600_000, "2M": 120_000, "5S": 5000, "100m": 100, "1500u": 1.5, "1000000n": 1 };
    for (const [text, ms] of Object.entries(units)) expect(timeoutMsOf({ "grpc-timeout": text }), text).toBeCloseTo(ms);
    expect(timeoutMsOf({})).toBeUndefined();
  });

  it("is refused in any other form", () => {
    for (const text of ["", "5", "S", "5X", "-5S", "1.5S", "5SS", "99999999999999999999S"]) {
      expect(() => timeoutMsOf({ "grpc-timeout": text }), text).toThrow(`invalid grpc-timeout: ${text}`);
    }
  });
});
