/** The KV service through a real channel: headers, texts and codes of errors, and what goes around the log. */
import { KV, Maintenance } from "@kvorum/proto";
import { StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { bytes, failure, text, useNode } from "../../testing/rpc-harness.js";

const node = useNode();

const { INVALID_ARGUMENT, OUT_OF_RANGE, NOT_FOUND, RESOURCE_EXHAUSTED, UNIMPLEMENTED } = StatusCode;

async function appliedIndex(): Promise<bigint> {
  return (await node().channel.unary(Maintenance.method.status, {})).raftAppliedIndex;
}

describe("headers", () => {
  it("name cluster, member and term, and the revision after a write", async () => {
    const { channel, put } = node();
    const before = await put("header", "1");
    const { header } = await channel.unary(KV.method.put, { key: bytes("header"), value: bytes("2") });
    expect(header).toMatchObject({ revision: before + 1n });
    expect([header?.clusterId, header?.memberId, header?.raftTerm].every((id) => id !== undefined && id > 0n)).toBe(
      true,
    );
  });

  it("of a range say the current revision, whichever one was read", async () => {
    const { channel, put } = node();
    const first = await put("old", "1");
    const second = await put("old", "2");
    const answer = await channel.unary(KV.method.range, { key: bytes("old"), revision: first });
    expect(answer.kvs.map((kv) => text(kv.value))).toEqual(["1"]);
    expect(answer.header?.revision).toBe(second);
  });

  it("inside a transaction carry the revision only, and none in a nested transaction", async () => {
    const { channel } = node();
    const { header, responses } = await channel.unary(KV.method.txn, {
      success: [
        { request: { case: "requestPut", value: { key: bytes("sub"), value: bytes("1") } } },
        { request: { case: "requestRange", value: { key: bytes("sub") } } },
        { request: { case: "requestTxn", value: { success: [] } } },
      ],
    });
    const revision = header?.revision;
    const subHeaders = responses.map(({ response }) => response.value?.header);
    expect(subHeaders[0]).toMatchObject({ clusterId: 0n, memberId: 0n, raftTerm: 0n, revision });
    expect(subHeaders[1]).toMatchObject({ clusterId: 0n, revision });
    expect(subHeaders[2]).toMatchObject({ clusterId: 0n, revision: 0n });
  });

  it("of a compaction say the current revision", async () => {
    const { channel, put } = node();
    const first = await put("compacted", "1");
    const second = await put("compacted", "2");
    const { header } = await channel.unary(KV.method.compact, { revision: first, physical: true });
    expect(header?.revision).toBe(second);
  });
});

describe("errors", () => {
  it("have etcd's texts and codes for what is wrong with a request", async () => {
    const { channel } = node();
    const put = { key: bytes("e"), value: bytes("v") };
    const request = (value: object) => ({ request: { case: "requestPut" as const, value } });
    const cases: [Promise<unknown>, number, string][] = [
      [channel.unary(KV.method.range, {}), INVALID_ARGUMENT, "etcdserver: key is not provided"],
      [channel.unary(KV.method.put, {}), INVALID_ARGUMENT, "etcdserver: key is not provided"],
      [channel.unary(KV.method.deleteRange, {}), INVALID_ARGUMENT, "etcdserver: key is not provided"],
      [channel.unary(KV.method.txn, { compare: [{}] }), INVALID_ARGUMENT, "etcdserver: key is not provided"],
      [channel.unary(KV.method.put, { ...put, ignoreValue: true }), INVALID_ARGUMENT, "etcdserver: value is provided"],
      [
        channel.unary(KV.method.put, { ...put, lease: 1n, ignoreLease: true }),
        INVALID_ARGUMENT,
        "etcdserver: lease is provided",
      ],
      [
        channel.unary(KV.method.put, { key: bytes("nobody"), ignoreValue: true }),
        INVALID_ARGUMENT,
        "etcdserver: key not found",
      ],
      [channel.unary(KV.method.put, { ...put, lease: 404n }), NOT_FOUND, "etcdserver: requested lease not found"],
      [channel.unary(KV.method.txn, { success: [{}] }), INVALID_ARGUMENT, "etcdserver: key not found"],
      [
        channel.unary(KV.method.txn, { success: [request(put), request(put)] }),
        INVALID_ARGUMENT,
        "etcdserver: duplicate key given in txn request",
      ],
      [
        channel.unary(KV.method.txn, { failure: Array.from({ length: 129 }, () => request(put)) }),
        INVALID_ARGUMENT,
        "etcdserver: too many operations in txn request",
      ],
      [
        channel.unary(KV.method.range, { key: bytes("e"), sortOrder: 7 as number }),
        INVALID_ARGUMENT,
        "etcdserver: invalid sort option",
      ],
      [
        channel.unary(KV.method.range, { key: bytes("e"), revision: 1_000_000n }),
        OUT_OF_RANGE,
        "etcdserver: mvcc: required revision is a future revision",
      ],
      [
        channel.unary(KV.method.compact, { revision: 1_000_000n }),
        OUT_OF_RANGE,
        "etcdserver: mvcc: required revision is a future revision",
      ],
    ];
    // All of them were asked at once: none may count as unhandled while another is waited for.
    for (const [answer] of cases) answer.catch(() => {});
    for (const [call, code, details] of cases) expect(await failure(call)).toEqual({ code, details });
  });

  it("say compacted below the compact revision, and when compacting it again", async () => {
    const { channel, put } = node();
    const first = await put("gone", "1");
    const second = await put("gone", "2");
    await channel.unary(KV.method.compact, { revision: second });
    const compacted = { code: OUT_OF_RANGE, details: "etcdserver: mvcc: required revision has been compacted" };
    expect(await failure(channel.unary(KV.method.range, { key: bytes("gone"), revision: first }))).toEqual(compacted);
    expect(await failure(channel.unary(KV.method.compact, { revision: second }))).toEqual(compacted);
  });

  it("tell a request over the limit from a message that is not even read", async () => {
    const { channel } = node();
    const put = (size: number) => channel.unary(KV.method.put, { key: bytes("big"), value: new Uint8Array(size) });
    expect(await failure(put(1_572_864))).toEqual({
      code: INVALID_ARGUMENT,
      details: "etcdserver: request is too large",
    });
    const tooLong = await failure(put(2_097_152));
    expect(tooLong.code).toBe(RESOURCE_EXHAUSTED);
    expect(tooLong.details).toMatch(/^grpc: received message larger than max \(20971\d\d vs\. 2097152\)$/);
  });
});

describe("a transaction", () => {
  it("of ranges only leaves no entry in the log, one with a nested transaction does", async () => {
    const { channel } = node();
    const range = { request: { case: "requestRange" as const, value: { key: bytes("r") } } };
    const before = await appliedIndex();
    const { succeeded, responses } = await channel.unary(KV.method.txn, {
      compare: [{ key: bytes("no such key"), target: 0, targetUnion: { case: "version", value: 0n } }],
      success: [range, range],
    });
    expect([succeeded, responses.length]).toEqual([true, 2]);
    expect(await appliedIndex()).toBe(before);
    await channel.unary(KV.method.txn, { success: [{ request: { case: "requestTxn", value: { success: [range] } } }] });
    expect(await appliedIndex()).toBe(before + 1n);
  });
});

describe("RangeStream", () => {
  async function collect(request: object) {
    const { channel } = node();
    const messages = [];
    for await (const { rangeResponse } of channel.stream(KV.method.rangeStream, once(request)))
      messages.push(rangeResponse);
    return messages;
  }
  async function* once<T>(value: T): AsyncGenerator<T, void, undefined> {
    yield value;
  }

  it("gives in many messages what Range gives in one", async () => {
    const { channel, put } = node();
    for (let i = 0; i < 45; i++) await put(`stream/${String(i).padStart(2, "0")}`, `${i}`);
    const request = { key: bytes("stream/"), rangeEnd: bytes("stream0"), limit: 40n };
    const whole = await channel.unary(KV.method.range, request);
    const parts = await collect(request);
    expect(parts.map((part) => part?.kvs.length)).toEqual([10, 20, 10]);
    expect(parts.flatMap((part) => part?.kvs ?? [])).toEqual(whole.kvs);
    expect(parts.slice(0, -1).every((part) => part?.header === undefined && part?.count === 0n)).toBe(true);
    expect(parts.at(-1)).toMatchObject({ header: whole.header, more: true, count: 45n });
  });

  it("counts in one message and refuses sorted and filtered ranges", async () => {
    const range = { key: bytes("stream/"), rangeEnd: bytes("stream0") };
    const counted = await collect({ ...range, countOnly: true });
    expect(counted).toHaveLength(1);
    expect(counted[0]).toMatchObject({ kvs: [], count: 45n });
    expect(await failure(collect({ ...range, sortOrder: 2 }))).toEqual({
      code: UNIMPLEMENTED,
      details: "RangeStream does not support custom sort orders",
    });
    expect(await failure(collect({ ...range, minModRevision: 2n }))).toEqual({
      code: UNIMPLEMENTED,
      details: "RangeStream does not support revision filters",
    });
  });
});
