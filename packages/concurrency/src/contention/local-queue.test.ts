/** The queue inside the process: turns, order, and waiters that go away. */
import { describe, expect, it } from "vitest";
import { LocalQueue, localQueueOf, type Slot } from "./local-queue.js";

const never = new AbortController().signal;

describe("the queue of a process", () => {
  it("gives one slot of a name at a time, in the order of asking", async () => {
    const queue = new LocalQueue();
    const order: string[] = [];
    const first = await queue.take("a", never);
    const others = ["b", "c", "d"].map(async (who) => {
      const slot = await queue.take("a", never);
      order.push(who);
      return slot;
    });
    await Promise.resolve();
    expect(order).toEqual([]);
    first.free();
    (await others[0])?.free();
    (await others[1])?.free();
    (await others[2])?.free();
    expect(order).toEqual(["b", "c", "d"]);
    expect(queue.tryTake("a")).toBeDefined();
  });

  it("keeps names apart", async () => {
    const queue = new LocalQueue();
    expect(queue.tryTake("a")).toBeDefined();
    expect(queue.tryTake("b")).toBeDefined();
    expect(queue.tryTake("a")).toBeUndefined();
  });

  it("frees a slot once: a second time does not free the next owner's", async () => {
    const queue = new LocalQueue();
    const first = await queue.take("a", never);
    const second = queue.take("a", never);
    const third = queue.take("a", never);
    let thirdHasIt = false;
    third.then(() => {
      thirdHasIt = true;
    });
    first.free();
    first.free();
    await second;
    await Promise.resolve();
    expect(thirdHasIt).toBe(false);
  });

  it("passes over a waiter that was aborted", async () => {
    const queue = new LocalQueue();
    const first = await queue.take("a", never);
    const abort = new AbortController();
    const second = queue.take("a", abort.signal);
    const third = queue.take("a", never);
    const reason = new Error("changed my mind");
    abort.abort(reason);
    await expect(second).rejects.toBe(reason);
    first.free();
    const slot: Slot = await third;
    slot.free();
    expect(queue.tryTake("a")).toBeDefined();
  });

  it("refuses a waiter that was aborted before it came", async () => {
    const queue = new LocalQueue();
    await expect(queue.take("a", AbortSignal.abort("no"))).rejects.toBe("no");
    expect(queue.tryTake("a")).toBeDefined();
  });

  it("is one for everything on the same client", () => {
    const [client, other] = [{}, {}];
    expect(localQueueOf(client)).toBe(localQueueOf(client));
    expect(localQueueOf(client)).not.toBe(localQueueOf(other));
  });
});
