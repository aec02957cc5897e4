/** Whatever is given no client says so in its own words, before anything is sent. */
import { describe, expect, it } from "vitest";
import {
  AtomicCounter,
  Barrier,
  CountDownLatch,
  Discovery,
  DoubleBarrier,
  IdAllocator,
  PriorityQueue,
  Queue,
  ServiceRegistry,
  WorkQueue,
} from "./recipes.js";
import { stm } from "./stm/stm.js";

const made: Readonly<Record<string, (given: never) => unknown>> = {
  AtomicCounter: (given) => new AtomicCounter(given, "name"),
  Barrier: (given) => new Barrier(given, "name"),
  CountDownLatch: (given) => new CountDownLatch(given, "name"),
  Discovery: (given) => new Discovery(given),
  DoubleBarrier: (given) => new DoubleBarrier(given, "name", 2),
  IdAllocator: (given) => new IdAllocator(given, "name"),
  PriorityQueue: (given) => new PriorityQueue(given, "name"),
  Queue: (given) => new Queue(given, "name"),
  ServiceRegistry: (given) => new ServiceRegistry(given),
  WorkQueue: (given) => new WorkQueue(given, "name"),
};

describe.each(Object.entries(made))("%s", (_name, make) => {
  it.each([undefined, null, "http://localhost:2379", {}])(
    "given %j for its client is a TypeError that says so",
    (given) => {
      expect(() => make(given as never)).toThrow(TypeError);
      expect(() => make(given as never)).toThrow(/^the (store|owner) of .+ must be a (client|session)/);
    },
  );
});

it("a transaction without a store is refused before its body runs", async () => {
  await expect(stm(undefined as never, async () => expect.unreachable())).rejects.toThrow(
    /^the store of a transaction must be/,
  );
});
