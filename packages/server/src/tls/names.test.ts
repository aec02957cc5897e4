/** Whom a certificate speaks for: allowed names, and the address that a member connects from. */
import { X509Certificate } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { TestAuthority } from "../../testing/certificates.js";
import { alternativeNamesOf, nameRefusal } from "./names.js";
import { addressRefusal, type NameService } from "./remote-address.js";

let authority: TestAuthority;
beforeAll(async () => {
  authority = await TestAuthority.create();
});

async function certificate(hosts: readonly string[], commonName = "one"): Promise<X509Certificate> {
  return new X509Certificate((await authority.issue(commonName, { hosts })).cert);
}

describe("allowed names", () => {
  it("let everybody in where there are none", async () => {
    expect(nameRefusal(await certificate([]), {})).toBeUndefined();
    expect(nameRefusal(undefined, { allowedCommonNames: [] })).toBeUndefined();
  });

  it("are common names, whole and exact", async () => {
    const one = await certificate(["two"], "one");
    expect(nameRefusal(one, { allowedCommonNames: ["other", "one"] })).toBeUndefined();
    for (const allowedCommonNames of [["two"], ["on"], ["One"], ["one "]]) {
      expect(nameRefusal(one, { allowedCommonNames })).toMatch(/^client certificate authentication failed: .*"one"/);
    }
    expect(nameRefusal(undefined, { allowedCommonNames: ["one"] })).toMatch(/no certificate/);
  });

  it("are alternative names: a common name is no host", async () => {
    const one = await certificate(["a.test", "*.b.test", "10.0.0.1"], "c.test");
    for (const host of ["a.test", "x.b.test", "10.0.0.1"]) {
      expect(nameRefusal(one, { allowedHostnames: ["other.test", host] }), host).toBeUndefined();
    }
    for (const host of ["c.test", "b.test", "x.y.b.test", "10.0.0.2"]) {
      expect(nameRefusal(one, { allowedHostnames: [host] }), host).toMatch(/none of its host names is allowed/);
    }
  });
});

describe("the address of a member", () => {
  const nobody: NameService = { reverse: () => Promise.reject(new Error("ENOTFOUND")), resolve: async () => [] };

  it("may be any without alternative names", async () => {
    expect(await addressRefusal(await certificate([]), "10.9.9.9", nobody)).toBeUndefined();
  });

  it("must be one of the addresses", async () => {
    const one = await certificate(["10.0.0.1", "::1"]);
    expect(await addressRefusal(one, "10.0.0.1", nobody)).toBeUndefined();
    expect(await addressRefusal(one, "::ffff:10.0.0.1", nobody)).toBeUndefined();
    expect(await addressRefusal(one, "::1", nobody)).toBeUndefined();
    expect(await addressRefusal(one, "10.0.0.2", nobody)).toMatch(
      /^x509: certificate is valid for 10\.0\.0\.1, .*, not 10\.0\.0\.2$/,
    );
  });

  it("may be named by DNS, from the address or from the name", async () => {
    const one = await certificate(["a.test", "*.b.test"]);
    const reverse = async (): Promise<string[]> => ["other.test", "x.y.b.test."];
    expect(await addressRefusal(one, "10.0.0.1", { ...nobody, reverse })).toBeUndefined();
    const resolve = async (name: string): Promise<string[]> => (name === "a.test" ? ["10.0.0.1"] : []);
    expect(await addressRefusal(one, "10.0.0.1", { ...nobody, resolve })).toBeUndefined();
    expect(await addressRefusal(one, "10.0.0.2", { ...nobody, resolve })).toBe(
      'tls: "10.0.0.2" does not match any of DNSNames ["a.test","*.b.test"]',
    );
  });

  it("is asked of DNS where the addresses do not have it and there are names", async () => {
    const one = await certificate(["10.0.0.1", "a.test"]);
    const resolve = async (): Promise<string[]> => ["10.0.0.2"];
    expect(await addressRefusal(one, "10.0.0.2", { ...nobody, resolve })).toBeUndefined();
    expect(await addressRefusal(one, "10.0.0.3", { ...nobody, resolve })).toMatch(/DNSNames/);
  });

  it("is not waited for longer than two seconds", async () => {
    const never = (): Promise<string[]> => new Promise(() => {});
    const startMs = performance.now();
    expect(await addressRefusal(await certificate(["a.test"]), "10.0.0.1", { reverse: never, resolve: never })).toMatch(
      /DNSNames/,
    );
    expect(performance.now() - startMs).toBeLessThan(4000);
  });
});

describe("alternative names", () => {
  it("are read as they stand, also those with a comma in them", async () => {
    const one = await certificate(["a.test", "evil.test, DNS:b.test", "10.0.0.1"]);
    expect(alternativeNamesOf(one)).toEqual({ dns: ["a.test", "evil.test, DNS:b.test"], addresses: ["10.0.0.1"] });
  });
});
