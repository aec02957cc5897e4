/** Every sentence of the model, with a history that breaks it. */
import { describe, expect, it } from "vitest";
import { judge } from "../model.js";
import { type RWMutexEvent, rwMutexModel } from "./rw-mutex.js";

let now = 0;
const read = (worker: string, token: bigint): RWMutexEvent => {
  return { kind: "claim", atMs: ++now, worker, mode: "read", token };
};
const write = (worker: string, token: bigint): RWMutexEvent => {
  return { kind: "claim", atMs: ++now, worker, mode: "write", token };
};
const end = (worker: string, token: bigint): RWMutexEvent => ({ kind: "end", atMs: ++now, worker, token });
const verdict = (...events: RWMutexEvent[]): string | undefined => judge(rwMutexModel, events).violation;

describe("the model of a read-write lock", () => {
  it("accepts readers together, a writer after them, a downgrade and an upgrade", () => {
    const history = [
      ...[read("a", 5n), read("b", 6n), read("a", 5n), end("a", 5n), end("b", 6n)],
      ...[write("c", 7n), read("c", 7n), read("d", 8n), read("c", 7n), end("c", 7n), end("d", 8n)],
      ...[read("e", 10n), write("e", 12n), end("e", 12n), write("f", 14n)],
    ];
    expect(verdict(...history)).toBeUndefined();
  });

  it("refuses a reader that believes beside a writer, from both sides", () => {
    expect(verdict(read("a", 5n), write("b", 7n), read("a", 5n))).toContain("to read after token 7");
    expect(verdict(write("b", 7n), read("a", 8n), write("b", 7n))).toContain("to write after token 8");
  });

  it("refuses two writers", () => {
    expect(verdict(write("a", 5n), write("b", 7n), write("a", 5n))).toContain("to write after token 7");
  });

  it("refuses a reader that passes a writer, and a writer that passes anyone", () => {
    expect(verdict(read("late", 9n), end("late", 9n), write("early", 7n))).toContain("to write after token 9");
    expect(verdict(write("late", 9n), end("late", 9n), read("early", 7n))).toContain("to read after token 9");
  });

  it("lets readers come in any order", () => {
    expect(verdict(read("b", 9n), read("a", 7n))).toBeUndefined();
  });

  it("refuses a token of two workers, one that was ended, and a reader that writes with its token", () => {
    expect(verdict(read("a", 5n), read("b", 5n))).toContain("which is a's");
    expect(verdict(read("a", 5n), end("b", 5n))).toContain("which is a's");
    expect(verdict(read("a", 5n), end("a", 5n), read("a", 5n))).toContain("after it had ended it");
    expect(verdict(read("a", 5n), write("a", 5n))).toContain("which was a reader's");
  });
});
