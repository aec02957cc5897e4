/** How a request without an answer is explained by who led meanwhile, and how the lead is given away. */
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../testing/manual-clock.js";
import { SERVER_ERRORS, ServerError } from "../core/errors.js";
import { InvariantError } from "../core/invariant.js";
import type { Lessor } from "../core/lease/lessor.js";
import type { Raft } from "../core/raft/raft.js";
import { NO_MEMBER, type Role, type SoftState, type TransferOutcome } from "../core/raft/types.js";
import { NO_PEERS } from "../io/peers/no-peers.js";
import { Leadership, type LeadershipOptions } from "./leadership.js";

const ELECTION_MS = 1000;

/** A follower, member 1 of three, of a leader that a test names. */
function scene(role: Role = "follower", transfer: TransferOutcome | Error = "started") {
  const clock = new ManualClock();
  const status = { role, lead: role === "leader" ? 1n : NO_MEMBER, confState: { voters: [1n, 2n, 3n] } };
  /** Since when each peer is connected. */
  const connected = new Map<bigint, number>([
    [2n, 0],
    [3n, 0],
  ]);
  const nothing = (): void => {};
  const errors: unknown[] = [];
  const transferLeadership = (): TransferOutcome => {
    if (transfer instanceof Error) throw transfer;
    return transfer;
  };
  const leadership = new Leadership({
    ...{ clock, memberId: 1n, electionMs: ELECTION_MS, requestTimeoutMs: 7000, heartbeatMs: 100, preVote: true },
    raft: { status, transferLeadership } as unknown as Raft,
    peers: { ...NO_PEERS, connectedSince: (id) => connected.get(id) },
    lessor: () => ({ primary: role === "leader" }) as Lessor,
    logger: { info: nothing, warn: nothing } as unknown as LeadershipOptions["logger"],
    failpoints: { hit: nothing } as unknown as LeadershipOptions["failpoints"],
    random: { int: () => 0 } as unknown as LeadershipOptions["random"],
    ...{ onLeaderLost: nothing, onLeaderKnown: nothing, wake: nothing },
    onError: (error) => errors.push(error),
  });
  const elect = (lead: bigint): void => {
    status.lead = lead;
    leadership.changed({ role, lead, term: 2 } as SoftState);
  };
  return { clock, status, connected, leadership, elect, errors };
}

const textOf = (reason: keyof typeof SERVER_ERRORS) => SERVER_ERRORS[reason].message;

describe("a request that was not answered in time", () => {
  it("began shortly before a leader was elected: the one before may have failed", async () => {
    const { clock, leadership, elect } = scene();
    await clock.advance(5000);
    elect(2n);
    const reason = leadership.timeoutReason(clock.nowMs() - ELECTION_MS);
    expect(textOf(reason)).toBe("etcdserver: request timed out, possibly due to previous leader failure");
    expect(leadership.timeoutReason(clock.nowMs() - 2 * ELECTION_MS)).toBe("timeout");
    expect(leadership.timeoutReason(clock.nowMs())).toBe("timeout");
  });

  it("lost its leader's connection meanwhile", async () => {
    const { clock, connected, leadership, elect } = scene();
    elect(2n);
    await clock.advance(5000);
    connected.set(2n, clock.nowMs() + 1);
    const reason = leadership.timeoutReason(clock.nowMs());
    expect(textOf(reason)).toBe("etcdserver: request timed out, possibly due to connection lost");
    connected.delete(3n);
    expect(leadership.timeoutReason(clock.nowMs() + 2)).toBe("timeout");
  });

  it("at the leader, lost the connection to a majority", async () => {
    const { clock, connected, leadership, elect } = scene("leader");
    elect(1n);
    await clock.advance(5000);
    connected.delete(2n);
    expect(leadership.timeoutReason(clock.nowMs())).toBe("timeout");
    connected.delete(3n);
    expect(leadership.timeoutReason(clock.nowMs())).toBe("timeoutDueToConnectionLost");
  });

  it("says no more where nobody leads", () => {
    expect(textOf(scene().leadership.timeoutReason(0))).toBe("etcdserver: request timed out");
  });
});

describe("giving the lead away", () => {
  it("takes too long when the other never leads", async () => {
    const { clock, leadership } = scene("leader");
    let failure: unknown;
    leadership.moveTo(2n).catch((error: unknown) => (failure = error));
    await clock.advance(6000);
    expect(failure).toBeUndefined();
    for (let passed = 0; passed < 2000; passed += 10) await clock.advance(10);
    expect(failure).toEqual(new ServerError("leaderTransferTimeout"));
    expect(failure).toMatchObject({
      code: 2,
      message: "etcdserver: request timed out, leader transfer took too long",
    });
  });

  it("is over as soon as the other leads", async () => {
    const { clock, status, leadership } = scene("leader");
    let done = false;
    leadership.moveTo(2n).then(() => (done = true));
    await clock.advance(100);
    expect(done).toBe(false);
    status.lead = 2n;
    await clock.advance(100);
    expect(done).toBe(true);
  });

  it("is refused to who does not lead, and to who has no vote", async () => {
    await expect(scene().leadership.moveTo(2n)).rejects.toMatchObject({ reason: "notLeader" });
    await expect(scene("leader", "dropped: not a voter").leadership.moveTo(9n)).rejects.toMatchObject({
      reason: "badLeaderTransferee",
    });
  });

  it("stops the member when Raft finds an invariant broken, asked by an operator or before a stop", async () => {
    const broken = new InvariantError("a leader without a log");
    const { leadership, errors } = scene("leader", broken);
    await expect(leadership.moveTo(2n)).rejects.toMatchObject({ reason: "stopped" });
    expect(leadership.handOver()).toBeUndefined();
    expect(errors).toEqual([broken, broken]);
  });
});
