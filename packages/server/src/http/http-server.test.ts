/** The HTTP endpoints over a node whose state the test sets. */
import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ServerError } from "../core/errors.js";
import type { NodeApi } from "../node/api.js";
import { Metrics } from "../rpc/metrics.js";
import { createHttpServer } from "./http-server.js";

interface State {
  lead: bigint;
  alarms: NodeApi["alarms"];
  rangeFails: boolean;
  serializable: boolean | undefined;
}

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function start(change: Partial<State> = {}) {
  const state: State = { lead: 1n, alarms: [], rangeFails: false, serializable: undefined, ...change };
  const node = {
    header: { clusterId: 1n, memberId: 0xabcn, revision: 12n, raftTerm: 2 },
    get alarms() {
      return state.alarms;
    },
    get raftStatus() {
      return { lead: state.lead, role: "leader", commitIndex: 21, appliedIndex: 20, confState: { learners: [] } };
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
    async range(operation: { serializable: boolean }) {
      state.serializable = operation.serializable;
      if (state.rangeFails) throw new ServerError("timeout");
    },
  } as unknown as NodeApi;
  const metrics = new Metrics({ node, serverVersion: "3.6.0", quotaBytes: 2 ** 31 });
  const versions = { etcdserver: "3.6.0", etcdcluster: "3.6.0", storage: "3.6.0", kvorum: "0.0.1" };
  const server = createHttpServer({ node, metrics, versions });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { state, port, get: (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init) };
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
    for (const path of ["/", "/nothing", "/version/", "/v3/kv/range"]) {
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

  it("with headers beyond the limit are refused", async () => {
    const { port } = await start();
    const socket = connect(port, "127.0.0.1");
    socket.write(`GET /version HTTP/1.1\r\nHost: x\r\nX-Long: ${"y".repeat(20_000)}\r\n\r\n`);
    const [chunk] = (await once(socket, "data")) as [Buffer];
    socket.destroy();
    expect(chunk.toString()).toMatch(/^HTTP\/1.1 431 /);
  });
});
