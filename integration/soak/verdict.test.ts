/** The judges of a soak on samples made by hand: what rises is seen, what swings or scatters is not blamed. */
import { describe, expect, it } from "vitest";
import { planOf } from "./plan.js";
import type { Sample } from "./sample.js";
import { Tally } from "./tally.js";
import { trendOf } from "./trend.js";
import { beyondLimits, isBad, judge, notGivenBack, RULES } from "./verdict.js";

const MEBIBYTE = 2 ** 20;

const QUIET: Sample = {
  ...{ member: "n1", atSeconds: 0, lifeSeconds: 0, handleKinds: {}, handles: 40, files: 60 },
  ...{ residentBytes: 150 * MEBIBYTE, heapBytes: 30 * MEBIBYTE, outsideBytes: 20 * MEBIBYTE },
  ...{ loopP50Ms: 0.5, loopP99Ms: 10, loopMaxMs: 20, dbBytes: 9 * MEBIBYTE, dbBytesInUse: 8 * MEBIBYTE },
  ...{ walBytes: 64 * MEBIBYTE, printedBytes: 0, watchStreams: 2, watchers: 20, leases: 30, pendingEvents: 0 },
  ...{ logins: 9, leaderChanges: 1, putP50Ms: 5, putP99Ms: 40, rangeP50Ms: 5, rangeP99Ms: 40 },
};

/** One member's samples of an hour, each `change`d by its number from 0 to 359. */
function hour(change: (number: number) => Partial<Sample> = () => ({})): Sample[] {
  return Array.from({ length: 360 }, (_, number) => ({ ...QUIET, atSeconds: (number + 1) * 10, ...change(number) }));
}

const bad = (samples: readonly Sample[]): string[] =>
  judge(samples, 3_600)
    .filter(isBad)
    .map(({ name, finding }) => `${name}: ${finding}`);

describe("a line through points", () => {
  it("rises by what was put in, with the error that the scatter leaves", () => {
    const exact = trendOf([0, 1, 2, 3].map((at) => ({ at, value: 5 + 2 * at })));
    expect(exact).toMatchObject({ points: 4, mean: 8, rise: 6, error: 0 });
    // Worked by hand: the values are 1, 1.7, 1.4 and 3.1, the slope is 0.6, and the squares of the residuals add up to 0.7.
    const scattered = trendOf([1, 2, 2, 4].map((value, at) => ({ at, value: value - 0.3 * at })));
    expect(scattered?.rise).toBeCloseTo(1.8);
    expect(scattered?.error).toBeCloseTo(3 * Math.sqrt(0.7 / 2 / 5));
  });

  it("needs three points of different moments", () => {
    expect(trendOf([1, 2].map((at) => ({ at, value: at })))).toBeUndefined();
    expect(trendOf([1, 1, 1].map((at) => ({ at, value: at })))).toBeUndefined();
  });
});

describe("the verdict", () => {
  it("is that a member which stays as it was is flat in everything", () => {
    const findings = judge(hour(), 3_600).map(({ finding }) => finding);
    expect(findings).toEqual(RULES.map(() => "flat"));
  });

  it("names the amount that grows all the time, and nothing else", () => {
    const amounts = RULES.filter(({ scatters }) => scatters !== true);
    for (const { name, reading } of amounts) {
      const full = 4 * (QUIET[reading] ?? 0) + 600;
      const rising = hour((number) => ({ [reading]: full * (1 + number / 180) }));
      expect(bad(rising), name).toEqual([`${name}: rises`]);
    }
  });

  it("does not blame a start that fills caches, a swing, or times that scatter", () => {
    const filling = (number: number): number => 30 * MEBIBYTE * Math.min(1, 0.3 + number / 120);
    expect(bad(hour((number) => ({ heapBytes: filling(number) })))).toEqual([]);
    expect(bad(hour((number) => ({ dbBytes: (8 + 8 * ((number % 12) / 12)) * MEBIBYTE })))).toEqual([]);
    expect(bad(hour((number) => ({ putP99Ms: number % 37 === 0 ? 900 : 40 })))).toEqual([]);
  });

  it("tells latencies that grow from such that are noisy", () => {
    expect(bad(hour((number) => ({ putP99Ms: 40 + number })))).toEqual(["put p99: rises"]);
    const once = judge(
      hour((number) => ({ putP99Ms: number > 355 ? 20_000 : 40 })),
      3_600,
    );
    expect(once.find(({ name }) => name === "put p99")?.finding).toBe("rises");
    const short = hour().slice(354);
    const late = short.map((sample, number) => ({ ...sample, putP99Ms: number === 4 ? 400 : 40 }));
    expect(judge(late, 3_600).find(({ name }) => name === "put p99")?.finding).toBe("noisy");
  });

  it("is bad where samples are missing, and silent where the system tells nothing", () => {
    const other = { ...QUIET, member: "n2", atSeconds: 10 };
    expect(bad([...hour(), other]).every((text) => text.endsWith("too few samples"))).toBe(true);
    expect(bad([...hour(), other])).toHaveLength(RULES.length);
    const untold = hour().map(({ files: _, ...rest }) => rest);
    expect(judge(untold, 3_600).map(({ name }) => name)).not.toContain("open files");
    expect(bad(untold)).toEqual([]);
  });

  it("knows the bounds of the log and of what is printed", () => {
    expect(beyondLimits(hour((number) => ({ printedBytes: number * 1_000 })))).toEqual([]);
    expect(beyondLimits(hour((number) => ({ walBytes: number === 7 ? 400 * MEBIBYTE : 0 })))).toEqual([
      `n1 after 80 s: the log of Raft has ${400 * MEBIBYTE} bytes`,
    ]);
    expect(beyondLimits(hour((number) => ({ printedBytes: number * 50_000 }))).length).toBeGreaterThan(100);
  });

  it("wants back what the load has taken", () => {
    const idle = { ...QUIET, watchers: 0, watchStreams: 0, leases: 0 };
    expect(notGivenBack(idle, { ...idle, files: 66, heapBytes: 35 * MEBIBYTE })).toEqual([]);
    const kinds = { fileKinds: { unix: 4, "tcp at 2379": 1 } };
    const grown = { ...idle, watchers: 1, files: 120, fileKinds: { unix: 4, "tcp at 2379": 49 } };
    expect(notGivenBack({ ...idle, ...kinds }, grown)).toEqual([
      "n1 has 1 watchers after the load, and at most 0 are expected",
      "n1 has 120 open files after the load, and at most 72 are expected: tcp at 2379 1 → 49",
    ]);
  });
});

describe("the tally", () => {
  const refused = Object.assign(new Error("fetch failed"));

  it("expects broken connections while a member is away, and at no other time", async () => {
    const tally = new Tally();
    const fail = (): Promise<never> => Promise.reject(refused);
    await tally.call("early", fail);
    expect(tally.problemCount).toBe(1);
    await tally.trouble(() => tally.call("meanwhile", fail));
    await tally.call("soon after", fail);
    expect(tally.problemCount).toBe(1);
    expect(tally.expected).toEqual({ fetch: 2 });
    await tally.trouble(() => tally.call("wrong all the same", () => Promise.reject(new Error("a wrong answer"))));
    expect(tally.problemCount).toBe(2);
  });

  it("hands out percentiles once, and keeps a bounded number of problems", async () => {
    const tally = new Tally();
    for (let i = 0; i < 100; i++) await tally.timed("put", "n1", async () => i);
    expect(tally.takeLatencies("put", "n1")).toMatchObject({ calls: 100 });
    expect(tally.takeLatencies("put", "n1")).toBeUndefined();
    for (let i = 0; i < 1_000; i++) tally.problem(`${i}`);
    expect([tally.problems.length, tally.problemCount]).toEqual([50, 1_000]);
  });
});

describe("the plan", () => {
  it("has several of everything in the half that is judged, and the restarts before it", () => {
    for (const minutes of [2, 3, 60, 600]) {
      const { durationMs, restartsAtMs, sampleEveryMs, ...plan } = planOf(minutes);
      expect(Math.max(...restartsAtMs)).toBeLessThan(durationMs * 0.4);
      for (const everyMs of [plan.compactEveryMs, plan.defragmentEveryMs, plan.snapshotEveryMs]) {
        expect(durationMs / 2 / everyMs).toBeGreaterThanOrEqual(6);
      }
      expect(durationMs / 2 / sampleEveryMs).toBeGreaterThanOrEqual(6);
    }
    expect(() => planOf(1)).toThrow("a soak takes 2 to 1440 minutes, not 1");
  });
});
