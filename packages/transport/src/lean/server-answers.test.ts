/** Answers that are ready, one after the other without a promise: for as long as there is room, and not beyond the call. */
import { describe, expect, it } from "vitest";
import type { ReadyIterator } from "../ready-iterator.js";
import { AnswerStream, type AnswerTaker } from "./server-answers.js";

/** Numbers from 1, of which those below `readyBelow` are ready. */
class Numbers implements ReadyIterator<number>, AsyncIterable<number> {
  readyBelow = 1;
  returned = 0;
  asked = 0;
  broken = false;
  #next = 1;
  #waiting: ((result: IteratorResult<number>) => void) | undefined;

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<number>> {
    this.asked++;
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  ready(): number | undefined {
    if (this.broken) throw new Error("broken");
    return this.#next < this.readyBelow ? this.#next++ : undefined;
  }

  return(): Promise<IteratorResult<number>> {
    this.returned++;
    return Promise.resolve({ done: true, value: undefined });
  }

  async resolve(done = false): Promise<void> {
    this.#waiting?.(done ? { done: true, value: undefined } : { done: false, value: this.#next++ });
    await turn();
  }
}

class Taker implements AnswerTaker {
  readonly sent: unknown[] = [];
  readonly told: unknown[] = [];
  room = Number.POSITIVE_INFINITY;
  onSend: (answer: unknown) => boolean = () => true;

  sendAnswer(answer: unknown): boolean {
    this.sent.push(answer);
    this.room--;
    return this.onSend(answer);
  }

  hasRoom(): boolean {
    return this.room > 0;
  }

  finish(): void {
    this.told.push("finished");
  }

  fail(error: unknown): void {
    this.told.push(error);
  }

  handlerEnded(): void {
    this.told.push("handler ended");
  }
}

function start() {
  const [numbers, taker] = [new Numbers(), new Taker()];
  const stream = new AnswerStream(taker, numbers);
  stream.resume();
  return { numbers, taker, stream };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("answers that are ready", () => {
  it("follow the one that was waited for at once, and then the next is waited for", async () => {
    const { numbers, taker } = start();
    numbers.readyBelow = 5;
    await numbers.resolve();
    expect(taker.sent).toEqual([1, 2, 3, 4]);
    expect(numbers.asked).toBe(2);
    await numbers.resolve();
    await numbers.resolve(true);
    expect(taker.sent).toEqual([1, 2, 3, 4, 5]);
    expect(taker.told).toEqual(["handler ended", "finished"]);
  });

  it("wait for room, of which the stream is told", async () => {
    const { numbers, taker, stream } = start();
    numbers.readyBelow = 6;
    taker.room = 3;
    await numbers.resolve();
    expect([taker.sent, numbers.asked]).toEqual([[1, 2, 3], 1]);
    taker.room = 1;
    stream.resume();
    expect([taker.sent, numbers.asked]).toEqual([[1, 2, 3, 4], 1]);
    taker.room = 9;
    stream.resume();
    expect([taker.sent, numbers.asked]).toEqual([[1, 2, 3, 4, 5], 2]);
    stream.resume();
    expect([taker.sent, numbers.asked]).toEqual([[1, 2, 3, 4, 5], 2]);
  });

  it("are not asked for while one is being sent, whoever says that there is room", async () => {
    const { numbers, taker, stream } = start();
    numbers.readyBelow = 6;
    let depth = 0;
    taker.onSend = () => {
      expect(++depth).toBe(1);
      if (taker.sent.length > 1) stream.resume();
      depth--;
      return true;
    };
    await numbers.resolve();
    expect([taker.sent, numbers.asked]).toEqual([[1, 2, 3, 4, 5], 2]);
  });

  it("are left when the call ends with one of them, once", async () => {
    const { numbers, taker, stream } = start();
    numbers.readyBelow = 6;
    taker.onSend = (answer) => {
      if (answer !== 3) return true;
      stream.leave();
      return false;
    };
    await numbers.resolve();
    await turn();
    stream.resume();
    stream.leave();
    expect([taker.sent, taker.told, numbers.returned]).toEqual([[1, 2, 3], ["handler ended"], 1]);
  });

  it("that fail instead end the call and the iterator", async () => {
    const { numbers, taker } = start();
    numbers.broken = true;
    await numbers.resolve();
    await turn();
    expect(taker.told).toEqual([new Error("broken"), "handler ended"]);
    expect(numbers.returned).toBe(1);
  });
});
