/** What locks and transactions promise when answers are lost, when nothing arrives any more and when the holder is paused. */
import { type Client, createClient, op, prefix } from "@kvorum/client";
import {
  createSession,
  LockLostError,
  Mutex,
  OutcomeUnknownError,
  type Session,
  stm,
  type Tx,
} from "@kvorum/concurrency";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FaultProxy, startProxy } from "../support/proxy.js";
import { type Fixture, failure, until } from "./case.js";

export function faultCases(fixture: Fixture): void {
  describe("behind a network that fails", () => {
    let proxy: FaultProxy;
    let client: Client;
    let session: Session;
    const keysLeft = (): Promise<string[]> => fixture.client.keys(prefix(`${fixture.name}/`));

    beforeEach(async () => {
      proxy = await startProxy(fixture.endpoint);
      client = createClient({ endpoints: proxy.endpoint });
      session = await createSession(client, { ttl: 3 });
    });
    afterEach(async () => {
      proxy.forward();
      // What was swallowed leaves its connection without sense.
      proxy.cut();
      await client.close();
      await proxy.close();
    });

    /** Starts a call whose answer is lost after the server has done what it asks for. */
    async function loseAnswer<T>(call: () => Promise<T>, done: () => Promise<boolean>): Promise<T> {
      proxy.swallowReplies();
      const answer = call();
      answer.catch(() => undefined);
      await until(done);
      proxy.forward();
      proxy.cut();
      return answer;
    }

    it("a lock whose answer was lost is found, not taken twice", async () => {
      const { name } = fixture;
      let created: bigint | undefined;
      const present = async (): Promise<boolean> => {
        created = (await fixture.client.list(prefix(`${name}/`))).kvs[0]?.createRevision;
        return created !== undefined;
      };
      await using lock = await loseAnswer(() => new Mutex(session, name).lock(), present);
      expect(lock.held).toBe(true);
      expect(lock.fencingToken).toBe(created);
      await lock.unlock();
      await using tried = await loseAnswer(() => new Mutex(session, name).tryLock(), present);
      expect(tried?.fencingToken).toBe(created);
    });

    it("an unlock whose answer was lost is done", async () => {
      const lock = await new Mutex(session, fixture.name).lock();
      await loseAnswer(
        () => lock.unlock(),
        async () => (await keysLeft()).length === 0,
      );
      await (await new Mutex(session, fixture.name).lock({ timeout: 2_000 })).unlock();
    });

    it("a transaction whose answer was lost says so, and was applied once", async () => {
      const key = `${fixture.name}/counter`;
      await fixture.client.put(key, "1");
      let runs = 0;
      const body = loseAnswer(
        () =>
          stm(client, async (tx) => {
            runs += 1;
            // The read has to come back; only the commit is to be lost.
            proxy.forward();
            tx.put(key, String(Number(await tx.get(key)) + 1));
            proxy.swallowReplies();
          }),
        async () => (await fixture.client.get(key))?.value === "2",
      );
      const error = await failure(body);
      expect(error).toBeInstanceOf(OutcomeUnknownError);
      expect(error).toMatchObject({ attempts: 1, cause: { outcome: "unknown" } });
      expect(runs).toBe(1);
      expect(await fixture.client.get(key)).toMatchObject({ value: "2", version: 2n });
    });

    it("a transaction that is asked for exactly once ends as committed although its answer was lost", async () => {
      const key = `${fixture.name}/counter`;
      await fixture.client.put(key, "1");
      // The first write of this kind also asks for a lease.
      await client.put(`${fixture.name}/first`, "", { retry: "exactly-once" });
      let runs = 0;
      const body = async (tx: Tx): Promise<string> => {
        runs += 1;
        proxy.forward();
        const next = String(Number(await tx.get(key)) + 1);
        tx.put(key, next);
        proxy.swallowReplies();
        return next;
      };
      const applied = async (): Promise<boolean> => (await fixture.client.get(key))?.value === "2";
      const { value, revision, attempts } = await loseAnswer(
        () => stm(client, body, { commit: "exactly-once" }),
        applied,
      );
      expect({ value, attempts, runs }).toEqual({ value: "2", attempts: 1, runs: 1 });
      expect(await fixture.client.get(key)).toMatchObject({ value: "2", version: 2n, modRevision: revision });
    });

    it("a waiter that gives up while nothing passes is gone from the queue once something does", async () => {
      const { name } = fixture;
      await using holder = await new Mutex(fixture.client, name).lock();
      const abort = new AbortController();
      const waiting = failure(new Mutex(session, name).lock({ signal: abort.signal }));
      await until(async () => (await keysLeft()).length === 2);
      proxy.blackHole();
      abort.abort();
      // The session's own lease is good for a second or two more: the key must not wait for that.
      proxy.forward();
      proxy.cut();
      expect(await waiting).toBe(abort.signal.reason);
      await until(async () => (await keysLeft()).length === 1);
      expect(session.state).toBe("active");
      expect(await keysLeft()).toEqual([holder.key]);
    });

    it("a holder that is cut off knows that it is none while the server still has its key", async () => {
      const lock = await new Mutex(session, fixture.name).lock();
      const { signal } = lock;
      proxy.blackHole();
      await until(() => !lock.held);
      expect(await fixture.client.get(lock.key)).toBeDefined();
      await until(() => signal.aborted);
      expect(signal.reason).toBeInstanceOf(LockLostError);
    });

    it("a holder that was paused past its time to live knows it before any timer has fired", async () => {
      const lock = await new Mutex(session, fixture.name).lock();
      const guard = lock.ownership();
      expect(lock.held).toBe(true);
      // The whole event loop stands still, as in a long collection of garbage or a suspended machine.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, session.ttl * 1_000);
      expect(lock.held).toBe(false);
      expect(() => lock.assertHeld()).toThrow(LockLostError);
      await until(async () => (await keysLeft()).length === 0);
      const write = await fixture.client.txn({ if: [guard], then: [op.put(`${fixture.name}-doc`, "stale")] });
      expect(write.succeeded).toBe(false);
    });
  });
}
