/** Requests for the leader: answered here, sent on, asked again, or given up with the right words. */
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../testing/manual-clock.js";
import { ServerError } from "../core/errors.js";
import type { Raft } from "../core/raft/raft.js";
import { NO_MEMBER, type Role } from "../core/raft/types.js";
import { NO_PEERS } from "../io/peers/no-peers.js";
import { type AnswerTo, type PeerNetwork, PeerUnavailableError } from "../peer-network.js";
import { LeaderCalls } from "./leader-calls.js";

type Renewal = { readonly kind: "lease-renew"; readonly id: bigint };

const question: Renewal = { kind: "lease-renew", id: 7n };
const fromHere: AnswerTo<Renewal> = { kind: "lease-renew", ttlSeconds: 1 };
const fromLeader: AnswerTo<Renewal> = { kind: "lease-renew", ttlSeconds: 2 };

interface Scene {
  readonly clock: ManualClock;
  readonly status: { role: Role; lead: bigint };
  readonly calls: LeaderCalls;
  /** Who was asked. */
  readonly asked: bigint[];
  stopped: boolean;
}

/** Answers of the peers in order; the last one for ever. */
function scene(...answers: (AnswerTo<Renewal> | Error)[]): Scene {
  const clock = new ManualClock();
  const status: Scene["status"] = { role: "follower", lead: 2n };
  const asked: bigint[] = [];
  const ask = async (to: bigint): Promise<AnswerTo<Renewal>> => {
    asked.push(to);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer instanceof Error || answer === undefined) throw answer ?? new Error("nobody was to be asked");
    return answer;
  };
  const made: Scene = {
    ...{ clock, status, asked, stopped: false },
    calls: new LeaderCalls({
      raft: { status } as unknown as Raft,
      peers: { ...NO_PEERS, ask: ask as PeerNetwork["ask"] },
      clock,
      requestTimeoutMs: 7000,
      timeoutReason: () => "timeout",
      stopped: () => made.stopped,
    }),
  };
  return made;
}

const renewal = { question, here: async () => fromHere, whenLost: "ask-again" } as const;
const lost = new PeerUnavailableError("the connection ended");

async function outcome(clock: ManualClock, call: Promise<unknown>): Promise<unknown> {
  let result: unknown;
  call.then(
    (value) => {
      result = value;
    },
    (error: ServerError) => {
      result = error.reason;
    },
  );
  for (let passed = 0; result === undefined && passed < 10_000; passed += 50) await clock.advance(50);
  return result;
}

describe("a request for the leader", () => {
  it("is answered here by the leader itself", async () => {
    const { calls, status, asked, clock } = scene();
    status.role = "leader";
    expect(await outcome(clock, calls.call(renewal))).toBe(fromHere);
    expect(asked).toEqual([]);
  });

  it("is sent on to the leader that is known", async () => {
    const { calls, asked, clock } = scene(fromLeader);
    expect(await outcome(clock, calls.call(renewal))).toBe(fromLeader);
    expect(asked).toEqual([2n]);
  });

  it("waits while nobody leads", async () => {
    const { calls, status, clock } = scene(fromLeader);
    status.lead = NO_MEMBER;
    const call = calls.call(renewal);
    await clock.advance(3000);
    status.lead = 3n;
    expect(await outcome(clock, call)).toBe(fromLeader);
  });

  it("is told that nobody leads when its time is over", async () => {
    const { calls, status, clock } = scene();
    status.lead = NO_MEMBER;
    expect(await outcome(clock, calls.call(renewal))).toBe("noLeader");
    expect(clock.nowMs()).toBeGreaterThanOrEqual(7000);
  });

  it("goes to the next leader when the one that was asked does not lead", async () => {
    const { calls, asked, clock } = scene(new ServerError("notLeader"), new ServerError("notPrimary"), fromLeader);
    expect(await outcome(clock, calls.call(renewal))).toBe(fromLeader);
    expect(asked).toHaveLength(3);
  });

  it("is asked again after a lost answer where that does no harm", async () => {
    const { calls, asked, clock } = scene(lost, lost, fromLeader);
    expect(await outcome(clock, calls.call(renewal))).toBe(fromLeader);
    expect(asked).toHaveLength(3);
  });

  it("is not asked again where that could do it twice: its outcome is unknown, and the words say why", async () => {
    const { calls, asked, clock } = scene(lost);
    const call = calls.call({ ...renewal, whenLost: () => undefined });
    expect(await outcome(clock, call)).toBe("timeoutDueToConnectionLost");
    expect(asked).toHaveLength(1);
  });

  it("has its answer when what was asked for shows here", async () => {
    const { calls, clock } = scene(lost);
    expect(await outcome(clock, calls.call({ ...renewal, whenLost: () => fromHere }))).toBe(fromHere);
  });

  it("ends with the leader's own error", async () => {
    const { calls, clock } = scene(new ServerError("leaseNotFound"));
    expect(await outcome(clock, calls.call(renewal))).toBe("leaseNotFound");
  });

  it("ends when the node stops", async () => {
    const made = scene();
    made.status.lead = NO_MEMBER;
    const call = made.calls.call(renewal);
    await made.clock.advance(100);
    made.stopped = true;
    expect(await outcome(made.clock, call)).toBe("stopped");
  });
});
