/** The model of transactions judged: hand-made histories that each level allows, and ones that it forbids. */
import type { Isolation } from "@kvorum/concurrency";
import { describe, expect, it } from "vitest";
import { transactions } from "../../robustness/checker/testing/append-notation.js";
import { judgeTransactions } from "./stm.js";

const LEVELS: readonly Isolation[] = ["serializable-snapshot", "serializable", "repeatable-reads", "read-committed"];

/** Elements are unique over all lists. The levels, in their order, that allow the history. */
const HISTORIES: readonly (readonly [
  string,
  allowed: readonly boolean[],
  readonly string[],
  attempts?: readonly string[],
])[] = [
  ["transactions one after the other", [true, true, true, true], ["[0, 9] x= x+1", "[10, 19] x=1 x+2 y= y+3"]],
  [
    "one of unknown outcome that is seen, and one that is not",
    [true, true, true, true],
    ["[0, 9]? x= x+1", "[10, 19]? y= y+2", "[20, 29] x=1 y="],
  ],
  ["a lost update", [false, false, false, true], ["[0, 9] x= x+1", "[0, 9] x= x+2", "[20, 29] x=2"]],
  [
    "two orders of one list, after a lost update",
    [false, false, false, true],
    ["[0, 9] x= x+1", "[0, 9] x= x+2", "[0, 9] x=1", "[20, 29] x=2"],
  ],
  ["a write skew (G2)", [false, false, false, true], ["[0, 90] x= y= x+1", "[0, 90] x= y= y+2", "[100, 110] x=1 y=2"]],
  [
    "half of a transaction, read by one that was committed (G-single)",
    [false, false, false, true],
    ["[0, 90] x= y= x+1 y+2", "[0, 90] x=1 y=", "[100, 110] x=1 y=2"],
  ],
  [
    "half of a transaction, read by an attempt that was not committed",
    [false, false, true, true],
    ["[0, 90] x= y= x+1 y+2", "[100, 110] x=1 y=2"],
    ["[0, 90] x=1 y="],
  ],
  ["a stale read", [false, false, false, true], ["[0, 9] x= x+1", "[20, 29] x=", "[30, 39] x=1"]],
  [
    "a stale read of an attempt that was not committed",
    [false, false, true, true],
    ["[0, 9] x= x+1", "[30, 39] x=1"],
    ["[20, 29] x="],
  ],
  [
    "appends in a circle (G0)",
    [false, false, false, false],
    ["[0, 90] x+1 y+2", "[0, 90] x+3 y+4", "[0, 90] x=1.3", "[0, 90] y=4.2"],
  ],
  ["information in a circle (G1c)", [false, false, false, false], ["[0, 90] x+1 y=2", "[0, 90] y+2 x=1"]],
  ["what was refused is read (G1a)", [false, false, false, false], ["[0, 90]! x= x+1", "[0, 90] x=1"]],
  [
    "what is half done is read (G1b)",
    [false, false, false, false],
    ["[0, 90] x= x+1 x+2", "[0, 90] x=1", "[0, 90] x=1.2"],
  ],
  ["a transaction that does not see its own write", [false, false, false, false], ["[0, 90] x= x+1 x="]],
  ["an append that is there twice", [false, false, false, false], ["[0, 90] x= x+1", "[0, 90] x=1.1"]],
  ["an append of nobody", [false, false, false, false], ["[0, 90] x=7"]],
];

describe("the model of transactions", () => {
  for (const [name, allowed, lines, attempts = []] of HISTORIES) {
    it(`says which levels allow ${name}`, () => {
      const history = { transactions: transactions(...lines), attempts: transactions(...attempts) };
      const verdicts = LEVELS.map((level) => judgeTransactions(level, history).violation === undefined);
      expect(verdicts).toEqual(allowed);
    });
  }

  it("names the level, the rule and the transactions", () => {
    const history = {
      transactions: transactions("[0, 90] x= y= x+1 y+2", "[0, 90] x=1 y=", "[0, 90] y=2"),
      attempts: [],
    };
    expect(judgeTransactions("serializable", history)).toMatchObject({ events: 3 });
    expect(judgeTransactions("serializable", history).violation).toMatch(/^serializable: append-g-single: .*\n {2}T1/);
  });
});
