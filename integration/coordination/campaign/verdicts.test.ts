/** The judges of the campaign find what they are there to find. */
import { describe, expect, it } from "vitest";
import type { Claim, WorkerEvent, Write } from "./events.js";
import { judgeElections, judgeLocks } from "./owners-verdict.js";
import { judgeServer } from "./server-verdict.js";
import type { Contender, StoredWrite } from "./witness.js";

const claim = (worker: string, token: bigint, atMs: number, name = "a"): WorkerEvent => {
  return { kind: "claim", worker, token, atMs, name };
};
const began = (worker: string, token: bigint, atMs: number): WorkerEvent => {
  return { kind: "began", worker, token, atMs, name: "a" };
};
const ended = (worker: string, token: bigint, atMs: number): WorkerEvent => {
  return { kind: "ended", worker, token, atMs, name: "a" };
};

describe("what processes said", () => {
  it("is judged for each name by itself", () => {
    const events = [claim("w1", 5n, 1), claim("w2", 3n, 2, "b"), ended("w1", 5n, 3), claim("w2", 7n, 4)];
    expect(judgeLocks(events)).toEqual([]);
    expect(judgeElections(events, [])).toHaveLength(1); // A body ended that had not begun.
  });

  it("is a violation where a lock's or an election's owner believes in what is over", () => {
    const events = [claim("w1", 3n, 1), claim("w2", 5n, 2), claim("w1", 3n, 3)];
    expect(judgeLocks(events)[0]).toContain("lock a: ");
    expect(judgeElections(events, [])[0]).toContain("election a: ");
  });

  it("is a violation where a guarded write was accepted after it had been refused", () => {
    const events = [{ ...answer("1", "refused"), revision: 9n }, answer("2", "accepted", 11n)];
    expect(judgeLocks(events)[0]).toContain("refused at 9");
  });

  it("tells work that ended with its process from work that goes on", () => {
    expect(judgeElections([began("w1", 3n, 1)], [])).toHaveLength(1);
    expect(judgeElections([began("w1", 3n, 1)], [{ worker: "w1", atMs: 2 }])).toEqual([]);
    expect(judgeElections([began("w1", 3n, 1), began("w1", 5n, 2), ended("w1", 5n, 3)], [])).toHaveLength(1);
  });
});

// Token 3 owns from 3 to 10; token 5 waits behind it and owns from 10 to 20; token 8 gave up while it waited.
const places: readonly Contender[] = [
  { name: "a", key: "lock/a/1", token: 3n, lease: 1n, value: "", goneAt: 10n },
  { name: "a", key: "lock/a/2", token: 5n, lease: 2n, value: "", goneAt: 20n },
  { name: "a", key: "lock/a/3", token: 8n, lease: 3n, value: "", goneAt: 9n },
];

const stored = (id: string, was: string, token: bigint, revision: bigint, guard: StoredWrite["guard"] = "guarded") => {
  return { id, was, token: String(token), revision, guard, name: "a" };
};

const answer = (id: string, status: Write["status"], revision?: bigint): Write => {
  const event = { kind: "write", atMs: 0, worker: "w", name: "a", token: 3n, guarded: true, id, status } as const;
  return revision === undefined ? event : { ...event, revision };
};

describe("the judge of the servers' history", () => {
  it("is content with writes of owners, and counts what unguarded ones have lost", () => {
    const writes = [
      stored("1", "", 3n, 4n),
      stored("2", "1", 5n, 11n),
      stored("u1", "", 5n, 12n, "unguarded"),
      stored("u2", "", 3n, 13n, "unguarded"),
    ];
    const { figures, problems } = judgeServer(
      places,
      writes,
      [answer("1", "accepted", 4n), answer("9", "refused")],
      [],
    );
    expect(problems).toEqual([]);
    expect(figures).toEqual({ guarded: 2, refused: 1, unguarded: 2, lost: 1 });
  });

  it.each([
    ["a guarded write of one who was the owner once", [stored("1", "", 3n, 11n)], "not the owner any more"],
    ["a write of one who still waits", [stored("1", "", 5n, 9n, "unguarded")], "not the owner yet"],
    ["a write of one who never came to be the owner", [stored("1", "", 8n, 11n, "unguarded")], "never the owner"],
    ["a write with a token of nobody", [stored("1", "", 4n, 9n)], "never the owner"],
    ["a guarded write that was lost", [stored("1", "", 3n, 4n), stored("2", "", 5n, 11n)], "replaces 1 and has read "],
  ])("finds %s", (_, writes, problem) => {
    expect(judgeServer(places, writes, [], []).problems[0]).toContain(problem);
  });

  it("finds claims of those that never were the owner", () => {
    const claims = [3n, 5n, 8n].map((token): Claim => ({ kind: "claim", worker: "w", name: "a", token, atMs: 1 }));
    expect(judgeServer(places, [], [], claims).problems).toEqual([
      "w claims a with token 8, which was never the owner's",
    ]);
  });

  it("finds answers that are not so", () => {
    const writes = [stored("1", "", 3n, 4n)];
    expect(judgeServer(places, writes, [answer("1", "refused")], []).problems).toHaveLength(1);
    expect(judgeServer(places, writes, [answer("1", "accepted", 5n)], []).problems).toHaveLength(1);
    expect(judgeServer(places, writes, [answer("2", "accepted", 5n)], []).problems).toHaveLength(1);
    expect(judgeServer(places, writes, [answer("2", "unknown")], []).problems).toEqual([]);
  });
});
