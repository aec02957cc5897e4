/** Every sentence of the model, with a history that breaks it. */
import { describe, expect, it } from "vitest";
import { judge } from "../model.js";
import { type WorkEvent, workQueueModel } from "./work-queue.js";

let now = 0;
const note = (worker: string): { worker: string; atMs: number } => ({ worker, atMs: ++now });
const put = (job: string): WorkEvent[] => [
  { kind: "enqueuing", ...note("p"), job },
  { kind: "enqueued", ...note("p"), job },
];
const claim = (worker: string, job: string, token: bigint, attempt: number): WorkEvent => {
  return { kind: "claimed", ...note(worker), job, token, attempt };
};
const end = (kind: "acknowledged" | "returned", worker: string, job: string, token: bigint): WorkEvent => {
  return { kind, ...note(worker), job, token, revision: kind === "acknowledged" ? token + 1n : 0n };
};
const dead = (job: string, attempts: number): WorkEvent => ({ kind: "dead", ...note("admin"), job, attempts });
const verdict = (...events: (WorkEvent | WorkEvent[])[]): string | undefined =>
  judge(workQueueModel, events.flat()).violation;

describe("the model of a work queue", () => {
  it("accepts jobs that are done at once, after a return, after a death, and dead ones", () => {
    const history = [
      ...[put("a"), claim("1", "a", 5n, 1), end("acknowledged", "1", "a", 5n)],
      ...[put("b"), claim("1", "b", 8n, 1), end("returned", "1", "b", 8n), claim("2", "b", 10n, 2)],
      // The first claimer of c hears of its claim after the second one, and dies.
      ...[put("c"), claim("2", "c", 14n, 2), claim("1", "c", 12n, 1), end("acknowledged", "2", "c", 14n)],
      ...[end("acknowledged", "2", "b", 10n), put("d"), claim("1", "d", 20n, 1), dead("d", 1)],
      { kind: "enqueuing", ...note("p"), job: "never answered" } as const,
    ];
    expect(verdict(...history)).toBeUndefined();
  });

  it("refuses a claim of what was never enqueued, and a token that two have", () => {
    expect(verdict(claim("1", "a", 5n, 1))).toContain("a was never enqueued and is claimed");
    expect(verdict(put("a"), claim("1", "a", 5n, 1), claim("2", "a", 5n, 2))).toContain("is 1's as well");
  });

  it("refuses attempts that are skipped or counted twice", () => {
    expect(verdict(put("a"), claim("1", "a", 5n, 1), claim("2", "a", 7n, 3))).toContain("says that it is attempt 3");
    expect(verdict(put("a"), claim("1", "a", 5n, 1), claim("2", "a", 7n, 1))).toContain("says that it is attempt 1");
  });

  it("refuses an end of what its worker has not claimed", () => {
    expect(verdict(put("a"), end("acknowledged", "1", "a", 5n))).toContain("which 1 never claimed");
    expect(verdict(put("a"), claim("1", "a", 5n, 1), end("returned", "2", "a", 5n))).toContain("which 2 never claimed");
  });

  it("refuses an acknowledgement of an earlier claim, of the past, and a second one", () => {
    const stale = [put("a"), claim("1", "a", 5n, 1), claim("2", "a", 7n, 2), end("acknowledged", "1", "a", 5n)];
    expect(verdict(...stale)).toContain("token 7 is later");
    const past: WorkEvent = { kind: "acknowledged", ...note("1"), job: "a", token: 5n, revision: 4n };
    expect(verdict(put("a"), claim("1", "a", 5n, 1), { ...past, atMs: now + 10 })).toContain("before its claim");
    now += 20;
    const twice = [put("a"), claim("1", "a", 5n, 1), end("acknowledged", "1", "a", 5n)];
    expect(verdict(...twice, end("acknowledged", "1", "a", 5n))).toContain("acknowledged twice");
  });

  it("refuses a job that is lost, one that ends in two ways, and a letter that counts wrongly", () => {
    expect(verdict(put("a"), claim("1", "a", 5n, 1))).toContain("a is lost");
    const both = [put("a"), claim("1", "a", 5n, 1), end("acknowledged", "1", "a", 5n), dead("a", 1)];
    expect(verdict(...both)).toContain("acknowledged and is dead");
    expect(verdict(put("a"), claim("1", "a", 5n, 1), dead("a", 2))).toContain("dead after 2 attempts");
  });
});
