/** The watch checker judged: one session for each guarantee that can be broken, and good sessions that are accepted. */
import { describe, expect, it } from "vitest";
import { mergeFeeds } from "./merge.js";
import { generateHistory } from "./testing/generate.js";
import { Story } from "./testing/story.js";
import { describeViolation, type Rule } from "./violation.js";
import { checkWatches, type WatchEvent, type WatchSession } from "./watch-check.js";

/** Revisions 2: put a, 3: put b and c, 4: put a, 5: delete b. */
function events(): WatchEvent[] {
  const story = new Story();
  story.put("a", "1");
  story.txn(
    [],
    [
      { kind: "put", key: "b", value: "2" },
      { kind: "put", key: "c", value: "3" },
    ],
  );
  story.put("a", "4");
  story.delete("b");
  return story.events;
}

const ALL = events();
const [A1, B, C, A2, D] = ALL as [WatchEvent, WatchEvent, WatchEvent, WatchEvent, WatchEvent];
const { timeline } = mergeFeeds([{ source: "all", events: ALL }]);
const EVERYTHING = { source: "w", key: "\0", rangeEnd: "\0", startRevision: 2, prevKv: false };

/** A response for each list; a number is a progress notification. */
function session(
  responses: readonly (readonly WatchEvent[] | number)[],
  options: Partial<WatchSession> = {},
): WatchSession {
  return {
    ...EVERYTHING,
    ...options,
    responses: responses.map((one) =>
      typeof one === "number"
        ? { revision: one, events: [] }
        : { revision: one.at(-1)?.kv.modRevision ?? 0, events: one },
    ),
  };
}

function rules(one: WatchSession): Rule[] {
  return checkWatches([one], timeline).map(({ rule }) => rule);
}

const previous = (event: WatchEvent, prevKv: WatchEvent["kv"]): WatchEvent => ({ ...event, prevKv });

const bad: Readonly<Record<string, readonly [Rule, WatchSession]>> = {
  "an event outside the range": ["watch-filter", session([[A1, B]], { key: "a", rangeEnd: "b" })],
  "events of a key that was not asked for": ["watch-filter", { ...session([[A1]]), key: "b" }],
  "an order that goes back": ["watch-order", session([[A1, B, C, A2], [C]])],
  "an event from before the start": ["watch-order", session([[A1]], { startRevision: 3 })],
  "an event that comes twice": ["watch-unique", session([[A1, B, B, C]])],
  "a revision split over two responses": [
    "watch-atomic",
    session([
      [A1, B],
      [C, A2, D],
    ]),
  ],
  "a response that ends within a revision": ["watch-atomic", session([[A1, B]])],
  "a response that goes on with the revision of the last one": ["watch-atomic", session([[A1], [A1]])],
  "an event left out": ["watch-reliable", session([[A1], [A2]])],
  "the first event left out": ["watch-reliable", session([[B, C]])],
  "one key of a revision left out": ["watch-reliable", session([[A1, C]])],
  "an event that no source has": [
    "watch-reliable",
    session([[A1, B, C, A2, D, { ...A1, kv: { ...A1.kv, modRevision: 6 } }]]),
  ],
  "another value": ["watch-event", session([[{ ...A1, kv: { ...A1.kv, value: "x" } }]])],
  "a create revision that hides a creation": [
    "watch-event",
    session([[{ ...A1, kv: { ...A1.kv, createRevision: 1 } }]]),
  ],
  "a put in place of a deletion": ["watch-event", session([[A1, B, C, A2, { ...D, type: "put" }]])],
  "no previous pair where there was one": ["watch-previous", session([[A1, B, C, A2]], { prevKv: true })],
  "a previous pair where there was none": ["watch-previous", session([[previous(A1, B.kv)]], { prevKv: true })],
  "a wrong previous pair": [
    "watch-previous",
    session([[A1, B, C, previous(A2, { ...A1.kv, value: "x" })]], { prevKv: true }),
  ],
  "a previous pair that was not asked for": ["watch-previous", session([[A1, B, C, previous(A2, A1.kv)]])],
  "progress before the events it covers": ["watch-progress", session([[A1], 3, [B, C]])],
  "progress that goes back": ["watch-progress", session([[A1], 2, 1])],
  "a put where puts were to be left out": ["watch-filter", session([[A1]], { noPut: true })],
  "a deletion where deletions were to be left out": ["watch-filter", session([[A1, B, C, A2, D]], { noDelete: true })],
  "an event from before a start in the future": ["watch-order", session([[A2]], { startRevision: 5 })],
  "an event that never comes although it is due": ["watch-reliable", session([[A1, B, C]], { dueRevision: 4 })],
  "an end for a compaction that was not in the way": ["watch-compacted", session([[A1]], { compactedAt: 3 })],
  "an end for a compaction that nobody asked for": [
    "watch-compacted",
    session([[A1]], { compactedAt: 5, compactedRevision: 4 }),
  ],
};

const good: Readonly<Record<string, WatchSession>> = {
  "everything in one response": session([ALL]),
  "everything, revision by revision, with progress": session([2 - 1, [A1], 2, [B, C], [A2], 4, 4, [D], 9]),
  "a part": session([[A1, A2]], { key: "a", rangeEnd: "b" }),
  "a resumed watch that has received nothing yet": session([], { startRevision: 4 }),
  "a watch that starts in the future": session([9], { startRevision: 100 }),
  "deletions alone": session([3, [D]], { noPut: true, dueRevision: 5 }),
  "puts alone": session([[A1, B, C, A2], 5], { noDelete: true, dueRevision: 5 }),
  "an end for a compaction": session([[A1]], { compactedAt: 4, compactedRevision: 4, dueRevision: 5 }),
  "previous pairs": session([[A1, B, C, previous(A2, A1.kv), previous(D, B.kv)]], { prevKv: true }),
  "previous pairs lost to a compaction": session([[A1, B, C, A2], [previous(D, B.kv)]], {
    prevKv: true,
    compactedRevision: 4,
  }),
};

describe("the watch checker", () => {
  for (const [name, [rule, one]] of Object.entries(bad)) {
    it(`rejects ${name}`, () => expect(rules(one)).toEqual([rule]));
  }

  for (const [name, one] of Object.entries(good)) {
    it(`accepts ${name}`, () => expect(checkWatches([one], timeline).map(describeViolation)).toEqual([]));
  }

  it("accepts a long watch and finds the one event that it lacks", () => {
    const { feeds } = generateHistory({ seed: 3, operations: 5_000, clients: 8, lost: 0 });
    const merged = mergeFeeds(feeds).timeline;
    const responses = merged
      .filter((list) => list.length > 0)
      .map((list) => ({ revision: list[0]?.kv.modRevision ?? 0, events: list }));
    const whole: WatchSession = { ...EVERYTHING, responses };
    expect(checkWatches([whole], merged)).toEqual([]);
    const torn = { ...whole, responses: responses.filter((_, index) => index !== 1_000) };
    expect(checkWatches([torn], merged).map(({ rule }) => rule)).toEqual(["watch-reliable"]);
  });
});
