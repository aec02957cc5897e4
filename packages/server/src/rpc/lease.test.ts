/** The Lease service through a real channel. */
import { KV, Lease } from "@kvorum/proto";
import { StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { bytes, failure, text, useNode } from "../../testing/rpc-harness.js";

const node = useNode();

async function* each<T>(...values: T[]): AsyncGenerator<T, void, undefined> {
  yield* values;
}

async function grant(ID: bigint, TTL = 60n) {
  return node().channel.unary(Lease.method.leaseGrant, { ID, TTL });
}

describe("leases", () => {
  it("get a positive id when none is asked for, and at least the shortest TTL", async () => {
    const { ID, TTL, header } = await grant(0n, -5n);
    expect(ID).toBeGreaterThan(0n);
    expect(TTL).toBe(2n);
    expect(header?.revision).toBeGreaterThan(0n);
    expect((await grant(0n)).ID).not.toBe(ID);
  });

  it("refuse an id in use, an unknown id, and a TTL beyond the limit", async () => {
    const { channel } = node();
    await grant(77n);
    expect(await failure(grant(77n))).toEqual({
      code: StatusCode.FAILED_PRECONDITION,
      details: "etcdserver: lease already exists",
    });
    expect(await failure(grant(0n, 9_000_000_001n))).toEqual({
      code: StatusCode.OUT_OF_RANGE,
      details: "etcdserver: too large lease TTL",
    });
    expect(await failure(grant(0n, 2n ** 62n))).toMatchObject({ details: "etcdserver: too large lease TTL" });
    expect(await failure(channel.unary(Lease.method.leaseRevoke, { ID: 404n }))).toEqual({
      code: StatusCode.NOT_FOUND,
      details: "etcdserver: requested lease not found",
    });
  });

  it("take their keys with them when they are revoked", async () => {
    const { channel } = node();
    const { ID } = await grant(0n);
    await channel.unary(KV.method.put, { key: bytes("l/1"), lease: ID });
    await channel.unary(KV.method.put, { key: bytes("l/2"), lease: ID });
    const left = await channel.unary(Lease.method.leaseTimeToLive, { ID, keys: true });
    expect(left).toMatchObject({ ID, grantedTTL: 60n });
    expect(left.TTL).toBeLessThanOrEqual(60n);
    expect(left.TTL).toBeGreaterThanOrEqual(58n);
    expect(left.keys.map(text).sort()).toEqual(["l/1", "l/2"]);
    await channel.unary(Lease.method.leaseRevoke, { ID });
    const { count } = await channel.unary(KV.method.range, { key: bytes("l/"), rangeEnd: bytes("l0") });
    expect(count).toBe(0n);
  });

  it("that are gone have TTL -1 and no keys", async () => {
    const left = await node().channel.unary(Lease.method.leaseTimeToLive, { ID: 404n, keys: true });
    expect(left).toMatchObject({ ID: 404n, TTL: -1n, grantedTTL: 0n, keys: [] });
  });

  it("are listed", async () => {
    const { ID } = await grant(0n);
    const { leases } = await node().channel.unary(Lease.method.leaseLeases, {});
    expect(leases.map((lease) => lease.ID)).toContain(ID);
  });
});

describe("the keepalive stream", () => {
  it("answers every request in order, with TTL 0 for a lease that is gone, and ends with the requests", async () => {
    const { channel } = node();
    const { ID } = await grant(0n, 30n);
    const answers = [];
    for await (const { ID: id, TTL, header } of channel.stream(
      Lease.method.leaseKeepAlive,
      each({ ID }, { ID: 404n }, { ID }),
    )) {
      answers.push([id, TTL]);
      expect(header?.memberId).toBeGreaterThan(0n);
    }
    expect(answers).toEqual([
      [ID, 30n],
      [404n, 0n],
      [ID, 30n],
    ]);
  });
});
