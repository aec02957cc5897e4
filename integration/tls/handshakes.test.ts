/** Who gets in, on every port of a node that speaks TLS. Each refused client is refused on each of them. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestAuthority, type TestCertificate } from "../../packages/server/testing/certificates.js";
import { knock, PORTS, type SecureNode, startSecureNode } from "./listeners.js";

let revoked: TestCertificate;
let secure: SecureNode;
beforeAll(async () => {
  secure = await startSecureNode(async (authority, folder) => {
    revoked = await authority.issue("revoked");
    const crlFile = join(folder, "revoked.crl");
    await writeFile(crlFile, await authority.revoke(revoked));
    return { crlFile };
  });
});
afterAll(() => secure?.close());

/** Clients by what is wrong with them. */
const STRANGERS: readonly (readonly [string, (authority: TestAuthority) => Promise<Partial<TestCertificate>>])[] = [
  ["without a certificate", async () => ({})],
  ["of another CA", async () => (await TestAuthority.create("other")).issue("one")],
  // The same name does not make it the same authority.
  ["of another CA of the same name", async () => (await TestAuthority.create()).issue("one")],
  ["whose certificate has expired", (authority) => authority.expired("one")],
  [
    "whose certificate is not valid yet",
    (authority) => {
      const tomorrow = new Date(Date.now() + 86_400_000);
      return authority.issue("one", { notBefore: tomorrow, notAfter: new Date(+tomorrow + 86_400_000) });
    },
  ],
  ["whose certificate is for servers alone", (authority) => authority.issue("one", { uses: ["server"] })],
  ["that has signed its certificate itself", () => TestAuthority.selfSigned("one")],
  ["GHSA-3wh4-j44w-pg92: whose certificate was revoked", async () => revoked],
];

describe.each(PORTS)("the port for %s", (port) => {
  it("lets in who shows a certificate of the trusted CA, with TLS 1.2 and 1.3", async () => {
    const { authority, ports } = secure;
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const client = { ca: authority.ca, ...(await authority.issue("one")), maxVersion };
      expect(await knock(ports[port], client), maxVersion).toBe("in");
    }
    // For clients alone is enough for a client.
    const client = await authority.issue("one", { uses: ["client"], hosts: [] });
    expect(await knock(ports[port], { ca: authority.ca, ...client })).toBe("in");
  });

  it.each(STRANGERS)("refuses a client %s", async (_name, certificate) => {
    const { authority, ports } = secure;
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const client = { ca: authority.ca, ...(await certificate(authority)), maxVersion };
      expect(await knock(ports[port], client), maxVersion).toBe("out");
    }
  });

  it("refuses versions before 1.2", async () => {
    const { authority, ports } = secure;
    const client = { ca: authority.ca, ...(await authority.issue("one")) };
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    expect(await knock(ports[port], { ...client, ...old })).toBe("out");
  });

  it("says in the log whom it refused and why", async () => {
    const { authority, ports, warnings } = secure;
    // The log says only so many a second.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const from = warnings.length;
    await knock(ports[port], { ca: authority.ca, ...(await authority.expired("one")), servername: "a.test" });
    const side = port === "members" ? "peer" : "client";
    expect(warnings.slice(from).join("\n")).toMatch(
      new RegExp(
        `^rejected connection on ${side} endpoint .*"remoteAddress":"127.0.0.1","serverName":"a.test",.*CERT_HAS_EXPIRED`,
      ),
    );
  });
});

describe("narrower rules", () => {
  const cases = [
    ["common names", { allowedCommonNames: ["one", "three"] }],
    ["host names", { allowedHostnames: ["one.test", "three.test"] }],
  ] as const;
  it.each(cases)("of %s hold on every port", async (_name, rule) => {
    const node = await startSecureNode(rule);
    try {
      const { authority, ports } = node;
      for (const port of PORTS) {
        for (const [name, answer] of [
          ["one", "in"],
          ["two", "out"],
          ["three", "in"],
        ] as const) {
          const client = await authority.issue(name, { hosts: ["127.0.0.1", `${name}.test`] });
          expect(await knock(ports[port], { ca: authority.ca, ...client }), `${name} at ${port}`).toBe(answer);
        }
      }
    } finally {
      await node.close();
    }
  });

  it("of versions and cipher suites hold on every port", async () => {
    const node = await startSecureNode({
      maxVersion: "TLSv1.2",
      cipherSuites: ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"],
    });
    try {
      const { authority, ports } = node;
      const client = { ca: authority.ca, ...(await authority.issue("one")) };
      for (const port of PORTS) {
        expect(await knock(ports[port], client)).toBe("in");
        expect(await knock(ports[port], { ...client, minVersion: "TLSv1.3" })).toBe("out");
        expect(await knock(ports[port], { ...client, ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" })).toBe("out");
        expect(await knock(ports[port], { ...client, ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384" })).toBe("in");
      }
    } finally {
      await node.close();
    }
  });

  it("of a member's address hold for members alone, and can be turned off", async () => {
    for (const skipClientSanVerification of [false, true]) {
      const node = await startSecureNode({ skipClientSanVerification });
      try {
        const { authority, ports } = node;
        const elsewhere = { ca: authority.ca, ...(await authority.issue("one", { hosts: ["10.9.8.7"] })) };
        const anywhere = { ca: authority.ca, ...(await authority.issue("one", { hosts: [] })) };
        expect(await knock(ports.members, elsewhere)).toBe(skipClientSanVerification ? "in" : "out");
        expect(await knock(ports.members, anywhere)).toBe("in");
        expect(await knock(ports["gRPC and HTTP"], elsewhere)).toBe("in");
      } finally {
        await node.close();
      }
    }
  });
});

describe("a node that cannot serve by TLS", () => {
  it("does not start, and says which option or file is the reason", async () => {
    await expect(startSecureNode({ cipherSuites: ["TLS_NONSENSE"] })).rejects.toThrow(
      'unexpected TLS cipher suite "TLS_NONSENSE"',
    );
    await expect(startSecureNode({ trustedCaFile: "/nowhere/ca.crt" })).rejects.toThrow(
      "cannot use /nowhere/ca.crt: ENOENT",
    );
  });
});
