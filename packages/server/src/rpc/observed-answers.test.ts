/** What an observer of a stream's answers is told, and what passes through. */
import type { ReadyIterator } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { ObservedAnswers } from "./observed-answers.js";

function observed(open: () => AsyncIterable<unknown>) {
  const told: unknown[] = [];
  const answers = new ObservedAnswers(open, {
    sent: () => told.push("sent"),
    failed: (error) => told.push(error),
    ended: (how) => told.push(how),
  });
  return { answers, told };
}

async function* twoAnswers(left: string[] = []): AsyncGenerator<number> {
  try {
    yield 1;
    yield 2;
  } finally {
    left.push("cleaned up");
  }
}

describe("observed answers", () => {
  it("pass, each counted, up to an end that is told once", async () => {
    const { answers, told } = observed(() => twoAnswers());
    const taken: unknown[] = [];
    for await (const answer of answers) taken.push(answer);
    expect([taken, told]).toEqual([
      [1, 2],
      ["sent", "sent", "finished"],
    ]);
    expect(await answers.next()).toEqual({ done: true, value: undefined });
    await answers.return();
    expect(told).toEqual(["sent", "sent", "finished"]);
  });

  it("are left with the handler cleaned up", async () => {
    const left: string[] = [];
    const { answers, told } = observed(() => twoAnswers(left));
    for await (const _ of answers) break;
    expect([told, left]).toEqual([["sent", "left"], ["cleaned up"]]);
  });

  it.each([
    [
      "when it is opened",
      () => {
        throw new Error("no");
      },
    ],
    [
      "while it answers",
      async function* () {
        yield 1;
        throw new Error("no");
      },
    ],
  ] as [string, () => AsyncIterable<unknown>][])("fail with the handler, %s", async (_, open) => {
    const { answers, told } = observed(open);
    await expect(
      (async () => {
        for await (const answer of answers) expect(answer).toBe(1);
      })(),
    ).rejects.toThrow("no");
    expect(told.at(-1)).toEqual(new Error("no"));
    expect(told.filter((what) => what instanceof Error)).toHaveLength(1);
  });

  it("that are ready are told of too, once the first was asked for", async () => {
    const left = [1, 2, 3, 4];
    const iterator: ReadyIterator<number> = {
      next: async () => ({ done: false, value: left.shift() ?? 0 }),
      ready: () => (left.length > 1 ? left.shift() : undefined),
    };
    const { answers, told } = observed(() => ({ [Symbol.asyncIterator]: () => iterator }));
    expect(answers.ready()).toBeUndefined();
    expect(told).toEqual([]);
    expect(await answers.next()).toEqual({ done: false, value: 1 });
    expect([answers.ready(), answers.ready(), answers.ready()]).toEqual([2, 3, undefined]);
    expect(told).toEqual(["sent", "sent", "sent"]);
  });

  it("of a handler that cannot say what is ready have to be asked for", async () => {
    const { answers } = observed(async function* () {
      yield 1;
      yield 2;
    });
    expect((await answers.next()).value).toBe(1);
    expect(answers.ready()).toBeUndefined();
    expect((await answers.next()).value).toBe(2);
  });

  it("that nobody asked for open nothing", async () => {
    const { answers, told } = observed(() => {
      throw new Error("opened");
    });
    await answers.return();
    expect(told).toEqual(["left"]);
  });
});
