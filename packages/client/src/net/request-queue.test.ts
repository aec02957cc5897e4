/** The queue between whoever has a request and the connection that takes it. */
import { describe, expect, it } from "vitest";
import { RequestQueue } from "./request-queue.js";

describe("a request queue", () => {
  it("gives what is pushed before and after the reader asks, in order", async () => {
    const queue = new RequestQueue<number>();
    queue.push(1);
    queue.push(2);
    expect([await queue.next(), await queue.next()].map((result) => result.value)).toEqual([1, 2]);
    const waiting = queue.next();
    queue.push(3);
    expect(await waiting).toEqual({ done: false, value: 3 });
  });

  it("ends a waiting reader and takes nothing more", async () => {
    const queue = new RequestQueue<number>();
    const waiting = queue.next();
    queue.end();
    queue.push(1);
    expect((await waiting).done).toBe(true);
    expect((await queue.next()).done).toBe(true);
  });

  it("is ended by a reader that leaves", async () => {
    const queue = new RequestQueue<number>();
    queue.push(1);
    queue.push(2);
    for await (const item of queue) {
      expect(item).toBe(1);
      break;
    }
    expect((await queue.next()).done).toBe(true);
  });
});
