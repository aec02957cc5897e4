/** The common name of a client's certificate as its user: when it counts, and what counts before it. */
import { Auth, KV } from "@kvorum/proto";
import { startNode } from "@kvorum/server";
import { niceChannel } from "@kvorum/transport";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestAuthority } from "../../packages/server/testing/certificates.js";
import { temporaryDirectory } from "../support/process.js";
import { bytes, withToken } from "./actor.js";
import { addUsers, as, type Person, textOf } from "./support.js";

const ALICE: Person = { name: "alice", password: "a", folders: ["a"] };
const EMPTY = "etcdserver: user name is empty";
const DENIED = "etcdserver: permission denied";

const cleanUp: (() => Promise<void>)[] = [];
let authority: TestAuthority;
let files: Awaited<ReturnType<TestAuthority["write"]>>;

beforeAll(async () => {
  const directory = await temporaryDirectory("auth-tls");
  cleanUp.push(directory.remove);
  authority = await TestAuthority.create();
  files = await authority.write(directory.path, "server", await authority.issue("server"));
});
afterAll(async () => {
  for (const close of cleanUp.reverse()) await close();
});

/** A node, and a channel to it for each name in a certificate; "" has a certificate without one. */
async function start(clientCertAuth: boolean, names: readonly string[]) {
  const clientTls = { ...files, clientCertAuth };
  const node = await startNode({ listenClientUrls: ["https://127.0.0.1:0"], clientTls, auth: { bcryptCost: 4 } });
  cleanUp.push(() => node.close());
  const connect = async (name: string) => {
    const channel = niceChannel(node.endpoints[0] ?? "", {
      tls: { ca: authority.ca, ...(await authority.issue(name)) },
    });
    cleanUp.push(() => channel.close());
    return channel;
  };
  return Promise.all(names.map(connect));
}

const put = (key: string) => [KV.method.put, { key: bytes(key) }] as const;

describe("a certificate", () => {
  it("is its user where certificates are asked for, with the user's permissions, and a token counts before it", async () => {
    const channels = await start(true, ["root", "alice", "stranger", "", "cert"]);
    const [root, alice, stranger, nameless, cert] = channels;
    if (!root || !alice || !stranger || !nameless || !cert) throw new Error("there are five channels");
    await root.unary(Auth.method.userAdd, { name: "cert", options: { noPassword: true } });
    await addUsers(root, [ALICE]);
    await root.unary(Auth.method.userGrantRole, { user: "cert", role: "alice" });
    const texts = async (key: string) => Promise.all(channels.map((channel) => textOf(channel.unary(...put(key)))));
    expect(await texts("a/1")).toEqual(["answered", "answered", DENIED, EMPTY, "answered"]);
    expect(await texts("b/1")).toEqual(["answered", DENIED, DENIED, EMPTY, DENIED]);
    // Root's certificate with alice's token is alice.
    const both = await as(root, ALICE);
    expect(await textOf(both.unary(...put("a/1")))).toBe("answered");
    expect(await textOf(both.unary(...put("b/1")))).toBe(DENIED);
    expect(await textOf(withToken(root, "garbage").unary(...put("a/1")))).toBe("etcdserver: invalid auth token");
    expect(await textOf(root.unary(Auth.method.userList, {}))).toBe("answered");
    expect(await textOf(alice.unary(Auth.method.userList, {}))).toBe(DENIED);
  });

  it("is nobody's name where certificates are not asked for", async () => {
    const [root] = await start(false, ["root"]);
    if (!root) throw new Error("there is one channel");
    await addUsers(root);
    expect(await textOf(root.unary(...put("a/1")))).toBe(EMPTY);
  });
});
