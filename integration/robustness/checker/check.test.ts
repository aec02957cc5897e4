/** The checker judged: it accepts what is right, and for every way to be wrong it names the rule and the witnesses. */
import { describe, expect, it } from "vitest";
import { pick, seeded } from "../../support/random.js";
import { checkHistory } from "./check.js";
import type { History, Operation } from "./history.js";
import { badAppends } from "./testing/append-bad.js";
import { goodAppends } from "./testing/append-good.js";
import { badAnswers } from "./testing/bad-answers.js";
import { badHistories } from "./testing/bad-histories.js";
import { generateHistory } from "./testing/generate.js";
import { goodHistories } from "./testing/good-histories.js";
import { badLeases } from "./testing/lease-bad.js";
import { goodLeases } from "./testing/lease-good.js";
import { mutations } from "./testing/mutations.js";
import { Story } from "./testing/story.js";
import { badWindows } from "./testing/wgl-bad.js";
import { goodWindows } from "./testing/wgl-good.js";
import { describeViolation, type Rule, type Violation } from "./violation.js";

const bad = { ...badHistories, ...badAnswers };

describe("hand-made bad histories", () => {
  for (const [name, [rule, bend]] of Object.entries(bad)) {
    it(`rejects ${name}`, () => {
      const story = new Story();
      const witnesses = bend(story);
      const { violations } = checkHistory(story.history());
      const found = violations.filter((violation) => violation.rule === rule).map(operationsOf);
      expect(found, violations.map(describeViolation).join("\n")).toContainEqual(witnesses);
    });
  }

  it("are of every rule", () => {
    expect(new Set(Object.values(bad).map(([rule]) => rule)).size).toBe(11);
  });
});

describe("histories made by hand, of every checker together", () => {
  it("are sixty good ones and sixty bad ones at least", () => {
    const count = (...lists: readonly object[]): number =>
      lists.reduce((sum: number, list) => sum + Object.keys(list).length, 0);
    expect(count(bad, badWindows, badAppends, badLeases)).toBeGreaterThanOrEqual(60);
    expect(count(goodHistories, goodWindows, goodAppends, goodLeases)).toBeGreaterThanOrEqual(60);
  });
});

describe("hand-made good histories", () => {
  for (const [name, tell] of Object.entries(goodHistories)) {
    it(`accepts ${name}`, () => {
      const story = new Story();
      tell(story);
      expect(checkHistory(story.history()).violations.map(describeViolation)).toEqual([]);
    });
  }
});

const SEED = Number(process.env["KVORUM_SEED"] ?? 1);

describe("random histories", () => {
  it("are accepted when they are good", () => {
    for (let seed = SEED; seed < SEED + 40; seed++) {
      const history = generateHistory({ seed, operations: 500, clients: 8, lost: 0.05 });
      expect(rules(history), `seed ${seed}`).toEqual([]);
    }
  });

  it("are rejected after one mutation", () => {
    const tried = new Map<string, number>();
    for (let seed = SEED; seed < SEED + 200; seed++) {
      const random = seeded(seed);
      const history = generateHistory({ seed, operations: 200, clients: 6, lost: 0.03 });
      const [name, mutate] = pick(random, Object.entries(mutations));
      const mutant = mutate(history, random);
      expect(rules(mutant), `seed ${seed}: ${name}`).not.toEqual([]);
      tried.set(name, (tried.get(name) ?? 0) + 1);
    }
    expect([...tried.keys()].sort()).toEqual(Object.keys(mutations).sort());
  });

  it("are judged at a hundred thousand operations in a few seconds", { timeout: 60_000 }, () => {
    const history = generateHistory({ seed: SEED, operations: 100_000, clients: 16, lost: 0.01 });
    const start = performance.now();
    const { violations, figures } = checkHistory(history);
    const tookMs = performance.now() - start;
    expect(violations).toEqual([]);
    console.log(`checked ${figures.operations} operations, ${figures.revisions} revisions in ${tookMs.toFixed(0)} ms`);
    // Thirty times what it takes on an idle machine: a busy one passes, a quadratic step does not.
    expect(tookMs).toBeLessThan(30_000);
  });
});

function operationsOf({ witnesses }: Violation): Operation[] {
  return witnesses.flatMap((witness) => (witness.kind === "operation" ? [witness.operation] : []));
}

function rules(history: History): Rule[] {
  return [...new Set(checkHistory(history).violations.map(({ rule }) => rule))];
}
