/** Certificates as written: what node's own reader finds in them. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { describe, expect, it } from "vitest";
import { TestAuthority } from "../../testing/certificates.js";
import { makeCertificate } from "./x509.js";

const times = { notBefore: new Date("2026-01-01T00:00:00Z"), notAfter: new Date("2055-06-01T00:00:00Z") };

describe("a certificate", () => {
  it("says what was asked for, and fits its key", async () => {
    const hosts = ["a.test", "10.0.0.1", "::1", "2001:db8::7"];
    const { cert, key } = await makeCertificate({
      subject: { commonName: "one" },
      hosts,
      uses: ["server"],
      ...times,
    });
    const read = new X509Certificate(cert);
    expect(read.subject).toBe("CN=one");
    expect(read.subjectAltName).toBe(
      "DNS:a.test, IP Address:10.0.0.1, IP Address:0:0:0:0:0:0:0:1, IP Address:2001:DB8:0:0:0:0:0:7",
    );
    expect(read.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    expect(read.ca).toBe(false);
    expect([Date.parse(read.validFrom), Date.parse(read.validTo)]).toEqual([+times.notBefore, +times.notAfter]);
    expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(read.verify(read.publicKey)).toBe(true);
    expect(() => createSecureContext({ cert, key })).not.toThrow();
  });

  it("has a serial number of its own that is positive", async () => {
    const serials = await Promise.all(
      Array.from({ length: 20 }, async () => new X509Certificate((await makeCertificate(times)).cert).serialNumber),
    );
    expect(new Set(serials).size).toBe(20);
    for (const serial of serials) expect(Number.parseInt(serial.slice(0, 2), 16)).toBeLessThan(0x80);
  });

  it("is signed by the authority that issues it", async () => {
    const authority = await TestAuthority.create();
    const issued = new X509Certificate((await authority.issue("two")).cert);
    const ca = new X509Certificate(authority.ca);
    expect(ca.ca).toBe(true);
    expect(issued.checkIssued(ca)).toBe(true);
    expect(issued.verify(ca.publicKey)).toBe(true);
  });
});
