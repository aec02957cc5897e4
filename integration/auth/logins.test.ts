/** Logins: many at once beside other work, and what of passwords and tokens can be seen from outside. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Auth, KV } from "@kvorum/proto";
import { type KvorumNode, type Logger, startNode } from "@kvorum/server";
import { afterEach, describe, expect, it } from "vitest";
import { temporaryDirectory } from "../support/process.js";
import { bytes, withToken } from "./actor.js";
import { addUsers, as, Channels, type Person, ROOT, textOf, tokenOf } from "./support.js";

const ALICE: Person = { name: "alice", password: "planted password of alice", folders: ["a"] };
const BUSY = "etcdserver: too many requests";

const channels = new Channels();
const cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  await channels.close();
  for (const close of cleanUp.splice(0).reverse()) await close();
});

async function start(options: Parameters<typeof startNode>[0]): Promise<KvorumNode> {
  const node = await startNode(options);
  cleanUp.push(() => node.close());
  return node;
}

describe("200 logins at once", () => {
  it("are served as far as they fit into the queue, and neither writes nor the event loop stand still meanwhile", async () => {
    const node = await start({ auth: { bcryptCost: 8 } });
    const channel = channels.to(node.endpoints[0]);
    await addUsers(channel, [ALICE]);
    const alice = await as(channel, ALICE);
    let turns = 0;
    let open = 200;
    const logins = Array.from({ length: 200 }, () => tokenOf(channel, ALICE).finally(() => open--));
    const outcomes = Promise.allSettled(logins);
    const spin = (): void => {
      turns++;
      if (open > 0) setImmediate(spin);
    };
    spin();
    let writes = 0;
    while (open > 0) {
      await alice.unary(KV.method.put, { key: bytes("a/1") });
      writes++;
    }
    const tokens: string[] = [];
    for (const outcome of await outcomes) {
      if (outcome.status === "fulfilled") tokens.push(outcome.value);
      else expect(outcome.reason).toMatchObject({ code: 8, details: BUSY });
    }
    expect(tokens.length).toBeGreaterThanOrEqual(64);
    expect(new Set(tokens).size).toBe(tokens.length);
    expect(writes).toBeGreaterThan(10);
    // The node is in this process. If it hashed here, there would be one or two turns of the event loop for each login.
    expect(turns).toBeGreaterThan(10 * tokens.length);
    const last = withToken(channel, tokens.at(-1) ?? "");
    expect(await textOf(last.unary(KV.method.put, { key: bytes("a/1") }))).toBe("answered");
  });
});

describe("CVE-2020-15115: a password that is easy to guess", () => {
  it("is slow to guess: after five wrong ones attempts are refused for a while, of users that do not exist too", async () => {
    const node = await start({ auth: { bcryptCost: 4 } });
    const channel = channels.to(node.endpoints[0]);
    await addUsers(channel, [{ name: "short", password: "x" }]);
    for (const name of ["short", "missing"]) {
      const texts: string[] = [];
      for (let guess = 0; guess < 50; guess++) texts.push(await textOf(tokenOf(channel, { name, password: "wrong" })));
      const wrong = "etcdserver: authentication failed, invalid user ID or password";
      expect(texts.slice(0, 5)).toEqual(Array(5).fill(wrong));
      expect(new Set(texts)).toEqual(new Set([wrong, BUSY]));
    }
  });
});

describe("CVE-2021-28235: passwords and tokens", () => {
  it("stand in no log line, whatever is logged, and passwords in no file", async () => {
    const directory = await temporaryDirectory("auth-secrets");
    cleanUp.push(directory.remove);
    const lines: string[] = [];
    const keep = (fields: object, message: string): void =>
      void lines.push(`${message} ${JSON.stringify(fields, plain)}`);
    const logger: Logger = { debug: keep, info: keep, warn: keep, error: keep };
    // Every request is slow enough to be told of.
    const node = await start({
      dataDir: directory.path,
      logger,
      warnUnaryMs: 0,
      warnApplyMs: 0,
      auth: { bcryptCost: 4 },
    });
    const channel = channels.to(node.endpoints[0]);
    await addUsers(channel, [ALICE]);
    const token = await tokenOf(channel, ALICE);
    const alice = withToken(channel, token);
    await alice.unary(KV.method.put, { key: bytes("a/1"), value: bytes("planted value") });
    await textOf(alice.unary(KV.method.put, { key: bytes("b/1") }));
    await textOf(tokenOf(channel, { ...ALICE, password: "planted wrong password" }));
    await textOf(withToken(channel, "planted-garbage").unary(KV.method.range, { key: bytes("a/1") }));
    await textOf(withToken(channel, "plantedgarbage.999999").unary(KV.method.range, { key: bytes("a/1") }));
    const changed = { name: "alice", password: "planted new password" };
    await (await as(channel, ROOT)).unary(Auth.method.userChangePassword, changed);
    await node.close();
    const log = lines.join("\n");
    expect(lines.length).toBeGreaterThan(10);
    for (const secret of ["planted", ROOT.password, token, token.split(".")[0] ?? token])
      expect(log).not.toContain(secret);
    const files = (await readdir(directory.path, { recursive: true, withFileTypes: true })).filter((file) =>
      file.isFile(),
    );
    expect(files.length).toBeGreaterThan(1);
    for (const { parentPath, name } of files) {
      const content = (await readFile(join(parentPath, name))).toString("latin1");
      for (const password of [ROOT.password, ALICE.password, changed.password]) expect(content).not.toContain(password);
    }
  });
});

/** Logs show 64-bit numbers as text. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  return value instanceof Error ? { message: value.message, stack: value.stack, cause: value.cause } : value;
}
