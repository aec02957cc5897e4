/** The judges of the campaign find what they are there to find. */
import { describe, expect, it } from "vitest";
import { judge } from "../model.js";
import { type ClaimEvent, claimsModel } from "./claims.js";
import type { Write } from "./events.js";
import { judgeServer } from "./server-verdict.js";
import type { Contender, StoredWrite } from "./witness.js";

const told = (kind: ClaimEvent["kind"], worker: string, token: bigint, atMs: number): ClaimEvent => {
  return { kind, worker, token, atMs, name: "a" };
};

function verdictOf(...events: readonly ClaimEvent[]): string {
  return judge(claimsModel, events).violation ?? "";
}

describe("the judge of claims", () => {
  it("is content with owners that follow each other, whether the one before has said that it ended or has died", () => {
    const events = [
      told("claim", "w1", 3n, 1),
      told("claim", "w1", 3n, 2),
      told("ended", "w1", 3n, 3),
      told("claim", "w2", 5n, 4),
      told("claim", "w3", 7n, 5),
    ];
    expect(verdictOf(...events)).toBe("");
  });

  it("finds an owner that believes in what is over", () => {
    expect(verdictOf(told("claim", "w1", 3n, 1), told("claim", "w2", 5n, 2), told("claim", "w1", 3n, 3))).toContain(
      "claimed with token 3 after w2 has claimed it with 5",
    );
  });

  it("finds a token that two have", () => {
    expect(verdictOf(told("claim", "w1", 3n, 1), told("claim", "w2", 3n, 2))).toContain("is also that of w1");
  });

  it("finds a claim after the end", () => {
    const events = [told("claim", "w1", 3n, 1), told("ended", "w1", 3n, 2), told("claim", "w1", 3n, 3)];
    expect(verdictOf(...events)).toContain("was given up");
  });

  it("finds work that overlaps with itself in one process, and not that of two", () => {
    expect(verdictOf(told("began", "w1", 3n, 1), told("began", "w1", 5n, 2))).toContain("twice at once");
    expect(verdictOf(told("began", "w1", 3n, 1), told("ended", "w1", 3n, 2), told("began", "w1", 5n, 3))).toBe("");
    expect(verdictOf(told("began", "w1", 3n, 1), told("began", "w2", 5n, 2))).toBe("");
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
    const { figures, problems } = judgeServer(places, writes, [answer("1", "accepted", 4n), answer("9", "refused")]);
    expect(problems).toEqual([]);
    expect(figures).toEqual({ guarded: 2, refused: 1, unguarded: 2, lost: 1 });
  });

  it.each([
    ["a guarded write of one who was the owner once", [stored("1", "", 3n, 11n)], "not the owner any more"],
    ["a write of one who still waits", [stored("1", "", 5n, 9n, "unguarded")], "not the owner yet"],
    ["a write of one who never came to be the owner", [stored("1", "", 8n, 9n)], "not the owner"],
    ["a write with a token of nobody", [stored("1", "", 4n, 9n)], "nobody ever had that token"],
    ["a guarded write that was lost", [stored("1", "", 3n, 4n), stored("2", "", 5n, 11n)], "replaces 1 and has read "],
  ])("finds %s", (_, writes, problem) => {
    expect(judgeServer(places, writes, []).problems[0]).toContain(problem);
  });

  it("finds answers that are not so", () => {
    const writes = [stored("1", "", 3n, 4n)];
    expect(judgeServer(places, writes, [answer("1", "refused")]).problems).toHaveLength(1);
    expect(judgeServer(places, writes, [answer("1", "accepted", 5n)]).problems).toHaveLength(1);
    expect(judgeServer(places, writes, [answer("2", "accepted", 5n)]).problems).toHaveLength(1);
    expect(judgeServer(places, writes, [answer("2", "unknown")]).problems).toEqual([]);
  });
});
