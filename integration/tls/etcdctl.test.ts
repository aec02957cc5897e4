/** etcd's own client, with certificates, against a node that asks for them; and what a node makes for itself. */
import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { startNode } from "@kvorum/server";
import { afterEach, describe, expect, it } from "vitest";
import { etcdMissing } from "../support/etcd.js";
import { temporaryDirectory } from "../support/process.js";
import { type SecureNode, startSecureNode } from "./listeners.js";

const missing = etcdMissing();
if (missing !== undefined) console.warn(`skipped: TLS of etcdctl (${missing})`);

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

async function etcdctl(endpoint: string, ...args: readonly string[]): Promise<string> {
  const env = { ...process.env, ETCDCTL_API: "3" };
  const limits = ["--endpoints", endpoint, "--dial-timeout", "10s", "--command-timeout", "15s"];
  const { stdout, stderr } = await promisify(execFile)(process.env["ETCDCTL_BIN"] ?? "etcdctl", [...limits, ...args], {
    env,
  });
  // etcdctl tells health on the wrong one of the two.
  return `${stdout}${stderr}`.trim();
}

describe.skipIf(missing !== undefined)("etcdctl 3.4 with TLS", () => {
  async function secureNode(): Promise<{ node: SecureNode; endpoint: string }> {
    const node = await startSecureNode();
    cleanup.push(() => node.close());
    return { node, endpoint: `https://127.0.0.1:${node.ports["gRPC and HTTP"]}` };
  }

  it("reads and writes with --cacert, --cert and --key", async () => {
    const { node, endpoint } = await secureNode();
    const { certFile, keyFile, trustedCaFile } = await node.authority.write(
      join(node.folder, "client"),
      "client",
      await node.authority.issue("client"),
    );
    const flags = ["--cacert", trustedCaFile, "--cert", certFile, "--key", keyFile];
    expect(await etcdctl(endpoint, ...flags, "put", "key", "value")).toBe("OK");
    expect(await etcdctl(endpoint, ...flags, "get", "key")).toBe("key\nvalue");
    expect(await etcdctl(endpoint, ...flags, "endpoint", "health")).toMatch(/is healthy/);
    expect(await etcdctl(endpoint, ...flags, "endpoint", "status")).toContain("3.6.0");
    expect(await etcdctl(endpoint, ...flags, "member", "list")).toContain("https://127.0.0.1:");
  });

  it("is refused without a certificate, and does not trust one of a strange CA", async () => {
    const { node, endpoint } = await secureNode();
    const { certFile, keyFile, trustedCaFile } = await node.authority.write(
      join(node.folder, "client"),
      "client",
      await node.authority.issue("client"),
    );
    const short = ["--command-timeout", "2s", "--dial-timeout", "1s"];
    await expect(etcdctl(endpoint, ...short, "--cacert", trustedCaFile, "get", "key")).rejects.toThrow();
    await expect(etcdctl(endpoint, ...short, "--cert", certFile, "--key", keyFile, "get", "key")).rejects.toThrow();
  });
});

describe("a node that makes its own certificate", () => {
  async function start(dataDir: string): Promise<{ endpoint: string; close(): Promise<void> }> {
    const node = await startNode({
      ...{ dataDir, listenClientUrls: ["https://127.0.0.1:0"], clientTls: { autoTls: true } },
      ...{ listenPeerUrls: ["https://127.0.0.1:0"], peerTls: { autoTls: true, selfSignedValidityYears: 2 } },
    });
    return { endpoint: node.endpoints[0] ?? "", close: () => node.close() };
  }

  it("keeps it where etcd does, and uses it again", async () => {
    const { path, remove } = await temporaryDirectory("auto-tls");
    cleanup.push(remove);
    const dataDir = join(path, "data");
    const file = (name: string): string => join(dataDir, "fixtures", name);
    await (await start(dataDir)).close();
    const made = await readFile(file("client/cert.pem"), "utf8");
    expect(await readFile(file("peer/cert.pem"), "utf8")).not.toBe(made);
    for (const side of ["client", "peer"]) {
      expect((await stat(file(side))).mode & 0o777, side).toBe(0o700);
      expect((await stat(file(`${side}/key.pem`))).mode & 0o777, side).toBe(0o600);
    }
    await (await start(dataDir)).close();
    expect(await readFile(file("client/cert.pem"), "utf8")).toBe(made);
  });

  it.skipIf(missing !== undefined)("serves who trusts that very certificate, and who trusts any", async () => {
    const { path, remove } = await temporaryDirectory("auto-tls");
    cleanup.push(remove);
    const { endpoint, close } = await start(join(path, "data"));
    cleanup.push(close);
    const cert = join(path, "data", "fixtures", "client", "cert.pem");
    expect(
      await etcdctl(endpoint, "--insecure-transport=false", "--insecure-skip-tls-verify", "put", "key", "value"),
    ).toBe("OK");
    expect(await etcdctl(endpoint, "--cacert", cert, "get", "key")).toBe("key\nvalue");
  });
});
