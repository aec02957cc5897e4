/** Proposals without a member around them: limits, waiting for a leader, time limits. */
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../testing/manual-clock.js";
import { InvariantError } from "../core/invariant.js";
import type { Raft } from "../core/raft/raft.js";
import type { ProposalData, ProposeOutcome } from "../core/raft/types.js";
import { decodeCommand } from "../io/wire/command.js";
import { SeededRandom } from "../simulation/seeded-random.js";
import type { Trace } from "./api.js";
import { Proposals, type TimeoutReason } from "./propose.js";

const command = { kind: "compaction", revision: 1n, physical: false } as const;
const answer = { kind: "compaction", revision: 1n } as const;

/** Raft as far as proposals see it. */
class FakeRaft {
  outcome: ProposeOutcome = "accepted";
  broken: Error | undefined;
  readonly ids: bigint[] = [];
  backlog = 0;
  term = 1;

  propose([entry]: readonly ProposalData[]): ProposeOutcome {
    if (this.broken !== undefined) throw this.broken;
    if (this.outcome === "accepted" && entry !== undefined) this.ids.push(decodeCommand(entry.data).requestId);
    return this.outcome;
  }
}

function proposals(): { proposals: Proposals; raft: FakeRaft; clock: ManualClock; errors: unknown[] } {
  const errors: unknown[] = [];
  const raft = new FakeRaft();
  const clock = new ManualClock();
  const timeoutReason = (): TimeoutReason => "timeout";
  const options = {
    maxRequestBytes: 1000,
    requestTimeoutMs: 7000,
    timeoutReason,
    clock,
    random: new SeededRandom(3),
    wake: () => {},
    onError: (error: unknown) => void errors.push(error),
  };
  return { proposals: new Proposals({ ...options, raft: raft as unknown as Raft }), raft, clock, errors };
}

describe("proposals", () => {
  it("stop the member when they find a broken invariant", async () => {
    const { proposals: all, raft, errors } = proposals();
    raft.broken = new InvariantError("a state that cannot be");
    await expect(all.propose(command)).rejects.toBe(raft.broken);
    expect(errors).toEqual([raft.broken]);
  });

  it("leave their id with who wants to tell of them, also when nobody answers in time", async () => {
    const { proposals: all, raft, clock } = proposals();
    const trace: Trace = {};
    const unanswered = all.propose(command, undefined, trace);
    expect(trace.requestId).toBe(raft.ids[0]);
    all.tick(clock.nowMs() + 7001);
    await expect(unanswered).rejects.toMatchObject({ reason: "timeout" });
    expect(trace.requestId).toBe(raft.ids[0]);
    void all.propose(command, undefined, trace);
    expect(trace.requestId, "of the newest").toBe(raft.ids.at(-1));
  });

  it("are answered by the entry with their id, and by no other", async () => {
    const { proposals: all, raft } = proposals();
    const first = all.propose(command);
    const second = all.propose(command);
    expect(all.pending).toBe(2);
    all.answer(12345n, answer);
    all.answer(raft.ids[1] as bigint, { ...answer, revision: 2n });
    all.answer(raft.ids[0] as bigint, answer);
    expect(await second).toEqual({ ...answer, revision: 2n });
    expect(await first).toEqual(answer);
    expect(all.pending).toBe(0);
  });

  it("are refused while more than 5000 committed entries are not applied", async () => {
    const { proposals: all, raft } = proposals();
    raft.backlog = 5001;
    await expect(all.propose(command)).rejects.toMatchObject({ reason: "tooManyRequests" });
    raft.backlog = 5000;
    const taken = all.propose(command);
    all.answer(raft.ids[0] as bigint, answer);
    await expect(taken).resolves.toEqual(answer);
  });

  it("are refused while too much is uncommitted", async () => {
    const { proposals: all, raft } = proposals();
    raft.outcome = "dropped: too much uncommitted";
    await expect(all.propose(command)).rejects.toMatchObject({ reason: "tooManyRequests" });
    expect(all.failed).toBe(1);
  });

  it("wait for a leader and go to the first one that appears, once", async () => {
    const { proposals: all, raft } = proposals();
    raft.outcome = "dropped: no leader";
    const waiting = all.propose(command);
    raft.outcome = "accepted";
    all.leaderKnown();
    all.leaderKnown();
    expect(raft.ids).toHaveLength(1);
    all.answer(raft.ids[0] as bigint, answer);
    await expect(waiting).resolves.toEqual(answer);
  });

  it("are not sent to a leader after their caller was told that they failed", async () => {
    const { proposals: all, raft } = proposals();
    raft.outcome = "dropped: no leader";
    const waiting = all.propose(command);
    all.tick(7000);
    await expect(waiting).rejects.toMatchObject({ reason: "timeout" });
    raft.outcome = "accepted";
    all.leaderKnown();
    expect(raft.ids).toEqual([]);
  });

  it("are proposed again, once, when an entry of a later term shows that they are lost", async () => {
    const { proposals: all, raft } = proposals();
    const lost = all.propose(command);
    const [id] = raft.ids as [bigint];
    all.applied(1);
    raft.term = 2;
    const later = all.propose(command);
    expect(raft.ids).toHaveLength(2);
    all.applied(2);
    all.applied(2);
    expect(raft.ids.slice(2)).toEqual([id]);
    // A third leader: both are lost now.
    raft.term = 3;
    all.applied(3);
    expect(raft.ids.slice(3)).toEqual([id, raft.ids[1]]);
    for (const waiting of raft.ids.slice(3)) all.answer(waiting, answer);
    await expect(Promise.all([lost, later])).resolves.toEqual([answer, answer]);
  });

  it("are not proposed again when their entry may be among those that a snapshot brought", async () => {
    const { proposals: all, raft } = proposals();
    const unknown = all.propose(command);
    all.skipped();
    raft.term = 2;
    all.applied(2);
    expect(raft.ids).toHaveLength(1);
    all.tick(7000);
    await expect(unknown).rejects.toMatchObject({ reason: "timeout" });
  });

  it("time out in their order", async () => {
    const { proposals: all, clock } = proposals();
    const first = all.propose(command);
    clock.stall(1000);
    const second = all.propose(command);
    all.tick(7000);
    await expect(first).rejects.toMatchObject({ reason: "timeout" });
    expect(all.pending).toBe(1);
    all.tick(8000);
    await expect(second).rejects.toMatchObject({ reason: "timeout" });
    expect(all.failed).toBe(2);
  });
});
