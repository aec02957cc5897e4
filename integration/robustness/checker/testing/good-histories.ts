/** Histories that look odd and are right. */
import type { Acknowledged } from "../history.js";
import type { Story } from "./story.js";

export const goodHistories: Readonly<Record<string, (story: Story) => void>> = {
  "nothing at all": () => undefined,
  "two overlapping writes in either order": (story) => {
    story.put("k", "1", { client: 1, invoke: 20, return: 60 });
    story.put("k", "2", { client: 2, invoke: 10, return: 50 });
    story.get("k", { invoke: 70, return: 80 });
  },
  "a read that overlaps the write it does not see": (story) => {
    story.get("k", { client: 1, invoke: 15, return: 40 });
    story.put("k", "1", { invoke: 10, return: 20 });
  },
  "a write that returns at the very moment at which a read without it begins": (story) => {
    story.get("k", { client: 1, invoke: 20, return: 25 });
    story.put("k", "1", { invoke: 10, return: 20 });
  },
  "unknown writes, of which one happened late": (story) => {
    story.unknown({ kind: "put", key: "k", value: "never" }, "not applied");
    story.put("k", "1");
    story.unknown({ kind: "put", key: "k", value: "late" }, "applied", { client: 1, invoke: 0, return: 5 });
    story.get("k");
  },
  "deletions of unknown outcome that must be matched to the right revisions": (story) => {
    story.put("a", "1");
    story.put("b", "2");
    // The first fits both deletions, the second only one of them: taking the first one first would leave a revision over.
    story.unknown({ kind: "delete", key: "a", rangeEnd: "c" }, "not applied", { client: 1 });
    story.unknown({ kind: "delete", key: "a" }, "applied", { client: 2 });
    story.writeDelete("b");
    story.list();
  },
  "the end of a lease takes all of its keys": (story) => {
    story.put("a", "1", { lease: 7n });
    story.put("b", "2", { lease: 7n });
    story.put("c", "3");
    story.writeDelete("a", "b");
    story.list();
  },
  "an old serializable read": (story) => {
    story.put("k", "1");
    const read = story.call({ kind: "range", key: "k", serializable: true });
    story.put("k", "2");
    story.change(read, { invoke: 90, return: 95 });
  },
  "a read at an old revision": (story) => {
    story.put("k", "1");
    const { response } = story.get("k").outcome;
    story.put("k", "2");
    const pinned = story.call({ kind: "range", key: "k" });
    story.change(pinned, { request: { kind: "range", key: "k", revision: 2 } });
    story.changeAnswer(story.operations.at(-1) as Acknowledged, 3, response);
  },
  "a refused write that did not happen": (story) => {
    story.refused({ kind: "put", key: "k", value: "1" });
    story.get("k");
  },
  "a source that ends early, and dumps of different revisions": (story) => {
    story.put("k", "1");
    story.dump("a");
    story.otherFeeds.push({ source: "b", events: [...story.events] });
    story.put("k", "2");
    story.dump("b");
  },
  "a source that begins late": (story) => {
    story.put("k", "1");
    story.put("k", "2");
    story.otherFeeds.push({ source: "b", from: 3, events: story.events.slice(1) });
  },
  "sources of which each knows a part only": (story) => {
    story.put("k", "1");
    story.put("k", "2");
    story.put("k", "3");
    story.otherFeeds.push({ source: "b", from: 3, events: story.events.slice(1) });
    story.events = story.events.slice(0, 2);
  },
  "deletions of nothing, compares of every kind": (story) => {
    story.delete("k");
    story.put("k", "5", { lease: 7n });
    for (const [at, compare] of (
      [
        { key: "k", target: "value", result: "less", given: "4" },
        { key: "absent", target: "value", result: "not-equal", given: "4" },
        { key: "k", target: "create", result: "greater", given: 2 },
        { key: "k", target: "lease", result: "equal", given: 8n },
        { key: "absent", target: "version", result: "not-equal", given: 0 },
      ] as const
    ).entries()) {
      story.txn([compare], [{ kind: "put", key: "l", value: `never ${at}` }], [{ kind: "range", key: "k" }]);
    }
    story.list();
  },
};
