/** The models of barriers, latches and counters: what they let pass, and that each mistake they are for is seen. */
import { describe, expect, it } from "vitest";
import { type Happening, judge, type Model } from "../model.js";
import { gateModel, type RoundEvent, roundModel } from "./barrier.js";
import { counterModel, idModel } from "./counter.js";
import { type LatchEvent, latchModel } from "./latch.js";

type Script<E extends Happening> = readonly [worker: string, kind: E["kind"], more?: Partial<E>][];

/** What is wrong with a history, in a word; undefined where nothing is. */
function wrong<S, E extends Happening>(model: Model<S, E>, script: Script<E>): string | undefined {
  const events = script.map(([worker, kind, more], atMs) => ({ atMs, worker, kind, ...more }) as unknown as E);
  return judge(model, events).violation?.replace(/^.* ms: /, "");
}

const value = (amount: bigint): { readonly value: bigint } => ({ value: amount });
const left = (amount: number, participant?: string): Partial<LatchEvent> =>
  participant === undefined ? { amount } : { amount, participant };
const round = (number: number): Partial<RoundEvent> => ({ round: number });

describe("the model of a counter", () => {
  const both: Script<Happening> = [
    ["a", "adding", value(1n) as object],
    ["b", "adding", value(2n) as object],
  ];
  const check = (...more: Script<Happening>): string | undefined =>
    wrong(counterModel as unknown as Model<unknown, Happening>, [...both, ...more]);

  it("lets additions take effect in either order, and a lost one at any time or never", () => {
    expect(check(["a", "added", value(3n) as object], ["b", "added", value(2n) as object])).toBeUndefined();
    expect(check(["a", "added", value(1n) as object], ["b", "lost", value(0n) as object])).toBeUndefined();
    expect(check(["b", "lost", value(0n) as object], ["a", "added", value(3n) as object])).toBeUndefined();
  });

  it("sees a lost, a double and an impossible update", () => {
    expect(check(["a", "added", value(1n) as object], ["b", "added", value(1n) as object])).toContain("lacks");
    expect(check(["a", "added", value(3n) as object], ["b", "added", value(3n) as object])).toContain("two additions");
    expect(check(["a", "added", value(4n) as object])).toContain("more than everything");
    expect(
      check(
        ["a", "added", value(1n) as object],
        ["b", "added", value(3n) as object],
        ["c", "read", value(2n) as object],
      ),
    ).toContain("lacks an acknowledged");
    expect(check(["c", "added", value(1n) as object])).toContain("without a question");
  });

  it("of ids sees one that is given twice, and a worker's that does not grow", () => {
    const ids = (...given: [string, bigint][]): string | undefined =>
      wrong(
        idModel,
        given.map(([worker, id]) => [worker, "given", { id }]),
      );
    expect(ids(["a", 1n], ["b", 11n], ["a", 2n])).toBeUndefined();
    expect(ids(["a", 1n], ["b", 1n])).toContain("given before");
    expect(ids(["a", 2n], ["a", 1n])).toContain("came after");
  });
});

describe("the model of a latch", () => {
  it("lets a participant count again, and a count take effect before it is acknowledged", () => {
    expect(
      wrong(latchModel(2), [
        ["a", "counting", left(1, "a")],
        ["a", "counted", left(1, "a")],
        ["a", "counting", left(1, "a")],
        ["b", "counting", left(1, "b")],
        ["w", "passed", left(0)],
        ["b", "counted", left(0, "b")],
        ["a", "counted", left(0, "a")],
      ]),
    ).toBeUndefined();
  });

  it("lets counts be answered in another order than they were made", () => {
    expect(
      wrong(latchModel(5), [
        ["a", "counting", left(1, "a")],
        ["b", "counting", left(1, "b")],
        ["b", "counted", left(3, "b")],
        ["a", "counted", left(4, "a")],
        ["r", "read", left(3)],
      ]),
    ).toBeUndefined();
  });

  it("sees who passes too early, a count that is made twice, one that is lost, and a latch that closes again", () => {
    const one: Script<LatchEvent> = [["a", "counting", left(1, "a")]];
    expect(wrong(latchModel(2), [...one, ["w", "passed", left(0)]])).toContain("at least 1 were left");
    expect(wrong(latchModel(3), [...one, ["a", "counted", left(1, "a")]])).toContain("twice");
    expect(wrong(latchModel(3), [...one, ["a", "counted", left(3, "a")]])).toContain("lost");
    expect(wrong(latchModel(1), [...one, ["w", "passed", left(0)], ["r", "read", left(1)]])).toContain(
      "after somebody",
    );
  });
});

describe("the model of a barrier", () => {
  it("lets pass who waits before it is held or after it may be open", () => {
    expect(
      wrong(gateModel, [
        ["w", "waiting"],
        ["h", "held"],
        ["w", "passed"],
      ]),
    ).toBeUndefined();
    expect(
      wrong(gateModel, [
        ["h", "held"],
        ["w", "waiting"],
        ["h", "releasing"],
        ["w", "passed"],
      ]),
    ).toBeUndefined();
  });

  it("sees who passes a closed one", () => {
    expect(
      wrong(gateModel, [
        ["h", "held"],
        ["w", "waiting"],
        ["w", "passed"],
      ]),
    ).toContain("closed");
    expect(
      wrong(gateModel, [
        ["h", "held"],
        ["h", "releasing"],
        ["h", "held"],
        ["w", "waiting"],
        ["w", "passed"],
      ]),
    ).toContain("closed");
  });
});

describe("the model of a double barrier", () => {
  const inside: Script<RoundEvent> = [
    ["a", "arriving", round(1)],
    ["b", "arriving", round(1)],
    ["a", "entered", round(1)],
    ["b", "entered", round(1)],
  ];

  it("lets a round pass, with one that dies, one that is refused and another round", () => {
    expect(
      wrong(roundModel(2), [
        ...inside,
        ["c", "arriving", round(1)],
        ["c", "refused", round(1)],
        ["a", "leaving", round(1)],
        ["b", "died", round(1)],
        ["a", "left", round(1)],
        ["a", "arriving", round(2)],
        ["a", "gone", round(2)],
      ]),
    ).toBeUndefined();
  });

  it("sees who enters or leaves too early, one too many, and who never gets out", () => {
    expect(
      wrong(roundModel(2), [
        ["a", "arriving", round(1)],
        ["a", "entered", round(1)],
      ]),
    ).toContain("1 of 2");
    expect(wrong(roundModel(2), [...inside, ["a", "leaving", round(1)], ["a", "left", round(1)]])).toContain("inside");
    const third: Script<RoundEvent> = [
      ["c", "arriving", round(1)],
      ["c", "entered", round(1)],
    ];
    expect(wrong(roundModel(2), [...inside, ...third])).toContain("more than 2");
    expect(wrong(roundModel(2), inside)).toContain("never ended");
  });
});
