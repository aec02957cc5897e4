/** Maintenance, Cluster, Auth and Health through a real channel. */
import { createHash } from "node:crypto";
import {
  AlarmRequest_AlarmAction,
  AlarmType,
  Auth,
  Cluster,
  DowngradeRequest_DowngradeAction,
  Health,
  KV,
  Maintenance,
} from "@kvorum/proto";
import { StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { bytes, failure, useNode } from "../../testing/rpc-harness.js";
import { decodeSnapshot } from "../io/snapshot/decode.js";

const node = useNode();

async function* once<T>(value: T): AsyncGenerator<T, void, undefined> {
  yield value;
}

describe("Status", () => {
  it("fills every field", async () => {
    const { channel, put } = node();
    const revision = await put("s", "1");
    const status = await channel.unary(Maintenance.method.status, {});
    expect(status).toMatchObject({
      version: "3.6.0",
      storageVersion: "3.6.0",
      leader: status.header?.memberId,
      raftTerm: status.header?.raftTerm,
      errors: [],
      isLearner: false,
      dbSizeQuota: 2_147_483_648n,
      downgradeInfo: { enabled: false, targetVersion: "" },
    });
    expect(status.header?.revision).toBe(revision);
    expect(status.dbSize).toBeGreaterThan(0n);
    expect(status.dbSizeInUse).toBeGreaterThan(0n);
    expect(status.raftAppliedIndex).toBe(status.raftIndex);
  });
});

describe("a downgrade", () => {
  const ask = (action: DowngradeRequest_DowngradeAction, version = "") =>
    node().channel.unary(Maintenance.method.downgrade, { action, version });
  const { VALIDATE, ENABLE, CANCEL } = DowngradeRequest_DowngradeAction;

  it("leads exactly one minor version back", async () => {
    for (const [version, details] of [
      ["", "etcdserver: wrong downgrade target version format"],
      ["3", "etcdserver: wrong downgrade target version format"],
      ["v3.5", "etcdserver: wrong downgrade target version format"],
      ["3.6.0", "etcdserver: invalid downgrade target version"],
      ["3.4", "etcdserver: invalid downgrade target version"],
      ["2.5.0", "etcdserver: invalid downgrade target version"],
    ] as const) {
      expect(await failure(ask(VALIDATE, version))).toEqual({ code: StatusCode.INVALID_ARGUMENT, details });
      expect(await failure(ask(ENABLE, version))).toEqual({ code: StatusCode.INVALID_ARGUMENT, details });
    }
    for (const version of ["3.5", "3.5.0", "3.5.21", "3.5.0-rc.1"]) {
      expect(await ask(VALIDATE, version)).toMatchObject({ version: "3.6" });
    }
    expect((await node().channel.unary(Maintenance.method.status, {})).downgradeInfo).toMatchObject({ enabled: false });
  });

  it("is announced once, shown by Status, and called off", async () => {
    const info = async () => (await node().channel.unary(Maintenance.method.status, {})).downgradeInfo;
    const enabled = await ask(ENABLE, "3.5");
    expect(enabled.version).toBe("3.6");
    expect(enabled.header?.memberId).toBeGreaterThan(0n);
    expect(await info()).toMatchObject({ enabled: true, targetVersion: "3.5.0" });
    for (const action of [VALIDATE, ENABLE]) {
      expect(await failure(ask(action, "3.5"))).toEqual({
        code: StatusCode.FAILED_PRECONDITION,
        details: "etcdserver: cluster has a downgrade job in progress",
      });
    }
    expect((await ask(CANCEL)).version).toBe("3.6");
    expect((await ask(CANCEL)).version).toBe("3.6");
    expect(await info()).toMatchObject({ enabled: false, targetVersion: "" });
    expect(await failure(ask(7 as DowngradeRequest_DowngradeAction))).toEqual({
      code: StatusCode.UNKNOWN,
      details: "etcdserver: unknown method",
    });
  });
});

describe("alarms", () => {
  it("are raised, shown by Status in etcd's words, and cleared by member and kind", async () => {
    const { channel, put } = node();
    const alarm = (action: AlarmRequest_AlarmAction, memberID: bigint, kind: AlarmType) =>
      channel.unary(Maintenance.method.alarm, { action, memberID, alarm: kind });
    const { ACTIVATE, DEACTIVATE, GET } = AlarmRequest_AlarmAction;
    const raised = await alarm(ACTIVATE, 5n, AlarmType.NOSPACE);
    expect(raised.alarms).toMatchObject([{ memberID: 5n, alarm: AlarmType.NOSPACE }]);
    expect((await channel.unary(Maintenance.method.status, {})).errors).toEqual(["memberID:5 alarm:NOSPACE "]);
    expect(await failure(put("full", "1"))).toEqual({
      code: StatusCode.RESOURCE_EXHAUSTED,
      details: "etcdserver: mvcc: database space exceeded",
    });
    await alarm(DEACTIVATE, 0n, AlarmType.NOSPACE);
    expect((await alarm(GET, 0n, AlarmType.NONE)).alarms).toHaveLength(1);
    await alarm(DEACTIVATE, 5n, AlarmType.NOSPACE);
    expect((await alarm(GET, 0n, AlarmType.NONE)).alarms).toEqual([]);
    expect(await put("full", "1")).toBeGreaterThan(0n);
  });
});

describe("hashes", () => {
  it("of the keys are equal at equal revisions and refuse a future one", async () => {
    const { channel, put } = node();
    const revision = await put("hash", "1");
    const first = await channel.unary(Maintenance.method.hashKV, { revision });
    await put("hash", "2");
    const again = await channel.unary(Maintenance.method.hashKV, { revision });
    expect(again).toMatchObject({ hash: first.hash, hashRevision: revision, compactRevision: -1n });
    expect((await channel.unary(Maintenance.method.hashKV, {})).hash).not.toBe(first.hash);
    expect(await failure(channel.unary(Maintenance.method.hashKV, { revision: 1_000_000n }))).toEqual({
      code: StatusCode.OUT_OF_RANGE,
      details: "etcdserver: mvcc: required revision is a future revision",
    });
    const { header, hash } = await channel.unary(Maintenance.method.hash, {});
    expect(header?.memberId).toBeGreaterThan(0n);
    expect(hash).toBeGreaterThan(0);
  });
});

describe("Defragment", () => {
  it("answers without a header and keeps the data", async () => {
    const { channel, put } = node();
    await put("defrag", "kept");
    expect((await channel.unary(Maintenance.method.defragment, {})).header).toBeUndefined();
    expect((await channel.unary(KV.method.range, { key: bytes("defrag") })).count).toBe(1n);
  });
});

describe("Snapshot", () => {
  it("streams blobs that count down to 0, and their SHA-256 alone at the end", async () => {
    const { channel, put } = node();
    for (let i = 0; i < 20; i++) await put(`snapshot/${i}`, "x".repeat(5000));
    const blobs: Uint8Array[] = [];
    const remaining: bigint[] = [];
    for await (const message of channel.stream(Maintenance.method.snapshot, once({}))) {
      expect(message.header).toBeUndefined();
      expect(message.version).toBe("3.6.0");
      blobs.push(message.blob);
      remaining.push(message.remainingBytes);
    }
    const file = Buffer.concat(blobs);
    const body = file.subarray(0, -32);
    expect(blobs.at(-1)).toHaveLength(32);
    expect(createHash("sha256").update(body).digest().equals(file.subarray(-32))).toBe(true);
    expect(blobs.slice(0, -2).every((blob) => blob.length === 32 * 1024)).toBe(true);
    const sent = blobs.map((_, i) => blobs.slice(0, i + 1).reduce((sum, blob) => sum + blob.length, 0));
    expect(remaining).toEqual(sent.map((bytes) => BigInt(Math.max(0, body.length - bytes))));
    expect(file.length % 512).toBe(32);
    const { header, entries } = decodeSnapshot(file);
    const status = await channel.unary(Maintenance.method.status, {});
    expect(header).toMatchObject({ clusterId: status.header?.clusterId, revision: status.header?.revision });
    expect(entries.filter((entry) => entry.table === "key").length).toBeGreaterThanOrEqual(20);
  });
});

describe("MemberList", () => {
  it("shows the member, with a header that has no revision", async () => {
    const { channel } = node();
    for (const linearizable of [true, false]) {
      const { header, members } = await channel.unary(Cluster.method.memberList, { linearizable });
      expect(header).toMatchObject({ revision: 0n });
      expect(header?.raftTerm).toBeGreaterThan(0n);
      expect(members).toHaveLength(1);
      expect(members[0]).toMatchObject({ ID: header?.memberId, isLearner: false });
    }
  });
});

describe("authentication that is not enabled", () => {
  it("is shown as disabled, and refuses to log anybody in", async () => {
    const { channel } = node();
    expect(await channel.unary(Auth.method.authStatus, {})).toMatchObject({ enabled: false, authRevision: 1n });
    expect(await failure(channel.unary(Auth.method.authenticate, { name: "root", password: "x" }))).toEqual({
      code: StatusCode.FAILED_PRECONDITION,
      details: "etcdserver: authentication is not enabled",
    });
  });
});

describe("health", () => {
  it("serves, and knows no other service than the whole", async () => {
    const { channel } = node();
    expect(await channel.unary(Health.method.check, {})).toMatchObject({ status: 1 });
    expect(await failure(channel.unary(Health.method.check, { service: "etcdserverpb.KV" }))).toEqual({
      code: StatusCode.NOT_FOUND,
      details: "unknown service",
    });
    for (const [service, status] of [
      ["", 1],
      ["other", 3],
    ] as const) {
      for await (const message of channel.stream(Health.method.watch, once({ service }))) {
        expect(message.status).toBe(status);
        break;
      }
    }
  });
});

describe("a cluster of one", () => {
  it("has nobody to hand the lead to", async () => {
    const { channel } = node();
    const { FAILED_PRECONDITION } = StatusCode;
    expect(await failure(channel.unary(Maintenance.method.moveLeader, { targetID: 99n }))).toEqual({
      code: FAILED_PRECONDITION,
      details: "etcdserver: bad leader transferee",
    });
  });

  it("refuses members by etcd's texts and codes", async () => {
    const { channel } = node();
    const [own] = (await channel.unary(Cluster.method.memberList, {})).members;
    const add = (...peerURLs: string[]) => failure(channel.unary(Cluster.method.memberAdd, { peerURLs }));
    const bad = { code: StatusCode.INVALID_ARGUMENT, details: "etcdserver: given member URLs are invalid" };
    for (const url of ["127.0.0.1:2380", "ftp://a:1", "http://a", "http://a:1/path", ""])
      expect(await add(url)).toEqual(bad);
    expect(await add()).toEqual(bad);
    expect(await add(...(own?.peerURLs ?? []))).toEqual({
      code: StatusCode.FAILED_PRECONDITION,
      details: "etcdserver: Peer URLs already exists",
    });
    const notFound = { code: StatusCode.NOT_FOUND, details: "etcdserver: member not found" };
    expect(await failure(channel.unary(Cluster.method.memberRemove, { ID: 99n }))).toEqual(notFound);
    expect(await failure(channel.unary(Cluster.method.memberPromote, { ID: 99n }))).toEqual(notFound);
    expect(await failure(channel.unary(Cluster.method.memberRemove, { ID: own?.ID ?? 0n }))).toEqual({
      code: StatusCode.UNKNOWN,
      details: "etcdserver: re-configuration failed due to not enough started members",
    });
    expect(await failure(channel.unary(Cluster.method.memberPromote, { ID: own?.ID ?? 0n }))).toEqual({
      code: StatusCode.FAILED_PRECONDITION,
      details: "etcdserver: can only promote a learner member",
    });
  });
});

describe("the metrics of calls", () => {
  it("count what was asked and how it ended", async () => {
    const { channel, endpoint, put } = node();
    await put("counted", "1");
    await failure(channel.unary(KV.method.range, {}));
    const text = await (await fetch(`${endpoint}/metrics`)).text();
    const labels = 'grpc_type="unary",grpc_service="etcdserverpb.KV"';
    expect(text).toMatch(new RegExp(`^grpc_server_started_total\\{${labels},grpc_method="Put"\\} [1-9]`, "m"));
    expect(text).toMatch(
      new RegExp(
        `^grpc_server_handled_total\\{${labels},grpc_method="Range",grpc_code="InvalidArgument"\\} [1-9]`,
        "m",
      ),
    );
    expect(text).toContain(`grpc_server_started_total{${labels},grpc_method="Compact"} 0`);
    expect(text).toMatch(/^etcd_mvcc_put_total [1-9]/m);
  });
});
