/** Names of cipher suites: each one means a suite that OpenSSL has, and what is none is told. */
import { getCiphers } from "node:tls";
import { describe, expect, it } from "vitest";
import { CIPHER_SUITE_NAMES, openSslCiphers } from "./cipher-suites.js";

describe("cipher suites", () => {
  it.each(CIPHER_SUITE_NAMES)("%s is one that node has", (name) => {
    const known = new Set(getCiphers());
    for (const suite of openSslCiphers([name]).split(":")) expect(known, suite).toContain(suite.toLowerCase());
  });

  it("are put beside those of TLS 1.3, without which it would not be spoken", () => {
    expect(openSslCiphers(["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"])).toBe(
      "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256",
    );
  });

  it("that are none are told with what is allowed", () => {
    expect(() => openSslCiphers(["ECDHE-RSA-AES128-GCM-SHA256"])).toThrow(
      /^unexpected TLS cipher suite "ECDHE-RSA-AES128-GCM-SHA256": give TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, /,
    );
  });

  it("cannot be chosen where only TLS 1.3 is spoken", () => {
    expect(() => openSslCiphers(["TLS_AES_128_GCM_SHA256"], "TLSv1.3")).toThrow(
      "cipher suites cannot be configured when only TLS1.3 is enabled",
    );
  });
});
