/**
 * Every state that a small cluster can reach, with the invariants checked in each. The larger explorations and the longer
 * ones are `scripts/campaigns/raft.mjs`.
 */
import { describe, expect, it } from "vitest";
import { Explorer } from "./testing/explorer.js";
import { EXPLORATIONS } from "./testing/explorer-plans.js";

const STATES_MAX = 3000;

describe("the state explorer", () => {
  for (const [name, bounds] of Object.entries(EXPLORATIONS)) {
    it(`finds no broken promise in the first states of: ${name}`, () => {
      const { failure, states, depth } = new Explorer({ ...bounds, statesMax: STATES_MAX }).run();
      expect(failure).toBeUndefined();
      expect(states).toBeGreaterThanOrEqual(STATES_MAX);
      expect(depth).toBeGreaterThan(3);
    });
  }

  it("comes to an end where the bounds are narrow, and visits each state once", () => {
    const bounds = EXPLORATIONS["two members, a crash"];
    if (bounds === undefined) throw new Error("the exploration is gone");
    const narrow = { ...bounds, termMax: 1, crashes: 0 };
    const first = new Explorer(narrow).run();
    expect(first).toMatchObject({ complete: true, failure: undefined });
    expect(new Explorer(narrow).run()).toEqual(first);
  });
});
