/** One history for each way in which lists can be wrong: the rule, the transactions to be named in order, and the history. */
import type { Rule } from "../violation.js";

export type BadAppends = readonly [Rule, readonly number[], readonly string[]];

export const badAppends: Readonly<Record<string, BadAppends>> = {
  "two orders of one list": [
    "append-order",
    [2, 3],
    ["[0, 90] x+1", "[0, 90] x+2", "[0, 90] x=1.2", "[0, 90] x=2.1.3", "[0, 90] x+3"],
  ],
  "a list that forks after a common beginning": [
    "append-order",
    [4, 3],
    ["[0, 90] x+1", "[0, 90] x+2", "[0, 90] x+3", "[0, 90] x=1.2", "[0, 90] x=1.3"],
  ],
  "an element that is in a list twice": ["append-duplicate", [1], ["[0, 90] x+1", "[0, 90] x=1.1"]],
  "an element that is there again after others": [
    "append-duplicate",
    [2],
    ["[0, 90] x+1", "[0, 90] x+2", "[0, 90] x=1.2.1"],
  ],
  "an element that nobody appended": ["append-phantom", [1], ["[0, 90] x+1", "[0, 90] x=1.7"]],
  "an element of another list": ["append-phantom", [1], ["[0, 90] x+1", "[0, 90] y=1"]],
  "an element that two transactions append": ["assumption", [0, 1], ["[0, 90] x+1", "[0, 90] x+1"]],
  "a refused append that is read": ["append-g1a", [0, 1], ["[0, 90]! x+1", "[0, 90] x=1"]],
  "a refused append below others": ["append-g1a", [0, 2], ["[0, 90]! x+1", "[0, 90] x+2", "[0, 90] x=1.2"]],
  "a read between two appends of one transaction": [
    "append-g1b",
    [0, 1],
    ["[0, 90] x+1 x+2", "[0, 90] x=1", "[0, 90] x=1.2"],
  ],
  "a transaction that does not find its own append": ["append-internal", [0], ["[0, 90] x+1 x="]],
  "a transaction whose list changes between two reads": ["append-internal", [1], ["[0, 90] x+1", "[0, 90] x= x=1"]],
  "a transaction that finds something between what it read and what it appended": [
    "append-internal",
    [1],
    ["[0, 90] x+1", "[0, 90] x= x+2 x=1.2"],
  ],
  "an acknowledged append that a later read has not": ["append-lost", [0, 1], ["[0, 10] x+1", "[20, 30] x="]],
  "an element that was there and is gone": ["append-real-time", [2, 0], ["[0, 10] x+1", "[12, 15] x=1", "[20, 30] x="]],
  "an append that one overwrote without having read it": [
    "append-lost",
    [1, 3],
    ["[0, 10] x+1", "[12, 20] x=1 x+2", "[12, 20] x=1 x+3", "[30, 40] x=1.3"],
  ],
  "lists that were appended to in opposite orders (G0)": [
    "append-g0",
    [0, 1],
    ["[0, 90] x+1 y+1", "[0, 90] x+2 y+2", "[0, 90] x=1.2", "[0, 90] y=2.1"],
  ],
  "two transactions that read what the other appended (G1c)": [
    "append-g1c",
    [0, 1],
    ["[0, 90] x+1 y=1", "[0, 90] y+1 x=1"],
  ],
  "an element read by who appended before it (G1c)": [
    "append-g1c",
    [1, 0],
    ["[0, 90] x+1 y=1", "[0, 90] x+2 y+1", "[0, 90] x=1.2"],
  ],
  "a read of half of a transaction (G-single)": [
    "append-g-single",
    [1, 0],
    ["[0, 90] x+1 y+1", "[0, 90] x=1 y=", "[0, 90] y=1"],
  ],
  "a lost update (G-single)": [
    "append-g-single",
    [2, 1],
    ["[0, 90] x+1", "[0, 90] x=1 x+2", "[0, 90] x=1 x+3", "[0, 90] x=1.2.3"],
  ],
  "two who each miss the other's append (G2: write skew)": [
    "append-g2",
    [0, 1],
    ["[0, 90] x= y+1", "[0, 90] y= x+1", "[0, 90] x=1 y=1"],
  ],
  "two readers who saw two appends in different orders (G2: long fork)": [
    "append-g2",
    [2, 1, 3, 0],
    ["[0, 90] x+1", "[0, 90] y+1", "[0, 90] x=1 y=", "[0, 90] x= y=1", "[0, 90] x=1 y=1"],
  ],
  "an append of unknown outcome that was seen before it was asked for": [
    "append-real-time",
    [1, 0],
    ["[0, 10] x=1", "[20, 30]? x+1"],
  ],
  "a read from the future": ["append-real-time", [1, 0], ["[0, 10] x=1", "[20, 30] x+1"]],
  "a stale read, though each list is right": [
    "append-real-time",
    [3, 1],
    ["[0, 10] x+1", "[20, 30] x+2", "[22, 40] x=1.2", "[50, 60] x=1"],
  ],
  "appends in another order than their calls": [
    "append-real-time",
    [1, 0],
    ["[0, 10] x+1", "[20, 30] x+2", "[0, 90] x=2.1"],
  ],
  "two readers in turn, of whom the later has seen less": [
    "append-real-time",
    [3, 1, 2],
    ["[0, 10] x+1", "[12, 90] x+2", "[20, 30] x=1.2", "[40, 50] x=1"],
  ],
  "two reads that miss appends, of which one had returned before": [
    "append-real-time",
    [0, 1, 2],
    ["[20, 30] x=", "[0, 90] y= x+1", "[0, 10] y+1"],
  ],
  "a transaction of unknown outcome that is half there": [
    "append-g-single",
    [1, 0],
    ["[0, 10]? x+1 y+1", "[20, 30] x=1 y=", "[40, 50] y=1"],
  ],
  "a transaction of unknown outcome of which half is missing for good": [
    "append-g-single",
    [1, 0],
    ["[0, 10]? x+1 y+1", "[20, 30] x=1 y="],
  ],
};
