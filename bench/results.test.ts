/** Rounds become medians, ratios and verdicts. */
import { describe, expect, it } from "vitest";
import type { Target } from "./plan.js";
import { targetText, workloadResult } from "./results.js";

const put = { name: "put", title: "put", how: "" };
const rates = (...values: number[]) => values.map((perSecond) => ({ perSecond }));

describe("results", () => {
  it("a target on a ratio is held against the median of the rounds' ratios", () => {
    const target: Target = { metric: "perSecond", subject: "kvorum", over: "etcd", atLeast: 2 };
    const { verdicts, subjects } = workloadResult(
      "g",
      { ...put, targets: [target] },
      ["kvorum", "etcd"],
      [rates(210, 90, 300), rates(100, 50, 100)],
    );
    expect(verdicts).toEqual([{ ...target, value: 2.1, least: 1.8, most: 3, met: true }]);
    expect(subjects.map(({ medians }) => medians)).toEqual([{ perSecond: 210 }, { perSecond: 100 }]);
  });

  it("a target on a value needs nobody else, and can be missed", () => {
    const target: Target = { metric: "firstAnswerMs", subject: "kvorum", atMost: 150 };
    const { verdicts } = workloadResult(
      "g",
      { ...put, targets: [target] },
      ["kvorum"],
      [[{ firstAnswerMs: 151 }, { firstAnswerMs: 140 }, { firstAnswerMs: 160 }]],
    );
    expect(verdicts).toMatchObject([{ value: 151, least: 140, most: 160, met: false }]);
  });

  it("where one of the two did not take part there is no verdict", () => {
    const target: Target = { metric: "perSecond", subject: "kvorum", over: "etcd", atLeast: 2 };
    expect(workloadResult("g", { ...put, targets: [target] }, ["kvorum"], [rates(1)]).verdicts).toEqual([]);
  });

  it("targets are readable", () => {
    expect(targetText({ metric: "perSecond", subject: "kvorum", over: "etcd", atLeast: 2.5 })).toBe(
      "throughput >= 2.5 × etcd",
    );
    expect(targetText({ metric: "clientCpuMicros", subject: "client lean", atMost: 35 })).toBe(
      "client lean: client CPU <= 35 µs/op",
    );
    expect(targetText({ metric: "leaderChanges", subject: "kvorum", atMost: 0 })).toBe("leader changes <= 0");
  });
});
