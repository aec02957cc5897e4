/** What a semaphore promises. */
import { createClient, prefix } from "@kvorum/client";
import { createSession, Semaphore, SemaphoreLimitError, SessionExpiredError } from "@kvorum/concurrency";
import { describe, expect, it } from "vitest";
import { judge } from "../coordination/model.js";
import { type SemaphoreEvent, semaphoreModel } from "../coordination/models/semaphore.js";
import { type Fixture, failure, until } from "./case.js";

export function semaphoreCases(fixture: Fixture): void {
  const keysLeft = (): Promise<string[]> => fixture.client.keys(prefix(`${fixture.name}/`));
  const places = (count: number): Promise<void> => until(async () => (await keysLeft()).length === count);

  describe("a semaphore", () => {
    it("gives no more permits than it has, in the order of asking, as the model says", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      await using session = await createSession(client);
      const events: SemaphoreEvent[] = [];
      const worker = async (index: number): Promise<void> => {
        const semaphore = new Semaphore(index % 3 === 0 ? other : session, name, 4);
        for (let round = 0; round < 3; round++) {
          const permits = 1 + ((index + round) % 3);
          const lock = await semaphore.acquire(permits);
          const [life, token] = [`${index}`, lock.fencingToken];
          for (let claims = 0; claims < 2; claims++) {
            events.push({ kind: "claim", atMs: performance.now(), worker: life, permits, token });
            await new Promise((resolve) => setTimeout(resolve, 2));
          }
          await lock.unlock();
        }
      };
      await Promise.all([0, 1, 2, 3, 4, 5].map(worker));
      expect(judge(semaphoreModel(4), events)).toEqual({ events: 36, violation: undefined });
      expect(await keysLeft()).toEqual([]);
    });

    it("does not let a small request pass a large one that came before", async () => {
      const { client, name } = fixture;
      await using session = await createSession(client);
      const semaphore = new Semaphore(session, name, 3);
      const two = await semaphore.acquire(2);
      const order: string[] = [];
      const large = semaphore.withPermits(3, async () => void order.push("large"));
      await places(2);
      // One permit is free, and spoken for.
      expect(await semaphore.tryAcquire(1)).toBeUndefined();
      const small = semaphore.withPermits(1, async () => void order.push("small"));
      await places(3);
      expect(order).toEqual([]);
      await two.unlock();
      await Promise.all([large, small]);
      expect(order).toEqual(["large", "small"]);
      expect(await keysLeft()).toEqual([]);
    });

    it("tryAcquire takes what is free and leaves nothing behind where too little is", async () => {
      const { client, name } = fixture;
      await using session = await createSession(client);
      const semaphore = new Semaphore(session, name, 3);
      const two = await semaphore.tryAcquire(2);
      expect(two?.held).toBe(true);
      const before = (await client.list(prefix(name))).header.revision;
      expect(await semaphore.tryAcquire(2)).toBeUndefined();
      expect(await new Semaphore(client, name, 3).tryAcquire(2)).toBeUndefined();
      expect((await client.list(prefix(name))).header.revision).toBe(before);
      await using one = await new Semaphore(client, name, 3).tryAcquire();
      expect(one?.held).toBe(true);
      await two?.unlock();
      expect(await keysLeft()).toEqual([one?.key]);
    });

    it("many that try at once get as many permits as there are", async () => {
      const { client, name } = fixture;
      await using session = await createSession(client);
      const semaphore = new Semaphore(session, name, 5);
      const tried = await Promise.all(Array.from({ length: 12 }, () => semaphore.tryAcquire(2)));
      const held = tried.filter((lock) => lock !== undefined);
      expect(held.length).toBe(2);
      await Promise.all(held.map((lock) => lock.unlock()));
    });

    it("refuses whoever comes later with another number of permits", async () => {
      const { client, name } = fixture;
      await using session = await createSession(client);
      const lock = await new Semaphore(session, name, 2).acquire();
      const wrong = new Semaphore(session, name, 5);
      const error = await failure(wrong.acquire());
      expect(error).toBeInstanceOf(SemaphoreLimitError);
      expect(error).toMatchObject({ key: lock.key, permits: 5, otherPermits: 2 });
      expect(await failure(wrong.tryAcquire())).toBeInstanceOf(SemaphoreLimitError);
      expect(await failure(new Semaphore(client, name, 5).tryAcquire())).toBeInstanceOf(SemaphoreLimitError);
      expect(await keysLeft()).toEqual([lock.key]);
      await lock.unlock();
      await (await wrong.acquire(5)).unlock();
    });

    it("refuses what can never be given before anything is sent", async () => {
      const { client, name } = fixture;
      const semaphore = new Semaphore(client, name, 2);
      expect(await failure(semaphore.acquire(3))).toMatchObject({
        name: "RangeError",
        message: "permits must be at most 2, as many as there are, not 3",
      });
      expect(await failure(semaphore.acquire(0))).toBeInstanceOf(RangeError);
      expect(await failure(semaphore.tryAcquire(1.5))).toBeInstanceOf(RangeError);
      expect(() => new Semaphore(client, name, 0)).toThrow("permits must be a whole number of at least 1, not 0");
      expect(() => new Semaphore(client, name, "2" as unknown as number)).toThrow(TypeError);
      expect(await keysLeft()).toEqual([]);
    });

    it("a wait that is aborted leaves nothing behind and lets those behind go on", async () => {
      const { client, name } = fixture;
      await using session = await createSession(client);
      const semaphore = new Semaphore(session, name, 2);
      const one = await semaphore.acquire();
      const abort = new AbortController();
      const large = failure(semaphore.acquire(2, { signal: abort.signal }));
      await places(2);
      const behind = semaphore.acquire(1);
      await places(3);
      abort.abort("enough");
      expect(await large).toBe("enough");
      const second = await behind;
      expect((await keysLeft()).sort()).toEqual([one.key, second.key].sort());
      await Promise.all([one.unlock(), second.unlock()]);
    });

    it("a session that expires in the queue ends the wait with an error, and a dead holder's permits come back", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      const dying = await createSession(other, { ttl: 2 });
      const waiting = await createSession(other, { ttl: 2 });
      const held = await new Semaphore(dying, name, 2).acquire(2);
      const waited = failure(new Semaphore(waiting, name, 2).acquire(2));
      await places(2);
      const next = new Semaphore(client, name, 2).acquire(2);
      await places(3);
      await client.lease.revoke(waiting.leaseId);
      expect(await waited).toBeInstanceOf(SessionExpiredError);
      await client.lease.revoke(dying.leaseId);
      const lock = await next;
      expect(lock.fencingToken).toBeGreaterThan(held.fencingToken);
      expect((await client.txn({ if: [held.ownership()] })).succeeded).toBe(false);
      await lock.unlock();
    });
  });
}
