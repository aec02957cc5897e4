/** The search judged: against bad and good histories made by hand, against trying every order, and against `check.ts`. */
import { describe, expect, it } from "vitest";
import { pick, seeded } from "../../support/random.js";
import { checkHistory } from "./check.js";
import type { Acknowledged, History, Operation, Response } from "./history.js";
import { badHistories } from "./testing/bad-histories.js";
import { hasOrder, randomReads, randomWindow } from "./testing/every-order.js";
import { generateHistory } from "./testing/generate.js";
import { goodHistories } from "./testing/good-histories.js";
import { mutations } from "./testing/mutations.js";
import { Story } from "./testing/story.js";
import { badWindows } from "./testing/wgl-bad.js";
import { goodWindows } from "./testing/wgl-good.js";
import { describeViolation } from "./violation.js";
import { checkInWindows, checkWindow, type WindowVerdict } from "./wgl.js";

const SEED = Number(process.env["KVORUM_SEED"] ?? 1);

describe("hand-made bad windows", () => {
  for (const [name, bend] of Object.entries(badWindows)) {
    it(`rejects ${name}`, () => {
      const story = new Story();
      const [blamed, before] = bend(story);
      for (const verdict of [checkWindow(story.operations), checkInWindows(story.operations, { windowCallsMax: 1 })]) {
        expect(verdict.outcome).toBe("violation");
        expect(
          verdict.violations.map(({ witnesses: [first] }) => first),
          words(verdict),
        ).toContainEqual({
          ...{ kind: "operation", operation: blamed },
        });
        const [prefix] = verdict.prefixes;
        if (verdict.violations.some(({ rule }) => rule === "not-linearizable")) expect(prefix).toHaveLength(before);
      }
    });
  }

  it("rejects answers that contradict each other, whatever the order", () => {
    const story = new Story();
    story.put("k", "1");
    const first = story.get("k");
    const second = story.bendPairs(story.get("k"), { modRevision: 3 });
    const { violations } = checkWindow(story.operations);
    expect(violations.map(({ rule }) => rule)).toContain("contradiction");
    expect(violations.find(({ rule }) => rule === "contradiction")?.witnesses).toEqual(
      [first, second].map((operation) => ({ kind: "operation", operation })),
    );
  });

  it("rejects a value that shares its revision with another of its key", () => {
    const story = new Story();
    story.put("k", "1");
    const first = story.get("k");
    story.put("k", "2");
    const second = story.bendPairs(story.get("k"), { modRevision: 2 });
    expect(checkWindow(story.operations).violations[0]).toMatchObject({
      rule: "contradiction",
      witnesses: [{ operation: first }, { operation: second }],
    });
  });
});

describe("hand-made good windows", () => {
  for (const [name, tell] of Object.entries({ ...goodHistories, ...goodWindows })) {
    it(`accepts ${name}`, () => {
      const story = new Story();
      tell(story);
      for (const verdict of [checkWindow(story.operations), checkInWindows(story.operations, { windowCallsMax: 1 })]) {
        expect(words(verdict)).toBe("");
        expect(verdict.outcome).toBe("linearizable");
      }
    });
  }

  it("accepts what a store held at the beginning, and no other", () => {
    const story = new Story();
    story.put("k", "1");
    story.get("k");
    const operations = story.operations.slice(1);
    const initial = [{ key: "k", value: "1", createRevision: 2, modRevision: 2, version: 1, lease: 0n }];
    expect(checkWindow(operations, { initial }).outcome).toBe("linearizable");
    expect(checkWindow(operations).outcome).toBe("violation");
  });
});

describe("the search and the trial of every order", () => {
  it.each([
    ["windows", randomWindow],
    ["reads while leases end", randomReads],
  ])("agree on thousands of small %s", (_, draw) => {
    const found = { good: 0, bad: 0 };
    for (let seed = SEED; seed < SEED + 3_000; seed++) {
      const operations = draw(seed);
      const expected = hasOrder(operations) ? "linearizable" : "violation";
      for (const windowCallsMax of [1, 3, 100]) {
        const verdict = checkInWindows(operations, { windowCallsMax });
        expect(verdict.outcome, `seed ${seed}: ${words(verdict)}`).toBe(expected);
      }
      found[expected === "linearizable" ? "good" : "bad"] += 1;
    }
    expect(Math.min(found.good, found.bad)).toBeGreaterThan(500);
  });

  it("blames the first answer that makes a history impossible", () => {
    let blamed = 0;
    for (let seed = SEED; seed < SEED + 500; seed++) {
      const operations = randomWindow(seed);
      const [violation] = checkWindow(operations).violations;
      const [witness] = violation?.witnesses ?? [];
      if (violation?.rule !== "not-linearizable" || witness?.kind !== "operation") continue;
      const { operation } = witness;
      const upTo = (last: (other: Operation) => boolean): Operation[] =>
        operations
          .filter(({ invoke }) => invoke <= operation.return)
          .map((other) => (last(other) ? other : { ...other, outcome: { status: "unknown" } }));
      expect(hasOrder(upTo((other) => other.return <= operation.return)), `seed ${seed}`).toBe(false);
      blamed += 1;
    }
    expect(blamed).toBeGreaterThan(100);
  });
});

describe("generated histories", () => {
  it("are accepted when they are good, in one window and in many", () => {
    for (let seed = SEED; seed < SEED + 20; seed++) {
      const { operations } = generateHistory({ seed, operations: 300, clients: 6, lost: 0.03 });
      for (const windowCallsMax of [40, 1_000]) {
        const verdict = checkInWindows(operations, { windowCallsMax });
        expect(verdict.outcome, `seed ${seed}: ${words(verdict)}`).toBe("linearizable");
      }
    }
  });

  it("are judged apart where no call reaches across keys", () => {
    const story = new Story();
    for (const key of ["a", "b", "c"]) for (const value of ["1", "2"]) story.put(key, `${key}${value}`);
    expect(checkWindow(story.operations).figures).toMatchObject({ parts: 3, calls: 6 });
    story.list();
    expect(checkWindow(story.operations).figures).toMatchObject({ parts: 1, calls: 7 });
  });

  it("are undecided, and not good, when the steps do not suffice", () => {
    const { operations } = generateHistory({ seed: SEED, operations: 300, clients: 6, lost: 0.03 });
    const verdict = checkWindow(operations, { stepsMax: 20 });
    expect(verdict).toMatchObject({ outcome: "undecided", violations: [], figures: { undecided: 1 } });
    expect(verdict.figures.steps).toBeLessThan(100);
  });

  it("take few steps for each call where they are good, for the likely order is tried first", () => {
    const sum = { steps: 0, calls: 0 };
    for (let seed = SEED; seed < SEED + 10; seed++) {
      const { operations } = generateHistory({ seed, operations: 600, clients: 8, lost: 0.03 });
      const { outcome, figures } = checkInWindows(operations, { windowCallsMax: 100 });
      expect(outcome, `seed ${seed}`).toBe("linearizable");
      sum.steps += figures.steps;
      sum.calls += figures.calls;
    }
    expect(sum.steps).toBeLessThan(10 * sum.calls);
  });

  it("are undecided when one call can go in more ways than there are steps", () => {
    const story = new Story();
    for (let i = 10; i < 50; i++) story.put(`k${i}`, `value ${i}`, { lease: 7n });
    const count = story.call({ kind: "range", key: "k", rangeEnd: "l", countOnly: true });
    const response: Response = { kind: "range", kvs: [], count: 20, more: false };
    const operations = story.operations.map((one) => (one.invoke === count.invoke ? answered(count, response) : one));
    const verdict = checkWindow(operations, { stepsMax: 1_000 });
    expect(verdict).toMatchObject({ outcome: "undecided", figures: { undecided: 1 } });
    expect(verdict.figures.steps).toBeLessThan(5_000);
  });
});

/**
 * Where the two may differ: what only revisions, feeds or dumps show is nothing to the search. So whatever the search
 * rejects the order of revisions must reject too, and not the other way round.
 */
describe("the search and the order of revisions", () => {
  /** Mutations of which the search sees nothing: they touch revisions, feeds and dumps only. */
  const REVISIONS_ONLY = /member's last pair|one event|neighbouring puts|moves on by a revision/;

  it("agree on good histories and on mutants that show in the answers", () => {
    const outcomes = new Map<string, Record<WindowVerdict["outcome"], number>>();
    for (let seed = SEED; seed < SEED + 200; seed++) {
      const random = seeded(seed);
      const history = generateHistory({ seed, operations: 60, clients: 4, lost: 0.03 });
      const [name, mutate] = pick(random, Object.entries(mutations));
      const mutant = mutate(history, random);
      expect(agreement(history), `seed ${seed}`).toBe("both accept");
      const how = agreement(mutant);
      expect(["both reject", "only revisions reject"], `seed ${seed}: ${name}`).toContain(how);
      if (REVISIONS_ONLY.test(name)) expect(how, `seed ${seed}: ${name}`).toBe("only revisions reject");
      const { outcome } = checkWindow(mutant.operations);
      const counts = outcomes.get(name) ?? { linearizable: 0, violation: 0, undecided: 0 };
      outcomes.set(name, { ...counts, [outcome]: counts[outcome] + 1 });
    }
    expect([...outcomes.keys()].sort()).toEqual(Object.keys(mutations).sort());
    for (const [name, { violation }] of outcomes)
      if (!REVISIONS_ONLY.test(name)) expect(violation, name).toBeGreaterThan(3);
  });

  it("agree on hand-made histories: what has no order is rejected by both", () => {
    for (const [name, bend] of Object.entries(badWindows)) {
      const story = new Story();
      bend(story);
      expect(checkHistory(story.history()).violations, name).not.toEqual([]);
    }
    let rejected = 0;
    for (const [, bend] of Object.values(badHistories)) {
      const story = new Story();
      bend(story);
      if (checkWindow(story.operations).outcome === "violation") rejected += 1;
    }
    expect(rejected).toBeGreaterThan(5);
  });
});

function answered(operation: Acknowledged, response: Response): Operation {
  return { ...operation, outcome: { ...operation.outcome, response } };
}

function agreement(
  history: History,
): "both accept" | "both reject" | "only revisions reject" | "only the search rejects" {
  const byRevisions = checkHistory(history).violations.length > 0;
  const bySearch = checkWindow(history.operations).outcome === "violation";
  if (byRevisions) return bySearch ? "both reject" : "only revisions reject";
  return bySearch ? "only the search rejects" : "both accept";
}

function words({ violations }: WindowVerdict): string {
  return violations.map(describeViolation).join("\n");
}
