/** kvorumctl where a server wants to be sure: TLS with certificates of both sides, users, and a password that is asked for. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "@kvorum/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { etcdMissing, startEtcd, type TestServer } from "../support/etcd.js";
import { startKvorum } from "../support/kvorum.js";
import { temporaryDirectory } from "../support/process.js";
import { startTlsEtcd, type TlsServer, tlsMissing } from "../support/tls-etcd.js";
import { startSecureNode } from "../tls/listeners.js";
import { KVORUMCTL, start } from "./command.js";
import { kvorumctl } from "./in-process.js";

// A leader that is busy with other tests must not be taken for a dead one.
const PATIENT = ["--heartbeat-interval", "500", "--election-timeout", "5000"];

const TLS_SERVERS = {
  etcd: { start: startTlsEtcd, missing: tlsMissing() },
  Kvorum: { start: startTlsKvorum, missing: undefined },
} as const;

async function startTlsKvorum(): Promise<TlsServer> {
  const { authority, ports, close } = await startSecureNode();
  return {
    endpoint: `https://127.0.0.1:${ports["gRPC and HTTP"]}`,
    certificate: async (name) => ({ ca: authority.ca, ...(await authority.issue(name)) }),
    stop: close,
  };
}

for (const [name, { missing }] of Object.entries(TLS_SERVERS)) {
  if (missing !== undefined) console.log(`kvorumctl with TLS on ${name} is skipped: ${missing}`);
}

describe.each(Object.entries(TLS_SERVERS).filter(([, { missing }]) => missing === undefined))(
  "kvorumctl with TLS on %s",
  (_, { start: startServer }) => {
    let server: TlsServer;
    let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
    let pair: readonly string[];
    let ca: string;

    beforeAll(async () => {
      server = await startServer();
      directory = await temporaryDirectory("pem");
      const certificate = await server.certificate("somebody");
      const write = async (name: string, text: string): Promise<string> => {
        await writeFile(join(directory.path, name), text);
        return join(directory.path, name);
      };
      ca = await write("ca.pem", certificate.ca);
      pair = ["--cert", await write("cert.pem", certificate.cert), "--key", await write("key.pem", certificate.key)];
    });
    afterAll(async () => {
      await server?.stop();
      await directory?.remove();
    });

    it("an endpoint without a scheme is spoken to with TLS as soon as one of its files is given", async () => {
      const endpoint = server.endpoint.replace("https://", "");
      const put = await kvorumctl(["--endpoints", endpoint, "--cacert", ca, ...pair, "put", "k", "v"]);
      expect(put).toEqual({ code: 0, stdout: "OK\n", stderr: "" });
    });

    it("the files may be named by variables", async () => {
      const environment = {
        ...{ ETCDCTL_ENDPOINTS: server.endpoint, ETCDCTL_CACERT: ca },
        ...{ ETCDCTL_CERT: pair[1] as string, ETCDCTL_KEY: pair[3] as string },
      };
      expect(await kvorumctl(["get", "k", "--print-value-only"], { environment })).toMatchObject({ stdout: "v\n" });
    });

    it("a server whose certificate nobody vouches for is refused, unless the check is switched off", async () => {
      const line = ["--endpoints", server.endpoint, ...pair, "--command-timeout", "2s", "get", "k"];
      const refused = await kvorumctl(line);
      expect(refused).toMatchObject({ code: 1, stdout: "" });
      expect(refused.stderr).toMatch(/^Error: cannot reach https:\/\/127\.0\.0\.1:\d+: .*certificate.*\n$/);
      expect(await kvorumctl(["--insecure-skip-tls-verify", ...line])).toEqual({
        code: 0,
        stdout: "k\nv\n",
        stderr: "",
      });
    });

    it("a server that wants a certificate is not spoken to without one", async () => {
      const line = ["--endpoints", server.endpoint, "--cacert", ca, "--command-timeout", "2s", "get", "k"];
      const refused = await kvorumctl(line);
      expect(refused).toMatchObject({ code: 1, stdout: "" });
      expect(refused.stderr).toMatch(/^Error: cannot reach https:\/\/127\.0\.0\.1:\d+: .+\n$/);
    });

    it("a file that is missing is named", async () => {
      const { code, stderr } = await kvorumctl(["--cacert", "/nowhere/ca.pem", "get", "k"]);
      expect({ code, stderr }).toEqual({
        code: 128,
        stderr: "Error: open /nowhere/ca.pem: no such file or directory\n",
      });
    });
  },
);

const USER_SERVERS = {
  etcd: { start: () => startEtcd(PATIENT), missing: etcdMissing() },
  Kvorum: { start: () => startKvorum({ flags: PATIENT }), missing: undefined },
} as const;

for (const [name, { missing }] of Object.entries(USER_SERVERS)) {
  if (missing !== undefined) console.log(`kvorumctl with users on ${name} is skipped: ${missing}`);
}

describe.each(Object.entries(USER_SERVERS).filter(([, { missing }]) => missing === undefined))(
  "kvorumctl with users on %s",
  (_, { start: startServer }) => {
    let server: TestServer;

    beforeAll(async () => {
      server = await startServer();
      await using client = createClient({ endpoints: server.endpoint });
      await client.put("k", "v");
      await client.rpc.auth.userAdd({ name: "root", password: "secret" });
      await client.rpc.auth.roleAdd({ name: "root" });
      await client.rpc.auth.userGrantRole({ user: "root", role: "root" });
      await client.rpc.auth.authEnable({});
    });
    afterAll(async () => {
      await server?.stop();
    });

    const get = (...args: readonly string[]): ReturnType<typeof kvorumctl> =>
      kvorumctl(["--endpoints", server.endpoint, ...args, "get", "k"]);

    it("name and password come together or apart", async () => {
      expect(await get("--user", "root:secret")).toEqual({ code: 0, stdout: "k\nv\n", stderr: "" });
      expect(await get("--user", "root", "--password", "secret")).toMatchObject({ stdout: "k\nv\n" });
    });

    it("a wrong password and none are told in the server's words", async () => {
      const wrong = "etcdserver: authentication failed, invalid user ID or password";
      expect(await get("--user", "root:wrong")).toEqual({ code: 2, stdout: "", stderr: `Error: ${wrong}\n` });
      expect(await get()).toEqual({ code: 1, stdout: "", stderr: "Error: etcdserver: user name is empty\n" });
    });

    it("a password is asked for, and not shown on a terminal", async () => {
      const line = `'${process.execPath}' '${KVORUMCTL}' --endpoints ${server.endpoint} --user root get k`;
      const terminal = start("script", ["-qec", line, "/dev/null"]);
      await terminal.until(/Password: /);
      terminal.write("secreX\u007ft\r");
      expect(await terminal.ended).toBe(0);
      expect(terminal.stdout()).toBe("Password: \r\nk\r\nv\r\n");
    });
  },
);
