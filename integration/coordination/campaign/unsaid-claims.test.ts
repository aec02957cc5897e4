/** The claims that are made up for the judge must not collide with those that were told of. */
import { describe, expect, it } from "vitest";
import { judge } from "../model.js";
import { type WorkEvent, workQueueModel } from "../models/work-queue.js";
import { withUnsaidClaims } from "./unsaid-claims.js";

const put = (job: string, atMs: number): WorkEvent[] => [
  { kind: "enqueuing", atMs, worker: "w", job },
  { kind: "enqueued", atMs: atMs + 1, worker: "w", job },
];
const claim = (job: string, atMs: number, token: bigint, attempt: number): WorkEvent => ({
  ...{ kind: "claimed", atMs, worker: "w", job, token, attempt },
});
const ack = (job: string, atMs: number, token: bigint): WorkEvent => ({
  ...{ kind: "acknowledged", atMs, worker: "w", job, token, revision: token + 1n },
});

describe("a claim that nobody told of", () => {
  it("gets a token of its own, also where the one before the next attempt is another job's", () => {
    const told = [
      ...put("a", 1),
      ...put("b", 3),
      claim("b", 10, 99n, 1),
      ack("b", 11, 99n),
      // The first attempt died without a word, at some token below 99.
      claim("a", 20, 100n, 2),
      ack("a", 21, 100n),
    ];
    const { filled, unsaid } = withUnsaidClaims(told);
    expect(unsaid).toBe(1);
    const made = filled.find((event) => event.kind === "claimed" && event.worker === "untold");
    expect(made).toMatchObject({ job: "a", attempt: 1, token: 98n });
    expect(judge(workQueueModel, filled).violation).toBeUndefined();
  });
});
