/** One history for each way in which effects and their order can be wrong, with the rule and the witnesses. */
import { type Acknowledged, deletedPair } from "../history.js";
import type { BadHistory } from "./story.js";

export const badHistories: Readonly<Record<string, BadHistory>> = {
  "a lost acknowledged write": [
    "lost-write",
    (story) => {
      story.put("k", "1");
      const lost = story.put("k", "2");
      story.events.pop();
      return [lost];
    },
  ],
  "a lost acknowledged write whose revision another write has taken": [
    "two-writers",
    (story) => {
      const lost = story.put("k", "1");
      const taker = story.put("k", "2");
      story.events = [];
      story.write([
        { type: "put", kv: { key: "k", value: "2", createRevision: 2, modRevision: 2, version: 1, lease: 0n } },
      ]);
      return [lost, story.changeAnswer(taker, 2, { kind: "put" })];
    },
  ],
  "a write acknowledged at the revision of another": [
    "content",
    (story) => {
      const one = story.put("k", "1");
      story.put("k", "2");
      story.operations.splice(0, 2);
      const wrong = { ...one, request: { ...one.request, value: "3" } } as Acknowledged;
      story.operations.push(wrong);
      return [wrong];
    },
  ],
  "a stale read": [
    "real-time",
    (story) => {
      story.put("k", "1");
      const old = story.get("k");
      const acknowledged = story.put("k", "2");
      return [story.change(old, { invoke: 100, return: 105 }), acknowledged];
    },
  ],
  "a stale read by another client than the writer": [
    "real-time",
    (story) => {
      story.put("k", "1");
      const old = story.get("k", { client: 1 });
      const acknowledged = story.put("k", "2");
      return [story.change(old, { invoke: 36, return: 50 }), acknowledged];
    },
  ],
  "a read from the future": [
    "real-time",
    (story) => {
      story.put("k", "1");
      const write = story.put("k", "2", { invoke: 40, return: 50 });
      const early = story.get("k", { client: 1, invoke: 20, return: 30 });
      return [write, early];
    },
  ],
  "an unknown write seen before it was invoked": [
    "real-time",
    (story) => {
      const write = story.unknown({ kind: "put", key: "k", value: "1" }, "applied", {
        client: 1,
        invoke: 90,
        return: 99,
      });
      const early = story.get("k");
      return [write, early];
    },
  ],
  "a revision that goes back for one client": [
    "real-time",
    (story) => {
      story.put("k", "1", { client: 1 });
      const old = story.get("k", { client: 1 });
      story.put("k", "2", { client: 1, invoke: 30, return: 100 });
      const newer = story.get("k");
      return [story.change(old, { client: 0, invoke: 60, return: 65 }), newer];
    },
  ],
  "two writes in the wrong order": [
    "real-time",
    (story) => {
      const first = story.put("a", "1", { client: 1, invoke: 50, return: 60 });
      const second = story.put("b", "2", { client: 2, invoke: 10, return: 20 });
      return [first, second];
    },
  ],
  "a list that misses a write acknowledged before": [
    "real-time",
    (story) => {
      const list = story.list({ client: 1, invoke: 30, return: 40 });
      const write = story.put("a", "1", { invoke: 10, return: 20 });
      return [list, write];
    },
  ],
  "an acknowledged write applied twice": [
    "unexplained-events",
    (story) => {
      const put = story.put("k", "1");
      story.write([
        { type: "put", kv: { key: "k", value: "1", createRevision: 2, modRevision: 3, version: 2, lease: 0n } },
      ]);
      return [put];
    },
  ],
  "an unknown write applied twice": [
    "unexplained-events",
    (story) => {
      const put = story.unknown({ kind: "put", key: "k", value: "1" }, "applied");
      story.write([
        { type: "put", kv: { key: "k", value: "1", createRevision: 2, modRevision: 3, version: 2, lease: 0n } },
      ]);
      return [put];
    },
  ],
  "a refused write that happened": [
    "unexplained-events",
    (story) => {
      const put = story.refused({ kind: "put", key: "k", value: "1" });
      story.write([
        { type: "put", kv: { key: "k", value: "1", createRevision: 2, modRevision: 2, version: 1, lease: 0n } },
      ]);
      return [put];
    },
  ],
  "a write that nobody asked for": [
    "unexplained-events",
    (story) => {
      story.write([
        { type: "put", kv: { key: "k", value: "ghost", createRevision: 2, modRevision: 2, version: 1, lease: 0n } },
      ]);
      return [];
    },
  ],
  "a deletion that nobody asked for": [
    "unexplained-events",
    (story) => {
      story.put("k", "1");
      story.writeDelete("k");
      return [];
    },
  ],
  "two deletions where one of unknown outcome was asked for": [
    "unexplained-events",
    (story) => {
      story.put("k", "1");
      const unknown = story.unknown({ kind: "delete", key: "k" }, "applied", { client: 1 });
      story.put("k", "2");
      story.writeDelete("k");
      return [unknown];
    },
  ],
  "a deletion seen before the only one that can have made it": [
    "unexplained-events",
    (story) => {
      story.put("k", "1");
      const late = story.unknown({ kind: "delete", key: "k" }, "applied", { client: 1, invoke: 80, return: 90 });
      story.get("k");
      return [late];
    },
  ],
  "the end of a lease that leaves one of its keys": [
    "unexplained-events",
    (story) => {
      story.put("a", "1", { lease: 7n });
      story.put("b", "2", { lease: 7n });
      story.writeDelete("a");
      return [];
    },
  ],
  "a range deletion that left a key": [
    "content",
    (story) => {
      story.put("a", "1");
      story.put("b", "2");
      const deletion = story.call({ kind: "delete", key: "a", rangeEnd: "z" });
      story.events.pop();
      return [deletion];
    },
  ],
  "a transaction split over two revisions": [
    "content",
    (story) => {
      const put = (key: string) => ({ kind: "put", key, value: key }) as const;
      const txn = story.txn([], [put("a"), put("b")]);
      story.events = story.events.map((event) =>
        event.kv.key === "b" ? { ...event, kv: { ...event.kv, createRevision: 3, modRevision: 3 } } : event,
      );
      return [txn];
    },
  ],
  "an event with a wrong version": [
    "event",
    (story) => {
      story.put("k", "1");
      story.bendEvents(2, { version: 2 });
      return [];
    },
  ],
  "an event with a wrong create revision": [
    "event",
    (story) => {
      story.put("k", "1");
      story.put("k", "2");
      story.bendEvents(3, { createRevision: 3 });
      return [];
    },
  ],
  "a deletion of what was not there": [
    "event",
    (story) => {
      story.writeDelete("k");
      return [];
    },
  ],
  "a key that changes twice in one revision": [
    "event",
    (story) => {
      story.put("k", "1");
      story.events.push({ type: "delete", kv: deletedPair("k", 2) });
      return [];
    },
  ],
  "a missing event": [
    "missing-revision",
    (story) => {
      story.put("k", "1");
      story.put("k", "2");
      story.events.shift();
      return [];
    },
  ],
  "an acknowledged write whose revision is missing": [
    "lost-write",
    (story) => {
      const lost = story.put("a", "1");
      story.put("b", "2");
      story.events.shift();
      return [lost];
    },
  ],
  "an answer from beyond the history": [
    "beyond-history",
    (story) => {
      story.put("k", "1");
      const read = story.get("k");
      return [story.changeAnswer(read, 9, read.outcome.response)];
    },
  ],
  "two sources that report different events for one revision": [
    "sources-disagree",
    (story) => {
      story.put("k", "1");
      const events = story.events.map((event) => ({ ...event, kv: { ...event.kv, value: "0" } }));
      story.otherFeeds.push({ source: "b", events });
      return [];
    },
  ],
  "a source that has one event more in a revision": [
    "sources-disagree",
    (story) => {
      story.put("k", "1");
      const extra = { type: "put", kv: { ...story.events[0]?.kv, key: "l" } } as never;
      story.otherFeeds.push({ source: "b", events: [...story.events, extra] });
      return [];
    },
  ],
  "a source that begins late and lacks its first revision": [
    "sources-disagree",
    (story) => {
      story.put("k", "1");
      story.put("k", "2");
      story.put("k", "3");
      story.otherFeeds.push({ source: "b", from: 3, events: story.events.slice(2) });
      return [];
    },
  ],
  "a member that holds something else in the end": [
    "sources-disagree",
    (story) => {
      story.put("k", "1");
      story.dumps.push({ source: "b", revision: 2, kvs: [] });
      return [];
    },
  ],
  "a member that is ahead of the history": [
    "sources-disagree",
    (story) => {
      story.put("k", "1");
      story.dumps.push({ source: "b", revision: 3, kvs: [] });
      return [];
    },
  ],
  "a client with two calls at once": [
    "assumption",
    (story) => [story.put("a", "1", { invoke: 10, return: 30 }), story.put("b", "2", { invoke: 20, return: 40 })],
  ],
  "a call that ends before it begins": ["assumption", (story) => [story.put("a", "1", { invoke: 10, return: 5 })]],
  "a value with two writers": ["assumption", (story) => [story.put("a", "1"), story.put("b", "1")]],
};
