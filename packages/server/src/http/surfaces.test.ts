/** The HTTP endpoints over a node whose state the test sets. */
import { once } from "node:events";
import type { Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ServerError } from "../core/errors.js";
import type { NodeApi } from "../node/api.js";
import { Metrics } from "../rpc/metrics.js";
import { type AccessOptions, AccessRules, LOOPBACK_NAMES } from "./access.js";
import { Gateway } from "./gateway/gateway.js";
import { createHttpServer, type HttpSurface } from "./http-server.js";
import { clientSurface, metricsSurface } from "./surfaces.js";

interface State {
  lead: bigint;
  alarms: NodeApi["alarms"];
  rangeFails: boolean;
  serializable: boolean | undefined;
  isLearner: boolean;
}

interface StartOptions {
  readonly access?: Partial<AccessOptions>;
  readonly gateway?: boolean;
  readonly debug?: boolean;
}

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function start(change: Partial<State> = {}, options: StartOptions = {}) {
  const state: State = {
    lead: 1n,
    alarms: [],
    rangeFails: false,
    serializable: undefined,
    isLearner: false,
    ...change,
  };
  const node = {
    header: { clusterId: 1n, memberId: 0xabcn, revision: 12n, raftTerm: 2 },
    get alarms() {
      return state.alarms;
    },
    get raftStatus() {
      return {
        ...{ id: 0xabcn, lead: state.lead, role: "leader", term: 2, commitIndex: 21, appliedIndex: 20, transferee: 0n },
        confState: { voters: [0xabcn], learners: state.isLearner ? [0xabcn] : [] },
      };
    },
    backendSize: { bytes: 4096, bytesInUse: 1024 },
    stats: {
      keys: 5,
      compactRevision: 3n,
      watchers: 2,
      watchStreams: 1,
      slowWatchers: 0,
      pendingEvents: 0,
      proposalsPending: 0,
      proposalsFailed: 4,
      leaderChanges: 1,
    },
    auth: { revision: 1n },
    async range(operation: { serializable: boolean }) {
      state.serializable = operation.serializable;
      if (state.rangeFails) throw new ServerError("timeout");
    },
  } as unknown as NodeApi;
  const metrics = new Metrics({ node, serverVersion: "3.6.0", quotaBytes: 2 ** 31 });
  const versions = { etcdserver: "3.6.0", etcdcluster: "3.6.0", storage: "3.6.0", kvorum: "0.0.1" };
  const parts = { node, metrics, versions: () => versions };
  const client = clientSurface({
    ...parts,
    access: new AccessRules({
      corsOrigins: [],
      hostWhitelist: LOOPBACK_NAMES,
      allowAddresses: true,
      refusesCertificates: () => false,
      ...options.access,
    }),
    gateway: options.gateway === false ? undefined : new Gateway({ receiveBytesMax: 1000, maxTxnOps: 128 }),
    debug: options.debug ?? false,
  });
  const port = await listen(createHttpServer(client));
  const metricsPort = await listen(createHttpServer(metricsSurface(parts)));
  return {
    state,
    port,
    get: (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init),
    getMetrics: (path: string) => fetch(`http://127.0.0.1:${metricsPort}${path}`),
  };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

/** One request as bytes, so that any header can be sent; everything that comes back. */
async function raw(port: number, request: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(request);
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

function headers(port: number, ...lines: readonly string[]): Promise<string> {
  return raw(port, `${lines.join("\r\n")}\r\nConnection: close\r\n\r\n`);
}

describe("/version", () => {
  it("names etcd's API level and our own version", async () => {
    const { get } = await start();
    const response = await get("/version");
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual({
      etcdserver: "3.6.0",
      etcdcluster: "3.6.0",
      storage: "3.6.0",
      kvorum: "0.0.1",
    });
  });
});

describe("/health", () => {
  it("is true after a read went through", async () => {
    const { get, state } = await start();
    const response = await get("/health");
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('{"health":"true","reason":""}');
    expect(state.serializable).toBe(false);
  });

  it("is false with the first alarm that is not excluded", async () => {
    const { get } = await start({ alarms: [{ memberId: 1n, alarm: "no-space" }] });
    const response = await get("/health");
    expect(response.status).toBe(503);
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(await response.text()).toBe('{"health":"false","reason":"ALARM NOSPACE"}\n');
    expect((await get("/health?exclude=CORRUPT&exclude=NOSPACE")).status).toBe(200);
    expect((await get("/health?exclude=CORRUPT")).status).toBe(503);
  });

  it("is false without a leader, unless only this member is asked", async () => {
    const { get, state } = await start({ lead: 0n });
    expect(await (await get("/health")).json()).toEqual({ health: "false", reason: "RAFT NO LEADER" });
    expect((await get("/health?serializable=true")).status).toBe(200);
    expect(state.serializable).toBe(true);
  });

  it("gives the reason of a read that failed", async () => {
    const { get } = await start({ rangeFails: true });
    expect(await (await get("/health")).json()).toEqual({
      health: "false",
      reason: "RANGE ERROR:etcdserver: request timed out",
    });
  });
});

describe("/metrics", () => {
  it("shows the node under etcd's names", async () => {
    const { get } = await start();
    await get("/health");
    const response = await get("/metrics");
    expect(response.headers.get("content-type")).toContain("text/plain; version=0.0.4");
    const lines = new Set((await response.text()).split("\n"));
    for (const line of [
      "etcd_server_has_leader 1",
      "etcd_server_is_leader 1",
      "etcd_server_leader_changes_seen_total 1",
      "etcd_server_proposals_committed_total 21",
      "etcd_server_proposals_applied_total 20",
      "etcd_server_proposals_failed_total 4",
      "etcd_server_quota_backend_bytes 2147483648",
      "etcd_mvcc_db_total_size_in_bytes 4096",
      "etcd_mvcc_db_total_size_in_use_in_bytes 1024",
      "etcd_debugging_mvcc_keys_total 5",
      "etcd_debugging_mvcc_watcher_total 2",
      'etcd_server_id{server_id="abc"} 1',
      "etcd_server_health_success 1",
    ]) {
      expect(lines, line).toContain(line);
    }
  });

  it("keeps two nodes of one process apart", async () => {
    const [first, second] = [await start(), await start()];
    await first.get("/health");
    expect(await (await second.get("/metrics")).text()).toContain("etcd_server_health_success 0");
  });

  it("has the process metrics that dashboards plot", async () => {
    const { get } = await start();
    const text = await (await get("/metrics")).text();
    expect(text).toMatch(/^process_resident_memory_bytes [1-9]/m);
    expect(text).toMatch(/^process_cpu_seconds_total [0-9.]+$/m);
    expect(text).toMatch(/^process_start_time_seconds 1[0-9]{9}/m);
  });
});

describe("other requests", () => {
  it("find nothing", async () => {
    const { get } = await start();
    for (const path of [
      "/",
      "/nothing",
      "/version/",
      "/v2/keys",
      "/debug/pprof/",
      "/debug/requests",
      "/config/local/log",
    ]) {
      const response = await get(path);
      expect([response.status, await response.text()]).toEqual([404, "404 page not found\n"]);
    }
  });

  it("may not use another method than GET, with or without a body", async () => {
    const { get } = await start();
    for (const init of [{ method: "POST", body: "x".repeat(100_000) }, { method: "HEAD" }, { method: "DELETE" }]) {
      const response = await get("/version", init);
      expect([response.status, response.headers.get("allow")]).toEqual([405, "GET"]);
    }
  });

  it("with OPTIONS are answered with nothing, whatever the path", async () => {
    const { get } = await start();
    for (const path of ["/v3/kv/range", "/nothing"]) {
      const response = await get(path, { method: "OPTIONS" });
      expect([response.status, await response.text(), response.headers.get("access-control-allow-origin")]).toEqual([
        ...[200, "", null],
      ]);
    }
  });

  it("find no gateway where it is switched off", async () => {
    const { get } = await start({}, { gateway: false });
    const response = await get("/v3/kv/range", { method: "POST", body: "{}" });
    expect([response.status, await response.text()]).toEqual([404, "404 page not found\n"]);
  });

  it("with headers beyond the limit are refused", async () => {
    const { port } = await start();
    const socket = connect(port, "127.0.0.1");
    socket.write(`GET /version HTTP/1.1\r\nHost: x\r\nX-Long: ${"y".repeat(20_000)}\r\n\r\n`);
    const [chunk] = (await once(socket, "data")) as [Buffer];
    socket.destroy();
    expect(chunk.toString()).toMatch(/^HTTP\/1.1 431 /);
  });
});

describe("/livez and /readyz", () => {
  it("say ok, and which checks there were on demand", async () => {
    const { get } = await start();
    expect(await (await get("/livez")).text()).toBe("ok\n");
    expect(await (await get("/livez?verbose")).text()).toBe("[+]serializable_read ok\nok\n");
    const ready = await get("/readyz?verbose");
    expect([ready.status, ready.headers.get("content-type")]).toEqual([200, "text/plain; charset=utf-8"]);
    expect(await ready.text()).toBe(
      "[+]data_corruption ok\n[+]serializable_read ok\n[+]linearizable_read ok\n[+]non_learner ok\nok\n",
    );
  });

  it("show all checks when one fails, with its reason", async () => {
    const { get } = await start({ alarms: [{ memberId: 1n, alarm: "corrupt" }], isLearner: true });
    const response = await get("/readyz");
    expect(response.status).toBe(503);
    expect(await response.text()).toBe(
      "[-]data_corruption failed: alarm activated: CORRUPT\n[+]serializable_read ok\n[+]linearizable_read ok\n" +
        "[-]non_learner failed: not supported for learner\n\n",
    );
    expect((await get("/livez")).status).toBe(200);
    expect(await (await get("/readyz/non_learner")).text()).toBe(
      "[-]non_learner failed: not supported for learner\n\n",
    );
    expect(await (await get("/readyz/serializable_read?verbose")).text()).toBe("[+]serializable_read ok\nok\n");
  });

  it("leave out what is excluded, and pass over names that are no check", async () => {
    const { get } = await start({ alarms: [{ memberId: 1n, alarm: "corrupt" }], isLearner: true });
    expect((await get("/readyz?exclude=data_corruption&exclude=non_learner&exclude=other")).status).toBe(200);
    expect((await get("/readyz?exclude=data_corruption")).status).toBe(503);
  });

  it("fail with the read, and are counted", async () => {
    const { get } = await start({ rangeFails: true });
    const response = await get("/livez");
    expect([response.status, await response.text()]).toEqual([
      503,
      "[-]serializable_read failed: etcdserver: request timed out\n\n",
    ]);
    const metrics = await (await get("/metrics")).text();
    expect(metrics).toContain('etcd_server_healthcheck{type="livez",name="serializable_read"} 0');
  });

  it("do not mind a full database", async () => {
    const { get } = await start({ alarms: [{ memberId: 1n, alarm: "no-space" }] });
    expect((await get("/readyz")).status).toBe(200);
  });
});

describe("a port for monitoring", () => {
  it("has health and metrics and nothing else", async () => {
    const { getMetrics } = await start();
    for (const path of ["/health", "/metrics", "/livez", "/readyz", "/readyz/non_learner"]) {
      expect((await getMetrics(path)).status, path).toBe(200);
    }
    for (const path of ["/version", "/debug/vars", "/v3/kv/range", "/debug/pprof/"]) {
      expect((await getMetrics(path)).status, path).toBe(404);
    }
  });
});

describe("what is there for debugging", () => {
  it("is the state of the process and of Raft", async () => {
    const response = await (await start()).get("/debug/vars");
    expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(await response.json()).toMatchObject({
      memstats: { HeapAlloc: expect.any(Number) },
      file_descriptor_limit: expect.any(Number),
      "raft.status": { id: "abc", lead: "1", raftState: "StateLeader", commit: 21, applied: 20, voters: ["abc"] },
    });
  });

  it("is a profile of the CPU or of allocations, one at a time, where it is switched on", async () => {
    const { get } = await start({}, { debug: true });
    expect(await (await get("/debug/pprof/")).text()).toContain("/debug/pprof/profile");
    const running = get("/debug/pprof/profile?seconds=0.5");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await get("/debug/pprof/heap?seconds=0.1")).status).toBe(503);
    expect(await (await running).json()).toMatchObject({ nodes: expect.any(Array), samples: expect.any(Array) });
    expect(await (await get("/debug/pprof/heap?seconds=0.05")).json()).toMatchObject({ head: { selfSize: 0 } });
    for (const seconds of ["0", "-1", "301", "x"]) {
      expect((await get(`/debug/pprof/profile?seconds=${seconds}`)).status, seconds).toBe(400);
    }
  });
});

describe("the host of a request", () => {
  it("must be a name that the node answers to", async () => {
    const { port } = await start();
    for (const host of ["localhost", "LOCALHOST:1", "127.0.0.1:99", "[::1]:99", "10.1.2.3", "[fe80::1]"]) {
      expect(await headers(port, "GET /version HTTP/1.1", `Host: ${host}`), host).toMatch(/^HTTP\/1.1 200 /);
    }
    for (const host of ["evil.example", "localhost.evil.example", "10.1.2.3.evil.example", ""]) {
      const answer = await headers(port, "GET /version HTTP/1.1", `Host: ${host}`);
      expect(answer, host).toMatch(/^HTTP\/1.1 421 /);
      expect(answer).toContain("CVE-2018-5702");
    }
  });

  it("may be any with a star, and only what is listed with a list", async () => {
    const any = await start({}, { access: { hostWhitelist: ["*"], allowAddresses: false } });
    expect(await headers(any.port, "GET /version HTTP/1.1", "Host: what.ever")).toMatch(/^HTTP\/1.1 200 /);
    const listed = await start({}, { access: { hostWhitelist: ["db.example"], allowAddresses: false } });
    expect(await headers(listed.port, "GET /version HTTP/1.1", "Host: db.example:2379")).toMatch(/^HTTP\/1.1 200 /);
    expect(await headers(listed.port, "GET /version HTTP/1.1", "Host: 127.0.0.1")).toMatch(/^HTTP\/1.1 421 /);
  });
});

describe("pages of other sites", () => {
  const post = (port: number, ...more: readonly string[]): Promise<string> =>
    headers(port, "POST /v3/kv/put HTTP/1.1", `Host: localhost:${port}`, "Content-Length: 0", ...more);
  /** No service is there: whoever gets as far is told so. */
  const LET_IN = /^HTTP\/1.1 501 /;

  it("may not use the gateway, whatever they send", async () => {
    const { port } = await start();
    for (const line of [
      ...[
        "Origin: http://evil.example",
        "Origin: null",
        "Referer: http://evil.example/page",
        "Sec-Fetch-Site: cross-site",
      ],
      ...["Origin: https://localhost", "Origin: http://localhost:1"],
    ]) {
      const answer = await post(port, line, "Content-Type: application/x-www-form-urlencoded");
      expect(answer, line).toMatch(/^HTTP\/1.1 403 /);
      expect(await post(port, line, "Content-Type: application/json"), line).toMatch(/^HTTP\/1.1 403 /);
    }
    expect(await post(port, `Origin: http://localhost:${port}`)).toMatch(LET_IN);
    expect(await post(port, "Content-Type: application/x-www-form-urlencoded")).toMatch(LET_IN);
  });

  it("may when their origin is listed, and read the answer", async () => {
    const { port } = await start({}, { access: { corsOrigins: ["https://app.example"] } });
    const answer = await post(port, "Origin: https://app.example");
    expect(answer).toMatch(LET_IN);
    expect(answer).toContain("Access-Control-Allow-Origin: https://app.example\r\n");
    expect(answer).toContain("Access-Control-Allow-Headers: accept, content-type, authorization\r\n");
    expect(answer).toContain("Access-Control-Allow-Methods: POST, GET, OPTIONS, PUT, DELETE\r\n");
    expect(await post(port, "Origin: https://other.example")).toMatch(/^HTTP\/1.1 403 /);
  });

  it("may all when any origin is", async () => {
    const { port } = await start({}, { access: { corsOrigins: ["*"] } });
    const answer = await post(port, "Origin: https://any.example");
    expect(answer).toMatch(LET_IN);
    expect(answer).toContain("Access-Control-Allow-Origin: *\r\n");
  });

  it("may not open a WebSocket", async () => {
    const { port } = await start();
    const answer = await raw(
      port,
      `GET /v3/watch HTTP/1.1\r\nHost: localhost:${port}\r\nOrigin: http://evil.example\r\nUpgrade: websocket\r\n` +
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    );
    expect(answer).toMatch(/^HTTP\/1.1 403 /);
  });
});

describe("an offer of HTTP/2", () => {
  it("is passed over, and the request answered", async () => {
    const { port } = await start();
    const answer = await raw(
      port,
      `POST /v3/kv/put HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n` +
        "Connection: Upgrade, HTTP2-Settings\r\nContent-Length: 2\r\n\r\n{}" +
        "GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    );
    expect(answer).toMatch(/^HTTP\/1.1 501 /);
    expect(answer).toContain('"etcdserver":"3.6.0"');
  });
});

describe("slow callers", () => {
  const slow = async (head: string, drip: string): Promise<number> => {
    const surface = { request: () => Promise.reject(new Error("nobody gets as far")) };
    const port = await listen(createHttpServer(surface, { headersMs: 200, keepAliveMs: 200 }));
    const socket = connect(port, "127.0.0.1");
    const started = performance.now();
    socket.write(head);
    const dripping = setInterval(() => socket.write(drip), 20);
    await once(
      socket.resume().on("error", () => {}),
      "close",
    );
    clearInterval(dripping);
    return performance.now() - started;
  };

  it("have ten seconds for their headers, a byte at a time or not at all", async () => {
    expect(await slow("GET / HTTP/1.1\r\nHost: x\r\nX-", "y")).toBeLessThan(2_000);
    expect(await slow("GET / HTTP/1.1\r\n", "")).toBeLessThan(2_000);
  });

  it("have a time to take their answer, and a watch has none while it is not complete", async () => {
    const body = "x".repeat(20_000_000);
    let watched = false;
    let ended = (): void => {};
    const cutOff = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const surface: HttpSurface = {
      async request({ url }, response) {
        if (url === "/whole") response.end(body);
        else response.write("first");
        response.once("close", () => {
          if (url === "/whole") ended();
          watched ||= url === "/watch";
        });
      },
    };
    const port = await listen(createHttpServer(surface, { answerMs: 200 }));
    const watching = connect(port, "127.0.0.1");
    watching.write("GET /watch HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(watching, "data");
    const slow = connect(port, "127.0.0.1");
    slow.pause();
    slow.write("GET /whole HTTP/1.1\r\nHost: x\r\n\r\n");
    slow.on("error", () => {});
    await cutOff;
    let bytes = 0;
    slow.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    await once(slow.resume(), "close");
    expect(bytes).toBeLessThan(body.length);
    expect(watched).toBe(false);
    watching.destroy();
  });
});
