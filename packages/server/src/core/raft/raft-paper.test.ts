/** Claims of the Raft paper and thesis, one a test; the section stands in the name. */
import { describe, expect, it } from "vitest";
import { changedConfState } from "./conf-change.js";
import {
  acknowledged,
  append,
  command,
  confOf,
  drain,
  entry,
  finishAppend,
  granted,
  heartbeat,
  heartbeatAnswer,
  leaderAheadOf3,
  leaderOf,
  raftOf,
  settledLeaderOf,
  snapshot,
  vote,
  withLog,
} from "./testing/one-member.js";
import type { Message } from "./types.js";

const THREE = [1n, 2n, 3n] as const;

describe("the Raft paper", () => {
  it("§5.1: a leader that hears of a higher term becomes a follower of that term", () => {
    const raft = leaderOf(THREE);
    raft.step(append(5, [0, 0]));
    expect(raft.status).toMatchObject({ role: "follower", term: 5, lead: 2n });
  });

  it("§5.1: a request with a stale term is refused and changes nothing", () => {
    const raft = raftOf(THREE, { ...withLog([entry(3, 1)], 3), checkQuorum: false });
    raft.step(append(2, [0, 0], [entry(2, 1)], 1));
    expect(raft.status).toMatchObject({ term: 3, lead: 0n, lastIndex: 1, commitIndex: 0 });
    // With its own term in the answer, so that the sender learns of it.
    expect(drain(raft).messages).toMatchObject([{ type: "append-response", to: 2n, term: 3, index: 0 }]);
  });

  it("§5.2: a follower that hears nothing for its election timeout starts an election in the next term", () => {
    const raft = raftOf(THREE);
    for (let n = 0; n < 9; n++) raft.tick();
    expect(raft.status.role).toBe("follower");
    raft.tick();
    expect(raft.status).toMatchObject({ role: "candidate", term: 1 });
  });

  it("§5.2: a candidate asks every other voter and leads with a majority of the votes", () => {
    const raft = raftOf([1n, 2n, 3n, 4n, 5n]);
    raft.campaign();
    expect(drain(raft).messages.map(({ type, to }) => [type, to])).toEqual([
      ["vote", 2n],
      ["vote", 3n],
      ["vote", 4n],
      ["vote", 5n],
    ]);
    raft.step(granted(4n, 1));
    expect(raft.status.role).toBe("candidate");
    raft.step(granted(4n, 1));
    expect(raft.status.role, "the same vote twice is one vote").toBe("candidate");
    raft.step(granted(5n, 1));
    expect(raft.status.role).toBe("leader");
  });

  it("§5.2: a member votes once in a term, first come, first served", () => {
    const raft = raftOf(THREE);
    raft.step(vote(1, 0, 0, 2n));
    raft.step(vote(1, 0, 0, 3n));
    raft.step(vote(1, 0, 0, 2n));
    expect(drain(raft).messages).toMatchObject([
      { to: 2n, reject: false },
      { to: 3n, reject: true },
      { to: 2n, reject: false },
    ]);
  });

  it("§5.2: a member that follows the term's leader gives no vote in that term, though it has given none", () => {
    const raft = raftOf(THREE);
    raft.step(append(1, [0, 0]));
    drain(raft);
    raft.step(vote(1, 9, 9, 3n));
    expect(drain(raft).messages).toMatchObject([{ type: "vote-response", to: 3n, reject: true }]);
  });

  it("§5.2: the first answer of a member counts", () => {
    const raft = raftOf([1n, 2n, 3n, 4n, 5n]);
    raft.campaign();
    drain(raft);
    raft.step({ ...granted(2n, 1), reject: true } as Message);
    raft.step(granted(2n, 1));
    raft.step(granted(3n, 1));
    expect(raft.status.role).toBe("candidate");
    raft.step(granted(4n, 1));
    expect(raft.status.role).toBe("leader");
  });

  it("§5.2: the vote survives a restart", () => {
    const raft = raftOf(THREE, { hardState: { term: 4, vote: 2n, commit: 0 } });
    raft.step(vote(4, 0, 0, 3n));
    raft.step(vote(4, 0, 0, 2n));
    expect(drain(raft).messages).toMatchObject([
      { to: 3n, reject: true },
      { to: 2n, reject: false },
    ]);
  });

  it("§5.2: a candidate that hears the term's leader follows it", () => {
    const raft = raftOf(THREE);
    raft.campaign();
    raft.step(append(1, [0, 0]));
    expect(raft.status).toMatchObject({ role: "follower", lead: 2n, term: 1 });
  });

  it("§5.2: election timeouts are spread over one to two timeouts", () => {
    const waits = new Set<number>();
    for (let drawn = 0; drawn < 10; drawn++) {
      const raft = raftOf(THREE, { random: () => drawn });
      let ticks = 0;
      for (; raft.status.role === "follower"; ticks++) raft.tick();
      waits.add(ticks);
    }
    expect([...waits].sort((a, b) => a - b)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  });

  it("§5.2: a leader sends heartbeats to keep its authority", () => {
    const raft = leaderOf(THREE);
    drain(raft);
    raft.tick();
    expect(drain(raft).messages.map(({ type, to }) => [type, to])).toEqual([
      ["heartbeat", 2n],
      ["heartbeat", 3n],
    ]);
  });

  it("§5.3: an entry is committed when a majority stores it, and the leader's own copy counts only from its disk", () => {
    const raft = leaderOf(THREE);
    raft.ready();
    raft.step(acknowledged(2n, 1, 1));
    expect(raft.status.commitIndex, "member 2 has it, our disk has not said so").toBe(0);
    raft.step(acknowledged(3n, 1, 1));
    expect(raft.status.commitIndex, "two followers are a majority without us").toBe(1);
    expect(raft.ready().apply, "it is committed but not durable here").toBeUndefined();
  });

  it("§5.3: a follower refuses an append whose predecessor it does not hold, and says where logs may meet", () => {
    const raft = raftOf([1n, 2n], withLog([entry(1, 1), entry(1, 2), entry(4, 3), entry(4, 4)], 4));
    raft.step(append(5, [3, 4], [entry(5, 5)]));
    expect(drain(raft).messages).toMatchObject([
      { type: "append-response", reject: true, index: 4, rejectTerm: 1, rejectHint: 2 },
    ]);
    expect(raft.status.lastIndex).toBe(4);
  });

  it("§5.3: a conflicting entry and all that follow it give way to the leader's", () => {
    const raft = raftOf([1n, 2n], withLog([entry(1, 1), entry(2, 2), entry(2, 3)], 2));
    raft.step(append(3, [1, 1], [entry(3, 2)]));
    expect(raft.status.lastIndex).toBe(2);
    expect(drain(raft).readies[0]?.append?.entries).toEqual([entry(3, 2)]);
  });

  it("§5.3: an entry that took another's place is applied when the disk has it, though it had the other", () => {
    const raft = raftOf([1n, 2n], withLog([entry(1, 1), entry(1, 2)], 1));
    raft.step(append(2, [1, 1], [entry(2, 2)], 2));
    const ready = raft.ready();
    expect(ready.apply?.entries).toEqual([entry(1, 1)]);
    finishAppend(raft, ready);
    expect(raft.ready().apply?.entries).toEqual([entry(2, 2)]);
  });

  it("§5.3: a late append of entries that match takes nothing away", () => {
    const raft = raftOf([1n, 2n], withLog([entry(1, 1), entry(1, 2), entry(1, 3)], 1));
    raft.step(append(1, [0, 0], [entry(1, 1)]));
    expect(raft.status.lastIndex).toBe(3);
    expect(drain(raft).messages).toMatchObject([{ type: "append-response", reject: false, index: 1 }]);
  });

  it("§5.3: a follower commits what the leader has committed, but no further than the logs are known to agree", () => {
    const raft = raftOf([1n, 2n], withLog([entry(1, 1), entry(1, 2), entry(1, 3)], 1));
    raft.step(append(2, [1, 1], [], 3));
    expect(raft.status.commitIndex).toBe(1);
    raft.step(append(2, [1, 1], [entry(1, 2)], 3));
    expect(raft.status.commitIndex).toBe(2);
  });

  it("§5.4.1: a vote is refused to a candidate whose log is less up to date", () => {
    const log = withLog([entry(1, 1), entry(2, 2)], 2);
    for (const [lastTerm, lastIndex, reject] of [
      [1, 9, true],
      [2, 1, true],
      [2, 2, false],
      [3, 1, false],
    ] as const) {
      const raft = raftOf(THREE, log);
      raft.step(vote(5, lastTerm, lastIndex));
      expect(drain(raft).messages, `last ${lastTerm}/${lastIndex}`).toMatchObject([{ reject }]);
    }
  });

  it("§5.4.2: an entry of an earlier term is not committed by counting copies (figure 8)", () => {
    const raft = leaderOf(THREE, withLog([entry(1, 1), entry(2, 2)], 2));
    drain(raft);
    raft.step(acknowledged(2n, 3, 2));
    expect(raft.status.commitIndex).toBe(0);
    raft.step(acknowledged(2n, 3, 3));
    expect(raft.status.commitIndex).toBe(3);
  });

  it("§5.2: when the votes are split, the next election is in a new term", () => {
    const raft = raftOf(THREE);
    raft.campaign();
    drain(raft);
    for (let n = 0; n < 10; n++) raft.tick();
    expect(raft.status).toMatchObject({ role: "candidate", term: 2 });
    raft.step(granted(2n, 1));
    expect(raft.status.role, "a vote of the first election does not count in the second").toBe("candidate");
  });

  it("§5.2: granting a vote restarts the election timer, refusing one does not", () => {
    for (const [lastIndex, role] of [
      [1, "follower"],
      [0, "candidate"],
    ] as const) {
      const raft = raftOf(THREE, withLog([entry(1, 1)], 1));
      for (let n = 0; n < 9; n++) raft.tick();
      raft.step(vote(1, lastIndex, lastIndex));
      raft.tick();
      expect(raft.status.role, `last index ${lastIndex}`).toBe(role);
    }
  });

  it("§5.2: a candidate of a higher term that cannot win keeps nobody from standing", () => {
    const raft = raftOf(THREE, withLog([entry(1, 1)], 1));
    for (let n = 0; n < 9; n++) raft.tick();
    raft.step(vote(7, 0, 0));
    expect(raft.status).toMatchObject({ role: "follower", term: 7 });
    raft.tick();
    expect(raft.status).toMatchObject({ role: "candidate", term: 8 });
  });

  it("§5.3: a leader never overwrites or deletes entries of its own log", () => {
    const raft = leaderOf(THREE, withLog([entry(1, 1), entry(1, 2)], 1));
    raft.step({ ...acknowledged(2n, 2, 2), reject: true, rejectHint: 0, rejectTerm: 0 });
    raft.step(append(1, [0, 0], [entry(1, 1)]));
    expect(raft.status).toMatchObject({ role: "leader", lastIndex: 3 });
  });

  it("§5.3: a leader goes back in a follower's log until both meet, and sends what is missing", () => {
    const log = [entry(1, 1), entry(1, 2), entry(3, 3)];
    const raft = leaderOf(THREE, withLog(log, 3));
    const probe = drain(raft).messages.filter(({ to }) => to === 2n);
    expect(probe).toMatchObject([{ type: "append", prevIndex: 3, prevTerm: 3 }]);
    raft.step({ ...acknowledged(2n, 4, 3), reject: true, rejectHint: 2, rejectTerm: 2 });
    expect(drain(raft).messages).toMatchObject([{ to: 2n, prevIndex: 2, prevTerm: 1, entries: [log[2], entry(4, 4)] }]);
  });

  it("§5.3: a leader tells followers its commit index with every append", () => {
    const raft = settledLeaderOf(THREE);
    raft.propose([command(1)]);
    expect(raft.ready().send).toMatchObject([
      { type: "append", to: 2n, commit: 1 },
      { type: "append", to: 3n, commit: 1 },
    ]);
  });

  it("§5.4: a candidate's request names its last entry", () => {
    const raft = raftOf(THREE, withLog([entry(1, 1), entry(4, 2)], 4));
    raft.campaign();
    expect(drain(raft).messages).toMatchObject([
      { type: "vote", term: 5, lastTerm: 4, lastIndex: 2 },
      { type: "vote", term: 5, lastTerm: 4, lastIndex: 2 },
    ]);
  });

  it("§5.5: what comes twice does the same as what comes once", () => {
    const raft = raftOf(THREE);
    const message = append(1, [0, 0], [entry(1, 1), entry(1, 2)]);
    raft.step(message);
    drain(raft);
    const before = raft.inspect();
    raft.step(message);
    expect(drain(raft).messages).toMatchObject([{ type: "append-response", reject: false, index: 2 }]);
    expect(raft.inspect()).toEqual(before);
  });

  it("§7: a member that lags behind a compacted log is sent a snapshot", () => {
    const raft = leaderAheadOf3();
    raft.reportUnreachable(3n);
    raft.step(heartbeatAnswer(3n, 1));
    expect(drain(raft).messages).toMatchObject([
      { type: "snapshot", to: 3n, snapshot: { index: 3, term: 1, confState: confOf(...THREE) } },
    ]);
  });

  it("§7: a snapshot of what a follower does not have takes the place of its whole log", () => {
    const raft = raftOf(THREE, withLog([entry(1, 1), entry(2, 2), entry(2, 3)], 2));
    raft.step(snapshot(3, [3, 2], confOf(1n, 2n)));
    const [ready] = drain(raft).readies;
    expect(ready?.append).toMatchObject({ snapshot: { index: 2, term: 3 }, entries: [], mustSync: true });
    expect(raft.status).toMatchObject({ firstIndex: 3, lastIndex: 2, appliedIndex: 2, confState: confOf(1n, 2n) });
  });

  it("§7: a snapshot of a part of a follower's log leaves the entries behind it", () => {
    const raft = raftOf(THREE, withLog([entry(1, 1), entry(2, 2), entry(2, 3)], 2));
    raft.step(snapshot(3, [2, 2], confOf(...THREE)));
    expect(drain(raft).messages).toMatchObject([{ type: "append-response", index: 2, reject: false }]);
    expect(raft.status).toMatchObject({ firstIndex: 1, lastIndex: 3, commitIndex: 2 });
  });

  it("§8: a leader answers no read before it has committed an entry of its term", () => {
    const raft = leaderOf(THREE, withLog([entry(1, 1)], 1));
    drain(raft);
    raft.readIndex(7);
    raft.step(heartbeatAnswer(2n, 2));
    expect(drain(raft).readies.flatMap(({ reads }) => reads)).toEqual([]);
    raft.step(acknowledged(2n, 2, 2));
    raft.step(heartbeatAnswer(2n, 2, 1));
    expect(drain(raft).readies.flatMap(({ reads }) => reads)).toEqual([{ requestId: 7, index: 2 }]);
  });

  it("§8: a new leader appends an empty entry of its term", () => {
    const raft = leaderOf(THREE, withLog([entry(1, 1)], 1));
    expect(drain(raft).readies[0]?.append?.entries).toEqual([entry(2, 2)]);
  });
});

describe("the Raft thesis", () => {
  it("§3.10: a leader that hands over takes no proposals, and tells a target that is up to date to campaign at once", () => {
    const raft = settledLeaderOf(THREE);
    expect(raft.transferLeadership(3n)).toBe("started");
    expect(raft.propose([command(1)])).toBe("dropped: transfer pending");
    expect(drain(raft).messages).toMatchObject([{ type: "timeout-now", to: 3n }]);
  });

  it("§3.10: a leader goes on when the target has not taken over within an election timeout", () => {
    const raft = settledLeaderOf(THREE);
    raft.transferLeadership(3n);
    for (let n = 0; n < 9; n++) raft.tick();
    expect(raft.status.transferee).toBe(3n);
    raft.tick();
    expect(raft.status).toMatchObject({ role: "leader", transferee: 0n });
    expect(raft.propose([command(1)])).toBe("accepted");
  });

  it("§3.10: a vote that the leader wants is given in spite of it", () => {
    const raft = raftOf(THREE);
    raft.step(append(1, [0, 0]));
    drain(raft);
    raft.step({ ...vote(2, 0, 0, 3n), transfer: true });
    expect(drain(raft).messages).toMatchObject([{ type: "vote-response", to: 3n, term: 2, reject: false }]);
  });

  it("§4.1: a change of members is refused as long as another is not applied", () => {
    const raft = settledLeaderOf(THREE);
    expect(raft.proposeConfChange(Uint8Array.of(1))).toBe("accepted");
    expect(raft.proposeConfChange(Uint8Array.of(2))).toBe("dropped: conf change pending");
    drain(raft);
    raft.step(acknowledged(2n, 1, 2));
    expect(raft.proposeConfChange(Uint8Array.of(2)), "committed is not applied").toBe("dropped: conf change pending");
    drain(raft);
    expect(raft.proposeConfChange(Uint8Array.of(2))).toBe("accepted");
  });

  it("§4.1: a new leader takes no change before an entry of its own term is applied (correction of 2015)", () => {
    const raft = leaderOf(THREE);
    drain(raft);
    expect(raft.proposeConfChange(Uint8Array.of(1))).toBe("dropped: conf change pending");
    raft.step(acknowledged(2n, 1, 1));
    drain(raft);
    expect(raft.proposeConfChange(Uint8Array.of(1))).toBe("accepted");
  });

  it("§4.2.1: a learner gets entries and counts in no majority", () => {
    const raft = settledLeaderOf(THREE);
    raft.applyConfChange({ type: "add-learner", member: { id: 4n } });
    raft.propose([command(1)]);
    expect(drain(raft).messages.filter(({ to }) => to === 4n)).toHaveLength(1);
    raft.step(acknowledged(4n, 1, 2));
    expect(raft.status.commitIndex).toBe(1);
    raft.step(acknowledged(2n, 1, 2));
    expect(raft.status.commitIndex).toBe(2);
  });

  it("§4.2.2: a leader that is removed steps down", () => {
    const raft = settledLeaderOf(THREE);
    raft.applyConfChange({ type: "remove", member: { id: 1n } });
    expect(raft.status).toMatchObject({ role: "follower", term: 1, lead: 0n });
    raft.campaign();
    expect(raft.status.role, "and does not stand again").toBe("follower");
  });

  it("§4.2.3: a member that hears its leader ignores requests for a vote, whatever their term", () => {
    const raft = raftOf(THREE);
    raft.step(append(1, [0, 0]));
    drain(raft);
    raft.step(vote(9, 9, 9, 3n));
    expect(raft.status).toMatchObject({ term: 1, lead: 2n });
    expect(drain(raft).messages).toEqual([]);
  });

  it("§4.3: in a joint configuration entries and elections need both majorities", () => {
    const changes = [2n, 3n].map((id) => ({ type: "remove", member: { id } }) as const);
    const added = [4n, 5n].map((id) => ({ type: "add-voter", member: { id } }) as const);
    const confState = changedConfState(confOf(...THREE), {
      type: "joint",
      transition: "explicit",
      changes: [...changes, ...added],
    });
    const raft = raftOf(THREE, { applied: { index: 0, confState } });
    raft.campaign();
    drain(raft);
    raft.step(granted(4n, 1));
    expect(raft.status.role, "1 and 4 of 1, 4, 5").toBe("candidate");
    raft.step(granted(2n, 1));
    expect(raft.status.role, "and 1 and 2 of 1, 2, 3").toBe("leader");
    drain(raft);
    raft.step(acknowledged(2n, 1, 1));
    raft.step(acknowledged(3n, 1, 1));
    expect(raft.status.commitIndex).toBe(0);
    raft.step(acknowledged(5n, 1, 1));
    expect(raft.status.commitIndex).toBe(1);
  });

  it("§6.2: a leader that hears from no majority for an election timeout steps down", () => {
    const raft = settledLeaderOf(THREE);
    for (let n = 0; n < 10; n++) raft.tick();
    raft.step(heartbeatAnswer(3n, 1));
    for (let n = 0; n < 10; n++) raft.tick();
    expect(raft.status.role, "one of two others is a majority with itself").toBe("leader");
    for (let n = 0; n < 10; n++) raft.tick();
    expect(raft.status).toMatchObject({ role: "follower", lead: 0n, term: 1 });
  });

  it("§6.4: a read is answered only after a majority confirmed the leader by a message sent after the read", () => {
    const raft = leaderOf(THREE);
    drain(raft);
    raft.step(acknowledged(2n, 1, 1));
    drain(raft);
    const answer = (context: number): Message => ({ type: "heartbeat-response", from: 3n, to: 1n, term: 1, context });
    raft.readIndex(40);
    raft.readIndex(41);
    raft.step(answer(0));
    expect(drain(raft).readies.flatMap((ready) => ready.reads)).toEqual([]);
    raft.step(answer(1));
    expect(drain(raft).readies.flatMap((ready) => ready.reads)).toEqual([{ requestId: 40, index: 1 }]);
    raft.step(answer(2));
    expect(drain(raft).readies.flatMap((ready) => ready.reads)).toEqual([{ requestId: 41, index: 1 }]);
  });

  it("§9.6: a pre-vote moves neither term nor vote", () => {
    const raft = raftOf(THREE);
    raft.step({ type: "pre-vote", from: 2n, to: 1n, term: 7, lastIndex: 0, lastTerm: 0, transfer: false });
    const { messages, readies } = drain(raft);
    expect(messages).toMatchObject([{ type: "pre-vote-response", term: 7, reject: false }]);
    expect(readies[0]?.append).toMatchObject({ hardState: undefined, mustSync: false });
  });

  it("§9.6: a pre-candidate that hears its leader again follows it in the same term", () => {
    const raft = raftOf(THREE, { preVote: true });
    raft.step(heartbeat(1));
    for (let n = 0; n < 10; n++) raft.tick();
    expect(raft.status).toMatchObject({ role: "pre-candidate", term: 1 });
    raft.step(heartbeat(1));
    expect(raft.status).toMatchObject({ role: "follower", term: 1, lead: 2n });
  });

  it("§10.2.1: the leader's own copy counts when its disk has it, not before", () => {
    const raft = settledLeaderOf([1n, 2n]);
    raft.propose([command(1)]);
    const ready = raft.ready();
    raft.step(acknowledged(2n, 1, 2));
    expect(raft.status.commitIndex).toBe(1);
    finishAppend(raft, ready);
    expect(raft.status.commitIndex).toBe(2);
  });

  it("§10.2.1: followers get an entry while the leader's own disk still writes it", () => {
    const raft = leaderOf(THREE);
    drain(raft);
    raft.step(acknowledged(2n, 1, 1));
    raft.step(acknowledged(3n, 1, 1));
    drain(raft);
    expect(raft.propose([{ type: "command", data: Uint8Array.of(7) }])).toBe("accepted");
    const ready = raft.ready();
    expect(ready.send.map(({ type, to }) => [type, to])).toEqual([
      ["append", 2n],
      ["append", 3n],
    ]);
    expect(ready.append?.afterDurable).toMatchObject([{ type: "append-response", from: 1n, to: 1n, index: 2 }]);
  });
});
