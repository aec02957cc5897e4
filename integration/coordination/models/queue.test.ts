/** Every sentence of the model, with a history that breaks it. */
import { describe, expect, it } from "vitest";
import { judge } from "../model.js";
import { type QueueEvent, queueModel } from "./queue.js";

let now = 0;
const note = (worker: string): { worker: string; atMs: number } => ({ worker, atMs: ++now });
const put = (item: string, revision: bigint, priority = 0): QueueEvent[] => [
  { kind: "enqueuing", ...note("p"), item, revision: 0n, priority },
  { kind: "enqueued", ...note("p"), item, revision, priority },
];
const start = (worker: string): QueueEvent => ({ kind: "taking", ...note(worker) });
const took = (worker: string, item: string): QueueEvent => ({ kind: "taken", ...note(worker), item });
const take = (worker: string, item: string): QueueEvent[] => [start(worker), took(worker, item)];
const verdict = (...events: (QueueEvent | QueueEvent[])[]): string | undefined =>
  judge(queueModel, events.flat()).violation;

describe("the model of a queue", () => {
  it("accepts items that leave in their order, by several consumers, and one whose putting was never answered", () => {
    const unanswered: QueueEvent = { kind: "enqueuing", ...note("p"), item: "x", revision: 0n, priority: 0 };
    const never: QueueEvent = { kind: "enqueuing", ...note("p"), item: "y", revision: 0n, priority: 0 };
    const history = [unanswered, never, put("a", 2n), put("b", 3n), take("1", "x"), take("1", "a"), take("2", "b")];
    expect(verdict(...history)).toBeUndefined();
  });

  it("accepts takes that overlap in any order, and an urgent item that came while a take was under way", () => {
    const overlap = [put("a", 2n), put("b", 3n), start("1"), start("2"), took("2", "b"), took("1", "a")];
    expect(verdict(...overlap)).toBeUndefined();
    const urgent = [put("a", 2n, 5), start("1"), put("b", 3n, 1), took("1", "a"), take("1", "b")];
    expect(verdict(...urgent)).toBeUndefined();
  });

  it("refuses what nobody put in, and what comes out twice", () => {
    expect(verdict(take("1", "a"))).toContain("1 took a, which nobody had put in");
    expect(verdict(put("a", 2n), take("1", "a"), take("2", "a"))).toContain("2 took a, which 1 had taken");
  });

  it("refuses a loss", () => {
    expect(verdict(put("a", 2n), put("b", 3n), take("1", "a"))).toContain("b was put in and has never come out");
  });

  it("refuses a later item that leaves first, and a less urgent one", () => {
    const order = [put("a", 2n), put("b", 3n), take("1", "b"), take("2", "a")];
    expect(verdict(...order)).toContain("1 took b before a, which stood in front of it");
    const urgency = [put("a", 2n, 5), put("b", 3n, 1), take("1", "a"), take("2", "b")];
    expect(verdict(...urgency)).toContain("1 took a before b, which stood in front of it");
  });
});
