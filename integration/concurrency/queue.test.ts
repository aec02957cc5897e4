/** Queues under faults and in virtual time: lost answers, cut-off consumers, many who want the same item. */
import { type Client, codec, prefix } from "@kvorum/client";
import { createTestCluster } from "@kvorum/client/testing";
import { PriorityQueue, Queue } from "@kvorum/concurrency/recipes";
import { describe, expect, it } from "vitest";
import { failure } from "./case.js";
import { textOf } from "./request-text.js";

const numbers = codec.json<number>();
const keysOf = (client: Client, name: string): Promise<string[]> => client.keys(prefix(`${name}/`));

describe("a queue under faults", () => {
  it("keeps every item once and in order when every third answer gets lost", async () => {
    await using cluster = await createTestCluster({ seed: 1 });
    const [producer, consumer] = [cluster.client(), cluster.client()];
    const [input, output] = [producer, consumer].map((client) => new Queue<number>(client, "q", { codec: numbers }));
    // Open the sessions of exactly-once writes first: from then on every third answer to a write is lost.
    let calls = 0;
    cluster.dropReplies(({ method }) => method === "Txn" && ++calls % 3 === 0);
    const sent = Array.from({ length: 16 }, (_, i) => i);
    for (const each of sent) await cluster.until(input?.enqueue(each) ?? Promise.reject());
    const got: (number | undefined)[] = [];
    while (got.length < sent.length) got.push(await cluster.until(output?.tryDequeue() ?? Promise.reject()));
    cluster.heal();
    expect(got).toEqual(sent);
    expect(await keysOf(consumer, "q")).toEqual([]);
  });

  it("gives each of many waiting consumers one item, and the items in order", async () => {
    await using cluster = await createTestCluster({ seed: 5 });
    const consumers = Array.from({ length: 12 }, () => new Queue<number>(cluster.client(), "q", { codec: numbers }));
    const got: number[] = [];
    const all = Promise.all(consumers.map(async (queue) => got.push(await queue.dequeue())));
    await cluster.advance(500);
    const producer = new Queue<number>(cluster.client(), "q", { codec: numbers });
    for (let i = 0; i < 12; i++) await producer.enqueue(i);
    await cluster.until(all);
    expect([...got].sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i));
  });

  it.each([false, true])(
    "finds an item that came between the look and the watch (compacted: %s)",
    async (compacted) => {
      await using cluster = await createTestCluster({ size: 1 });
      const [waiter, other] = [cluster.client(), cluster.client()];
      let looks = 0;
      const undo = cluster.disturb(async ({ method }, next) => {
        const answer = await next();
        // The first look is made before the caller lines up, the second one decides to wait.
        if (method !== "Range" || ++looks < 2) return answer;
        undo();
        await new Queue(other, "q").enqueue("between");
        await other.put("unrelated", "1");
        if (compacted) await cluster.compact();
        return answer;
      });
      expect(await cluster.until(new Queue(waiter, "q").dequeue())).toBe("between");
      expect(looks).toBe(2);
    },
  );

  it("serves consumers that have read the same moment with one txn each", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const clients = Array.from({ length: 6 }, () => cluster.client());
    const producer = new Queue(cluster.client(), "q");
    for (let i = 0; i < 6; i++) await producer.enqueue(String(i));
    let [reads, takes] = [0, 0];
    cluster.disturb(async ({ method, request }, next) => {
      const answer = await next();
      if (method === "Range") {
        reads += 1;
        await cluster.until(() => reads === clients.length);
      }
      if (method === "Txn" && textOf(request).includes('"requestDeleteRange","value":')) takes += 1;
      return answer;
    });
    const got = await cluster.until(Promise.all(clients.map((client) => new Queue(client, "q").tryDequeue())));
    expect(got.map(String).sort()).toEqual(["0", "1", "2", "3", "4", "5"]);
    expect(takes).toBe(6);
  });

  it("takes nothing when the wait is aborted or over, and leaves no place", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const queue = new Queue(client, "q");
    const abort = new AbortController();
    const waiting = failure(queue.dequeue({ signal: abort.signal }));
    const late = failure(queue.dequeue({ timeout: 5_000 }));
    await cluster.advance(1_000);
    abort.abort(new Error("enough"));
    expect(await waiting).toBe(abort.signal.reason);
    await cluster.advance(5_000);
    expect(await late).toMatchObject({ message: "the wait for an item took longer than 5000 ms" });
    await queue.enqueue("kept");
    await cluster.advance(1_000);
    expect(await queue.size()).toBe(1);
  });

  it("finishes a take that is under way when its caller aborts, and gives the item", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const queue = new Queue(cluster.client(), "q");
    await queue.enqueue("only");
    const abort = new AbortController();
    cluster.disturb(async ({ method }, next) => {
      const answer = await next();
      if (method === "Txn") abort.abort();
      return answer;
    });
    expect(await cluster.until(queue.dequeue({ signal: abort.signal }))).toBe("only");
    expect(abort.signal.aborted).toBe(true);
  });
});

describe("a priority queue under faults", () => {
  it("takes a more urgent item that came after the read first", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [consumer, producer] = [cluster.client(), cluster.client()];
    const queue = new PriorityQueue(producer, "p");
    await queue.enqueue("later", 7);
    const undo = cluster.disturb(async ({ method }, next) => {
      const answer = await next();
      if (method === "Range") {
        undo();
        await queue.enqueue("urgent", 3);
      }
      return answer;
    });
    const taking = new PriorityQueue(consumer, "p");
    expect(await cluster.until(taking.dequeue())).toBe("urgent");
    expect(await cluster.until(taking.dequeue())).toBe("later");
  });

  it("wakes for an item of any priority and follows urgency, then age", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [consumer, producer] = [cluster.client(), cluster.client()];
    const first = new PriorityQueue(consumer, "p").dequeue();
    await cluster.advance(100);
    const queue = new PriorityQueue(producer, "p");
    await queue.enqueue("woken", 65_535);
    expect(await cluster.until(first)).toBe("woken");
    for (const [value, priority] of [
      ["c", 2],
      ["a", 0],
      ["d", 2],
      ["b", 1],
    ] as const)
      await queue.enqueue(value, priority);
    const got: string[] = [];
    const stop = new AbortController();
    for await (const value of new PriorityQueue(consumer, "p").values({ signal: stop.signal })) {
      if (got.push(value) === 4) stop.abort();
    }
    expect(got).toEqual(["a", "b", "c", "d"]);
  });
});
