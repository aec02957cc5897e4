/** Every sentence of the model, with a history that breaks it. */
import { describe, expect, it } from "vitest";
import { judge } from "../model.js";
import { type SemaphoreEvent, semaphoreModel } from "./semaphore.js";

const claim = (worker: string, token: bigint, permits: number, atMs: number): SemaphoreEvent => {
  return { kind: "claim", atMs, worker, token, permits };
};
const verdict = (...events: SemaphoreEvent[]): string | undefined => judge(semaphoreModel(3), events).violation;

describe("the model of a semaphore", () => {
  it("accepts holders within the limit, one after the other and together", () => {
    const together = [claim("a", 5n, 2, 1), claim("b", 6n, 1, 2), claim("a", 5n, 2, 3), claim("b", 6n, 1, 4)];
    expect(verdict(...together, claim("c", 7n, 3, 5), claim("c", 7n, 3, 6))).toBeUndefined();
  });

  it("refuses more permits at one moment than there are", () => {
    const over = verdict(claim("a", 5n, 2, 1), claim("b", 6n, 2, 2), claim("a", 5n, 2, 3));
    expect(over).toContain("4 of 3 permits are held when token 6 of b begins");
    // Two that may have been one after the other are no proof.
    expect(verdict(claim("a", 5n, 2, 1), claim("b", 6n, 2, 2), claim("b", 6n, 2, 3))).toBeUndefined();
  });

  it("refuses the sum of three of whom no two are too many", () => {
    const events = [1, 2].flatMap((round) => [5n, 6n, 7n].map((token) => claim(`${token}`, token, 1, round)));
    expect(judge(semaphoreModel(2), events).violation).toContain("3 of 2 permits are held");
  });

  it("refuses a small request that passes a large one", () => {
    const passing = verdict(claim("holder", 5n, 2, 1), claim("small", 9n, 1, 2), claim("large", 7n, 3, 4));
    expect(passing).toContain("token 9 of small begins before token 7 of large: 4 of 3 permits");
    // Both fit beside each other: who notes it first says nothing.
    expect(verdict(claim("b", 9n, 1, 2), claim("a", 7n, 2, 3))).toBeUndefined();
  });

  it("refuses a token of two workers, one that changes its permits, and permits that do not exist", () => {
    expect(verdict(claim("a", 5n, 1, 1), claim("b", 5n, 1, 2))).toContain("token 5 is claimed by a");
    expect(verdict(claim("a", 5n, 1, 1), claim("a", 5n, 2, 2))).toContain("token 5 is claimed by a");
    expect(verdict(claim("a", 5n, 4, 1))).toContain("claims 4 permits of 3");
    expect(verdict(claim("a", 5n, 0, 1))).toContain("claims 0 permits");
  });
});
