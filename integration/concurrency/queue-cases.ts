/** What queues promise. */
import { codec, createClient, DecodeError, prefix } from "@kvorum/client";
import { PriorityQueue, Queue } from "@kvorum/concurrency/recipes";
import { describe, expect, it } from "vitest";
import { judge } from "../coordination/model.js";
import { type QueueEvent, queueModel } from "../coordination/models/queue.js";
import { type Fixture, failure, until } from "./case.js";

const numbers = codec.json<number>();

export function queueCases(fixture: Fixture): void {
  const keysLeft = (): Promise<string[]> => fixture.client.keys(prefix(`${fixture.name}/`));

  /** Six producers, six consumers, two connections; each item is a priority and a number. */
  async function history(
    put: (from: number, item: string, priority: number) => Promise<bigint>,
    take: (by: number) => Promise<string>,
  ): Promise<QueueEvent[]> {
    const events: QueueEvent[] = [];
    const producer = async (index: number): Promise<void> => {
      for (let i = 0; i < 7; i++) {
        const about = { worker: `p${index}`, item: `${index}-${i}`, priority: (index + i) % 3 };
        events.push({ kind: "enqueuing", atMs: performance.now(), ...about, revision: 0n });
        const revision = await put(index, about.item, about.priority);
        events.push({ kind: "enqueued", atMs: performance.now(), ...about, revision });
      }
    };
    const consumer = async (index: number): Promise<void> => {
      const worker = `c${index}`;
      for (let i = 0; i < 7; i++) {
        events.push({ kind: "taking", atMs: performance.now(), worker });
        const item = await take(index);
        events.push({ kind: "taken", atMs: performance.now(), worker, item });
      }
    };
    await Promise.all([0, 1, 2, 3, 4, 5].flatMap((index) => [producer(index), consumer(index)]));
    return events;
  }

  describe("a queue", () => {
    it("loses nothing, gives nothing twice and keeps the order, as the model says", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      const queues = [client, other, client].map((each) => new Queue(each, name));
      const at = (index: number): Queue => queues[index % 3] as Queue;
      const events = await history(
        async (from, item) => (await at(from).enqueue(item)).revision,
        (by) => at(by).dequeue(),
      );
      const unordered = events.map((event) => ("priority" in event ? { ...event, priority: 0 } : event));
      expect(judge(queueModel, unordered)).toEqual({ events: 168, violation: undefined });
      expect(await keysLeft()).toEqual([]);
    });

    it("has keys in the order of their revisions, whoever put them", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      const queues = [new Queue(client, name), new Queue(other, name), new Queue(client, name)];
      await Promise.all(queues.flatMap((queue) => Array.from({ length: 8 }, () => queue.enqueue("x"))));
      const { kvs } = await client.list(prefix(`${name}/`));
      const revisions = kvs.map((kv) => kv.createRevision);
      expect(revisions).toEqual([...revisions].sort((a, b) => (a < b ? -1 : 1)));
      expect(revisions).toHaveLength(24);
    });

    it("shows its first item and its size, and gives undefined where it is empty", async () => {
      const queue = new Queue<number>(fixture.client, fixture.name, { codec: numbers });
      expect([await queue.peek(), await queue.tryDequeue(), await queue.size()]).toEqual([undefined, undefined, 0]);
      const { key, revision } = await queue.enqueue(1);
      await queue.enqueue(2);
      expect(await queue.peek()).toEqual({ value: 1, key, revision });
      expect([await queue.size(), await queue.tryDequeue(), await queue.dequeue()]).toEqual([2, 1, 2]);
    });

    it("is iterated, and leaving the loop takes nothing more", async () => {
      const queue = new Queue(fixture.client, fixture.name);
      for (const value of ["a", "b", "c"]) await queue.enqueue(value);
      for await (const value of queue) if (value === "b") break;
      expect(await queue.dequeue()).toBe("c");
    });

    it("works inside a namespace, and waits there", async () => {
      const { client, name } = fixture;
      const queue = new Queue(client.namespace(`${name}/inside/`), "q");
      const waiting = queue.dequeue();
      await queue.enqueue("here");
      expect(await waiting).toBe("here");
      await queue.enqueue("there");
      expect((await keysLeft())[0]).toMatch(new RegExp(`^${name}/inside/q/`));
    });

    it("does not stop at a value that its codec refuses", async () => {
      const { client, name } = fixture;
      await new Queue(client, name).enqueue("no number");
      const queue = new Queue<number>(client, name, { codec: numbers });
      await queue.enqueue(7);
      const refused = await failure(queue.dequeue());
      expect(refused).toBeInstanceOf(DecodeError);
      expect(String(refused)).not.toContain("no number");
      expect(await queue.dequeue()).toBe(7);
    });

    it("refuses wrong arguments before it sends anything", async () => {
      const { client, name } = fixture;
      expect(() => new Queue(client, "")).toThrow(new TypeError("the name of a queue must not be empty"));
      expect(() => new PriorityQueue(client, 7 as unknown as string)).toThrow(TypeError);
      for (const priority of [-1, 65_536, 1.5, Number.NaN]) {
        const error = await failure(new PriorityQueue(client, name).enqueue("x", priority));
        expect(error).toBeInstanceOf(RangeError);
        expect(String(error)).toContain(String(priority));
      }
      expect(String(await failure(new Queue(client, name).dequeue({ timeout: -1 })))).toContain("not -1");
      expect(await keysLeft()).toEqual([]);
    });
  });

  describe("a priority queue", () => {
    it("keeps urgency and age, as the model says", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      const queues = [client, other, client].map((each) => new PriorityQueue(each, name));
      const at = (index: number): PriorityQueue => queues[index % 3] as PriorityQueue;
      const events = await history(
        async (from, item, priority) => (await at(from).enqueue(item, priority)).revision,
        (by) => at(by).dequeue(),
      );
      expect(judge(queueModel, events)).toEqual({ events: 168, violation: undefined });
      await until(async () => (await keysLeft()).length === 0);
    });
  });
}
