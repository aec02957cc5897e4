/** What a member does with messages that come at a bad moment, from the wrong side, or prove that something is broken. */
import { describe, expect, it } from "vitest";
import { InvariantError } from "../invariant.js";
import { EMPTY_CONF_STATE } from "./conf-change.js";
import type { Raft } from "./raft.js";
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
const timeoutNow = (from: bigint, term: number): Message => ({ type: "timeout-now", from, to: 1n, term });
const committed = { ...withLog([entry(1, 1), entry(1, 2)], 1), hardState: { term: 1, vote: 0n, commit: 2 } };

describe("a message that proves the cluster broken stops the member", () => {
  it("when two members lead in one term", () => {
    const raft = raftOf(THREE);
    raft.step(heartbeat(1));
    expect(() => raft.step({ ...heartbeat(1), from: 3n })).toThrow(InvariantError);
    expect(() => leaderOf(THREE).step(heartbeat(1))).toThrow("two leaders in term 1: 1 and 2");
  });

  it("when a leader has another entry where one is committed", () => {
    expect(() => raftOf(THREE, committed).step(append(2, [2, 2]))).toThrow("entry 2 is committed with term 1");
    expect(() => raftOf(THREE, committed).step(append(2, [1, 1], [entry(2, 2)]))).toThrow(InvariantError);
    expect(() =>
      raftOf(THREE, committed).step(append(2, [0, 0], [entry(1, 1), entry(1, 2), entry(2, 3)])),
    ).not.toThrow();
  });

  it("when a leader counts on entries that are not here any more", () => {
    expect(() => raftOf(THREE).step(heartbeat(1, 1))).toThrow("its data is lost");
  });
});

describe("a message that only its sender got wrong is dropped", () => {
  it("when somebody acknowledges more than there is", () => {
    const raft = leaderOf(THREE);
    drain(raft);
    raft.step(acknowledged(2n, 1, 99));
    expect(raft.status.commitIndex).toBe(0);
    expect(raft.progress?.get(2n)).toMatchObject({ match: 0, recentActive: false });
  });

  it("when somebody answers a round that was never asked", () => {
    const raft = settledLeaderOf(THREE);
    raft.step(heartbeatAnswer(2n, 1, 5));
    raft.readIndex(1);
    expect(drain(raft).readies.flatMap(({ reads }) => reads)).toEqual([]);
  });

  it("when a stranger answers", () => {
    const raft = leaderOf(THREE);
    drain(raft);
    raft.step(acknowledged(9n, 1, 1));
    raft.step(heartbeatAnswer(9n, 1));
    expect(drain(raft).messages).toEqual([]);
  });

  it("when the answer to a read does not come from the leader", () => {
    const raft = raftOf(THREE);
    raft.step(heartbeat(1));
    raft.step({ type: "read-index-response", from: 3n, to: 1n, term: 1, context: 5, index: 1 });
    raft.step({ type: "read-index-response", from: 2n, to: 1n, term: 1, context: 6, index: 1 });
    expect(drain(raft).readies.flatMap(({ reads }) => reads)).toEqual([{ requestId: 6, index: 1 }]);
  });
});

describe("being told to campaign", () => {
  it("moves a follower in its leader's term, past pre-votes", () => {
    const raft = raftOf(THREE, { preVote: true });
    raft.step(heartbeat(3));
    raft.step(timeoutNow(2n, 3));
    expect(raft.status).toMatchObject({ role: "candidate", term: 4 });
    expect(drain(raft).messages).toMatchObject([
      { type: "heartbeat-response" },
      { type: "vote", transfer: true },
      { type: "vote", transfer: true },
    ]);
  });

  it("does not move a learner, a member without a configuration, or one that follows somebody else", () => {
    const learner = { ...EMPTY_CONF_STATE, voters: [2n, 3n], learners: [1n] };
    for (const confState of [learner, EMPTY_CONF_STATE]) {
      const raft = raftOf(THREE, { applied: { index: 0, confState } });
      raft.step(heartbeat(3));
      raft.step(timeoutNow(2n, 3));
      expect(raft.status).toMatchObject({ role: "follower", term: 3 });
    }
    const raft = raftOf(THREE);
    raft.step(heartbeat(3));
    raft.step(timeoutNow(3n, 3));
    raft.step(timeoutNow(2n, 2));
    expect(raft.status).toMatchObject({ role: "follower", term: 3 });
  });
});

describe("a proposal from another member", () => {
  const proposal = (term: number): Message => ({
    type: "propose",
    from: 3n,
    to: 1n,
    term,
    entries: [command(1)],
  });

  it("is appended by the leader of its term, and of no other", () => {
    const raft = settledLeaderOf(THREE, withLog([entry(4, 1)], 4));
    raft.step(proposal(4));
    expect(raft.status.lastIndex).toBe(2);
    raft.step(proposal(5));
    expect(raft.status.lastIndex).toBe(3);
    raft.step(proposal(6));
    expect(raft.status, "its sender knows a later term").toMatchObject({ role: "follower", term: 6, lastIndex: 3 });
  });

  it("is sent on by a follower, and lost where no leader is known", () => {
    const raft = raftOf(THREE);
    raft.step(heartbeat(1));
    drain(raft);
    raft.step(proposal(1));
    expect(drain(raft).messages).toMatchObject([{ type: "propose", from: 1n, to: 2n, term: 1 }]);
    raft.forgetLeader();
    raft.step(proposal(1));
    expect(drain(raft).messages).toEqual([]);
  });

  it("with two changes of members at once is refused as a whole", () => {
    const raft = settledLeaderOf(THREE);
    const change = { type: "conf-change", data: Uint8Array.of(1) } as const;
    expect(raft.propose([change, change])).toBe("dropped: conf change pending");
    expect(raft.status.lastIndex).toBe(1);
  });
});

describe("a snapshot", () => {
  it("without this member in its configuration is answered with the commit index", () => {
    const raft = raftOf(THREE, committed);
    raft.step(snapshot(2, [2, 9], confOf(2n, 3n)));
    expect(drain(raft).messages).toMatchObject([{ type: "append-response", index: 2, reject: false }]);
    expect(raft.status).toMatchObject({ lastIndex: 2, confState: confOf(...THREE) });
  });

  it("brings a learner, and a voter that is on its way out", () => {
    for (const parts of [{ learners: [1n] }, { votersOutgoing: [1n, 2n] }, { learnersNext: [1n] }]) {
      const raft = raftOf([]);
      raft.step(snapshot(2, [2, 9], { ...EMPTY_CONF_STATE, voters: [2n, 3n], ...parts }));
      drain(raft);
      expect(raft.status).toMatchObject({ appliedIndex: 9, lastIndex: 9 });
    }
  });

  it("may be followed by a newer one before it is in place; the applied index is the newer one's when that is", () => {
    const raft = raftOf(THREE);
    raft.step(snapshot(1, [1, 5], confOf(...THREE)));
    const first = raft.ready();
    raft.step(snapshot(1, [1, 8], confOf(1n, 2n)));
    const second = raft.ready();
    expect(first.append?.afterDurable).toMatchObject([{ index: 5 }]);
    expect(second.append).toMatchObject({ snapshot: { index: 8 }, afterDurable: [{ index: 8 }] });
    finishAppend(raft, first);
    expect(raft.status.appliedIndex).toBe(5);
    finishAppend(raft, second);
    expect(raft.status).toMatchObject({ appliedIndex: 8, commitIndex: 8, confState: confOf(1n, 2n) });
  });

  it("makes late writes of the log before it count for nothing", () => {
    const raft = raftOf(THREE);
    raft.step(
      append(
        1,
        [0, 0],
        [1, 2, 3, 4, 5, 6].map((index) => entry(1, index)),
      ),
    );
    const old = raft.ready();
    raft.step(snapshot(2, [2, 3], confOf(...THREE)));
    const mark = raft.ready();
    raft.step(append(2, [2, 3], [entry(2, 4)], 4));
    const next = raft.ready();
    finishAppend(raft, old);
    expect(raft.hasReady(), "entry 4 is committed and not written").toBe(false);
    finishAppend(raft, mark);
    expect(raft.hasReady()).toBe(false);
    finishAppend(raft, next);
    expect(raft.ready().apply?.entries).toEqual([entry(2, 4)]);
  });

  it("keeps the member from standing for election until it is in place", () => {
    const raft = raftOf(THREE);
    raft.step(snapshot(1, [1, 5], confOf(...THREE)));
    raft.campaign();
    expect(raft.status.role).toBe("follower");
    drain(raft);
    raft.campaign();
    expect(raft.status.role).toBe("candidate");
  });

  it("takes the place of what was handed out to be applied, quota included", () => {
    const log = [1, 2, 3].map((index) => entry(1, index));
    const raft = raftOf(THREE, { ...withLog(log, 1), applyBytesMax: 16 });
    raft.step(append(1, [1, 3], [], 3));
    expect(drainAppends(raft)).toHaveLength(1);
    raft.step(snapshot(1, [1, 9], confOf(...THREE)));
    drainAppends(raft);
    raft.step(append(1, [1, 9], [entry(1, 10)], 10));
    expect(drainAppends(raft)).toEqual([[entry(1, 10)]]);
    raft.applied({ lastIndex: 1 });
    expect(raft.status.appliedIndex).toBe(9);
  });

  it("is not sent to a member that has not been heard of since the last quorum check", () => {
    const raft = leaderAheadOf3();
    for (let n = 0; n < 10; n++) raft.tick();
    raft.reportUnreachable(3n);
    raft.propose([command(1)]);
    expect(snapshotsIn(drain(raft).messages)).toEqual([]);
    raft.step(heartbeatAnswer(3n, 1));
    expect(snapshotsIn(drain(raft).messages)).toMatchObject([{ to: 3n, snapshot: { index: 3, term: 1 } }]);
  });

  it("has the configuration of its own index, also while a change behind it is being applied", () => {
    const raft = leaderAheadOf3();
    raft.proposeConfChange(Uint8Array.of(1));
    drainAppends(raft);
    raft.step(acknowledged(2n, 1, 4));
    drainAppends(raft);
    raft.applyConfChange({ type: "add-learner", member: { id: 4n } });
    raft.reportUnreachable(3n);
    raft.step(heartbeatAnswer(3n, 1));
    expect(snapshotsIn(drainSends(raft))).toMatchObject([
      { to: 3n, snapshot: { index: 3, confState: confOf(...THREE) } },
    ]);
    // Member 4 has nothing. A mark that does not know it would be refused; the next one does.
    raft.step({ ...acknowledged(4n, 1, 4), reject: true });
    expect(snapshotsIn(drainSends(raft))).toEqual([]);
    raft.applied({ lastIndex: 4 });
    raft.step(heartbeatAnswer(4n, 1));
    expect(snapshotsIn(drainSends(raft))).toMatchObject([
      { to: 4n, snapshot: { index: 4, confState: { learners: [4n] } } },
    ]);
  });

  function snapshotsIn(messages: readonly Message[]): readonly Message[] {
    return messages.filter(({ type }) => type === "snapshot");
  }

  function drainSends(raft: Raft): readonly Message[] {
    const messages: Message[] = [];
    while (raft.hasReady()) {
      const ready = raft.ready();
      messages.push(...ready.send);
      finishAppend(raft, ready);
    }
    return messages;
  }
});

describe("what a member shows of itself", () => {
  it("is plain data, equal for equal pasts, and different where the future is", () => {
    const [one, other] = [settledLeaderOf(THREE), settledLeaderOf(THREE)];
    expect(JSON.parse(JSON.stringify(one.inspect()))).toEqual(JSON.parse(JSON.stringify(other.inspect())));
    other.tick();
    expect(one.inspect()).not.toEqual(other.inspect());
  });

  it("does not depend on the order in which votes came", () => {
    const inspected = [
      [2n, 3n],
      [3n, 2n],
    ].map((order) => {
      const raft = raftOf([1n, 2n, 3n, 4n, 5n, 6n, 7n]);
      raft.campaign();
      drain(raft);
      for (const from of order) raft.step(granted(from, 1));
      return JSON.stringify(raft.inspect());
    });
    expect(inspected[0]).toBe(inspected[1]);
  });

  it("does not change when it is looked at, nor with the number of tasks that are done", () => {
    const raft = raftOf(THREE);
    raft.step(heartbeat(1));
    drain(raft);
    const before = JSON.stringify(raft.inspect());
    for (let n = 0; n < 5; n++) {
      raft.step(append(1, [0, 0]));
      drain(raft);
    }
    expect(JSON.stringify(raft.inspect())).toBe(before);
  });

  it("is every member's progress on the leader and nothing elsewhere", () => {
    expect(raftOf(THREE).progress).toBeUndefined();
    const raft = settledLeaderOf(THREE);
    expect([...(raft.progress ?? [])].map(([id, { match, state }]) => [id, match, state])).toEqual([
      [1n, 1, "replicate"],
      [2n, 1, "replicate"],
      [3n, 1, "replicate"],
    ]);
  });
});

describe("a vote of a member that was removed", () => {
  const remove = { type: "remove", member: { id: 1n } } as const;

  it("is not held back for entries that it appended as leader and can commit no more", () => {
    const raft = settledLeaderOf(THREE);
    raft.propose([command(1)]);
    drain(raft);
    raft.applyConfChange(remove);
    raft.step(vote(2, 1, 1));
    expect(drain(raft).messages).toMatchObject([{ type: "vote-response", to: 2n, reject: false }]);
  });

  it("is held back for what is committed, and for what a later leader brought", () => {
    const raft = settledLeaderOf(THREE);
    raft.propose([command(1)]);
    drain(raft);
    raft.step(acknowledged(2n, 1, 2));
    raft.applyConfChange(remove);
    raft.step(vote(2, 1, 1, 3n));
    // Of the commit nobody hears any more: the office was gone before the messages of that turn were handed out.
    expect(drain(raft).messages).toMatchObject([{ to: 3n, reject: true }]);
    raft.step(append(3, [1, 2], [entry(3, 3)]));
    raft.forgetLeader();
    raft.step(vote(4, 1, 2, 3n));
    expect(drain(raft).messages).toMatchObject([{ type: "append-response" }, { to: 3n, reject: true }]);
  });

  it("is held back by a follower for its whole log: a leader that has not applied the removal may count its copies", () => {
    const raft = raftOf(THREE, withLog([entry(1, 1), entry(1, 2)], 1));
    raft.step(append(1, [1, 2], [], 1));
    drain(raft);
    raft.applyConfChange(remove);
    raft.forgetLeader();
    raft.step(vote(2, 1, 1));
    expect(drain(raft).messages).toMatchObject([{ type: "vote-response", reject: true }]);
  });
});

describe("requests for votes", () => {
  it("that have not left are withdrawn when the campaign is over", () => {
    const raft = raftOf(THREE, withLog([entry(1, 1), entry(1, 2)], 1));
    raft.campaign();
    raft.step(append(2, [0, 0], [entry(2, 1)]));
    expect(drain(raft).messages).toMatchObject([{ type: "append-response", index: 1 }]);
    raft.forgetLeader();
    raft.campaign();
    raft.campaign();
    expect(drain(raft).messages).toMatchObject([
      { type: "vote", term: 4 },
      { type: "vote", term: 4 },
    ]);
  });
});

describe("a change of members", () => {
  it("commits at once what the smaller majority holds already", () => {
    const raft = settledLeaderOf([1n, 2n, 3n, 4n]);
    raft.propose([command(1)]);
    drain(raft);
    raft.step(acknowledged(2n, 1, 2));
    expect(raft.status.commitIndex, "two of four").toBe(1);
    raft.applyConfChange({ type: "remove", member: { id: 4n } });
    expect(raft.status.commitIndex, "two of three").toBe(2);
  });

  it("gives a new voter an election timeout to answer before it counts against the leader", () => {
    const raft = raftOf([1n]);
    raft.campaign();
    drain(raft);
    raft.applyConfChange({ type: "add-voter", member: { id: 2n } });
    for (let n = 0; n < 10; n++) raft.tick();
    expect(raft.status.role).toBe("leader");
    for (let n = 0; n < 10; n++) raft.tick();
    expect(raft.status.role).toBe("follower");
  });

  it("is not completed while leadership is handed over, and is when that came to nothing", () => {
    const raft = settledLeaderOf(THREE);
    raft.proposeConfChange(Uint8Array.of(1));
    drainAppends(raft);
    raft.step(acknowledged(2n, 1, 2));
    drainAppends(raft);
    raft.transferLeadership(3n);
    const changes = [{ type: "add-voter", member: { id: 4n } }] as const;
    raft.applyConfChange({ type: "joint", transition: "implicit", changes });
    raft.applied({ lastIndex: 2 });
    expect(raft.status).toMatchObject({ transferee: 3n, lastIndex: 2, confState: { autoLeave: true } });
    for (let n = 0; n < 9; n++) raft.tick();
    expect(raft.status.lastIndex).toBe(2);
    raft.tick();
    expect(raft.status).toMatchObject({ transferee: 0n, lastIndex: 3 });
  });
});

describe("time", () => {
  it("lets a learner forget to protect a leader that is gone", () => {
    const raft = raftOf([2n, 3n], { applied: { index: 0, confState: { ...confOf(2n, 3n), learners: [1n] } } });
    raft.step(heartbeat(1));
    drain(raft);
    for (let n = 0; n < 25; n++) raft.tick();
    raft.step(vote(2, 0, 0, 3n));
    expect(drain(raft).messages).toMatchObject([{ type: "vote-response", to: 3n, reject: false }]);
  });

  it("ends no term beyond the last", () => {
    const last = Number.MAX_SAFE_INTEGER;
    const raft = raftOf(THREE, { hardState: { term: last, vote: 0n, commit: 0 } });
    for (let n = 0; n < 30; n++) raft.tick();
    expect(raft.status).toMatchObject({ role: "follower", term: last });
    raft.step(granted(2n, last));
    expect(raft.status.role).toBe("follower");
  });

  it("makes a leader with a stalled disk step down, and one whose disk is slow but moves go on", () => {
    const ticks = (raft: Raft): void => {
      for (let n = 0; n < 10; n++) raft.tick();
      raft.step(heartbeatAnswer(2n, 1));
      raft.step(heartbeatAnswer(3n, 1));
    };
    const stalled = settledLeaderOf(THREE);
    stalled.propose([command(1)]);
    stalled.ready();
    ticks(stalled);
    expect(stalled.status.role).toBe("leader");
    ticks(stalled);
    expect(stalled.status.role).toBe("follower");

    const slow = settledLeaderOf(THREE);
    for (let n = 0; n < 5; n++) {
      slow.propose([command(1)]);
      const ready = slow.ready();
      ticks(slow);
      finishAppend(slow, ready);
    }
    expect(slow.status.role).toBe("leader");
  });
});

/** Everything is durable at once and nothing is applied. Returns what was handed out to be applied. */
function drainAppends(raft: Raft): readonly unknown[] {
  const applies: unknown[] = [];
  while (raft.hasReady()) {
    const ready = raft.ready();
    finishAppend(raft, ready);
    if (ready.apply !== undefined) applies.push(ready.apply.entries);
  }
  return applies;
}
