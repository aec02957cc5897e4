/**
 * The gateway under TLS with certificates for clients: a certificate is no identity there (CVE-2018-16886). While
 * authentication is on, whoever shows one with a name is told so; a token is what counts.
 */
import { once } from "node:events";
import { request } from "node:https";
import { connect } from "node:tls";
import { createClient } from "@kvorum/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestAuthority, type TestCertificate } from "../../packages/server/testing/certificates.js";
import { temporaryDirectory } from "../support/process.js";
import { base64, type Gateway, startGateway } from "./support.js";

describe("certificates at the gateway", () => {
  let gateway: Gateway;
  let authority: TestAuthority;
  let root: TestCertificate;
  let nameless: TestCertificate;
  let remove = async (): Promise<void> => {};

  beforeAll(async () => {
    const directory = await temporaryDirectory("gateway-tls");
    remove = () => directory.remove();
    authority = await TestAuthority.create();
    const files = await authority.write(directory.path, "server", await authority.issue("server"));
    [root, nameless] = [await authority.issue("root"), await authority.issue("")];
    gateway = await startGateway({
      listenClientUrls: ["https://127.0.0.1:0"],
      clientTls: { ...files, clientCertAuth: true },
    });
  });
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    await remove();
  });

  async function post(
    certificate: TestCertificate,
    path: string,
    body: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly status: number; readonly text: string }> {
    return new Promise((resolve, reject) => {
      const call = request(
        `${gateway.endpoint}${path}`,
        { method: "POST", ca: authority.ca, servername: "localhost", ...certificate, agent: false, headers },
        (response) => {
          let text = "";
          response.on("data", (chunk: Buffer) => {
            text += chunk.toString();
          });
          response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
        },
      );
      call.on("error", reject);
      call.end(JSON.stringify(body));
    });
  }

  it("are only the way in while authentication is off, and names of hosts are theirs to prove", async () => {
    const put = { key: base64("a") };
    expect((await post(root, "/v3/kv/put", put)).status).toBe(200);
    expect((await post(root, "/v3/kv/put", put, { host: "any.example" })).status).toBe(200);
    await expect(post({ cert: "", key: "" }, "/v3/kv/put", put)).rejects.toThrow();
  });

  it("a client that speaks both versions of HTTP gets the one in which JSON is spoken, one of gRPC its own", async () => {
    const { port } = gateway;
    const chosen = async (ALPNProtocols: string[]): Promise<string | false | null> => {
      const socket = connect({
        port,
        host: "127.0.0.1",
        ca: authority.ca,
        ...root,
        servername: "localhost",
        ALPNProtocols,
      });
      await once(socket, "secureConnect");
      socket.destroy();
      return socket.alpnProtocol;
    };
    expect(await chosen(["h2", "http/1.1"])).toBe("http/1.1");
    expect(await chosen(["http/1.1"])).toBe("http/1.1");
    expect(await chosen(["h2"])).toBe("h2");
  });

  it("are no identity while it is on", async () => {
    await using client = createClient({
      endpoints: [gateway.endpoint],
      tls: { ca: authority.ca, cert: root.cert, key: root.key },
    });
    await post(root, "/v3/auth/user/add", { name: "root", password: "secret" });
    await post(root, "/v3/auth/role/add", { name: "root" });
    await post(root, "/v3/auth/user/grant", { user: "root", role: "root" });
    expect((await post(root, "/v3/auth/enable", {})).status).toBe(200);
    // By gRPC the same certificate is root.
    await client.put("by-certificate", "1");
    expect(await post(root, "/v3/kv/put", { key: base64("a") })).toEqual({
      status: 400,
      text: "CommonName of client sending a request against gateway will be ignored and not used as expected\n",
    });
    expect((await post(root, "/version", {})).status).toBe(405);
    expect(await post(nameless, "/v3/kv/put", { key: base64("a") })).toEqual({
      status: 400,
      text: '{"code":3,"message":"etcdserver: user name is empty"}',
    });
    const { text } = await post(nameless, "/v3/auth/authenticate", { name: "root", password: "secret" });
    const { token } = JSON.parse(text) as { readonly token: string };
    expect((await post(nameless, "/v3/kv/put", { key: base64("a") }, { authorization: token })).status).toBe(200);
    expect(
      (await post(nameless, "/v3/kv/put", { key: base64("a") }, { authorization: `Bearer ${token}` })).status,
    ).toBe(200);
  });
});
