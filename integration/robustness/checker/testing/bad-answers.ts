/** One history for each way in which an answer can be wrong about the state at its place, with the rule and the witnesses. */
import type { Acknowledged } from "../history.js";
import type { BadHistory } from "./story.js";

export const badAnswers: Readonly<Record<string, BadHistory>> = {
  "a wrong previous pair of a put": [
    "response",
    (story) => {
      story.put("k", "1");
      story.put("k", "2");
      return [story.bendPairs(story.put("k", "3", { prevKv: true }), { value: "1", modRevision: 2, version: 1 })];
    },
  ],
  "a previous pair where there was none": [
    "response",
    (story) => {
      const put = story.put("k", "1", { prevKv: true });
      const prevKv = { key: "k", value: "0", createRevision: 1, modRevision: 1, version: 1, lease: 0n };
      return [story.changeAnswer(put, 2, { kind: "put", prevKv })];
    },
  ],
  "a wrong previous pair of a deletion": [
    "response",
    (story) => {
      story.put("k", "1");
      return [story.bendPairs(story.delete("k"), { value: "0" })];
    },
  ],
  "a deletion that counts too many": [
    "response",
    (story) => {
      story.put("k", "1");
      const deletion = story.delete("k");
      return [story.changeAnswer(deletion, 3, { kind: "delete", deleted: 2, prevKvs: [] })];
    },
  ],
  "a deletion that finds nothing where something was": [
    "response",
    (story) => {
      story.put("k", "1");
      const deletion = story.delete("k");
      story.events.pop();
      return [story.changeAnswer(deletion, 2, { kind: "delete", deleted: 0, prevKvs: [] })];
    },
  ],
  "a read of an old value at a new revision": [
    "response",
    (story) => {
      story.put("k", "1");
      story.put("k", "2");
      return [story.bendPairs(story.get("k"), { value: "1" })];
    },
  ],
  "a read with a wrong version": [
    "response",
    (story) => {
      story.put("k", "1");
      return [story.bendPairs(story.get("k"), { version: 2 })];
    },
  ],
  "a read with a wrong create revision": [
    "response",
    (story) => {
      story.put("k", "1");
      story.delete("k");
      story.put("k", "2");
      return [story.bendPairs(story.get("k"), { createRevision: 2 })];
    },
  ],
  "a read that has lost the lease": [
    "response",
    (story) => {
      story.put("k", "1", { lease: 7n });
      return [story.bendPairs(story.get("k"), { lease: 0n })];
    },
  ],
  "a read that still shows a deleted key": [
    "response",
    (story) => {
      story.put("k", "1");
      const read = story.get("k");
      story.delete("k");
      return [story.change(read, { outcome: { ...read.outcome, revision: 3 }, invoke: 60, return: 65 })];
    },
  ],
  "a list with a wrong count": [
    "response",
    (story) => {
      story.put("a", "1");
      const list = story.list();
      return [story.changeAnswer(list, 2, { ...list.outcome.response, count: 2 } as never)];
    },
  ],
  "a list that leaves out a key": [
    "response",
    (story) => {
      story.put("a", "1");
      story.put("b", "2");
      const list = story.list();
      return [story.changeAnswer(list, 3, { ...list.outcome.response, kvs: [], count: 0 } as never)];
    },
  ],
  "a limited list that says there is no more": [
    "response",
    (story) => {
      story.put("a", "1");
      story.put("b", "2");
      const list = story.call({ kind: "range", key: "a", rangeEnd: "z", limit: 1 });
      return [story.changeAnswer(list, 3, { ...list.outcome.response, more: false } as never)];
    },
  ],
  "a list of keys that carries values": [
    "response",
    (story) => {
      story.put("a", "1");
      return [story.bendPairs(story.call({ kind: "range", key: "a", rangeEnd: "z", keysOnly: true }), { value: "1" })];
    },
  ],
  "a read at an old revision that sees a later write": [
    "response",
    (story) => {
      story.put("k", "1");
      story.put("k", "2");
      const late = story.get("k");
      const request = { kind: "range", key: "k", revision: 2 } as const;
      return [story.change(late, { request })];
    },
  ],
  "a serializable read of a state that never was": [
    "response",
    (story) => {
      story.put("a", "1");
      story.put("b", "2");
      const torn = story.call({ kind: "range", key: "a", rangeEnd: "z", serializable: true });
      return [story.changeAnswer(torn, 2, torn.outcome.response)];
    },
  ],
  "a transaction that took the wrong branch": [
    "response",
    (story) => {
      story.put("k", "1");
      const txn = story.txn([{ key: "k", target: "version", result: "equal", given: 0 }], [], []);
      return [story.changeAnswer(txn, 2, { kind: "txn", succeeded: true, responses: [] })];
    },
  ],
  "an update that was lost between two compare-and-swaps": [
    "response",
    (story) => {
      story.put("k", "1");
      const cas = (value: string): Acknowledged =>
        story.txn([{ key: "k", target: "mod", result: "equal", given: 2 }], [{ kind: "put", key: "k", value }]);
      cas("2");
      const second = cas("3");
      story.write([
        { type: "put", kv: { key: "k", value: "3", createRevision: 2, modRevision: 4, version: 3, lease: 0n } },
      ]);
      return [story.changeAnswer(second, 4, { kind: "txn", succeeded: true, responses: [{ kind: "put" }] })];
    },
  ],
  "a transaction that does not see its own write": [
    "response",
    (story) => {
      const txn = story.txn(
        [],
        [
          { kind: "put", key: "k", value: "1" },
          { kind: "range", key: "k" },
        ],
      );
      const responses = [{ kind: "put" as const }, { kind: "range" as const, kvs: [], count: 0, more: false }];
      return [story.changeAnswer(txn, 2, { kind: "txn", succeeded: true, responses })];
    },
  ],
};
