/** The model of an election judged: hand-made histories that are right, and one for each way to be wrong. */
import { describe, expect, it } from "vitest";
import { judge } from "../model.js";
import { type ElectionEvent, electionModel } from "./election.js";

type Bare = ElectionEvent extends infer E ? (E extends ElectionEvent ? Omit<E, "atMs" | "worker"> : never) : never;

/** Events one after the other: who, and what. */
function history(...lines: readonly (readonly [worker: string, what: Bare])[]): ElectionEvent[] {
  return lines.map(([worker, what], index) => ({ ...what, worker, atMs: index }) as ElectionEvent);
}

const claims = (token: bigint): Bare => ({ kind: "claims", token });
const begins = (token: bigint): Bare => ({ kind: "body-begins", token });
const ends = (token: bigint): Bare => ({ kind: "body-ends", token });
const proclaims = (token: bigint, value: string): Bare => ({ kind: "proclaims", token, value });
const sees = (token: bigint, value: string, revision: bigint): Bare => ({ kind: "observes", token, value, revision });
const nobody: Bare = sees(0n, "", 0n);
const stands = (token: bigint, value: string): Bare => ({ kind: "stands", token, value });
const dies: Bare = { kind: "dies" };

const GOOD: Readonly<Record<string, readonly (readonly [string, Bare])[]>> = {
  "one leader after the other": [
    ["a", claims(5n)],
    ["a", claims(5n)],
    ["b", claims(9n)],
  ],
  "the body of one who lost runs on while another leads": [
    ["a", begins(5n)],
    ["b", begins(9n)],
    ["b", ends(9n)],
    ["a", ends(5n)],
  ],
  "a process that died is resumed by another": [
    ["a", claims(5n)],
    ["a", begins(5n)],
    ["a", dies],
    ["b", claims(5n)],
  ],
  "an observer passes values over and sees the last": [
    ["a", proclaims(5n, "1")],
    ["a", proclaims(5n, "2")],
    ["a", proclaims(5n, "3")],
    ["o", nobody],
    ["o", sees(5n, "1", 5n)],
    ["o", sees(5n, "3", 8n)],
    ["x", stands(5n, "3")],
  ],
  "a successor whose key is older than its predecessor's last value": [
    ["a", proclaims(5n, "1")],
    ["b", proclaims(6n, "2")],
    ["a", proclaims(5n, "3")],
    ["o", sees(5n, "3", 9n)],
    ["o", sees(6n, "2", 6n)],
  ],
  "nobody leads in the end": [
    ["a", proclaims(5n, "1")],
    ["o", sees(5n, "1", 5n)],
    ["o", nobody],
    ["x", stands(0n, "")],
  ],
  "the same value proclaimed again": [
    ["a", proclaims(5n, "1")],
    ["a", proclaims(5n, "1")],
    ["o", sees(5n, "1", 5n)],
    ["o", sees(5n, "1", 6n)],
  ],
};

const BAD: Readonly<Record<string, readonly [RegExp, readonly (readonly [string, Bare])[]]>> = {
  "a claim with a lower token after one with a higher": [
    /claims token 5 after somebody has claimed 9/,
    [
      ["b", claims(9n)],
      ["a", claims(5n)],
    ],
  ],
  "two leaders of one token": [
    /which is a's/,
    [
      ["a", claims(5n)],
      ["b", claims(5n)],
    ],
  ],
  "a claim of the dead": [
    /is dead/,
    [
      ["a", dies],
      ["a", claims(5n)],
    ],
  ],
  "a body that overlaps with itself": [
    /beside the one with token 5/,
    [
      ["a", begins(5n)],
      ["a", begins(9n)],
    ],
  ],
  "a body that ends without having begun": [/does not run/, [["a", ends(5n)]]],
  "a body that never ends": [/never ended/, [["a", begins(5n)]]],
  "an observer that goes back to an earlier leader": [
    /sees token 5 at revision 12 after token 9/,
    [
      ["a", proclaims(5n, "1")],
      ["b", proclaims(9n, "2")],
      ["o", sees(9n, "2", 9n)],
      ["o", sees(5n, "1", 12n)],
    ],
  ],
  "an observer that goes back in revisions": [
    /after token 5 at revision 7/,
    [
      ["a", proclaims(5n, "1")],
      ["a", proclaims(5n, "2")],
      ["o", sees(5n, "1", 7n)],
      ["o", sees(5n, "2", 6n)],
    ],
  ],
  "values in another order than that of their calls": [
    /proclaimed before what it saw last/,
    [
      ["a", proclaims(5n, "1")],
      ["a", proclaims(5n, "2")],
      ["o", sees(5n, "2", 6n)],
      ["o", sees(5n, "1", 7n)],
    ],
  ],
  "a value that nobody has proclaimed": [/by nobody yet/, [["o", sees(5n, "1", 5n)]]],
  "a leader that comes back after it had gone": [
    /again after it had gone/,
    [
      ["a", proclaims(5n, "1")],
      ["a", proclaims(5n, "2")],
      ["o", sees(5n, "1", 5n)],
      ["o", nobody],
      ["o", sees(5n, "2", 6n)],
    ],
  ],
  "nobody, seen twice": [
    /twice in a row/,
    [
      ["o", nobody],
      ["o", nobody],
    ],
  ],
  "an observer that misses the last value": [
    /has missed the last state/,
    [
      ["a", proclaims(5n, "1")],
      ["a", proclaims(5n, "2")],
      ["o", sees(5n, "1", 5n)],
      ["x", stands(5n, "2")],
    ],
  ],
  "an observer that misses that nobody leads": [
    /has missed the last state/,
    [
      ["a", proclaims(5n, "1")],
      ["o", sees(5n, "1", 5n)],
      ["x", stands(0n, "")],
    ],
  ],
};

describe("the model of an election", () => {
  for (const [name, lines] of Object.entries(GOOD)) {
    it(`accepts: ${name}`, () => expect(judge(electionModel, history(...lines)).violation).toBeUndefined());
  }
  for (const [name, [violation, lines]] of Object.entries(BAD)) {
    it(`rejects: ${name}`, () => expect(judge(electionModel, history(...lines)).violation).toMatch(violation));
  }
});
