/** JSON web tokens at a node: who gives them, what they outlive, and what makes them worthless. */
import { generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "@kvorum/client";
import { Auth, KV } from "@kvorum/proto";
import { startNode } from "@kvorum/server";
import { afterEach, describe, expect, it } from "vitest";
import { temporaryDirectory } from "../support/process.js";
import { bytes, withToken } from "./actor.js";
import { addUsers, Channels, type Person, ROOT, textOf, tokenOf } from "./support.js";

const ALICE: Person = { name: "alice", password: "a", folders: ["a"] };
const OLD = "etcdserver: revision of auth store is old";

const channels = new Channels();
const cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  await channels.close();
  for (const close of cleanUp.splice(0).reverse()) await close();
});

async function setUp() {
  const directory = await temporaryDirectory("auth-jwt");
  cleanUp.push(directory.remove);
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const [privateKeyFile, publicKeyFile] = [join(directory.path, "private.pem"), join(directory.path, "public.pem")];
  await writeFile(privateKeyFile, privateKey.export({ format: "pem", type: "pkcs8" }));
  await writeFile(publicKeyFile, publicKey.export({ format: "pem", type: "spki" }));
  const start = async (keys: { readonly privateKeyFile?: string; readonly publicKeyFile?: string }) => {
    const token = { kind: "jwt", signMethod: "ES256", ...keys } as const;
    const node = await startNode({ dataDir: join(directory.path, "data"), auth: { bcryptCost: 4, token } });
    cleanUp.push(() => node.close());
    return node;
  };
  return { start, privateKeyFile, publicKeyFile };
}

const put = [KV.method.put, { key: bytes("a/1") }] as const;

describe("a JSON web token", () => {
  it("outlives a restart, also at a member that can only verify it and gives none itself", async () => {
    const { start, privateKeyFile, publicKeyFile } = await setUp();
    const signer = await start({ privateKeyFile });
    const channel = channels.to(signer.endpoints[0]);
    await addUsers(channel, [ALICE]);
    const token = await tokenOf(channel, ALICE);
    expect(token.split(".")).toHaveLength(3);
    expect(await textOf(withToken(channel, token).unary(...put))).toBe("answered");
    await signer.close();
    const verifier = channels.to((await start({ publicKeyFile })).endpoints[0]);
    expect(await textOf(withToken(verifier, token).unary(...put))).toBe("answered");
    expect(await textOf(withToken(verifier, `${token}x`).unary(...put))).toBe("etcdserver: invalid auth token");
    expect(await textOf(tokenOf(verifier, ALICE))).toBe("auth: token signing attempted with verify-only key");
  });

  it("is worth nothing for keys after any change of users, and for administration still is", async () => {
    const { start, privateKeyFile } = await setUp();
    const channel = channels.to((await start({ privateKeyFile })).endpoints[0]);
    await addUsers(channel, [ALICE]);
    const [alice, root] = [
      withToken(channel, await tokenOf(channel, ALICE)),
      withToken(channel, await tokenOf(channel, ROOT)),
    ];
    await root.unary(Auth.method.userAdd, { name: "bob", password: "b" });
    for (const caller of [alice, root]) {
      expect(await textOf(caller.unary(...put))).toBe(OLD);
      expect(await textOf(caller.unary(KV.method.range, { key: bytes("a/1") }))).toBe(OLD);
    }
    expect(await textOf(root.unary(Auth.method.userList, {}))).toBe("answered");
    expect(await textOf(withToken(channel, await tokenOf(channel, ALICE)).unary(...put))).toBe("answered");
  });

  it("is renewed by the client when users have changed", async () => {
    const { start, privateKeyFile } = await setUp();
    const node = await start({ privateKeyFile });
    const channel = channels.to(node.endpoints[0]);
    await addUsers(channel, [ALICE]);
    const root = withToken(channel, await tokenOf(channel, ROOT));
    await using client = createClient({
      endpoints: [...node.endpoints],
      auth: { username: ALICE.name, password: ALICE.password },
    });
    await client.put("a/1", "before");
    await root.unary(Auth.method.userAdd, { name: "bob", password: "b" });
    await client.put("a/1", "after");
    expect((await client.get("a/1"))?.value).toBe("after");
  });
});
