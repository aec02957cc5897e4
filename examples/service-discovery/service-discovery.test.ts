/** Service discovery over HTTP with real services that are started and killed. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createClient, prefix } from "@kvorum/client";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { TestServer } from "../../integration/support/etcd.js";
import { eventually, startExample, untilPrinted } from "../../integration/support/example.js";
import { startKvorum } from "../../integration/support/kvorum.js";
import type { RunningProcess } from "../../integration/support/process.js";

interface Found {
  readonly services: readonly { readonly type: string; readonly address: string; readonly port: number }[];
}

describe("service-discovery", () => {
  let server: TestServer;
  let example: RunningProcess;
  let url: string;
  const services = new Set<Server>();

  const start = async (): Promise<{ example: RunningProcess; url: string }> => {
    const args = ["--endpoints", server.endpoint, "--port", "0", "--ttl", "2", "--check-ms", "200"];
    const started = await startExample("service-discovery", args);
    return { example: started, url: await untilPrinted(started, /listening on (\S+)/) };
  };
  const register = (path: string, to = url): Promise<Response> => fetch(`${to}/register${path}`, { method: "POST" });
  const discover = async (type: string): Promise<readonly number[]> => {
    const found = (await (await fetch(`${url}/discover/${type}`)).json()) as Found;
    return found.services.map(({ port }) => port);
  };
  const startService = async (
    status = 200,
  ): Promise<{ port: number; kill: () => void; answerWith(s: number): void }> => {
    let answer = status;
    const service = createServer((_, response) => response.writeHead(answer).end());
    services.add(service);
    service.listen(0, "127.0.0.1");
    await once(service, "listening");
    const address = service.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const kill = (): void => {
      service.close();
      service.closeAllConnections();
      services.delete(service);
    };
    return { port, kill, answerWith: (next) => (answer = next) };
  };

  beforeAll(async () => {
    server = await startKvorum();
    ({ example, url } = await start());
  });

  afterEach(() => {
    for (const service of services) {
      service.close();
      service.closeAllConnections();
    }
    services.clear();
  });

  afterAll(async () => {
    expect(await example.stop("SIGTERM")).toBe(0);
    await server.stop();
  });

  it("finds what was registered, by type", async () => {
    const [one, two, other] = [await startService(), await startService(), await startService()];
    expect((await register(`/web/127.0.0.1/${one.port}`)).status).toBe(201);
    expect((await register(`/web/127.0.0.1/${two.port}`)).status).toBe(201);
    expect((await register(`/mail/127.0.0.1/${other.port}`)).status).toBe(201);
    await eventually(async () => (await discover("web")).length === 2 && (await discover("mail")).length === 1);
    expect([...(await discover("web"))].sort()).toEqual([one.port, two.port].sort());
    expect(await discover("nothing")).toEqual([]);
    const all = (await (await fetch(url)).json()) as Found;
    expect(all.services).toHaveLength(3);
  });

  it("keeps a healthy service beyond its time to live, and drops it when it is killed", async () => {
    const service = await startService();
    await register(`/steady/127.0.0.1/${service.port}`);
    await eventually(async () => (await discover("steady")).length === 1);
    // Longer than the time to live of 2 seconds: only the keepalive explains that it is still there.
    await new Promise((resolve) => setTimeout(resolve, 2_600));
    expect(await discover("steady")).toEqual([service.port]);
    service.kill();
    const killedMs = performance.now();
    await eventually(async () => (await discover("steady")).length === 0);
    expect(performance.now() - killedMs).toBeLessThan(2_000);
  });

  it("drops a service that answers but is not healthy, and takes it again when it registers anew", async () => {
    const service = await startService(500);
    await register(`/sick/127.0.0.1/${service.port}`);
    await eventually(async () => /sick\/127.* is dropped/.test(example.output()));
    await eventually(async () => (await discover("sick")).length === 0);
    service.answerWith(204);
    expect((await register(`/sick/127.0.0.1/${service.port}`)).status).toBe(201);
    await eventually(async () => (await discover("sick")).length === 1);
  });

  it("registers an instance once, however often it is asked to", async () => {
    const service = await startService();
    await Promise.all([1, 2, 3].map(() => register(`/once/127.0.0.1/${service.port}`)));
    await eventually(async () => (await discover("once")).length > 0);
    expect(await discover("once")).toEqual([service.port]);
    expect((await fetch(`${url}/register/once/127.0.0.1/${service.port}`, { method: "DELETE" })).status).toBe(200);
    await eventually(async () => (await discover("once")).length === 0);
  });

  it("answers 400 where a field is missing or wrong", async () => {
    for (const [path, reason] of [
      ["/web/127.0.0.1/http", "port must be a number from 1 to 65535"],
      ["/web/127.0.0.1/0", "port must be a number from 1 to 65535"],
      ["/web/127.0.0.1/65536", "port must be a number from 1 to 65535"],
      ["/web/not%20a%20host/80", "address must be an IP address or a host name"],
      ["/we%2Fb/127.0.0.1/80", "type must be letters, digits and dashes"],
      ["/web/127.0.0.1/", "expected POST /register/<type>/<address>/<port>"],
      ["/web/127.0.0.1", "expected POST /register/<type>/<address>/<port>"],
      ["/web//80", "expected POST /register/<type>/<address>/<port>"],
      ["", "expected POST /register/<type>/<address>/<port>"],
    ]) {
      const response = await register(path ?? "");
      expect([path, response.status, await response.json()]).toEqual([path, 400, { error: reason }]);
    }
  });

  it("loses the services of a registrar that is killed, within their time to live", async () => {
    const service = await startService();
    const second = await start();
    await register(`/orphan/127.0.0.1/${service.port}`, second.url);
    await eventually(async () => (await discover("orphan")).length === 1);
    await second.example.stop("SIGKILL");
    await eventually(async () => (await discover("orphan")).length === 0, 5_000);
  });

  it("takes its services out when it ends cleanly", async () => {
    const service = await startService();
    const second = await start();
    await register(`/polite/127.0.0.1/${service.port}`, second.url);
    expect(await second.example.stop("SIGTERM")).toBe(0);
    await using client = createClient({ endpoints: server.endpoint });
    expect(await client.count(prefix("/services/polite/"))).toBe(0n);
  });
});
