/** Channels of grpc-js to services by name: real servers, a real channel, a node of Kvorum. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { status } from "@grpc/grpc-js";
import { type Client, createClient, type KeyCache, type Store } from "@kvorum/client";
import { registerEtcdResolver } from "@kvorum/concurrency/grpc-js";
import { ServiceRegistry } from "@kvorum/concurrency/recipes";
import { type KvorumNode, startNode } from "@kvorum/server";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { failure, until } from "../concurrency/case.js";
import { execute } from "../readme/snippets.js";
import { EchoClient, startEcho } from "./echo.js";

const PICK_FIRST = { "grpc.service_config": JSON.stringify({ loadBalancingConfig: [{ pick_first: {} }] }) };

describe("etcd:///<service> of grpc-js", () => {
  let node: KvorumNode;
  let client: Client;
  let registry: ServiceRegistry;
  let count = 0;
  let service = "";

  beforeAll(async () => {
    node = await startNode();
  });
  afterAll(() => node.close());
  beforeEach(() => {
    client = createClient({ endpoints: node.endpoints });
    registry = new ServiceRegistry(client);
    registerEtcdResolver(client);
    service = `search-${count++}`;
  });
  afterEach(async () => {
    await registry.close();
    await client.close();
  });

  it("spreads calls over the instances, and calls go on while one leaves, one dies and one comes", async () => {
    await using a = await startEcho("a");
    await using b = await startEcho("b");
    await using c = await startEcho("c");
    const leaving = await registry.register(service, { addr: a.addr });
    await registry.register(service, { addr: b.addr });
    using echo = new EchoClient(`etcd:///${service}`);
    await until(async () => (await echo.everyone()).join() === "a,b");
    const answers: string[] = [];
    let going = true;
    const calls = (async () => {
      while (going) answers.push(await echo.who());
    })();

    await leaving.close();
    await until(async () => (await echo.everyone()).join() === "b");
    a.kill();
    await registry.register(service, { addr: c.addr });
    await until(async () => (await echo.everyone()).join() === "b,c");
    going = false;
    await calls;
    expect(answers.length).toBeGreaterThan(10);

    // Its key is still there; a channel does not use a connection that is gone.
    b.kill();
    await until(async () => (await echo.everyone().catch(() => [])).join() === "c");
    expect(await client.count(`${service}/${b.addr}`)).toBe(1n);
  });

  it("says that nothing is registered, and calls that may wait are made as soon as something is", async () => {
    using echo = new EchoClient(`etcd:///${service}`);
    const refused = await failure(echo.who());
    expect(refused).toMatchObject({ code: status.UNAVAILABLE });
    expect(String(refused)).toContain(`no instance of "${service}" is registered`);
    const waiting = echo.who({ waitForReady: true });
    await using late = await startEcho("late");
    const registration = await registry.register(service, { addr: late.addr });
    expect(await waiting).toBe("late");
    await registration.close();
    await until(async () => String(await echo.who().catch(String)).includes("no instance of"));
  });

  it("fails calls while etcd has never answered, and serves what it knows when etcd goes away later", async () => {
    await using own = await startNode();
    const [endpoint = ""] = own.endpoints;
    await using away = createClient({ endpoints: "http://127.0.0.1:1" });
    registerEtcdResolver(away, { scheme: "etcd-away", patienceMs: 300 });
    using lost = new EchoClient("etcd-away:///search");
    const refused = await failure(lost.who());
    expect(refused).toMatchObject({ code: status.UNAVAILABLE });
    expect(String(refused)).toContain('the instances of "search" are not known: etcd has not answered for 300 ms');

    await using there = createClient({ endpoints: endpoint });
    registerEtcdResolver(there, { scheme: "etcd-own" });
    await using server = await startEcho("a");
    await there.put("search/a", `{"Op":0,"Addr":"${server.addr}"}`);
    using echo = new EchoClient("etcd-own:///search");
    expect(await echo.who()).toBe("a");
    await own.close();
    expect(await echo.everyone()).toEqual(["a"]);
    await there.close();
    expect(await echo.everyone()).toEqual(["a"]);
  });

  it("reports an instance that cannot be used, once, and calls the others; Unix sockets and one address twice are fine", async () => {
    const errors: string[] = [];
    registerEtcdResolver(client, { onError: (error, of) => errors.push(`${of}: ${(error as Error).message}`) });
    const socket = join(mkdtemp(), "echo.sock");
    await using a = await startEcho("a", `unix:${socket}`);
    await using b = await startEcho("b");
    await registry.register(service, { addr: a.addr });
    await registry.register(service, { addr: "http://b" });
    await client.put(`${service}/1`, `{"Op":0,"Addr":"${b.addr}","Metadata":"one"}`);
    await client.put(`${service}/2`, `{"Op":0,"Addr":"${b.addr}","Metadata":"two"}`);
    await client.put(`${service}/3`, "no JSON");
    using echo = new EchoClient(`etcd:///${service}`);
    await until(async () => (await echo.everyone()).join() === "a,b");
    await client.put(`${service}/2`, `{"Op":0,"Addr":"${b.addr}","Metadata":"three"}`);
    expect(await echo.everyone()).toEqual(["a", "b"]);
    expect(errors).toEqual([
      `${service}: value of "${service}/3" at revision ${errors[0]?.match(/revision (\d+)/)?.[1]} cannot be decoded: the text is not JSON`,
      `${service}: "http://b" is no address of a gRPC server`,
    ]);
  });

  it("leaves the choice to a channel that has made it", async () => {
    await using a = await startEcho("a");
    await using b = await startEcho("b");
    for (const { addr } of [a, b]) await registry.register(service, { addr });
    using echo = new EchoClient(`etcd:${service}`, PICK_FIRST);
    expect(await echo.everyone()).toHaveLength(1);
  });

  it("watches while the channel is used, not while it is idle or closed", async () => {
    let open = 0;
    registerEtcdResolver(counting(client, (change) => (open += change)));
    await using a = await startEcho("a");
    const registration = await registry.register(service, { addr: a.addr });
    const echo = new EchoClient(`etcd:///${service}`, { "grpc.client_idle_timeout_ms": 1_000 });
    expect(await echo.who()).toBe("a");
    expect(open).toBe(1);
    await until(() => open === 0);
    await using b = await startEcho("b");
    await registry.register(service, { addr: b.addr });
    await registration.close();
    await until(async () => (await echo.everyone()).join() === "b");
    expect(open).toBe(1);
    echo[Symbol.dispose]();
    await until(() => open === 0);
  });

  it("keeps no process alive once channel and client are closed", async () => {
    await using a = await startEcho("a");
    await registry.register(service, { addr: a.addr });
    const directory = mkdtemp();
    const file = join(directory, "program.mjs");
    writeFileSync(file, program(node.endpoints[0] ?? "", service));
    const before = performance.now();
    const { code, output } = await execute(file);
    rmSync(directory, { recursive: true });
    expect([code, output.trim()]).toEqual([0, "a"]);
    expect(performance.now() - before).toBeLessThan(5_000);
  });

  it("refuses wrong arguments", () => {
    expect(() => registerEtcdResolver(client, { scheme: "Etcd:" })).toThrow('scheme must be one of a URI, not "Etcd:"');
    expect(() => registerEtcdResolver(client, { patienceMs: 0 })).toThrow(
      "patienceMs must be a number of milliseconds",
    );
    expect(() => new EchoClient("etcd:///search/")).toThrow("service must not be empty or end with a slash");
  });
});

/** A directory inside this package, so that what is run there finds the packages. */
function mkdtemp(): string {
  const path = fileURLToPath(new URL(`../dist/discovery-${process.pid}`, import.meta.url));
  mkdirSync(path, { recursive: true });
  return path;
}

/** The client, with its open caches counted. */
function counting(client: Client, onChange: (change: number) => void): Store {
  const withCodec = (codec: Parameters<Client["withCodec"]>[0]): unknown => {
    const store = client.withCodec(codec);
    const cache = async (...given: Parameters<typeof store.cache>): Promise<KeyCache<unknown>> => {
      const opened = await store.cache(...given);
      onChange(1);
      opened.signal.addEventListener("abort", () => onChange(-1));
      return opened;
    };
    return { world: client.world, cache };
  };
  return { world: client.world, withCodec } as unknown as Store;
}

function program(endpoint: string, service: string): string {
  return `
import { Client, credentials } from "@grpc/grpc-js";
import { createClient } from "@kvorum/client";
import { registerEtcdResolver } from "@kvorum/concurrency/grpc-js";

const client = createClient({ endpoints: ${JSON.stringify(endpoint)} });
registerEtcdResolver(client);
const echo = new Client("etcd:///${service}", credentials.createInsecure());
const same = (value) => value;
echo.makeUnaryRequest("/test.Echo/Who", same, same, Buffer.alloc(0), async (error, value) => {
  console.log(error ? String(error) : String(value));
  echo.close();
  await client.close();
});
`;
}
