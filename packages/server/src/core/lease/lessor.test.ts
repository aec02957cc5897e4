/** Each rule of leases is a test: grants, renewals, expiry, promotion, checkpoints. */
import { fromBinary } from "@bufbuild/protobuf";
import { LeaseRecordSchema } from "@kvorum/proto";
import { describe, expect, it } from "vitest";
import { MemoryBackend } from "../../io/backend/memory-backend.js";
import { WriteBuffer } from "../mvcc/write-buffer.js";
import { decodeLeaseRecord, encodeLeaseRecord } from "./lease-record.js";
import { LEASE_EXPIRIES_PER_SECOND_MAX, LEASE_TTL_SECONDS_MAX, Lessor, type LessorOptions } from "./lessor.js";

const bytes = (text: string): Uint8Array => Uint8Array.from([...text].map((c) => c.charCodeAt(0)));
const SECOND = 1000;

function open(options: Partial<LessorOptions> = {}, buffer = new WriteBuffer(new MemoryBackend())): Lessor {
  return new Lessor(buffer, { minTtlSeconds: 2, ...options });
}

/** A lessor whose member leads since time 0. */
function primary(options: Partial<LessorOptions> = {}): Lessor {
  const lessor = open(options);
  lessor.promote(0, 0);
  return lessor;
}

describe("granting", () => {
  it("raises a TTL below the minimum, zero and negative ones too, before it is proposed", () => {
    const lessor = open();
    expect([-5, 0, 1, 2, 3].map((asked) => lessor.effectiveTtl(asked))).toEqual([2, 2, 2, 2, 3]);
  });

  it("refuses a TTL above nine billion seconds", () => {
    const lessor = open();
    expect(lessor.effectiveTtl(LEASE_TTL_SECONDS_MAX)).toBe(LEASE_TTL_SECONDS_MAX);
    expect(() => lessor.effectiveTtl(LEASE_TTL_SECONDS_MAX + 1)).toThrow("etcdserver: too large lease TTL");
    expect(() => lessor.grant(1n, LEASE_TTL_SECONDS_MAX + 1, 0)).toThrow("etcdserver: too large lease TTL");
  });

  it("refuses an id in use", () => {
    const lessor = open();
    lessor.grant(1n, 5, 0);
    expect(() => lessor.grant(1n, 5, 0)).toThrow("etcdserver: lease already exists");
  });

  it("does not apply this member's minimum, which others may not share", () => {
    const lessor = open({ minTtlSeconds: 10 });
    lessor.grant(1n, 5, 0);
    expect(lessor.timeToLive(1n, 0).grantedTtlSeconds).toBe(5);
  });
});

describe("keys of a lease", () => {
  it("come out in key order when it is revoked, whatever the order in which they came", () => {
    const lessor = open();
    lessor.grant(1n, 5, 0);
    for (const key of ["b", "aa", "c", "a", "c"]) lessor.attach(1n, bytes(key));
    lessor.detach(1n, bytes("c"));
    expect(lessor.revoke(1n)).toEqual([bytes("a"), bytes("aa"), bytes("b")]);
    expect(lessor.exists(1n)).toBe(false);
  });

  it("cannot be attached to a lease that does not exist", () => {
    expect(() => open().attach(1n, bytes("a"))).toThrow(/lease 1, which does not exist/);
  });

  it("may be detached from a lease that is gone", () => {
    const lessor = open();
    lessor.grant(1n, 5, 0);
    lessor.attach(1n, bytes("a"));
    lessor.revoke(1n);
    lessor.detach(1n, bytes("a"));
    expect(() => lessor.revoke(1n)).toThrow("etcdserver: requested lease not found");
  });
});

describe("renewing", () => {
  it("starts the full TTL anew", () => {
    const lessor = primary();
    lessor.grant(1n, 10, 0);
    expect(lessor.renew(1n, 9 * SECOND)).toBe(10);
    expect(lessor.expired(18 * SECOND, 10)).toEqual([]);
    expect(lessor.expired(19 * SECOND, 10)).toEqual([1n]);
  });

  it("answers 0 for an unknown lease, a revoked one, and one that has expired but is not revoked yet", () => {
    const lessor = primary();
    lessor.grant(1n, 10, 0);
    lessor.grant(2n, 10, 0);
    lessor.revoke(2n);
    expect(lessor.renew(1n, 10 * SECOND)).toBe(0);
    expect(lessor.renew(2n, 1 * SECOND)).toBe(0);
    expect(lessor.renew(3n, 1 * SECOND)).toBe(0);
    expect(lessor.expired(10 * SECOND, 10)).toEqual([1n]);
  });

  it("is refused by a member that is not primary", () => {
    const lessor = open();
    lessor.grant(1n, 10, 0);
    expect(() => lessor.renew(1n, 0)).toThrow("not a primary lessor");
  });
});

describe("time to live", () => {
  it("is in whole seconds, rounded down, and never negative", () => {
    const lessor = primary();
    lessor.grant(1n, 10, 0);
    lessor.attach(1n, bytes("k"));
    expect(lessor.timeToLive(1n, 0)).toEqual({ ttlSeconds: 10, grantedTtlSeconds: 10, keys: [bytes("k")] });
    expect(lessor.timeToLive(1n, 1).ttlSeconds).toBe(9);
    expect(lessor.timeToLive(1n, 15 * SECOND).ttlSeconds).toBe(0);
  });

  it("is -1 for an unknown lease", () => {
    expect(primary().timeToLive(1n, 0)).toEqual({ ttlSeconds: -1, grantedTtlSeconds: 0, keys: [] });
  });
});

describe("listing", () => {
  it("puts the soonest expiry first", () => {
    const lessor = primary();
    lessor.grant(1n, 30, 0);
    lessor.grant(2n, 10, 0);
    lessor.grant(3n, 20, 0);
    lessor.renew(2n, 25 * SECOND - 16 * SECOND);
    expect(lessor.leases()).toEqual([2n, 3n, 1n]);
    lessor.renew(2n, 18 * SECOND);
    expect(lessor.leases()).toEqual([3n, 2n, 1n]);
  });
});

describe("expiring", () => {
  it("reports at most the asked number, soonest first, and the rest the next time", () => {
    const lessor = primary();
    for (let id = 5n; id > 0n; id--) lessor.grant(id, Number(id), 0);
    expect(lessor.expired(10 * SECOND, 3)).toEqual([1n, 2n, 3n]);
    expect(lessor.expired(10 * SECOND, 3)).toEqual([4n, 5n]);
    expect(lessor.expired(10 * SECOND, 3)).toEqual([]);
  });

  it("reports a lease again when its revocation has not come through for a while", () => {
    const lessor = primary({ expiredRetryMs: 7 * SECOND });
    lessor.grant(1n, 2, 0);
    expect(lessor.expired(2 * SECOND, 10)).toEqual([1n]);
    expect(lessor.expired(8 * SECOND, 10)).toEqual([]);
    expect(lessor.expired(9 * SECOND, 10)).toEqual([1n]);
    lessor.revoke(1n);
    expect(lessor.expired(60 * SECOND, 10)).toEqual([]);
  });

  it("does not report a new lease under the id of a revoked one before its own time", () => {
    const lessor = primary();
    lessor.grant(1n, 2, 0);
    lessor.revoke(1n);
    lessor.grant(1n, 60, 1 * SECOND);
    expect(lessor.expired(30 * SECOND, 10)).toEqual([]);
    expect(lessor.expired(61 * SECOND, 10)).toEqual([1n]);
  });

  it("happens only on the primary", () => {
    const lessor = primary();
    lessor.grant(1n, 2, 0);
    lessor.demote();
    expect(lessor.expired(100 * SECOND, 10)).toEqual([]);
    lessor.grant(2n, 2, 0);
    expect(lessor.expired(100 * SECOND, 10)).toEqual([]);
  });
});

describe("taking over", () => {
  it("gives every lease its full TTL and the extension again", () => {
    const lessor = primary();
    lessor.grant(1n, 10, 0);
    lessor.demote();
    lessor.promote(100 * SECOND, 1 * SECOND);
    expect(lessor.expired(110 * SECOND, 10)).toEqual([]);
    expect(lessor.expired(111.1 * SECOND, 10)).toEqual([1n]);
  });

  it("does not take the extension away when the lease is renewed early", () => {
    const lessor = open();
    lessor.grant(1n, 10, 0);
    lessor.promote(0, 5 * SECOND);
    lessor.renew(1n, 1 * SECOND);
    expect(lessor.expired(14 * SECOND, 10)).toEqual([]);
  });

  it("starts from the recorded remaining time of a lease that has one", () => {
    const lessor = open();
    lessor.grant(1n, 1000, 0);
    lessor.checkpoint({ id: 1n, remainingTtlSeconds: 400 }, 0);
    lessor.promote(0, 1 * SECOND);
    expect(lessor.timeToLive(1n, 0)).toMatchObject({ ttlSeconds: 401, grantedTtlSeconds: 1000 });
  });

  it("spreads leases that would all expire in the same second", () => {
    const lessor = open();
    const count = 3 * LEASE_EXPIRIES_PER_SECOND_MAX;
    for (let id = 1n; id <= count; id++) lessor.grant(id, 10, 0);
    lessor.promote(0, 0);
    const perSecond = [10, 11, 12, 13].map((second) => lessor.expired(second * SECOND + 500, count).length);
    expect(perSecond.reduce((sum, number) => sum + number)).toBe(count);
    expect(Math.max(...perSecond)).toBeLessThanOrEqual(LEASE_EXPIRIES_PER_SECOND_MAX + 1);
  });
});

describe("checkpoints", () => {
  const options = { checkpointIntervalSeconds: 300 };

  it("record what is left of long leases, once an interval", () => {
    const lessor = primary(options);
    lessor.grant(1n, 1000, 0);
    lessor.grant(2n, 300, 0);
    expect(lessor.checkpoints(299 * SECOND)).toEqual([]);
    expect(lessor.checkpoints(300 * SECOND)).toEqual([{ id: 1n, remainingTtlSeconds: 700 }]);
    expect(lessor.checkpoints(301 * SECOND)).toEqual([]);
    expect(lessor.checkpoints(600.5 * SECOND)).toEqual([{ id: 1n, remainingTtlSeconds: 400 }]);
  });

  it("skip a lease that was renewed since and has nothing recorded", () => {
    const lessor = primary(options);
    lessor.grant(1n, 1000, 0);
    lessor.renew(1n, 300 * SECOND);
    expect(lessor.checkpoints(300 * SECOND)).toEqual([]);
    expect(lessor.checkpoints(600 * SECOND)).toEqual([{ id: 1n, remainingTtlSeconds: 700 }]);
  });

  it("are not many at a time", () => {
    const lessor = primary(options);
    for (let id = 1n; id <= 5n; id++) lessor.grant(id, 1000, 0);
    expect(lessor.checkpoints(300 * SECOND, 3).length).toBe(3);
    expect(lessor.checkpoints(300 * SECOND, 3).length).toBe(2);
  });

  it("must be cleared through the log before a renewal, so that the next leader keeps the promise", () => {
    const lessor = primary(options);
    lessor.grant(1n, 1000, 0);
    expect(lessor.checkpointToClear(1n)).toBeUndefined();
    for (const checkpoint of lessor.checkpoints(400 * SECOND)) lessor.checkpoint(checkpoint, 400 * SECOND);
    const clear = lessor.checkpointToClear(1n);
    expect(clear).toEqual({ id: 1n, remainingTtlSeconds: 0 });
    if (clear) lessor.checkpoint(clear, 400 * SECOND);
    expect(lessor.checkpointToClear(1n)).toBeUndefined();
    lessor.promote(500 * SECOND, 0);
    expect(lessor.timeToLive(1n, 500 * SECOND).ttlSeconds).toBe(1000);
  });

  it("must be cleared as well while one is still on its way through the log", () => {
    const lessor = primary(options);
    lessor.grant(1n, 1000, 0);
    const [onItsWay] = lessor.checkpoints(400 * SECOND);
    const clear = lessor.checkpointToClear(1n);
    expect(clear).toEqual({ id: 1n, remainingTtlSeconds: 0 });
    // Nothing may be recorded behind the clearing one either.
    expect(lessor.checkpoints(800 * SECOND)).toEqual([]);
    if (onItsWay) lessor.checkpoint(onItsWay, 400 * SECOND);
    if (clear) lessor.checkpoint(clear, 400 * SECOND);
    expect(lessor.renew(1n, 800 * SECOND)).toBe(1000);
    expect(lessor.checkpoints(1200 * SECOND)).toEqual([{ id: 1n, remainingTtlSeconds: 600 }]);
  });

  it("that the leader before has cleared give the time back that was not known to be renewed at the promotion", () => {
    const lessor = open(options);
    lessor.grant(1n, 1000, 0);
    lessor.checkpoint({ id: 1n, remainingTtlSeconds: 10 }, 0);
    lessor.promote(100 * SECOND, 0);
    lessor.checkpoint({ id: 1n, remainingTtlSeconds: 0 }, 101 * SECOND);
    expect(lessor.timeToLive(1n, 101 * SECOND).ttlSeconds).toBe(1000);
    expect(lessor.expired(200 * SECOND, 10)).toEqual([]);
  });

  it("that are cleared for a renewal do not bring back a lease that has expired", () => {
    const lessor = open(options);
    lessor.grant(1n, 1000, 0);
    lessor.checkpoint({ id: 1n, remainingTtlSeconds: 10 }, 0);
    lessor.promote(100 * SECOND, 0);
    const clears = [lessor.checkpointToClear(1n), lessor.checkpointToClear(1n)];
    expect(lessor.expired(111 * SECOND, 10)).toEqual([1n]);
    for (const clear of clears) if (clear) lessor.checkpoint(clear, 111 * SECOND);
    expect(lessor.renew(1n, 111 * SECOND)).toBe(0);
  });

  it("for a lease that is gone have no effect", () => {
    const lessor = open();
    lessor.checkpoint({ id: 1n, remainingTtlSeconds: 5 }, 0);
    expect(lessor.exists(1n)).toBe(false);
  });
});

describe("storage", () => {
  it("brings back every lease with its TTL and remaining time, and none that was revoked", () => {
    const buffer = new WriteBuffer(new MemoryBackend());
    const before = open({}, buffer);
    before.grant(1n, 1000, 0);
    before.grant(2n, 20, 0);
    before.grant(-3n, 30, 0);
    before.checkpoint({ id: 1n, remainingTtlSeconds: 600 }, 0);
    before.revoke(2n);
    const after = open({}, buffer);
    after.promote(0, 0);
    expect(after.leases()).toEqual([-3n, 1n]);
    expect(after.timeToLive(1n, 0)).toMatchObject({ ttlSeconds: 600, grantedTtlSeconds: 1000 });
  });

  it("writes records that read as the published message", () => {
    const record = { id: -7n, grantedTtlSeconds: LEASE_TTL_SECONDS_MAX, remainingTtlSeconds: 12 };
    const bytes = encodeLeaseRecord(record);
    expect(fromBinary(LeaseRecordSchema, bytes)).toMatchObject({
      id: -7n,
      grantedTtlSeconds: BigInt(LEASE_TTL_SECONDS_MAX),
      remainingTtlSeconds: 12n,
    });
    expect(decodeLeaseRecord(bytes)).toEqual(record);
  });
});
