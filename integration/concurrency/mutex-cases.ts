/** What a mutex and its session promise. */
import { compare, createClient, op, prefix } from "@kvorum/client";
import { createSession, type Lock, LockLostError, Mutex, SessionExpiredError } from "@kvorum/concurrency";
import { describe, expect, it } from "vitest";
import { type Fixture, failure, until } from "./case.js";

export function mutexCases(fixture: Fixture): void {
  const keysLeft = (): Promise<string[]> => fixture.client.keys(prefix(`${fixture.name}/`));
  const waiting = (contenders: number): Promise<void> => until(async () => (await keysLeft()).length === contenders);

  describe("a mutex", () => {
    it("has one holder at a time among contenders of several clients and sessions, and ever greater tokens", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      await using session = await createSession(client);
      const owners = [client, other, session, session, client, other];
      let inside = 0;
      let most = 0;
      const tokens: bigint[] = [];
      const worker = async (index: number): Promise<void> => {
        for (let round = 0; round < 4; round++) {
          await new Mutex(owners[index] ?? client, name).withLock(async (lock) => {
            most = Math.max(most, ++inside);
            tokens.push(lock.fencingToken);
            await new Promise((resolve) => setTimeout(resolve, 2));
            inside -= 1;
          });
        }
      };
      await Promise.all(owners.map((_, index) => worker(index)));
      expect(most).toBe(1);
      expect(tokens).toHaveLength(24);
      expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => (a < b ? -1 : 1)));
      expect(await keysLeft()).toEqual([]);
    });

    it("is given in the order of asking", async () => {
      const { endpoint, name } = fixture;
      const clients = Array.from({ length: 4 }, () => createClient({ endpoints: endpoint }));
      const first = await new Mutex(fixture.client, name).lock();
      const order: number[] = [];
      const locked: Promise<void>[] = [];
      for (const [index, client] of clients.entries()) {
        locked.push(new Mutex(client, name).withLock(async () => void order.push(index)));
        await waiting(index + 2);
      }
      await first.unlock();
      await Promise.all(locked);
      expect(order).toEqual([0, 1, 2, 3]);
      await Promise.all(clients.map((client) => client.close()));
    });

    it("excludes a second mutex of the same session", async () => {
      const { client, name } = fixture;
      await using session = await createSession(client);
      const lock = await new Mutex(session, name).lock();
      expect(await new Mutex(session, name).tryLock()).toBeUndefined();
      const second = new Mutex(session, name).lock();
      let got = false;
      second.then(() => {
        got = true;
      });
      await client.get("anything");
      expect(got).toBe(false);
      await lock.unlock();
      const next = await second;
      expect(next.fencingToken).toBeGreaterThan(lock.fencingToken);
      expect(next.key).toBe(lock.key);
      await next.unlock();
    });

    it("uses etcd's layout of keys", async () => {
      const { client, name } = fixture;
      await using session = await createSession(client);
      await using lock = await new Mutex(session, name).lock();
      expect(lock.key).toBe(`${name}/${session.leaseId.toString(16)}`);
      const kv = await client.get(lock.key);
      expect(kv).toMatchObject({ value: "", lease: session.leaseId, createRevision: lock.fencingToken });
      expect(await new Mutex(client, name).holder()).toEqual({
        key: lock.key,
        fencingToken: lock.fencingToken,
        leaseId: session.leaseId,
      });
    });

    it("tryLock takes a free lock, and leaves nothing behind where it is taken", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      await using session = await createSession(other);
      const lock = await new Mutex(client, name).tryLock();
      expect(lock?.held).toBe(true);
      const before = (await client.list(prefix(name))).header.revision;
      expect(await new Mutex(session, name).tryLock()).toBeUndefined();
      expect(await new Mutex(other, name).tryLock()).toBeUndefined();
      // Not even written and deleted again.
      expect((await client.list(prefix(name))).header.revision).toBe(before);
      await lock?.unlock();
      const after = await new Mutex(session, name).tryLock();
      expect(after?.held).toBe(true);
      await after?.unlock();
      expect(await keysLeft()).toEqual([]);
    });

    it("leaves nothing behind when the wait is aborted or its time is up", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      await using session = await createSession(other);
      const lock = await new Mutex(client, name).lock();
      for (const owner of [session, other]) {
        const abort = new AbortController();
        const aborted = failure(new Mutex(owner, name).lock({ signal: abort.signal }));
        await waiting(2);
        const reason = new Error("changed my mind");
        abort.abort(reason);
        expect(await aborted).toBe(reason);
        expect(await keysLeft()).toEqual([lock.key]);
        const late = await failure(new Mutex(owner, name).lock({ timeout: 50 }));
        expect(late).toMatchObject({ name: "TimeoutError", reason: "timeout", outcome: "not-applied" });
        expect(await keysLeft()).toEqual([lock.key]);
      }
      await lock.unlock();
      // The slots of the process are free again as well.
      await (await new Mutex(session, name).lock({ timeout: 2_000 })).unlock();
    });

    it("a wait that is aborted before it began writes nothing", async () => {
      const { client, name } = fixture;
      const reason = new Error("never");
      expect(await failure(new Mutex(client, name).lock({ signal: AbortSignal.abort(reason) }))).toBe(reason);
      expect(await failure(new Mutex(client, name).tryLock({ signal: AbortSignal.abort(reason) }))).toBe(reason);
      expect(await keysLeft()).toEqual([]);
    });

    it("a session that expires in the queue ends the wait with an error and not with a lock", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      await using lock = await new Mutex(client, name).lock();
      const session = await createSession(other, { ttl: 2 });
      const waited = failure(new Mutex(session, name).lock());
      await waiting(2);
      await client.lease.revoke(session.leaseId);
      expect(await waited).toBeInstanceOf(SessionExpiredError);
      expect(await keysLeft()).toEqual([lock.key]);
      // Whether or not the session has noticed by now.
      expect(await failure(new Mutex(session, name).lock())).toBeInstanceOf(SessionExpiredError);
      await until(() => session.state === "expired");
      expect(await failure(new Mutex(session, name).tryLock())).toBeInstanceOf(SessionExpiredError);
    });

    it("a contender whose key is deleted while it waits does not take itself for the holder", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      const lock = await new Mutex(client, name).lock();
      await using session = await createSession(other);
      const waited = failure(new Mutex(session, name).lock());
      await waiting(2);
      await client.delete(`${name}/${session.leaseId.toString(16)}`);
      await lock.unlock();
      expect(await waited).toBeInstanceOf(SessionExpiredError);
    });
  });

  describe("a lock", () => {
    it("that was lost to another holder fails its guarded write, and its unguarded one is the damage", async () => {
      const { client, endpoint, name } = fixture;
      await using paused = createClient({ endpoints: endpoint });
      const session = await createSession(paused, { ttl: 2 });
      const old = await new Mutex(session, name).lock();
      // What a pause past the time to live comes to: nobody renews, and the holder has not noticed yet.
      const guard = old.ownership();
      await client.lease.revoke(session.leaseId);
      await using next = await new Mutex(client, name).lock();
      await client.txn({ if: [next.ownership()], then: [op.put(`${name}-doc`, "new")] });
      const write = await paused.txn({ if: [guard], then: [op.put(`${name}-doc`, "stale")] });
      expect(write.succeeded).toBe(false);
      expect((await client.get(`${name}-doc`))?.value).toBe("new");
      expect(next.fencingToken).toBeGreaterThan(old.fencingToken);
      await paused.put(`${name}-doc`, "stale");
      expect((await client.get(`${name}-doc`))?.value).toBe("stale");
    });

    it("tells its holder when its session is lost", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      const session = await createSession(other, { ttl: 2 });
      const lock = await new Mutex(session, name).lock();
      const { signal } = lock;
      await client.lease.revoke(session.leaseId);
      await until(() => signal.aborted);
      expect(signal.reason).toBeInstanceOf(LockLostError);
      expect(lock.held).toBe(false);
      expect(() => lock.assertHeld()).toThrow(LockLostError);
      expect(await failure(lock.unlock())).toBeInstanceOf(LockLostError);
    });

    it("tells its holder when someone deletes its key", async () => {
      const { client, name } = fixture;
      await using session = await createSession(client);
      const lock = await new Mutex(session, name).lock();
      const { signal } = lock;
      await client.delete(lock.key);
      await until(() => signal.aborted);
      expect(signal.reason).toMatchObject({ name: "LockLostError", key: lock.key, fencingToken: lock.fencingToken });
      expect(session.state).toBe("active");
      await lock[Symbol.asyncDispose]();
    });

    it("aborts its signal before its key goes, and unlocks once", async () => {
      const { client, name } = fixture;
      await using session = await createSession(client);
      const lock = await new Mutex(session, name).lock();
      const { signal } = lock;
      const unlocked = lock.unlock();
      expect(signal.aborted).toBe(true);
      expect(lock.held).toBe(false);
      await unlocked;
      await lock.unlock();
      await lock[Symbol.asyncDispose]();
      expect(await keysLeft()).toEqual([]);
      expect(await failure(Promise.resolve().then(() => lock.assertHeld()))).toMatchObject({ name: "AbortError" });
    });

    it("does not remove the key of a later holder", async () => {
      const { client, name } = fixture;
      await using session = await createSession(client);
      const lock = await new Mutex(session, name).lock();
      await client.delete(lock.key);
      await client.put(lock.key, "someone else's");
      await lock.unlock();
      expect((await client.get(lock.key))?.value).toBe("someone else's");
    });

    it("withLock gives back what the body returns, unlocks when it throws, and reports a loss it did not see", async () => {
      const { client, name } = fixture;
      const mutex = new Mutex(client, name);
      expect(await mutex.withLock(async () => 42)).toBe(42);
      const thrown = new Error("from the body");
      expect(await failure(mutex.withLock(() => Promise.reject(thrown)))).toBe(thrown);
      expect(await keysLeft()).toEqual([]);
      const lost = mutex.withLock(async (lock) => {
        const aborted = new Promise((resolve) => lock.signal.addEventListener("abort", resolve));
        await client.delete(lock.key);
        await aborted;
      });
      expect(await failure(lost)).toBeInstanceOf(LockLostError);
    });

    it("of a closed session is over", async () => {
      const { client, name } = fixture;
      const session = await createSession(client);
      const lock = await new Mutex(session, name).lock();
      await session.close();
      expect(lock.held).toBe(false);
      expect(session.state).toBe("closed");
      expect(await keysLeft()).toEqual([]);
      const again = await new Mutex(client, name).lock({ timeout: 2_000 });
      await again.unlock();
    });
  });

  describe("a session", () => {
    it("that is orphaned leaves its lease to the one who adopts it", async () => {
      const { client, endpoint, name } = fixture;
      let leaseId: bigint;
      let before: Lock;
      {
        await using first = createClient({ endpoints: endpoint });
        const session = await createSession(first, { ttl: 30 });
        before = await new Mutex(session, name).lock();
        leaseId = session.orphan();
        expect(session.state).toBe("closed");
        expect(before.held).toBe(false);
      }
      expect(await keysLeft()).toEqual([before.key]);
      await using adopted = await createSession(client, { leaseId });
      expect(adopted.leaseId).toBe(leaseId);
      // The key of the process that is gone makes way, so that no two owners have the same token.
      await using lock = await new Mutex(adopted, name).lock({ timeout: 2_000 });
      expect(lock.fencingToken).toBeGreaterThan(before.fencingToken);
      expect((await client.txn({ if: [before.ownership()] })).succeeded).toBe(false);
    });

    it("whose signal aborts is closed, and its lease is gone", async () => {
      const { client } = fixture;
      const abort = new AbortController();
      const session = await createSession(client, { signal: abort.signal });
      abort.abort();
      await session.close();
      expect(session.state).toBe("closed");
      expect(session.signal.reason).toMatchObject({ name: "AbortError" });
      expect(() => session.assertActive()).toThrow(SessionExpiredError);
      expect(await client.lease.timeToLive(session.leaseId)).toBeUndefined();
      expect((await client.txn({ if: [compare.lease("nothing").eq(0)] })).succeeded).toBe(true);
    });

    it("refuses to adopt a lease that is gone", async () => {
      expect(await failure(createSession(fixture.client, { leaseId: 4_711n }))).toMatchObject({
        reason: "lease-not-found",
      });
    });
  });
}
