/** What counters and allocators of ids promise: no update lost, no id given twice, whatever the others do. */
import { createClient } from "@kvorum/client";
import { AtomicCounter, IdAllocator } from "@kvorum/concurrency/recipes";
import { describe, expect, it } from "vitest";
import { judge, sharedNowMs } from "../coordination/model.js";
import { type CounterEvent, counterModel, type Given, idModel } from "../coordination/models/counter.js";
import { type Fixture, failure, until } from "./case.js";

export function counterCases(fixture: Fixture): void {
  describe("an atomic counter", () => {
    it("loses no update of many clients at once", async () => {
      const { client, endpoint, name } = fixture;
      const clients = Array.from({ length: 4 }, () => createClient({ endpoints: endpoint }));
      const history: CounterEvent[] = [];
      await Promise.all(
        clients.map(async (mine, index) => {
          const counter = new AtomicCounter(mine, name);
          const note = (kind: "adding" | "added", value: bigint): unknown =>
            history.push({ atMs: sharedNowMs(), worker: `${index}`, kind, value });
          for (let i = 1; i <= 10; i++) {
            note("adding", BigInt(i));
            note("added", (await counter.increment(i)).value);
          }
        }),
      );
      const { value } = await new AtomicCounter(client, name).get();
      history.push({ atMs: sharedNowMs(), worker: "reader", kind: "read", value });
      expect(judge(counterModel, history)).toEqual({ events: 81, violation: undefined });
      expect(value).toBe(220n);
      await Promise.all(clients.map((mine) => mine.close()));
    });

    it("is decimal text under its name, begins where it is told and goes below zero", async () => {
      const { client, name } = fixture;
      const counter = new AtomicCounter(client, name, { initial: 10 });
      expect(await counter.get()).toEqual({ value: 10n, revision: 0n });
      const { value, revision } = await counter.decrement(25);
      expect(value).toBe(-15n);
      expect(await client.get(name)).toMatchObject({ value: "-15", modRevision: revision });
      await client.put(name, "0042");
      expect(await counter.increment(2)).toMatchObject({ value: 44n });
      expect(await counter.set(-7n)).toMatchObject({ value: -7n });
      await client.delete(name);
      expect(await counter.add(-1)).toMatchObject({ value: 9n });
    });

    it("is compared as a number, and says what is there instead", async () => {
      const { client, name } = fixture;
      const [counter, other] = [new AtomicCounter(client, name), new AtomicCounter(client, name)];
      expect(await counter.compareAndSet(1, 2)).toEqual({ ok: false, value: 0n, revision: 0n });
      expect(await counter.compareAndSet(0, 2)).toMatchObject({ ok: true, value: 2n });
      await other.set(3);
      expect(await counter.compareAndSet(2, 9)).toMatchObject({ ok: false, value: 3n });
      expect(await counter.compareAndSet(3, 9)).toMatchObject({ ok: true, value: 9n });
      // What it has seen last is no reason to refuse.
      await other.set(5);
      expect(await counter.compareAndSet(5, 6)).toMatchObject({ ok: true, value: 6n });
    });

    it("stays within 64 bits, and refuses what is no number before anything is sent", async () => {
      const { client, name } = fixture;
      const counter = new AtomicCounter(client, name, { initial: 2n ** 63n - 1n });
      const before = await client.put(`${name}-other`, "");
      expect(await failure(counter.increment())).toBeInstanceOf(RangeError);
      expect(await failure(counter.add(0.5))).toMatchObject({ message: "by must be a whole number, not 0.5" });
      expect(await failure(counter.set("1" as never))).toBeInstanceOf(TypeError);
      expect(await failure(counter.set(2n ** 63n))).toBeInstanceOf(RangeError);
      const after = await client.put(`${name}-other`, "");
      expect(after.header.revision).toBe(before.header.revision + 1n);
      await client.put(name, "many");
      const error = await failure(counter.increment());
      expect(error).toMatchObject({ name: "DecodeError", key: name });
      expect(String(error)).not.toContain("many");
    });
  });

  describe("an id allocator", () => {
    it("gives each id once to many processes, in growing order to each", async () => {
      const { client, endpoint, name } = fixture;
      const clients = Array.from({ length: 3 }, () => createClient({ endpoints: endpoint }));
      const given: Given[] = [];
      await Promise.all(
        clients.map(async (mine, index) => {
          const ids = new IdAllocator(mine, name, { blockSize: 7, start: 1_000 });
          for (let i = 0; i < 20; i++) {
            const some = await Promise.all([ids.next(), ids.next(), ids.nextMany(3)]);
            for (const id of some.flat()) given.push({ atMs: sharedNowMs(), worker: `${index}`, kind: "given", id });
          }
        }),
      );
      expect(judge(idModel, given)).toEqual({ events: 300, violation: undefined });
      expect(given.every(({ id }) => id >= 1_000n)).toBe(true);
      // What is stored is what nobody has: above all that were given.
      const stored = BigInt((await client.get(name))?.value ?? "0");
      expect(given.every(({ id }) => id < stored)).toBe(true);
      await Promise.all(clients.map((mine) => mine.close()));
    });

    it("reserves blocks, not ids: one write for many, and the next one before it is needed", async () => {
      const { client, name } = fixture;
      const writes = async (): Promise<bigint | undefined> => (await client.get(name))?.version;
      const ids = new IdAllocator(client, name, { blockSize: 100 });
      const first = await Promise.all(Array.from({ length: 70 }, () => ids.next()));
      expect(first).toEqual(Array.from({ length: 70 }, (_, i) => BigInt(i + 1)));
      expect(await writes()).toBe(1n);
      await ids.nextMany(6);
      await until(async () => (await writes()) === 2n);
      expect(await client.get(name)).toMatchObject({ value: "201" });
      const thrifty = new IdAllocator(client, name, { blockSize: 4, prefetch: false });
      expect(await thrifty.nextMany(4)).toEqual([201n, 202n, 203n, 204n]);
      expect(await thrifty.nextMany(10)).toHaveLength(10);
      expect(await client.get(name)).toMatchObject({ value: "215" });
    });

    it("refuses to go on when what is stored was set back, and at the end of 64 bits", async () => {
      const { client, name } = fixture;
      const ids = new IdAllocator(client, name, { blockSize: 1 });
      expect(await ids.nextMany(3)).toEqual([1n, 2n, 3n]);
      await client.delete(name);
      expect(await failure(ids.next())).toMatchObject({ message: expect.stringContaining("was set back") });
      await client.put(name, String(2n ** 63n - 3n));
      expect(await ids.nextMany(2)).toEqual([2n ** 63n - 3n, 2n ** 63n - 2n]);
      expect(await failure(ids.next())).toBeInstanceOf(RangeError);
      expect(() => new IdAllocator(client, name, { blockSize: 0 })).toThrow("blockSize must be a whole number from 1");
      expect(await failure(ids.nextMany(1_000_001))).toBeInstanceOf(RangeError);
    });
  });
}
