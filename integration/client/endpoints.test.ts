/** Endpoints on real sockets: who is connected to, who is left alone, how the list changes, and certificates that do. */

import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { createClient, PermissionDeniedError, prefix } from "@kvorum/client";
import { type KvorumCluster, startCluster } from "@kvorum/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Cluster } from "../robustness/cluster/cluster.js";
import { NamespaceNetwork, namespacesMissing } from "../robustness/cluster/namespaces.js";
import { programMissing } from "../robustness/cluster/program.js";
import { startDns } from "../support/dns.js";
import { startProxy } from "../support/proxy.js";
import { startTlsEtcd, type TlsServer, tlsMissing } from "../support/tls-etcd.js";

describe("a client of three Kvorum members", () => {
  let cluster: KvorumCluster;
  const urls = (): [string, string, string] => cluster.endpoints as unknown as [string, string, string];

  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster?.close());

  it("that is given one of them learns of the others, and outlives the one", async () => {
    const [first] = urls();
    await using client = createClient({ endpoints: first });
    await client.put("a", "1");
    expect(client.endpoints).toEqual([first]);
    await until(() => client.endpoints.length === 3);
    expect([...client.endpoints].sort()).toEqual([...urls()].sort());
    await cluster.stop("n1");
    await client.put("a", "2");
    expect((await client.get("a"))?.value).toBe("2");
    await cluster.start("n1");
  });

  it("finds a member in a third of a second behind an address where nobody speaks", async () => {
    const silent = await startSilence();
    const endpoints = [silent.endpoint, urls()[1]];
    // It asks in the order given, so the silent one comes first.
    await using client = createClient({ endpoints, balancer: "pick-first", syncMembers: false });
    const startMs = performance.now();
    await client.put("a", "1");
    const tookMs = performance.now() - startMs;
    expect(tookMs).toBeGreaterThan(240);
    expect(tookMs).toBeLessThan(1_500);
    await silent.close();
  });

  it("stays behind a proxy until it is told that the members can be reached", async () => {
    const proxy = await startProxy(urls()[0]);
    await using client = createClient({ endpoints: proxy.endpoint, syncMembers: 1_000 });
    await client.put("a", "1");
    // The first look at the members is over.
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    expect(client.endpoints).toEqual([proxy.endpoint]);
    const connections = proxy.connections;
    expect([...(await client.syncEndpoints())].sort()).toEqual([...urls()].sort());
    for (let i = 0; i < 5; i++) await client.put("a", "2");
    expect(proxy.connections).toBe(connections);
    await proxy.close();
  });

  it("keeps its watches and its leases when the endpoints are replaced", async () => {
    const [first, second, third] = urls();
    await using client = createClient({ endpoints: first, syncMembers: false });
    await using lease = await client.lease.keep({ ttl: 2 });
    const { header } = await client.put("moved/0", "0", { lease });
    const seen: string[] = [];
    const watching = (async () => {
      await using watch = client.watch(prefix("moved/"), { startRevision: header.revision });
      for await (const event of watch) {
        if (event.type === "put") seen.push(event.kv.value);
        if (seen.length === 21) return;
      }
    })();
    for (let i = 1; i <= 20; i++) {
      await client.put("moved/0", String(i), { lease });
      if (i === 7) expect(await client.setEndpoints([second, third])).toEqual([second, third]);
    }
    await watching;
    expect(seen).toEqual(Array.from({ length: 21 }, (_, i) => String(i)));
    await cluster.stop("n1");
    await new Promise((resolve) => setTimeout(resolve, 1_900));
    expect(lease.state).toBe("active");
    expect((await client.get("moved/0"))?.value).toBe("20");
    await cluster.start("n1");
  });

  it("reads what it has seen from members that are as far", async () => {
    await using client = createClient({ endpoints: urls(), syncMembers: false });
    for (let i = 0; i < 10; i++) {
      const { header } = await client.put("a", String(i));
      const read = await client.get("a", { consistency: { atLeast: header.revision } });
      expect(read?.modRevision).toBe(header.revision);
    }
  });

  it("finds them by the service records of a domain", async () => {
    const dns = await startDns();
    dns.records.set(
      "_etcd-client._tcp.kvorum.test",
      urls().map((url) => ({ name: "localhost", port: Number(new URL(url).port) })),
    );
    const resolver = new Resolver({ timeout: 500, tries: 1 });
    resolver.setServers([dns.address]);
    await using client = createClient({ endpoints: "dns+srv://kvorum.test", resolver });
    expect(client.endpoints).toEqual([]);
    await client.put("a", "1");
    expect(client.endpoints).toEqual(urls().map((url) => url.replace("127.0.0.1", "localhost")));
    await using lost = createClient({ endpoints: "dns+srv://nobody.test", resolver, timeout: 300 });
    await expect(lost.get("a")).rejects.toMatchObject({
      reason: "transport",
      outcome: "not-applied",
      message: expect.stringContaining("no endpoints from dns+srv://nobody.test"),
    });
    await dns.close();
  });
});

const apart = programMissing("kvorum") ?? namespacesMissing();
if (apart !== undefined) console.warn(`a member cut off from its quorum is skipped: ${apart}`);
describe.skipIf(apart !== undefined)("a member that can be reached and is cut off from its quorum", () => {
  it("loses its traffic after the first call that runs out of time, and gets it back when it is healed", async () => {
    const network = new NamespaceNetwork();
    const cluster = await Cluster.start({ program: "kvorum", size: 3, network, heartbeatMs: 50, electionMs: 500 });
    try {
      await using client = createClient({ endpoints: cluster.endpoints, syncMembers: false, timeout: 1_000 });
      const put = () => client.put("a", "1").catch(() => undefined);
      await Promise.all(Array.from({ length: 12 }, put));
      const [alone] = await cluster.followers();
      if (alone === undefined) throw new Error("no follower");
      const id = (await alone.status()).header?.memberId;
      for (const other of cluster.members) if (other !== alone) network.cut(alone.number, other.number);
      await until(async () => (await alone.status()).leader === 0n);
      await Promise.all(Array.from({ length: 12 }, put));
      // It answers local reads; that nobody sends it any shows that it is left alone.
      const answered = async (): Promise<Set<bigint>> => {
        const list = () => client.list(prefix("a"), { consistency: "serializable" });
        return new Set((await Promise.all(Array.from({ length: 30 }, list))).map(({ header }) => header.memberId));
      };
      // The late answers have made the client ask it how it is; what it says may still be on its way.
      await until(async () => !(await answered()).has(id ?? 0n));
      for (let i = 0; i < 10; i++) await client.put("a", String(i));
      network.heal();
      await until(async () => (await answered()).has(id ?? 0n));
    } finally {
      await cluster.close();
      network.close();
    }
  });
});

const noTls = tlsMissing();
if (noTls !== undefined) console.warn(`certificates that change are skipped: ${noTls}`);
describe.skipIf(noTls !== undefined)(
  "certificates that change, against etcd with users known by their certificates",
  () => {
    let server: TlsServer;

    beforeAll(async () => {
      server = await startTlsEtcd();
      await using root = createClient({ endpoints: server.endpoint, tls: await server.certificate("root") });
      const { auth } = root.rpc;
      await auth.roleAdd({ name: "root" });
      for (const name of ["root", "alice", "bob"]) {
        await auth.userAdd({ name, options: { noPassword: true } });
        if (name !== "root") await auth.roleAdd({ name });
        const [key, rangeEnd] = [new TextEncoder().encode(`${name}/`), new TextEncoder().encode(`${name}0`)];
        if (name !== "root") await auth.roleGrantPermission({ name, perm: { permType: 2, key, rangeEnd } });
        await auth.userGrantRole({ user: name, role: name });
      }
      await auth.authEnable({});
    });
    afterAll(() => server?.stop());

    it("take effect with the next connection, and the watch goes on", async () => {
      const proxy = await startProxy(server.endpoint);
      const certificates = { alice: await server.certificate("alice"), bob: await server.certificate("bob") };
      let name: keyof typeof certificates = "alice";
      let asked = 0;
      const tls = async () => {
        asked += 1;
        return certificates[name];
      };
      const endpoint = proxy.endpoint.replace("http:", "https:");
      await using client = createClient({ endpoints: endpoint, tls, syncMembers: false });
      const { header } = await client.put("alice/a", "1");
      await expect(client.put("bob/a", "1")).rejects.toBeInstanceOf(PermissionDeniedError);
      expect(asked).toBe(1);
      name = "bob";
      proxy.cut();
      // A write may meet the connection that is just ending; a read is then asked again.
      await client.get("bob/a");
      await client.put("bob/a", "2");
      await expect(client.put("alice/a", "2")).rejects.toBeInstanceOf(PermissionDeniedError);
      await using watch = client.watch(prefix("bob/"), { startRevision: header.revision });
      const seen: string[] = [];
      for await (const event of watch) {
        if (event.type === "put") seen.push(event.kv.value);
        if (seen.length === 2) break;
        proxy.cut();
        await client.get("bob/a");
        await client.put("bob/a", "3");
      }
      expect(seen).toEqual(["2", "3"]);
      await proxy.close();
    });

    it("are refused by name when the server's is not for the address, unless another name is expected", async () => {
      const certificate = await server.certificate("root");
      const elsewhere = server.endpoint.replace("127.0.0.1", "localhost");
      await using refused = createClient({
        endpoints: elsewhere,
        tls: certificate,
        timeout: 2_000,
        syncMembers: false,
      });
      await expect(refused.get("root/a")).rejects.toMatchObject({ reason: "transport", outcome: "not-applied" });
      const tls = () => ({ ...certificate, serverName: "etcd.test" });
      await using accepted = createClient({ endpoints: elsewhere, tls, syncMembers: false });
      expect(await accepted.get("root/a")).toBeUndefined();
    });
  },
);

/** A server that accepts and never says a word. */
async function startSilence(): Promise<{ readonly endpoint: string; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Polls until the check holds. The test's own time limit ends it. */
async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 20));
}
