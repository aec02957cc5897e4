/** What administration sends, and how health is made of what the endpoints say. */
import { RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { type Client, createClient } from "../client.js";
import { fromKey, prefix, range } from "../keys.js";
import { type Answerer, FakeTransport } from "../testing/fake-transport.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function setUp(answer: Answerer = () => ({}), endpoints = ["http://a"]): { client: Client; sent(): object[] } {
  const transport = new FakeTransport();
  transport.answer = answer;
  const client = createClient({ endpoints, transport: transport.factory, namespace: "app/", syncMembers: false });
  return { client, sent: () => transport.calls.map(({ method, request }) => ({ method, ...request })) };
}

describe("users and roles", () => {
  it("are added with a password, or without one, but never with an empty one", async () => {
    const { client, sent } = setUp();
    await client.auth.userAdd("alice", { password: "secret" });
    await client.auth.userAdd("robot", { noPassword: true });
    expect(sent()).toEqual([
      { method: "UserAdd", name: "alice", password: "secret" },
      { method: "UserAdd", name: "robot", options: { noPassword: true } },
    ]);
    await expect(client.auth.userAdd("eve", { password: "" })).rejects.toThrow(TypeError);
    await expect(client.auth.userChangePassword("eve", "")).rejects.toThrow(TypeError);
  });

  it("have permissions on keys as selectors name them, outside of any namespace", async () => {
    const { client, sent } = setUp();
    await client.auth.roleGrantPermission("r", { access: "read", on: "a" });
    await client.auth.roleGrantPermission("r", { access: "write", on: prefix("a/") });
    await client.auth.roleGrantPermission("r", { access: "readwrite", on: range("a", "c") });
    await client.auth.roleRevokePermission("r", fromKey("a"));
    const NONE = new Uint8Array(0);
    expect(sent()).toEqual([
      { method: "RoleGrantPermission", name: "r", perm: { permType: 0, key: bytes("a"), rangeEnd: NONE } },
      { method: "RoleGrantPermission", name: "r", perm: { permType: 1, key: bytes("a/"), rangeEnd: bytes("a0") } },
      { method: "RoleGrantPermission", name: "r", perm: { permType: 2, key: bytes("a"), rangeEnd: bytes("c") } },
      { method: "RoleRevokePermission", role: "r", key: bytes("a"), rangeEnd: new Uint8Array([0]) },
    ]);
    const wrong = { access: "execute" as "read", on: "a" };
    await expect(client.auth.roleGrantPermission("r", wrong)).rejects.toThrow('not "execute"');
  });
});

describe("ids of members", () => {
  it("use all 64 bits without a sign", async () => {
    const { client, sent } = setUp();
    await client.cluster.memberRemove(2n ** 64n - 1n);
    expect(sent()).toEqual([{ method: "MemberRemove", ID: 2n ** 64n - 1n }]);
    for (const id of [-1n, 2n ** 64n, 1.5]) await expect(client.cluster.memberRemove(id)).rejects.toThrow(RangeError);
    await expect(client.cluster.memberPromote("7" as unknown as bigint)).rejects.toThrow(TypeError);
  });
});

describe("moving the lead", () => {
  it("goes to the endpoint whose member leads", async () => {
    const { client, sent } = setUp(
      ({ method, endpoint }) => {
        if (endpoint === "http://a") throw new RpcError(StatusCode.UNAVAILABLE, "refused", { maybeSent: false });
        const memberId = endpoint === "http://b" ? 2n : 3n;
        return method === "Status" ? { header: { memberId }, leader: 3n } : {};
      },
      ["http://a", "http://b", "http://c"],
    );
    await client.maintenance.moveLeader(2n);
    expect(sent().at(-1)).toEqual({ method: "MoveLeader", targetID: 2n });
  });
});

describe("health", () => {
  const status = (memberId: bigint, fields: object = {}) => ({
    ...{ header: { memberId }, leader: 1n, raftTerm: 4n, raftIndex: 10n, raftAppliedIndex: 10n, dbSize: 100n },
    ...fields,
  });

  it("is good when all serve under one leader, and tells who lags", async () => {
    const { client } = setUp(
      ({ method, endpoint }) => {
        if (method !== "Status") return {};
        return endpoint === "http://a" ? status(1n) : status(2n, { raftIndex: 9n, raftAppliedIndex: 7n });
      },
      ["http://a", "http://b"],
    );
    const health = await client.health();
    expect(health).toMatchObject({ healthy: true, serving: true, leader: 1n });
    expect(health.endpoints).toMatchObject([
      { endpoint: "http://a", reachable: true, serving: true, memberId: 1n, raftTerm: 4n, lag: 0n, dbSize: 100n },
      { endpoint: "http://b", reachable: true, serving: true, memberId: 2n, leader: 1n, lag: 3n },
    ]);
  });

  it("is bad with an alarm, which is told of its member", async () => {
    const { client } = setUp(
      ({ method, endpoint }) => {
        if (method === "Alarm") return { alarms: [{ memberID: 2n, alarm: 1 }] };
        return method === "Status" ? status(endpoint === "http://a" ? 1n : 2n) : {};
      },
      ["http://a", "http://b"],
    );
    const health = await client.health();
    expect(health.healthy).toBe(false);
    expect(health.endpoints.map(({ alarms }) => alarms)).toEqual([[], ["no-space"]]);
  });

  it("is bad without a leader, although every member answers", async () => {
    const { client } = setUp(({ method }) => {
      if (method === "Status") return status(1n, { leader: 0n });
      throw new RpcError(StatusCode.UNAVAILABLE, "etcdserver: no leader");
    });
    const health = await client.health({ timeout: 50 });
    expect(health).toMatchObject({ healthy: false, serving: false, leader: undefined });
    expect(health.endpoints).toMatchObject([{ reachable: true, serving: false, error: { reason: "no-leader" } }]);
  });

  it("does not count against learners that they serve no reads, nor against members that a user may not read", async () => {
    const { client } = setUp(
      ({ method, endpoint }) => {
        if (method === "Status")
          return status(endpoint === "http://a" ? 1n : 2n, { isLearner: endpoint === "http://b" });
        if (method === "Alarm") return {};
        if (endpoint === "http://a") throw new RpcError(StatusCode.PERMISSION_DENIED, "etcdserver: permission denied");
        throw new RpcError(StatusCode.FAILED_PRECONDITION, "etcdserver: rpc not supported for learner");
      },
      ["http://a", "http://b"],
    );
    const health = await client.health();
    expect(health.healthy).toBe(true);
    expect(health.endpoints).toMatchObject([
      { serving: true, isLearner: false, error: undefined },
      { serving: false, isLearner: true, error: undefined },
    ]);
  });

  it("rejects where the caller gives up or the client is closed", async () => {
    const { client } = setUp(() => new Promise(() => undefined));
    const abort = new AbortController();
    const asked = client.health({ signal: abort.signal });
    abort.abort("enough");
    await expect(asked).rejects.toBe("enough");
    await client.close();
    await expect(client.health()).rejects.toMatchObject({ reason: "closed" });
  });
});
