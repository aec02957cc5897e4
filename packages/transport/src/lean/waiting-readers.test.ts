/** Readers that wait for a stream's messages: who is told what. */
import { describe, expect, it } from "vitest";
import { type StreamEnd, told, WaitingReaders } from "./waiting-readers.js";

/** A stream of numbers; one below zero cannot be handed out, and ends it. */
class Numbers {
  readonly readers: WaitingReaders<number> = new WaitingReaders(() => this.#take());
  readonly #numbers: number[] = [];
  #end: StreamEnd | undefined;

  push(...numbers: number[]): void {
    this.#numbers.push(...numbers);
    this.readers.serve();
  }

  finish(end: StreamEnd): void {
    this.#end ??= end;
    this.readers.serve();
  }

  #take(): IteratorResult<number, undefined> | undefined {
    const value = this.#numbers.shift();
    if (value === undefined) return this.#end === undefined ? undefined : told(this.#end);
    if (value >= 0) return { done: false, value };
    this.#numbers.length = 0;
    this.finish({ error: { cause: "over" } });
    throw new RangeError(`no number: ${value}`);
  }
}

/** The value of each, `end`, or what it was told. */
async function outcomes(reads: readonly Promise<IteratorResult<number, undefined>>[]): Promise<unknown[]> {
  const all = await Promise.allSettled(reads);
  return all.map((one) => {
    if (one.status === "rejected") return String(one.reason);
    return one.value.done ? "end" : one.value.value;
  });
}

const reading = (numbers: Numbers, count: number): Promise<IteratorResult<number, undefined>>[] =>
  Array.from({ length: count }, () => numbers.readers.next());

describe("readers", () => {
  it("take what is there, and wait in line for the rest", async () => {
    const numbers = new Numbers();
    numbers.push(1);
    const reads = reading(numbers, 4);
    expect(numbers.readers.isEmpty).toBe(false);
    numbers.push(2);
    numbers.push(3, 4, 5);
    expect(await outcomes([...reads, numbers.readers.next()])).toEqual([1, 2, 3, 4, 5]);
    expect(numbers.readers.isEmpty).toBe(true);
  });

  it("hear of an error once, then of the end", async () => {
    const numbers = new Numbers();
    const reads = reading(numbers, 2);
    numbers.finish({ error: { cause: "lost" } });
    expect(await outcomes([...reads, ...reading(numbers, 1)])).toEqual(["lost", "end", "end"]);
  });

  it("hear each of its own message that it cannot be handed out, though that ends the stream for the others", async () => {
    const numbers = new Numbers();
    const reads = reading(numbers, 4);
    numbers.push(1, -2, 3);
    expect(await outcomes(reads)).toEqual([1, "RangeError: no number: -2", "over", "end"]);
    expect(numbers.readers.isEmpty).toBe(true);
  });
});
