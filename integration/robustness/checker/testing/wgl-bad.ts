/** One history for each way in which no order can explain the answers, with the operation that has no place. No revision helps. */
import type { Acknowledged, KeyValue, Operation, Response, TxnOp } from "../history.js";
import type { Story } from "./story.js";

/** Bends a story; returns the operation to blame and the calls that stand before it in the longest order. */
export type BadWindow = (story: Story) => readonly [Operation, number];

const nothing: Response = { kind: "range", kvs: [], count: 0, more: false };

function shows(kv: Partial<KeyValue>): Response {
  const whole = { key: "k", value: "1", createRevision: 2, modRevision: 2, version: 1, lease: 0n, ...kv };
  return { kind: "range", kvs: [whole], count: 1, more: false };
}

/** Gives the call another answer. */
function answer(story: Story, operation: Acknowledged, response: Response): Acknowledged {
  return story.changeAnswer(operation, operation.outcome.revision, response);
}

const put = (key: string, value: string): TxnOp => ({ kind: "put", key, value });

export const badWindows: Readonly<Record<string, BadWindow>> = {
  "a stale read": (story) => {
    story.put("k", "1");
    const old = story.get("k", { client: 1 });
    story.put("k", "2");
    return [story.change(old, { invoke: 50, return: 55 }), 2];
  },
  "a read from the future": (story) => {
    story.put("k", "1", { invoke: 50, return: 55 });
    return [story.get("k", { client: 1 }), 0];
  },
  "an acknowledged write that nobody finds": (story) => {
    story.put("k", "1");
    return [answer(story, story.get("k"), nothing), 1];
  },
  "a value that nobody has written": (story) => {
    story.put("k", "1");
    return [story.bendPairs(story.get("k"), { value: "ghost" }), 1];
  },
  "a refused write that is seen": (story) => {
    story.refused({ kind: "put", key: "k", value: "1" });
    return [answer(story, story.get("k"), shows({})), 0];
  },
  "a write of unknown outcome that is seen before it was asked for": (story) => {
    story.unknown({ kind: "put", key: "k", value: "1" }, "applied", { client: 1, invoke: 80, return: 90 });
    return [story.get("k"), 0];
  },
  "a write of unknown outcome that happened twice": (story) => {
    story.unknown({ kind: "put", key: "k", value: "1" }, "applied", { client: 1 });
    story.put("k", "2");
    return [story.bendPairs(story.get("k"), { version: 3, value: "1" }), 1];
  },
  "a write of unknown outcome that is there and then is not": (story) => {
    story.put("k", "1");
    story.unknown({ kind: "put", key: "k", value: "2" }, "applied", { client: 1 });
    const first = story.get("k");
    const again = story.change(story.get("k"), {});
    return [answer(story, again, { ...shows({}) }), first.outcome.revision];
  },
  "two clients that saw two writes in different orders": (story) => {
    story.put("k", "1", { client: 1, invoke: 10, return: 90 });
    const one = story.get("k", { client: 3, invoke: 20, return: 25 });
    story.put("k", "2", { client: 2, invoke: 10, return: 90 });
    story.get("k", { client: 3, invoke: 30, return: 35 });
    story.get("k", { client: 4, invoke: 20, return: 25 });
    const last = story.get("k", { client: 4, invoke: 40, return: 45 });
    return [answer(story, last, one.outcome.response), 5];
  },
  "two compare-and-sets that both took the same version": (story) => {
    const create = (value: string): Acknowledged =>
      story.txn([{ key: "k", target: "version", result: "equal", given: 0 }], [put("k", value)]);
    create("1");
    return [answer(story, create("2"), { kind: "txn", succeeded: true, responses: [{ kind: "put" }] }), 1];
  },
  "a compare-and-set on a value that had been overwritten": (story) => {
    story.put("k", "1");
    story.get("k");
    story.put("k", "2");
    const late = story.txn([{ key: "k", target: "mod", result: "equal", given: 2 }], [put("k", "3")]);
    return [answer(story, late, { kind: "txn", succeeded: true, responses: [{ kind: "put" }] }), 3];
  },
  "a transaction that took the wrong branch": (story) => {
    story.put("k", "1");
    const txn = story.txn([{ key: "k", target: "value", result: "equal", given: "1" }], []);
    return [answer(story, txn, { kind: "txn", succeeded: false, responses: [] }), 1];
  },
  "a deleted key that is still shown": (story) => {
    story.put("k", "1");
    const old = story.get("k");
    story.delete("k");
    return [story.change(old, { invoke: 80, return: 85 }), 2];
  },
  "a list that shows the later of two writes and not the earlier": (story) => {
    story.put("a", "1");
    story.put("b", "2");
    const list = story.list();
    const kvs = (list.outcome.response as Extract<Response, { kind: "range" }>).kvs.slice(1);
    return [answer(story, list, { kind: "range", kvs, count: 1, more: false }), 2];
  },
  "two lists that each miss what the other shows": (story) => {
    story.put("a", "1", { client: 1, invoke: 10, return: 90 });
    story.list({ client: 3, invoke: 20, return: 30 });
    story.put("b", "2", { client: 2, invoke: 10, return: 90 });
    const list = story.list({ client: 4, invoke: 20, return: 35 });
    const kvs = (list.outcome.response as Extract<Response, { kind: "range" }>).kvs.slice(1);
    return [answer(story, list, { kind: "range", kvs, count: 1, more: false }), 2];
  },
  "a transaction of which only half is seen": (story) => {
    story.txn([], [put("a", "1"), put("b", "2")]);
    story.get("a");
    return [answer(story, story.get("b"), nothing), 2];
  },
  "a transaction that does not see its own write": (story) => {
    const txn = story.txn([], [put("k", "1"), { kind: "range", key: "k" }]);
    const responses = [{ kind: "put" }, nothing] as Extract<Response, { kind: "txn" }>["responses"];
    return [answer(story, txn, { kind: "txn", succeeded: true, responses }), 0];
  },
  "a deletion that counts too many": (story) => {
    story.put("k", "1");
    const deletion = story.call({ kind: "delete", key: "k" });
    return [answer(story, deletion, { kind: "delete", deleted: 2, prevKvs: [] }), 1];
  },
  "a deletion that two clients claim": (story) => {
    story.put("k", "1");
    story.delete("k", { client: 1, invoke: 20, return: 40 });
    const second = story.delete("k", { client: 2, invoke: 20, return: 45 });
    return [answer(story, second, { kind: "delete", deleted: 1, prevKvs: [] }), 2];
  },
  "a previous pair that was not the previous one": (story) => {
    story.put("k", "1");
    const first = story.put("k", "2", { prevKv: true });
    const third = story.put("k", "3", { prevKv: true });
    return [answer(story, third, first.outcome.response), 2];
  },
  "a key without a lease that is gone": (story) => {
    story.put("a", "1", { lease: 7n });
    story.put("k", "2");
    return [answer(story, story.get("k"), nothing), 1];
  },
  "a key that comes back after the end of its lease": (story) => {
    story.put("k", "1", { lease: 7n });
    answer(story, story.get("k"), nothing);
    return [story.get("k"), 2];
  },
  "a lease that is on a key which was put without one": (story) => {
    story.put("k", "1");
    return [story.bendPairs(story.get("k"), { lease: 7n }), 1];
  },
  "a version that leaves one out": (story) => {
    story.put("k", "1");
    return [story.bendPairs(story.get("k"), { version: 2 }), 1];
  },
  "a limited list that says there is no more": (story) => {
    story.put("a", "1");
    story.put("b", "2");
    const list = story.call({ kind: "range", key: "a", rangeEnd: "z", limit: 1 });
    return [answer(story, list, { ...list.outcome.response, more: false } as Response), 2];
  },
  "a list of keys with the key of a deleted pair": (story) => {
    story.put("a", "1");
    const list = story.call({ kind: "range", key: "a", rangeEnd: "z", keysOnly: true });
    story.delete("a");
    return [story.change(list, { invoke: 80, return: 85 }), 2];
  },
  "a count that is one behind": (story) => {
    story.put("a", "1");
    const list = story.call({ kind: "range", key: "a", rangeEnd: "z", countOnly: true });
    story.put("b", "2");
    return [story.change(list, { invoke: 80, return: 85 }), 2];
  },
};
