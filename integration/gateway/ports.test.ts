/** Which port serves what: all on one, HTTP or metrics on their own, and the names under which a node is reached. */
import { createClient } from "@kvorum/client";
import { describe, expect, it } from "vitest";
import { freePort } from "../support/process.js";
import { base64, exchange, startGateway } from "./support.js";

async function freeUrl(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`;
}

describe("ports", () => {
  it("one port has gRPC, the gateway and every endpoint", async () => {
    await using gateway = await startGateway();
    await using client = createClient({ endpoints: [gateway.endpoint] });
    await client.put("both", "1");
    expect(await gateway.call("/v3/kv/range", { key: base64("both") })).toMatchObject({ count: "1" });
    for (const path of ["/version", "/health", "/livez", "/readyz", "/metrics", "/debug/vars"]) {
      expect((await fetch(`${gateway.endpoint}${path}`)).status, path).toBe(200);
    }
    expect((await fetch(`${gateway.endpoint}/debug/pprof/`)).status).toBe(404);
    expect(await (await fetch(`${gateway.endpoint}/version`)).json()).toMatchObject({
      ...{ etcdserver: "3.6.0", etcdcluster: "3.6.0", storage: "3.6.0" },
    });
    expect(await (await fetch(`${gateway.endpoint}/readyz?verbose`)).text()).toBe(
      "[+]data_corruption ok\n[+]serializable_read ok\n[+]linearizable_read ok\n[+]non_learner ok\nok\n",
    );
  });

  it("calls by the gateway are counted like those by gRPC", async () => {
    await using gateway = await startGateway();
    const name =
      'grpc_server_handled_total{grpc_type="unary",grpc_service="etcdserverpb.KV",grpc_method="Put",grpc_code="OK"}';
    const before = await gateway.metric(name);
    await gateway.call("/v3/kv/put", { key: base64("a") });
    await gateway.call("/v3/kv/put", { key: base64("a") });
    expect((await gateway.metric(name)) - (Number.isNaN(before) ? 0 : before)).toBe(2);
  });

  it("a port for HTTP leaves gRPC alone on the others, and one for metrics has nothing else", async () => {
    const [http, metrics] = [await freeUrl(), await freeUrl()];
    await using gateway = await startGateway({ http: { listenClientHttpUrls: [http], listenMetricsUrls: [metrics] } });
    await using client = createClient({ endpoints: [gateway.endpoint] });
    await client.put("grpc", "1");
    expect((await fetch(`${gateway.endpoint}/version`)).status).toBe(404);
    expect((await fetch(`${http}/version`)).status).toBe(200);
    const body = JSON.stringify({ key: base64("grpc") });
    expect(await (await fetch(`${http}/v3/kv/range`, { method: "POST", body })).json()).toMatchObject({ count: "1" });
    expect((await fetch(`${metrics}/metrics`)).status).toBe(200);
    expect((await fetch(`${metrics}/livez`)).status).toBe(200);
    expect((await fetch(`${metrics}/v3/kv/range`, { method: "POST", body })).status).toBe(404);
    // HTTP/2 is spoken on neither.
    for (const url of [http, metrics]) {
      const answer = await exchange(Number(new URL(url).port), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
      expect(answer).toMatch(/^HTTP\/1.1 400 /);
    }
  });

  it("a port for members shows the version, as etcd's does, and has nothing else for who comes by HTTP", async () => {
    const peers = await freeUrl();
    await using gateway = await startGateway({ listenPeerUrls: [peers], peerUrls: [peers] });
    const response = await fetch(`${peers}/version`);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(await response.json()).toEqual(await (await fetch(`${gateway.endpoint}/version`)).json());
    const post = await fetch(`${peers}/version`, { method: "POST", body: "{}" });
    expect([post.status, post.headers.get("allow")]).toEqual([405, "GET"]);
    for (const path of ["/version/", "/", "/health", "/metrics", "/members", "/raft", "/debug/vars", "/v3/kv/range"]) {
      expect((await fetch(`${peers}${path}`)).status, path).toBe(404);
    }
  });

  it("the gateway and profiles can be switched off and on", async () => {
    await using gateway = await startGateway({ http: { gateway: false, debug: true } });
    const response = await gateway.post("/v3/kv/range", "{}");
    expect([response.status, await response.text()]).toEqual([404, "404 page not found\n"]);
    expect((await fetch(`${gateway.endpoint}/debug/pprof/`)).status).toBe(200);
  });

  it("a node answers to the names that it advertises, or to a list", async () => {
    const ask = (port: number, host: string): Promise<string> =>
      exchange(port, `GET /version HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    const advertised = { advertiseClientUrls: ["http://db.example:2379"] };
    await using named = await startGateway(advertised);
    expect(await ask(named.port, "db.example:2379")).toMatch(/^HTTP\/1.1 200 /);
    expect(await ask(named.port, "other.example")).toMatch(/^HTTP\/1.1 421 /);
    await using listed = await startGateway({ ...advertised, http: { hostWhitelist: ["other.example"] } });
    expect(await ask(listed.port, "other.example")).toMatch(/^HTTP\/1.1 200 /);
    expect(await ask(listed.port, "db.example")).toMatch(/^HTTP\/1.1 421 /);
    await using any = await startGateway({ http: { hostWhitelist: ["*"] } });
    expect(await ask(any.port, "any.example")).toMatch(/^HTTP\/1.1 200 /);
  });

  it("pages of a listed origin may read answers", async () => {
    await using gateway = await startGateway({ http: { corsOrigins: ["https://app.example"] } });
    const preflight = await fetch(`${gateway.endpoint}/v3/kv/put`, {
      method: "OPTIONS",
      headers: { origin: "https://app.example", "access-control-request-method": "POST" },
    });
    expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([
      ...[200, "https://app.example"],
    ]);
    const headers = { origin: "https://app.example" };
    expect((await gateway.post("/v3/kv/put", JSON.stringify({ key: base64("a") }), { headers })).status).toBe(200);
  });
});
