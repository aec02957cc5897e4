/** What a lock of readers and writers promises. */
import { createClient, op, prefix } from "@kvorum/client";
import {
  createSession,
  LockLostError,
  RWMutex,
  SessionExpiredError,
  UpgradeRefusedError,
  type WriteLock,
} from "@kvorum/concurrency";
import { describe, expect, it } from "vitest";
import { judge } from "../coordination/model.js";
import { type RWMutexEvent, rwMutexModel } from "../coordination/models/rw-mutex.js";
import { type Fixture, failure, until } from "./case.js";

export function rwMutexCases(fixture: Fixture): void {
  const keysLeft = (): Promise<string[]> => fixture.client.keys(prefix(`${fixture.name}/`));
  const places = (count: number): Promise<void> =>
    until(async () => (await fixture.client.keys(prefix(`${fixture.name}/read/`))).length === count);

  describe("a read-write lock", () => {
    it("is shared by readers, also of one session, and excludes a writer until all of them are gone", async () => {
      const { client, name } = fixture;
      await using session = await createSession(client);
      const mutex = new RWMutex(session, name);
      const [one, two] = [await mutex.readLock(), await mutex.readLock()];
      expect([one.held, two.held]).toEqual([true, true]);
      expect(one.key).not.toBe(two.key);
      expect(await mutex.tryWriteLock()).toBeUndefined();
      let written = false;
      const writing = mutex.withWriteLock(async () => {
        written = true;
      });
      await places(3);
      await one.unlock();
      await client.get("anything");
      expect(written).toBe(false);
      await two.unlock();
      await writing;
      expect(written).toBe(true);
      expect(await keysLeft()).toEqual([]);
    });

    it("lets a reader that comes after a waiting writer wait behind it", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      const [mine, theirs] = [new RWMutex(client, name), new RWMutex(other, name)];
      const order: string[] = [];
      const first = await mine.readLock();
      const writer = theirs.withWriteLock(async () => void order.push("writer"));
      await places(2);
      expect(await mine.tryReadLock()).toBeUndefined();
      const reader = mine.withReadLock(async () => void order.push("reader"));
      await places(3);
      expect(order).toEqual([]);
      await first.unlock();
      await Promise.all([writer, reader]);
      expect(order).toEqual(["writer", "reader"]);
    });

    it("keeps its order and exclusion among many, as the model says", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      await using session = await createSession(client);
      const events: RWMutexEvent[] = [];
      const worker = async (index: number): Promise<void> => {
        const mutex = new RWMutex(index % 2 === 0 ? session : other, name);
        for (let round = 0; round < 3; round++) {
          const mode = (index + round) % 3 === 0 ? "write" : "read";
          const lock = await (mode === "write" ? mutex.writeLock() : mutex.readLock());
          const [life, token] = [`${index}`, lock.fencingToken];
          for (let claims = 0; claims < 2; claims++) {
            events.push({ kind: "claim", atMs: performance.now(), worker: life, mode, token });
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
          events.push({ kind: "end", atMs: performance.now(), worker: life, token });
          await lock.unlock();
        }
      };
      await Promise.all([0, 1, 2, 3, 4, 5].map(worker));
      expect(judge(rwMutexModel, events)).toEqual({ events: 54, violation: undefined });
      expect(await keysLeft()).toEqual([]);
    });

    it("a downgrade lets readers in and no writer", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      await using session = await createSession(client);
      const writer = await new RWMutex(session, name).writeLock();
      const { signal } = writer;
      const order: string[] = [];
      const reader = new RWMutex(other, name).withReadLock(async () => void order.push("reader"));
      await places(2);
      const behind = new RWMutex(other, name).withWriteLock(async () => void order.push("writer"));
      await places(3);
      const guard = writer.ownership();
      const kept = await writer.downgrade();
      expect(signal.reason).toMatchObject({ name: "AbortError" });
      expect([writer.held, kept.held]).toEqual([false, true]);
      expect(kept.fencingToken).toBe(writer.fencingToken);
      await reader;
      expect(order).toEqual(["reader"]);
      // What was a writer's is refused from now on, what is a reader's is not.
      expect((await client.txn({ if: [guard] })).succeeded).toBe(false);
      expect((await client.txn({ if: [kept.ownership()] })).succeeded).toBe(true);
      // The handle that is over gives nothing up.
      await writer.unlock();
      expect(kept.held).toBe(true);
      expect(kept.signal.aborted).toBe(false);
      await kept.unlock();
      await behind;
      expect(order).toEqual(["reader", "writer"]);
      expect(await keysLeft()).toEqual([]);
    });

    it("an upgrade is refused while anyone else is in the line, and then the reader has its lock as before", async () => {
      const { client, name } = fixture;
      await using session = await createSession(client);
      const mutex = new RWMutex(session, name);
      const [one, two] = [await mutex.readLock(), await mutex.readLock()];
      // Two that waited for each other would wait for ever.
      const refused = await Promise.all([failure(one.upgrade()), failure(two.upgrade())]);
      expect(refused.map((error) => error instanceof UpgradeRefusedError)).toEqual([true, true]);
      expect([one.held, two.held]).toEqual([true, true]);
      const writing = mutex.writeLock();
      await places(3);
      await two.unlock();
      expect(await failure(one.upgrade())).toBeInstanceOf(UpgradeRefusedError);
      await one.unlock();
      await (await writing).unlock();
      expect(await keysLeft()).toEqual([]);
    });

    it("an upgrade of the only reader excludes everyone, and can be taken back", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      const reader = await new RWMutex(client, name).readLock();
      const writer: WriteLock = await reader.upgrade();
      expect([reader.held, writer.held]).toEqual([false, true]);
      expect(writer.fencingToken).toBeGreaterThan(reader.fencingToken);
      const theirs = new RWMutex(other, name);
      expect(await theirs.tryReadLock()).toBeUndefined();
      const kept = await writer.downgrade();
      await using shared = await theirs.tryReadLock();
      expect(shared?.held).toBe(true);
      expect(await theirs.tryWriteLock()).toBeUndefined();
      await kept.unlock();
    });

    it("a writer whose key is deleted learns of it, and its guarded write is refused", async () => {
      const { client, name } = fixture;
      await using session = await createSession(client);
      const lock = await new RWMutex(session, name).writeLock();
      const { signal } = lock;
      const guard = lock.ownership();
      await client.delete(lock.key);
      await until(() => signal.aborted);
      expect(signal.reason).toBeInstanceOf(LockLostError);
      expect(await failure(lock.downgrade())).toBeInstanceOf(LockLostError);
      expect((await client.txn({ if: [guard], then: [op.put(`${name}-doc`, "stale")] })).succeeded).toBe(false);
    });

    it("leaves nothing behind when a wait is aborted, and lets those behind go on", async () => {
      const { client, name } = fixture;
      await using session = await createSession(client);
      const mutex = new RWMutex(session, name);
      const reader = await mutex.readLock();
      const abort = new AbortController();
      const writing = failure(mutex.writeLock({ signal: abort.signal }));
      await places(2);
      const behind = mutex.readLock();
      await places(3);
      const reason = new Error("changed my mind");
      abort.abort(reason);
      expect(await writing).toBe(reason);
      // The first reader still holds; the second waited for nobody but the writer.
      const second = await behind;
      expect((await keysLeft()).sort()).toEqual([reader.key, second.key].sort());
      await Promise.all([reader.unlock(), second.unlock()]);
      expect(await failure(mutex.readLock({ timeout: 0 }))).toMatchObject({ name: "RangeError" });
    });

    it("a session that expires while a writer waits ends the wait with an error", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      await using reader = await new RWMutex(client, name).readLock();
      const session = await createSession(other, { ttl: 2 });
      const waited = failure(new RWMutex(session, name).writeLock());
      await places(2);
      await client.lease.revoke(session.leaseId);
      expect(await waited).toBeInstanceOf(SessionExpiredError);
      expect(await keysLeft()).toEqual([reader.key]);
    });
  });
}
