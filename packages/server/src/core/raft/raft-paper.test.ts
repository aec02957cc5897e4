/** Claims of the Raft paper and thesis, one a test; the section stands in the name. */
import { describe, expect, it } from "vitest";
import { EMPTY_CONF_STATE } from "./conf-change.js";
import type { RaftOptions } from "./config.js";
import { Raft } from "./raft.js";
import type { Entry, Message, Ready } from "./types.js";

const empty = new Uint8Array(0);
const entry = (term: number, index: number): Entry => ({ type: "command", term, index, data: empty });

function raftOf(voters: readonly bigint[], options: Partial<RaftOptions> = {}): Raft {
  return new Raft({
    id: 1n,
    electionTicks: 10,
    heartbeatTicks: 1,
    random: () => 0,
    preVote: false,
    hardState: undefined,
    base: { index: 0, term: 0 },
    entries: [],
    applied: { index: 0, confState: { ...EMPTY_CONF_STATE, voters } },
    ...options,
  });
}

/** A perfect disk: everything is durable at once. Returns what left the member. */
function drain(raft: Raft): { readonly messages: readonly Message[]; readonly readies: readonly Ready[] } {
  const messages: Message[] = [];
  const readies: Ready[] = [];
  while (raft.hasReady()) {
    const ready = raft.ready();
    readies.push(ready);
    messages.push(...ready.send);
    if (ready.append !== undefined) {
      raft.appended(ready.append.token);
      for (const message of ready.append.afterDurable) {
        if (message.to === 1n) raft.step(message);
        else messages.push(message);
      }
    }
    if (ready.apply !== undefined) raft.applied(ready.apply.token);
  }
  return { messages, readies };
}

const vote = (term: number, lastTerm: number, lastIndex: number, from = 2n): Message => ({
  type: "vote",
  from,
  to: 1n,
  term,
  lastIndex,
  lastTerm,
  transfer: false,
});
const granted = (from: bigint, term: number): Message => ({ type: "vote-response", from, to: 1n, term, reject: false });
const append = (term: number, prev: [number, number], entries: readonly Entry[] = [], commit = 0): Message => ({
  type: "append",
  from: 2n,
  to: 1n,
  term,
  prevTerm: prev[0],
  prevIndex: prev[1],
  entries,
  commit,
});
const acknowledged = (from: bigint, term: number, index: number): Message => ({
  type: "append-response",
  from,
  to: 1n,
  term,
  index,
  reject: false,
  rejectHint: 0,
  rejectTerm: 0,
});
const withLog = (entries: readonly Entry[], term: number): Partial<RaftOptions> => ({
  entries,
  hardState: { term, vote: 0n, commit: 0 },
});

function leaderOfThree(options: Partial<RaftOptions> = {}): Raft {
  const raft = raftOf([1n, 2n, 3n], options);
  raft.campaign();
  drain(raft);
  raft.step(granted(2n, raft.status.term));
  return raft;
}

describe("the Raft paper", () => {
  it("§5.1: a leader that hears of a higher term becomes a follower of that term", () => {
    const raft = leaderOfThree();
    raft.step(append(5, [0, 0]));
    expect(raft.status).toMatchObject({ role: "follower", term: 5, lead: 2n });
  });

  it("§5.1: a request with a stale term is refused and changes nothing", () => {
    const raft = raftOf([1n, 2n, 3n], { ...withLog([entry(3, 1)], 3), checkQuorum: false });
    raft.step(append(2, [0, 0], [entry(2, 1)], 1));
    expect(raft.status).toMatchObject({ term: 3, lead: 0n, lastIndex: 1, commitIndex: 0 });
    expect(drain(raft).messages).toEqual([]);
  });

  it("§5.2: a follower that hears nothing for its election timeout starts an election in the next term", () => {
    const raft = raftOf([1n, 2n, 3n]);
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
    const raft = raftOf([1n, 2n, 3n]);
    raft.step(vote(1, 0, 0, 2n));
    raft.step(vote(1, 0, 0, 3n));
    raft.step(vote(1, 0, 0, 2n));
    expect(drain(raft).messages).toMatchObject([
      { to: 2n, reject: false },
      { to: 3n, reject: true },
      { to: 2n, reject: false },
    ]);
  });

  it("§5.2: the vote survives a restart", () => {
    const raft = raftOf([1n, 2n, 3n], { hardState: { term: 4, vote: 2n, commit: 0 } });
    raft.step(vote(4, 0, 0, 3n));
    raft.step(vote(4, 0, 0, 2n));
    expect(drain(raft).messages).toMatchObject([
      { to: 3n, reject: true },
      { to: 2n, reject: false },
    ]);
  });

  it("§5.2: a candidate that hears the term's leader follows it", () => {
    const raft = raftOf([1n, 2n, 3n]);
    raft.campaign();
    raft.step(append(1, [0, 0]));
    expect(raft.status).toMatchObject({ role: "follower", lead: 2n, term: 1 });
  });

  it("§5.2: election timeouts are spread over one to two timeouts", () => {
    const waits = new Set<number>();
    for (let drawn = 0; drawn < 10; drawn++) {
      const raft = raftOf([1n, 2n, 3n], { random: () => drawn });
      let ticks = 0;
      for (; raft.status.role === "follower"; ticks++) raft.tick();
      waits.add(ticks);
    }
    expect([...waits].sort((a, b) => a - b)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  });

  it("§5.2: a leader sends heartbeats to keep its authority", () => {
    const raft = leaderOfThree();
    drain(raft);
    raft.tick();
    expect(drain(raft).messages.map(({ type, to }) => [type, to])).toEqual([
      ["heartbeat", 2n],
      ["heartbeat", 3n],
    ]);
  });

  it("§5.3: an entry is committed when a majority stores it, and the leader's own copy counts only from its disk", () => {
    const raft = leaderOfThree();
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
      const raft = raftOf([1n, 2n, 3n], log);
      raft.step(vote(5, lastTerm, lastIndex));
      expect(drain(raft).messages, `last ${lastTerm}/${lastIndex}`).toMatchObject([{ reject }]);
    }
  });

  it("§5.4.2: an entry of an earlier term is not committed by counting copies (figure 8)", () => {
    const raft = leaderOfThree(withLog([entry(1, 1), entry(2, 2)], 2));
    drain(raft);
    raft.step(acknowledged(2n, 3, 2));
    expect(raft.status.commitIndex).toBe(0);
    raft.step(acknowledged(2n, 3, 3));
    expect(raft.status.commitIndex).toBe(3);
  });

  it("§8: a new leader appends an empty entry of its term", () => {
    const raft = leaderOfThree(withLog([entry(1, 1)], 1));
    expect(drain(raft).readies[0]?.append?.entries).toEqual([entry(2, 2)]);
  });
});

describe("the Raft thesis", () => {
  it("§4.2.3: a member that hears its leader ignores requests for a vote, whatever their term", () => {
    const raft = raftOf([1n, 2n, 3n]);
    raft.step(append(1, [0, 0]));
    drain(raft);
    raft.step(vote(9, 9, 9, 3n));
    expect(raft.status).toMatchObject({ term: 1, lead: 2n });
    expect(drain(raft).messages).toEqual([]);
  });

  it("§6.4: a read is answered only after a majority confirmed the leader by a message sent after the read", () => {
    const raft = leaderOfThree();
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
    const raft = raftOf([1n, 2n, 3n]);
    raft.step({ type: "pre-vote", from: 2n, to: 1n, term: 7, lastIndex: 0, lastTerm: 0, transfer: false });
    const { messages, readies } = drain(raft);
    expect(messages).toMatchObject([{ type: "pre-vote-response", term: 7, reject: false }]);
    expect(readies[0]?.append).toMatchObject({ hardState: undefined, mustSync: false });
  });

  it("§10.2.1: followers get an entry while the leader's own disk still writes it", () => {
    const raft = leaderOfThree();
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
