/** What counters and allocators of ids promise: no update lost, no id given twice, whatever the others do. */
import { createClient } from "@kvorum/client";
import { AtomicCounter } from "@kvorum/concurrency/recipes";
import { describe, expect, it } from "vitest";
import { type Fixture, failure } from "./case.js";

export function counterCases(fixture: Fixture): void {
  describe("an atomic counter", () => {
    it("loses no update of many clients at once", async () => {
      const { client, endpoint, name } = fixture;
      const clients = Array.from({ length: 4 }, () => createClient({ endpoints: endpoint }));
      const seen: bigint[] = [];
      await Promise.all(
        clients.map(async (mine) => {
          const counter = new AtomicCounter(mine, name);
          for (let i = 0; i < 10; i++) seen.push((await counter.increment()).value);
        }),
      );
      expect(seen.sort((a, b) => (a < b ? -1 : 1))).toEqual(Array.from({ length: 40 }, (_, i) => BigInt(i + 1)));
      expect(await new AtomicCounter(client, name).get()).toMatchObject({ value: 40n });
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
}
