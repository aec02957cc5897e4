/** Whom the leader may revoke, and what it asks before. */
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../testing/manual-clock.js";
import { SILENT_LOGGER } from "../../testing/test-env.js";
import type { Command } from "../core/apply/command.js";
import { ServerError } from "../core/errors.js";
import { Lessor } from "../core/lease/lessor.js";
import { WriteBuffer } from "../core/mvcc/write-buffer.js";
import type { Raft } from "../core/raft/raft.js";
import { MemoryBackend } from "../io/backend/memory-backend.js";
import { NO_FAILPOINTS } from "../io/no-failpoints.js";
import { LeaseExpiry } from "./lease-expiry.js";
import { DEFAULT_TUNING } from "./tuning.js";

class Fixture {
  readonly clock = new ManualClock();
  readonly lessor = new Lessor(new WriteBuffer(new MemoryBackend()), { minTtlSeconds: 1 });
  readonly status = { role: "leader", term: 4, transferee: 0n };
  readonly proposed: Command[] = [];
  /** What happens while leadership is confirmed. */
  duringBarrier: () => void = () => {};
  /** Ends a proposal; by default at once. */
  propose: (command: Command) => Promise<void> = async () => {};
  readonly expiry = new LeaseExpiry({
    lessor: () => this.lessor,
    raft: { status: this.status } as unknown as Raft,
    clock: this.clock,
    logger: SILENT_LOGGER,
    failpoints: NO_FAILPOINTS,
    tuning: DEFAULT_TUNING,
    barrier: async () => this.duringBarrier(),
    propose: async (command) => {
      this.proposed.push(command);
      await this.propose(command);
    },
  });

  constructor(leases: number) {
    this.lessor.promote(0, 0);
    for (let id = 1n; id <= BigInt(leases); id++) this.lessor.grant(id, 10, 0);
  }

  async tickAt(nowMs: number): Promise<void> {
    this.clock.stall(nowMs - this.clock.nowMs());
    this.expiry.tick(nowMs);
    await this.clock.settle();
  }
}

describe("expiring leases", () => {
  it("proposes to revoke them, with the term in which the expiry was seen", async () => {
    const fixture = new Fixture(2);
    await fixture.tickAt(9900);
    expect(fixture.proposed).toEqual([]);
    await fixture.tickAt(10_400);
    expect(fixture.proposed).toEqual([
      { kind: "lease-revoke", id: 1n, leaderTerm: 4 },
      { kind: "lease-revoke", id: 2n, leaderTerm: 4 },
    ]);
  });

  it("looks every 500 ms", async () => {
    const fixture = new Fixture(1);
    await fixture.tickAt(9800);
    await fixture.tickAt(10_200);
    expect(fixture.proposed).toEqual([]);
    await fixture.tickAt(10_300);
    expect(fixture.proposed).toHaveLength(1);
  });

  it("is the leader's business alone", async () => {
    const fixture = new Fixture(1);
    fixture.status.role = "follower";
    await fixture.tickAt(20_000);
    expect(fixture.proposed).toEqual([]);
  });

  it("records what is left of long ones, with the term in which that was seen", async () => {
    const fixture = new Fixture(0);
    fixture.lessor.grant(1n, 1000, 0);
    await fixture.tickAt(300_000);
    const checkpoints = [{ id: 1n, remainingTtlSeconds: 700 }];
    expect(fixture.proposed).toEqual([{ kind: "lease-checkpoint", leaderTerm: 4, checkpoints }]);
  });

  it("waits while leadership is being handed over", async () => {
    const fixture = new Fixture(1);
    fixture.status.transferee = 2n;
    await fixture.tickAt(20_000);
    expect(fixture.proposed).toEqual([]);
    fixture.status.transferee = 0n;
    await fixture.tickAt(20_100);
    expect(fixture.proposed).toHaveLength(1);
  });

  it("stops when leadership is not confirmed, or confirmed for a later term", async () => {
    for (const change of [{ role: "follower" }, { term: 5 }]) {
      const fixture = new Fixture(1);
      fixture.duringBarrier = () => Object.assign(fixture.status, change);
      await fixture.tickAt(20_000);
      expect(fixture.proposed, JSON.stringify(change)).toEqual([]);
    }
    const refused = new Fixture(1);
    refused.duringBarrier = () => {
      throw new ServerError("timeout");
    };
    await refused.tickAt(20_000);
    expect(refused.proposed).toEqual([]);
  });

  it("spares a lease whose renewal was waiting to be read", async () => {
    const fixture = new Fixture(1);
    fixture.duringBarrier = () => {
      fixture.lessor.checkpoint({ id: 1n, remainingTtlSeconds: 0 }, 0);
      fixture.lessor.promote(20_000, 0);
    };
    await fixture.tickAt(20_000);
    expect(fixture.proposed).toEqual([]);
  });

  it("has at most 16 revocations under way", async () => {
    const fixture = new Fixture(40);
    const ends: (() => void)[] = [];
    fixture.propose = () => new Promise((resolve) => ends.push(resolve));
    await fixture.tickAt(20_000);
    expect(fixture.proposed).toHaveLength(16);
    ends.shift()?.();
    await fixture.clock.settle();
    expect(fixture.proposed).toHaveLength(17);
  });

  it("goes on when one revocation fails", async () => {
    const fixture = new Fixture(20);
    fixture.propose = async () => {
      throw new ServerError("leaseNotFound");
    };
    await fixture.tickAt(20_000);
    expect(fixture.proposed).toHaveLength(20);
  });
});
