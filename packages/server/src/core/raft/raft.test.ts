/** Limits, refusals and recovery of `Raft`, and the laws of its asynchronous storage form. */
import { describe, expect, it } from "vitest";
import { InvariantError } from "../invariant.js";
import { EMPTY_CONF_STATE } from "./conf-change.js";
import type { RaftOptions } from "./config.js";
import type { Raft } from "./raft.js";
import { command, confOf, drain, entry, finishAppend, raftOf as memberOf } from "./testing/one-member.js";
import type { Ready } from "./types.js";

const voters = confOf(1n);
const raftOf = (options: Partial<RaftOptions> = {}): Raft => memberOf([1n], { preVote: true, ...options });

function leader(options: Partial<RaftOptions> = {}): Raft {
  const raft = raftOf(options);
  raft.campaign();
  drain(raft);
  return raft;
}

describe("a sole voter", () => {
  it("refuses proposals before it leads", () => {
    expect(raftOf().propose([command(1)])).toBe("dropped: no leader");
  });

  it("never campaigns when it is no voter", () => {
    const raft = raftOf({ applied: { index: 0, confState: { ...EMPTY_CONF_STATE, learners: [1n] } } });
    for (let n = 0; n < 50; n++) raft.tick();
    expect(raft.status).toMatchObject({ role: "follower", term: 0 });
  });

  it("does not campaign while a committed membership change waits to be applied", () => {
    const raft = raftOf({
      entries: [entry(1, 1, "conf-change")],
      hardState: { term: 1, vote: 0n, commit: 1 },
      applied: { index: 0, confState: voters },
    });
    raft.campaign();
    expect(raft.status.role).toBe("follower");
    const { apply } = raft.ready();
    expect(apply?.entries).toHaveLength(1);
    raft.applied({ lastIndex: 1 });
    raft.campaign();
    expect(raft.status.role).toBe("candidate");
  });

  it("gets its first configuration from a committed entry when it bootstraps", () => {
    const raft = raftOf({
      entries: [entry(1, 1, "conf-change")],
      hardState: { term: 1, vote: 0n, commit: 1 },
      applied: { index: 0, confState: EMPTY_CONF_STATE },
    });
    raft.ready();
    raft.applyConfChange({ type: "add-voter", member: { id: 1n } });
    raft.applied({ lastIndex: 1 });
    raft.campaign();
    drain(raft);
    expect(raft.status).toMatchObject({ role: "leader", commitIndex: 2, confState: { voters: [1n] } });
  });

  it("drops proposals beyond the limit of uncommitted bytes, but always takes one", () => {
    const raft = leader({ uncommittedBytesMax: 1000 });
    expect(raft.propose([command(5000)])).toBe("accepted");
    expect(raft.propose([command(1)])).toBe("dropped: too much uncommitted");
    drain(raft);
    expect(raft.propose([command(400)])).toBe("accepted");
    expect(raft.propose([command(400)])).toBe("accepted");
    expect(raft.propose([command(400)])).toBe("dropped: too much uncommitted");
  });

  it("hands out applies only up to the byte limit and goes on when some are done", () => {
    const raft = leader({ applyBytesMax: 1000 });
    for (let n = 0; n < 5; n++) raft.propose([command(400)]);
    finishAppend(raft, raft.ready());
    const first = raft.ready().apply;
    expect(first?.entries.map(({ index }) => index)).toEqual([2, 3]);
    const second = raft.ready().apply;
    expect(
      second?.entries.map(({ index }) => index),
      "room for a little more is room for one entry",
    ).toEqual([4]);
    expect(raft.hasReady()).toBe(false);
    raft.applied({ lastIndex: 3 });
    expect(raft.ready().apply?.entries.map(({ index }) => index)).toEqual([5]);
  });

  it("limits the entries of one apply task", () => {
    const raft = leader({ applyEntriesMax: 2 });
    raft.propose([command(1), command(1), command(1)]);
    finishAppend(raft, raft.ready());
    expect(raft.ready().apply?.entries).toHaveLength(2);
    expect(raft.ready().apply?.entries).toHaveLength(1);
  });

  it("marks an append with only a commit index as one that needs no sync", () => {
    const raft = leader();
    raft.propose([command(1)]);
    const write = raft.ready();
    expect(write.append).toMatchObject({ mustSync: true, hardState: undefined });
    finishAppend(raft, write);
    const hint = raft.ready();
    expect(hint.append).toMatchObject({ mustSync: false, entries: [], afterDurable: [], hardState: { commit: 2 } });
  });

  it("reports a change of role, leader or term once", () => {
    const raft = raftOf();
    raft.campaign();
    expect(raft.ready().softState).toEqual({ role: "candidate", lead: 0n, term: 1 });
    expect(raft.ready().softState).toBeUndefined();
  });

  it("counts neither a vote nor an entry when the driver completes a write without handing the messages back", () => {
    const raft = raftOf();
    raft.campaign();
    const { append } = raft.ready();
    if (append !== undefined) raft.appended(append.token);
    expect(raft.status.role).toBe("candidate");
  });

  it("loses reads that wait when it stops leading, so that the caller asks again", () => {
    const raft = raftOf();
    raft.campaign();
    finishAppend(raft, raft.ready());
    raft.readIndex(5);
    raft.step({ type: "heartbeat", from: 9n, to: 1n, term: 7, commit: 0, context: 0 });
    raft.step({ type: "heartbeat", from: 9n, to: 1n, term: 7, commit: 0, context: 0 });
    expect(raft.ready().reads).toEqual([]);
  });
});

describe("a follower", () => {
  it.each([true, false])("passes proposals on to its leader only where that is wanted: %s", (forwardProposals) => {
    const raft = memberOf([1n, 2n, 3n], { preVote: true, forwardProposals });
    raft.step({ type: "heartbeat", from: 2n, to: 1n, term: 5, commit: 0, context: 0 });
    expect(raft.status.lead).toBe(2n);
    expect(raft.propose([command(1)])).toBe(forwardProposals ? "accepted" : "dropped: no leader");
    expect(raft.ready().send.filter(({ type }) => type === "propose")).toHaveLength(forwardProposals ? 1 : 0);
  });
});

describe("recovery", () => {
  it("takes the applied index as a witness of the commit index", () => {
    const entries = [entry(1, 1), entry(1, 2), entry(1, 3)];
    const raft = raftOf({
      entries,
      hardState: { term: 1, vote: 1n, commit: 1 },
      applied: { index: 2, confState: voters },
    });
    expect(raft.status).toMatchObject({ commitIndex: 2, appliedIndex: 2 });
    expect(raft.hasReady()).toBe(false);
  });

  it("hands out what is committed beyond the applied index", () => {
    const entries = [entry(1, 1), entry(1, 2), entry(1, 3)];
    const raft = raftOf({
      entries,
      hardState: { term: 1, vote: 1n, commit: 3 },
      applied: { index: 1, confState: voters },
    });
    expect(raft.ready().apply?.entries.map(({ index }) => index)).toEqual([2, 3]);
  });

  it("starts on a compacted log", () => {
    const raft = leader({
      base: { index: 10, term: 3 },
      entries: [entry(3, 11)],
      hardState: { term: 3, vote: 1n, commit: 11 },
      applied: { index: 11, confState: voters },
    });
    expect(raft.status).toMatchObject({ term: 4, firstIndex: 11, lastIndex: 12, commitIndex: 12 });
  });

  it("stops on a log with a gap", () => {
    expect(() => raftOf({ entries: [entry(1, 1), entry(1, 3)], hardState: { term: 1, vote: 0n, commit: 0 } })).toThrow(
      InvariantError,
    );
  });

  it("stops when the state machine is ahead of the log", () => {
    expect(() => raftOf({ entries: [entry(1, 1)], applied: { index: 2, confState: voters } })).toThrow(InvariantError);
  });

  it("stops when the log's base is ahead of the state machine", () => {
    expect(() => raftOf({ base: { index: 5, term: 1 }, hardState: { term: 1, vote: 0n, commit: 5 } })).toThrow(
      InvariantError,
    );
  });
});

describe("the tokens", () => {
  it("refuse an append that was never handed out", () => {
    expect(() => raftOf().appended({ term: 1, lastIndex: 1, sequence: 1 })).toThrow(InvariantError);
  });

  it("refuse an apply that was never handed out", () => {
    expect(() => leader().applied({ lastIndex: 9 })).toThrow(InvariantError);
  });

  it("answer for every earlier append too", () => {
    const raft = leader();
    const readies: Ready[] = [];
    for (let n = 0; n < 3; n++) {
      raft.propose([command(1)]);
      readies.push(raft.ready());
    }
    finishAppend(raft, readies[2] as Ready);
    expect(raft.status.commitIndex).toBe(4);
  });
});

describe("compaction of the log", () => {
  it("keeps the term below the first entry and refuses to pass the applied index", () => {
    const raft = leader();
    raft.propose([command(1), command(1)]);
    drain(raft);
    raft.compact(2);
    expect(raft.status).toMatchObject({ firstIndex: 3, lastIndex: 3 });
    raft.compact(1);
    expect(raft.status.firstIndex).toBe(3);
    expect(() => raft.compact(4)).toThrow(InvariantError);
  });
});
