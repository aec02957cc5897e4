/** How long a healed cluster is waited for, on a world that is a list of what is missing at the end of each minute. */
import { describe, expect, it } from "vitest";
import { SimulationViolation } from "../../../packages/server/testing/simulation/violation.js";
import { demandByProgress, entriesMissing, type Healed } from "./healed.js";

const MINUTE_MS = 60_000;

/** Waits on a cluster that lacks so much at first and after each minute; 0 is enough. The answer: minutes that went by. */
async function minutesFor(missing: readonly number[]): Promise<number> {
  let minute = 0;
  const run = async (ms: number, done: () => boolean): Promise<void> => {
    if (ms === MINUTE_MS && !done()) minute++;
  };
  const healed = { run, simulation: { machines: [] } } as unknown as Healed;
  const now = (): number => missing[minute] ?? Number.NaN;
  const what = () => `all is there (${now()} missing)`;
  await demandByProgress(healed, { rule: "L2", what, withinMs: MINUTE_MS, missing: now }, () => now() === 0);
  return minute;
}

describe("what is demanded while there is progress", () => {
  it("is waited for as long as less is missing each minute", async () => {
    expect(await minutesFor([0])).toBe(0);
    expect(await minutesFor([9, 5, 1, 0])).toBe(3);
  });

  it.each([
    ["the same is missing", [9, 5, 5, 0], "5 missing"],
    ["more is missing", [9, 10, 0], "10 missing"],
    ["nobody leads", [9, Number.POSITIVE_INFINITY, 0], "Infinity missing"],
    ["nobody led and nobody leads", [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0], "Infinity missing"],
  ])("is not waited for any longer when %s after a minute", async (_, missing, words) => {
    const waiting = minutesFor(missing);
    await expect(waiting).rejects.toThrow(SimulationViolation);
    await expect(waiting).rejects.toThrow(words);
  });
});

describe("the entries that are missing", () => {
  const member = (id: bigint, appliedIndex: number) => ({ node: { raftStatus: { id, appliedIndex } } });
  const cluster = (leader: unknown, machines: unknown[]) => ({ simulation: { leader, machines } }) as unknown as Healed;
  const confState = { voters: [1n, 2n], learners: [3n] };

  it("are those of the member that lacks most, learners too and strangers not", () => {
    const leader = { node: { raftStatus: { id: 1n, lastIndex: 20, confState } } };
    const machines = [member(1n, 20), member(2n, 15), member(3n, 8), member(4n, 0), {}];
    expect(entriesMissing(cluster(leader, machines))).toBe(12);
  });

  it("have no end without a leader", () => {
    expect(entriesMissing(cluster(undefined, [member(1n, 20)]))).toBe(Number.POSITIVE_INFINITY);
  });
});
