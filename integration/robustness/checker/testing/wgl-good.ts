/** Histories for which an order can be found, though some of them hide it. */
import type { Acknowledged, Response, TxnOp } from "../history.js";
import type { Story } from "./story.js";

const nothing: Response = { kind: "range", kvs: [], count: 0, more: false };

const put = (key: string, value: string): TxnOp => ({ kind: "put", key, value });

function answer(story: Story, operation: Acknowledged, response: Response): void {
  story.changeAnswer(operation, operation.outcome.revision, response);
}

export const goodWindows: Readonly<Record<string, (story: Story) => void>> = {
  "an order that is not that of the invocations": (story) => {
    story.put("k", "2", { client: 2, invoke: 20, return: 60 });
    story.put("k", "1", { client: 1, invoke: 10, return: 50 });
    story.get("k", { invoke: 70, return: 80 });
  },
  "header revisions and a store that have nothing to do with each other": (story) => {
    for (const value of ["1", "2", "3"]) {
      const write = story.put("k", value);
      story.changeAnswer(write, 100 - write.outcome.revision, write.outcome.response);
    }
    story.get("k");
  },
  "a read that overlaps the write it does not see": (story) => {
    story.get("k", { client: 1, invoke: 15, return: 40 });
    story.put("k", "1", { invoke: 10, return: 20 });
  },
  "a read that sees a write before it has returned": (story) => {
    story.put("k", "1", { client: 1, invoke: 10, return: 90 });
    story.get("k", { invoke: 20, return: 30 });
  },
  "a write of unknown outcome that happens long after": (story) => {
    story.put("k", "1");
    story.get("k");
    story.unknown({ kind: "put", key: "k", value: "2" }, "applied", { client: 1, invoke: 1, return: 5 });
    story.get("k");
  },
  "a write of unknown outcome that nobody sees and a version counts": (story) => {
    story.put("k", "1");
    story.unknown({ kind: "put", key: "k", value: "2" }, "applied", { client: 1 });
    story.put("k", "3");
    story.get("k");
  },
  "a write of unknown outcome that never happens": (story) => {
    story.put("k", "1");
    story.unknown({ kind: "put", key: "k", value: "2" }, "not applied", { client: 1 });
    for (const value of ["3", "4"]) story.put("k", value, { prevKv: true });
    story.get("k");
  },
  "twins of unknown outcome of which the later happened": (story) => {
    story.put("k", "1");
    story.unknown({ kind: "delete", key: "k" }, "not applied", { client: 1 });
    story.get("k");
    story.unknown({ kind: "delete", key: "k" }, "applied", { client: 2 });
    story.get("k");
  },
  "a transaction of unknown outcome that is decided by what came between": (story) => {
    story.put("a", "1");
    story.unknown(
      {
        ...{ kind: "txn", compare: [{ key: "a", target: "value", result: "equal", given: "2" }] },
        ...{ success: [put("b", "3")], failure: [put("b", "4")] },
      },
      "not applied",
      { client: 1 },
    );
    story.put("a", "2");
    story.txn([], [put("b", "3")]);
    story.operations.pop();
    story.get("b");
  },
  "a key whose lease ends between two reads": (story) => {
    story.put("k", "1", { lease: 7n });
    story.get("k");
    story.writeDelete("k");
    story.get("k");
    story.put("k", "2");
    story.get("k");
  },
  "a long read that began before a lease ended, and a short one after, which follow on a read of another key": (
    story,
  ) => {
    story.put("k", "1", { lease: 7n });
    story.put("other", "1");
    story.get("other", { client: 1, invoke: 20, return: 25 });
    story.list({ client: 1, invoke: 30, return: 95 });
    story.writeDelete("k");
    story.list({ client: 2, invoke: 40, return: 45 });
  },
  "a long read that began before one lease ended and another did not, and a short one after that one ended too": (
    story,
  ) => {
    story.put("a", "1", { lease: 7n });
    story.put("b", "2", { lease: 8n });
    story.writeDelete("a");
    story.list({ client: 1, invoke: 100, return: 200 });
    story.writeDelete("b");
    story.get("b", { client: 2, invoke: 120, return: 130 });
  },
  "a count of keys of which leases have taken some": (story) => {
    for (const key of ["a", "b", "c"]) story.put(key, `of ${key}`, { lease: 7n });
    story.writeDelete("b");
    story.call({ kind: "range", key: "a", rangeEnd: "z", countOnly: true });
    story.get("b");
    story.list();
  },
  "a read from one member's own state that is old": (story) => {
    story.put("k", "1");
    const old = story.call({ kind: "range", key: "k", serializable: true });
    story.put("k", "2");
    story.change(old, { invoke: 80, return: 85 });
  },
  "a read at an old revision": (story) => {
    story.put("k", "1");
    const old = story.call({ kind: "range", key: "k" });
    story.put("k", "2");
    story.change(old, { request: { kind: "range", key: "k", revision: 2 }, invoke: 80, return: 85 });
  },
  "a refused write that did not happen": (story) => {
    story.refused({ kind: "put", key: "k", value: "1" });
    story.get("k");
  },
  "compares with revisions that no answer has shown": (story) => {
    story.put("k", "1");
    story.txn([{ key: "k", target: "mod", result: "equal", given: 2 }], [put("k", "2")]);
    story.txn([{ key: "k", target: "mod", result: "equal", given: 2 }], [put("k", "3")]);
    story.txn([{ key: "k", target: "create", result: "less", given: 9 }], [put("k", "4")]);
    story.txn([{ key: "none", target: "mod", result: "equal", given: 0 }], [put("k", "5")]);
  },
  "one value that two calls write": (story) => {
    story.put("k", "1");
    story.get("k");
    story.put("k", "1");
    story.get("k");
  },
  "many writes at once, and a list in the middle of them": (story) => {
    const keys = ["a", "b", "c", "d", "e", "f", "g"];
    for (const [at, key] of keys.entries()) {
      if (at === 4) story.list({ client: 50, invoke: 20, return: 30 });
      story.put(key, `of ${key}`, { client: at, invoke: 10, return: 90 });
    }
  },
  "limited lists, lists of keys and deletions of ranges": (story) => {
    for (const key of ["a", "b", "c"]) story.put(key, `of ${key}`);
    story.call({ kind: "range", key: "a", rangeEnd: "z", limit: 2 });
    story.call({ kind: "range", key: "a", rangeEnd: "\0", keysOnly: true });
    story.call({ kind: "delete", key: "a", rangeEnd: "c", prevKv: true });
    story.list();
  },
  "a compare that orders values": (story) => {
    story.put("k", "5");
    story.txn([{ key: "k", target: "value", result: "less", given: "6" }], [put("k", "7")], [put("k", "8")]);
    story.get("k");
  },
  "a store that is asked of nothing": (story) => {
    const list = story.list();
    answer(story, list, nothing);
  },
};
