/** Three members with mutual TLS among each other and towards clients; and what a member without the right certificate is. */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createClient } from "@kvorum/client";
import { type ClusterOptions, type KvorumCluster, startCluster } from "@kvorum/server";
import { afterEach, describe, expect, it } from "vitest";
import { type CertificatePaths, TestAuthority } from "../../packages/server/testing/certificates.js";
import { temporaryDirectory } from "../support/process.js";

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

async function start(
  authority: TestAuthority,
  paths: CertificatePaths,
  options: ClusterOptions = {},
): Promise<KvorumCluster> {
  const tls = { ...paths, clientCertAuth: true };
  const cluster = await startCluster({ clientTls: tls, peerTls: tls, ...options });
  cleanup.push(() => cluster.close());
  const { cert, key } = await authority.issue("client");
  const client = createClient({ endpoints: [...cluster.endpoints], tls: { ca: authority.ca, cert, key } });
  await client.put("key", "value");
  const { members } = await client.cluster.memberList();
  expect(
    members.map(({ peerUrls }) => peerUrls[0]).filter((url) => url?.startsWith("https://127.0.0.1:")),
  ).toHaveLength(3);
  expect(
    members.map(({ clientUrls }) => clientUrls[0]).filter((url) => url?.startsWith("https://127.0.0.1:")),
  ).toHaveLength(3);
  await client.close();
  return cluster;
}

async function files(authority: TestAuthority): Promise<CertificatePaths> {
  const { path, remove } = await temporaryDirectory("cluster");
  cleanup.push(remove);
  return authority.write(join(path, "tls"), "member", await authority.issue("member"));
}

describe("a cluster with mutual TLS", () => {
  it("serves, loses its leader, and takes it back", async () => {
    const authority = await TestAuthority.create();
    const cluster = await start(authority, await files(authority));
    const { cert, key } = await authority.issue("client");
    const client = createClient({ endpoints: [...cluster.endpoints], tls: { ca: authority.ca, cert, key } });
    cleanup.push(() => client.close());
    const leader = cluster.leader?.name ?? "n1";
    await cluster.stop(leader);
    await client.put("key", "second");
    await cluster.start(leader);
    for (const endpoint of cluster.endpoints) {
      const one = createClient({ endpoints: [endpoint], tls: { ca: authority.ca, cert, key } });
      expect((await one.get("key", { timeout: 20_000 }))?.value).toBe("second");
      await one.close();
    }
  });

  it("goes on when the certificates of its members are changed, connections included", async () => {
    const authority = await TestAuthority.create();
    const paths = await files(authority);
    const cluster = await start(authority, paths, { heartbeatMs: 50, electionMs: 500 });
    // Other certificates, the old ones revoked for nobody: every connection from here on shows a new one.
    await authority.write(join(paths.certFile, ".."), "member", await authority.issue("renewed"));
    await pause(1100);
    for (const name of ["n1", "n2", "n3"]) {
      await cluster.stop(name);
      await cluster.start(name);
    }
    const { cert, key } = await authority.issue("client");
    const client = createClient({ endpoints: [...cluster.endpoints], tls: { ca: authority.ca, cert, key } });
    cleanup.push(() => client.close());
    await client.put("key", "third");
    expect((await client.get("key"))?.value).toBe("third");
  });

  it("holds its members to the allowed names, at both ends of a connection", async () => {
    const authority = await TestAuthority.create();
    const paths = await files(authority);
    const cluster = await start(authority, paths, {
      peerTls: { ...paths, clientCertAuth: true, allowedCommonNames: ["member"] },
    });
    expect(cluster.leader).toBeDefined();
    await cluster.close();
    // Nobody is let in, so nobody is elected, until the certificates are those of the allowed name.
    const reasons: string[] = [];
    const info = (fields: object): void => void reasons.push(JSON.stringify(fields));
    const lonely = startCluster({
      peerTls: { ...paths, clientCertAuth: true, allowedCommonNames: ["somebody else"] },
      logger: { debug() {}, info, warn() {}, error() {} },
    });
    const outcome = lonely.then(() => "a leader");
    expect(await Promise.race([outcome, pause(3000, "no leader")])).toBe("no leader");
    expect(reasons.join("\n")).toMatch(/common name \\"member\\" is not allowed/);
    await authority.write(join(paths.certFile, ".."), "member", await authority.issue("somebody else"));
    expect(await outcome).toBe("a leader");
    await (await lonely).close();
  });

  it("needs no certificate at hand where its members make their own", async () => {
    const cluster = await startCluster({ clientTls: { autoTls: true }, peerTls: { autoTls: true } });
    cleanup.push(() => cluster.close());
    const client = createClient({ endpoints: [...cluster.endpoints], tls: { insecureSkipVerify: true } });
    cleanup.push(() => client.close());
    await client.put("key", "value");
    expect((await client.get("key"))?.value).toBe("value");
    const trusting = createClient({ endpoints: [...cluster.endpoints], tls: {} });
    cleanup.push(() => trusting.close());
    await expect(trusting.get("key", { timeout: 3000 })).rejects.toThrow();
  });
});
