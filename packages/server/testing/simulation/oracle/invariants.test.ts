/** Every invariant fires: each is given a contradiction made by hand, beside what is right and must pass. */
import { describe, expect, it } from "vitest";
import type { AppliedAt, BatchChange, WriteBatch } from "../../../src/core/mvcc/backend.js";
import type { Entry, Message } from "../../../src/core/raft/types.js";
import { encodeCommand } from "../../../src/io/wire/command.js";
import { AppliedHistory, type AppliedMark } from "./applied-history.js";
import { Ballots } from "./ballots.js";
import { checkAppend, checkRefusal } from "./bounds.js";
import { Configurations } from "./configurations.js";
import { Contents } from "./contents.js";
import type { DurableLog, DurablePosition } from "./durable-log.js";
import { Hashes } from "./hashes.js";
import { checkAnswer, isLinearizable } from "./linearizable.js";
import { type Claim, LogHistory } from "./log-history.js";
import { checkMarks, checkReleased } from "./marks.js";

const CONF = { voters: [1n, 2n, 3n], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };

/** A disk that holds entries of these terms, from index 1; the prefix hash of an entry is the text of all terms up to it. */
function disk(terms: readonly number[], ballot = { term: 0, vote: 0n }, commit = 0): DurableLog {
  const positions: DurablePosition[] = terms.map((term, i) => {
    const prefix = terms.slice(0, i + 1).reduce((sum, each) => sum * 10 + each, 0);
    return { index: i + 1, term, content: term, prefix };
  });
  const at = (index: number): DurablePosition | undefined => positions[index - 1];
  return {
    ...{ ballot, commit, baseIndex: 0, lastIndex: terms.length, at, termAt: (index: number) => at(index)?.term },
    holds: (index: number, prefix: number | undefined) =>
      index === 0 || (at(index) !== undefined && (prefix === undefined || at(index)?.prefix === prefix)),
  } as unknown as DurableLog;
}

const claim = (commitIndex: number, term: number, extra: Partial<Claim> = {}): Claim => {
  return { id: 1n, role: "leader", term, commitIndex, confState: CONF, ...extra };
};

const logsOf =
  (...logs: DurableLog[]) =>
  (id: bigint): DurableLog | undefined =>
    logs[Number(id) - 1];

describe("S1 and S2", () => {
  it("a term has one leader", () => {
    const ballots = new Ballots();
    expect(ballots.leads("n1", 3)).toBe(true);
    expect(ballots.leads("n1", 3)).toBe(false);
    expect(() => ballots.leads("n2", 3)).toThrow("S1: n1 and n2 lead term 3");
  });

  it("a term or a vote on a disk does not go back", () => {
    const ballots = new Ballots();
    ballots.written("n1", { term: 1, vote: 0n }, { term: 1, vote: 2n });
    ballots.written("n1", { term: 1, vote: 2n }, { term: 2, vote: 3n });
    expect(() => ballots.written("n1", { term: 2, vote: 3n }, { term: 1, vote: 3n })).toThrow(
      /^S2: .*back from 2 to 1/,
    );
    expect(() => ballots.written("n1", { term: 2, vote: 3n }, { term: 2, vote: 2n })).toThrow(/^S2: .*from 3 to 2/);
    expect(() => ballots.written("n1", { term: 2, vote: 3n }, { term: 2, vote: 0n })).toThrow(/^S2: .*to nobody/);
  });

  it("a vote leaves when it is on the disk", () => {
    const vote: Message = { type: "vote-response", from: 1n, to: 2n, term: 4, reject: false };
    new Ballots().sent("n1", vote, disk([], { term: 4, vote: 2n }));
    expect(() => new Ballots().sent("n1", vote, disk([], { term: 3, vote: 2n }))).toThrow(/^S2: n1 votes for 2/);
    expect(() => new Ballots().sent("n1", vote, disk([], { term: 4, vote: 3n }))).toThrow(/^S2: n1 votes for 2/);
  });

  it("a member votes once a term, whatever it has lost", () => {
    const ballots = new Ballots();
    const vote = { type: "vote-response", from: 1n, to: 2n, term: 4, reject: false } as const;
    ballots.sent("n1", vote, disk([], { term: 4, vote: 2n }));
    expect(() => ballots.sent("n1", { ...vote, to: 3n }, disk([], { term: 4, vote: 3n }))).toThrow(
      "S2: n1 votes for 2 and for 3 in term 4",
    );
  });

  it("a candidate has on its disk what it stands for", () => {
    const ask: Message = { type: "vote", from: 1n, to: 2n, term: 4, lastIndex: 2, lastTerm: 1, transfer: false };
    new Ballots().sent("n1", ask, disk([1, 1], { term: 4, vote: 1n }));
    expect(() => new Ballots().sent("n1", ask, disk([1], { term: 4, vote: 1n }))).toThrow(/^S2: n1 asks for votes/);
  });

  it("a candidate that has lost the election may ask for it late, with entries that its leader has replaced", () => {
    const ask: Message = { type: "vote", from: 1n, to: 2n, term: 4, lastIndex: 2, lastTerm: 1, transfer: false };
    const shorter = disk([1], { term: 4, vote: 1n });
    const ballots = new Ballots();
    for (const [leader, term] of [
      ["n2", 3],
      ["n1", 4],
    ] as const) {
      ballots.leads(leader, term);
      expect(() => ballots.sent("n1", ask, shorter)).toThrow(/^S2: n1 asks for votes/);
    }
    const lost = new Ballots();
    lost.leads("n2", 4);
    lost.sent("n1", ask, shorter);
  });
});

describe("S3 to S6", () => {
  it("an index and a term name one entry and one past", () => {
    const history = new LogHistory();
    history.durable("n1", { index: 2, term: 1, content: 5, prefix: 6 });
    history.durable("n2", { index: 2, term: 1, content: 5, prefix: 6 });
    history.durable("n2", { index: 2, term: 2, content: 9, prefix: 9 });
    expect(() => history.durable("n2", { index: 2, term: 1, content: 7, prefix: 6 })).toThrow(/^S3: .*another entry/);
    expect(() => history.durable("n3", { index: 2, term: 1, content: 5, prefix: 8 })).toThrow(/^S3: .*another past/);
  });

  it("what a leader commits is on the disks of a quorum", () => {
    const history = new LogHistory();
    history.claimed("n1", claim(2, 1), undefined, logsOf(disk([1, 1]), disk([1, 1]), disk([])));
    expect(history.committed).toBe(2);
    expect(() =>
      history.claimed("n1", claim(3, 1), undefined, logsOf(disk([1, 1, 1]), disk([1, 1]), disk([]))),
    ).toThrow(/^S6: n1, leader in term 1, commits 3; on the disks: 1 1\/3 of 3, 2 -\/3 of 2/);
  });

  it("a member commits the founding entries alone, also when its log begins behind them", () => {
    const marked = { ...disk([], undefined, 3), baseIndex: 3, lastIndex: 3, termAt: () => 1 } as unknown as DurableLog;
    const founding = claim(3, 1, { role: "follower" });
    for (const own of [disk([1, 1, 1], undefined, 3), marked]) {
      const history = new LogHistory();
      history.claimed("n1", founding, undefined, logsOf(own, disk([]), disk([])));
      expect(history.committed).toBe(3);
    }
    expect(() => new LogHistory().claimed("n1", founding, undefined, logsOf(disk([1, 1, 1], undefined, 2)))).toThrow(
      /^S6/,
    );
  });

  it("copies of another past do not count", () => {
    const logs = logsOf(disk([1, 2, 3]), disk([1, 1, 3]), disk([]));
    expect(() => new LogHistory().claimed("n1", claim(3, 3), undefined, logs)).toThrow(/^S6/);
  });

  it("a leader does not commit by counting copies of an older term", () => {
    const logs = logsOf(disk([1, 2]), disk([1, 2]), disk([1, 2]));
    expect(() => new LogHistory().claimed("n1", claim(2, 3), undefined, logs)).toThrow(/^S6/);
  });

  it("both halves of a joint configuration count, and learners do not", () => {
    const [full, none] = [disk([1, 1]), disk([1])];
    const joint = { ...CONF, votersOutgoing: [3n, 4n] };
    const claims = claim(2, 1, { confState: joint });
    expect(() => new LogHistory().claimed("n1", claims, undefined, logsOf(full, full, full, none))).toThrow(/^S6/);
    new LogHistory().claimed("n1", claims, undefined, logsOf(full, full, full, full));
    const learning = claim(2, 1, { confState: { ...CONF, learners: [4n] } });
    expect(() => new LogHistory().claimed("n1", learning, undefined, logsOf(full, none, none, full))).toThrow(/^S6/);
  });

  it("a commit counts by the configuration that it was made in", () => {
    const logs = logsOf(disk([1, 1]), disk([1, 1]), disk([]), disk([]));
    const grown = { ...CONF, voters: [1n, 2n, 3n, 4n] };
    new LogHistory().claimed("n1", claim(2, 1, { confState: grown }), CONF, logs);
    expect(() => new LogHistory().claimed("n1", claim(2, 1, { confState: grown }), grown, logs)).toThrow(/^S6/);
  });

  it("what is committed stays", () => {
    const history = new LogHistory();
    history.claimed("n1", claim(2, 1), undefined, logsOf(disk([1, 1]), disk([1, 1])));
    history.holdsCommitted("n2", disk([1, 1]), 2);
    expect(() => history.holdsCommitted("n2", disk([1, 2]), 2)).toThrow(
      /^S4: .*n2 holds 2\/2 as committed, n1 committed 1\/2/,
    );
  });

  it("every later leader has what is committed", () => {
    const history = new LogHistory();
    history.claimed("n1", claim(2, 1), undefined, logsOf(disk([1, 1]), disk([1, 1])));
    history.elected("n2", 2, disk([1, 1]));
    expect(() => history.elected("n3", 3, disk([1]))).toThrow(/^S5: n3 leads term 3 and its log ends with 1; n1/);
    expect(() => history.elected("n3", 3, disk([1, 2]))).toThrow(/^S5: .*its log has 2\/2/);
  });
});

const command = (index: number, term = 1): Entry => ({ type: "command", term, index, data: new Uint8Array(0) });
const begin = (): AppliedMark => ({ applied: undefined, figures: undefined });

describe("S7", () => {
  it("an entry and its answer are the same on every member", () => {
    const history = new AppliedHistory();
    history.applied("n1", begin(), command(1), { revision: 2n }, 0, 1);
    history.applied("n2", begin(), command(1), { revision: 2n }, 0, 1);
    expect(() => history.applied("n3", begin(), command(1), { revision: 3n }, 0, 1)).toThrow(/^S7: n3 and n1 differ/);
    expect(() => history.applied("n3", begin(), command(1, 2), { revision: 2n }, 0, 1)).toThrow(
      /^S7: n3 and n1 differ/,
    );
  });

  it("entries are applied one after another, from the backend's mark on", () => {
    const history = new AppliedHistory();
    const mark = begin();
    history.applied("n1", mark, command(5), undefined, 4, 9);
    history.applied("n1", mark, command(6), undefined, 4, 9);
    expect(() => history.applied("n1", mark, command(8), undefined, 4, 9)).toThrow(/^S7: n1 applies 8 after 6/);
    expect(() => history.applied("n1", mark, command(6), undefined, 4, 9)).toThrow(/^S7: n1 applies 6 after 6/);
    history.applied("n1", mark, command(9), undefined, 8, 9);
    expect(() => history.applied("n2", begin(), command(6), undefined, 4, 9)).toThrow(/^S7: n2 applies 6 after 4/);
  });

  it("nothing is applied before it is committed", () => {
    expect(() => new AppliedHistory().applied("n1", begin(), command(2), undefined, 1, 1)).toThrow(
      /^S7: n1 applies 2;/,
    );
  });

  const mark = (index: number): AppliedAt => ({ index, term: 1, confState: CONF });
  const put = (key: number, value: number): BatchChange => {
    return { type: "put", table: "lease", key: Uint8Array.of(key), value: Uint8Array.of(value) };
  };
  const commit = (
    contents: Contents,
    name: string,
    from: number,
    to: number,
    batch: WriteBatch,
    stored?: number,
  ): void =>
    contents.commits(name, mark(from), mark(to), batch, () =>
      stored === undefined ? undefined : Uint8Array.of(stored),
    );

  it("backends at one mark hold the same, however many commits brought them there", () => {
    const contents = new Contents();
    commit(contents, "n1", 0, 1, [put(1, 1)]);
    commit(contents, "n1", 1, 2, [put(1, 2)], 1);
    commit(contents, "n2", 0, 2, [put(1, 1), put(1, 2)]);
    expect(() => commit(contents, "n3", 0, 2, [put(1, 1)])).toThrow(/^S7: the backends of n3 and n1/);
    expect(() => commit(contents, "n3", 1, 2, [])).toThrow(/^S7: the backends of n3 and n1/);
  });

  it("compared contents leave out what compaction does at its own pace", () => {
    const contents = new Contents();
    const counter = new TextEncoder().encode("compact-finished");
    commit(contents, "n1", 0, 1, []);
    commit(contents, "n2", 0, 1, [{ type: "put", table: "meta", key: counter, value: counter }]);
    commit(contents, "n3", 0, 1, [{ type: "delete", table: "key", key: counter }]);
    const version = new TextEncoder().encode("cluster-version");
    const batch: WriteBatch = [{ type: "put", table: "meta", key: version, value: version }];
    expect(() => commit(contents, "n4", 0, 1, batch)).toThrow(/^S7: the backends/);
  });
});

describe("S8", () => {
  const status = { firstIndex: 3, appliedIndex: 5, commitIndex: 6, lastIndex: 7 };

  it("the marks stand in order", () => {
    const log = { baseIndex: 2, replacement: 0 };
    checkMarks("n1", log, 4, status);
    expect(() => checkMarks("n1", log, 1, undefined)).toThrow(/^S8: .*mark 2, its backend durably holds 1/);
    expect(() => checkMarks("n1", log, 6, status)).toThrow(/^S8/);
    expect(() => checkMarks("n1", log, 4, { ...status, appliedIndex: 7 })).toThrow(/^S8/);
    expect(() => checkMarks("n1", log, 4, { ...status, lastIndex: 5 })).toThrow(/^S8/);
    expect(() => checkMarks("n1", log, 4, { ...status, firstIndex: 8 })).toThrow(/^S8/);
  });

  it("a snapshot that was announced may stand in the backend before Raft knows", () => {
    checkMarks("n1", { baseIndex: 2, replacement: 9 }, 9, status);
    expect(() => checkMarks("n1", { baseIndex: 2, replacement: 8 }, 9, status)).toThrow(/^S8/);
  });

  it("what is released is covered by the mark", () => {
    checkReleased("n1", { baseIndex: 4 }, 4);
    expect(() => checkReleased("n1", { baseIndex: 4 }, 5)).toThrow("S8: the log of n1 has released 5, its mark is 4");
  });
});

describe("S9", () => {
  it("the same changes make the same configuration", () => {
    const configurations = new Configurations();
    configurations.stands("n1", 4, CONF);
    configurations.stands("n2", 4, { ...CONF, voters: [3n, 2n, 1n] });
    expect(() => configurations.stands("n3", 4, { ...CONF, learners: [4n] })).toThrow(/^S9: after the change at 4 n3/);
  });

  it("nobody who was removed comes back", () => {
    const configurations = new Configurations();
    configurations.stands("n1", 4, CONF);
    configurations.stands("n1", 5, { ...CONF, voters: [1n, 2n] });
    expect(() => configurations.stands("n1", 6, { ...CONF, learners: [3n], voters: [1n, 2n] })).toThrow(
      /^S9: 3 was removed/,
    );
  });

  it("nobody is voter and learner", () => {
    expect(() => new Configurations().stands("n1", 4, { ...CONF, learners: [3n] })).toThrow(/^S9: n1 counts 3 twice/);
  });

  it("a log holds one conf change that is not committed", () => {
    const configurations = new Configurations();
    configurations.logged("n1", { confChanges: [3, 7, 9], commit: 0 }, 7);
    configurations.logged("n1", { confChanges: [1, 2, 3], commit: 3 }, 0);
    expect(() => configurations.logged("n1", { confChanges: [3, 7, 9], commit: 6 }, 6)).toThrow(
      /^S9: .*changes 7 and 9/,
    );
  });
});

describe("S10", () => {
  it("knows which requests see the newest state", () => {
    const range = { request: { case: "requestRange", value: { serializable: true } } };
    expect(isLinearizable("/etcdserverpb.KV/Range", { serializable: false })).toBe(true);
    expect(isLinearizable("/etcdserverpb.KV/Range", { serializable: true })).toBe(false);
    expect(isLinearizable("/etcdserverpb.KV/Txn", { success: [range], failure: [] })).toBe(false);
    expect(isLinearizable("/etcdserverpb.KV/Txn", { success: [range, { request: { case: "requestPut" } }] })).toBe(
      true,
    );
    expect(isLinearizable("/etcdserverpb.KV/Put", {})).toBe(true);
    expect(isLinearizable("/etcdserverpb.Maintenance/Status", {})).toBe(false);
  });

  it("an answer comes after everything that was committed when it was asked", () => {
    checkAnswer("n1", "/etcdserverpb.KV/Range", 5, 5);
    expect(() => checkAnswer("n1", "/etcdserverpb.KV/Range", 5, 4)).toThrow(
      "S10: n1 answers /etcdserverpb.KV/Range at 4; 5",
    );
  });
});

describe("S15, S16, S18 and S19", () => {
  const figures = { revision: 5n, compactRevision: 2n, alarms: "" };

  it("revisions are equal at one index and do not go back", () => {
    const history = new AppliedHistory();
    const mark = begin();
    history.stands("n1", mark, 7, figures);
    history.stands("n2", begin(), 7, figures);
    expect(() => history.stands("n3", begin(), 7, { ...figures, revision: 6n })).toThrow(/^S15: at index 7 n3/);
    expect(() => history.stands("n3", begin(), 7, { ...figures, compactRevision: 3n })).toThrow(/^S15: at index 7 n3/);
    expect(() => history.stands("n1", mark, 8, { ...figures, revision: 4n })).toThrow(/^S15: n1 goes back/);
  });

  it("alarms are equal at one index", () => {
    const history = new AppliedHistory();
    history.stands("n1", begin(), 7, figures);
    expect(() => history.stands("n2", begin(), 7, { ...figures, alarms: "1 no-space" })).toThrow(/^S18: at index 7 n2/);
  });

  it("what costs space is refused while there is none", () => {
    const none = { prevKv: false, ignoreValue: false, ignoreLease: false, lease: 0n };
    const put = { kind: "put", key: Uint8Array.of(1), value: Uint8Array.of(2), ...none } as const;
    const entry: Entry = { type: "command", term: 1, index: 3, data: encodeCommand(1n, put) };
    checkRefusal("n1", entry, {}, [{ alarm: "corrupt" }]);
    expect(() => checkRefusal("n1", entry, {}, [{ alarm: "no-space" }])).toThrow("S18: n1 applies a put at 3");
  });

  it("HashKV is equal at one revision and compact revision", async () => {
    const hashed = (name: string, hash: number, compactRevision = 1n) => {
      const hashKv = async (hashRevision: bigint) => ({ hash, compactRevision, hashRevision });
      return { name, node: { header: { revision: 9n }, hashKv } };
    };
    const broken: unknown[] = [];
    const hashes = new Hashes((error) => broken.push(error));
    hashes.sample(10_000, [hashed("n1", 1), hashed("n2", 1), hashed("n3", 2, 4n)]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(broken).toEqual([]);
    hashes.sample(20_000, [hashed("n1", 1), hashed("n2", 3)]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(String(broken[0])).toContain("S16: HashKV at revision 9, compacted to 1: n2 3, n1 1");
  });

  it("an append message keeps to its size", () => {
    const entry = { ...command(1), data: new Uint8Array(60) };
    const append = { type: "append", from: 1n, to: 2n, term: 1, prevIndex: 0, prevTerm: 0, commit: 0 } as const;
    checkAppend("n1", { ...append, entries: [entry] }, 50);
    checkAppend("n1", { ...append, entries: [entry, entry] }, 120);
    expect(() => checkAppend("n1", { ...append, entries: [entry, entry] }, 119)).toThrow(
      "S19: n1 sends 120 bytes to 2",
    );
  });
});
