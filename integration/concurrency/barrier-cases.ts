/** What barriers and latches promise: nobody passes early, nobody waits for ever, and who dies does not count. */
import { type Client, createClient, type Middleware, prefix } from "@kvorum/client";
import {
  createSession,
  LatchExistsError,
  LatchNotFoundError,
  SessionExpiredError,
  TooManyParticipantsError,
} from "@kvorum/concurrency";
import { Barrier, CountDownLatch, DoubleBarrier } from "@kvorum/concurrency/recipes";
import { describe, expect, it } from "vitest";
import { judge, sharedNowMs } from "../coordination/model.js";
import { type GateEvent, gateModel, type RoundEvent, roundModel } from "../coordination/models/barrier.js";
import { type LatchEvent, latchModel } from "../coordination/models/latch.js";
import { type Fixture, failure, until } from "./case.js";

export function barrierCases(fixture: Fixture): void {
  const keysLeft = (): Promise<string[]> => fixture.client.keys(prefix(fixture.name));
  const clients = (count: number): Client[] =>
    Array.from({ length: count }, () => createClient({ endpoints: fixture.endpoint }));
  const closeAll = (all: readonly Client[]): Promise<unknown> => Promise.all(all.map((one) => one.close()));
  const waiting = (count: number): Promise<void> =>
    until(async () => Number(await fixture.client.count(prefix(`${fixture.name}/waiters/`))) === count);

  describe("a barrier", () => {
    it("lets nobody pass while it is held, and everybody when it is released", async () => {
      const { client, name } = fixture;
      const others = clients(3);
      const history: GateEvent[] = [];
      const note = (worker: string, kind: GateEvent["kind"]): unknown =>
        history.push({ atMs: sharedNowMs(), worker, kind });
      const holder = new Barrier(client, name);
      for (let round = 0; round < 5; round++) {
        expect(await holder.hold()).toBe(true);
        note("holder", "held");
        expect(await holder.hold()).toBe(false);
        const passing = others.map(async (other, index) => {
          note(`${index}`, "waiting");
          await new Barrier(other, name).wait();
          note(`${index}`, "passed");
        });
        await Promise.all(others.map((other) => new Barrier(other, name).isHeld()));
        note("holder", "releasing");
        // Closed again at once: an opening is not missed however short it was.
        expect(await holder.release()).toBe(true);
        await Promise.all([holder.hold(), ...passing]);
        await holder.release();
      }
      expect(await holder.release()).toBe(false);
      expect(judge(gateModel, history)).toEqual({ events: 40, violation: undefined });
      await new Barrier(client, name).wait();
      await closeAll(others);
    });

    it("opens when the session that holds it ends", async () => {
      const { client, name } = fixture;
      const session = await createSession(client, { ttl: 30 });
      const barrier = new Barrier(client, name, { session });
      await barrier.hold();
      const passed = new Barrier(client, name).wait();
      await session.close();
      await passed;
      expect(await failure(barrier.hold())).toBeInstanceOf(SessionExpiredError);
      expect(await keysLeft()).toEqual([]);
    });

    it("waits no longer than it is told, and passes what was opened behind a compaction", async () => {
      const { client, name } = fixture;
      const barrier = new Barrier(client, name);
      await barrier.hold();
      expect(await failure(barrier.wait({ timeout: 30 }))).toMatchObject({ name: "TimeoutError" });
      const abort = new AbortController();
      const aborted = failure(barrier.wait({ signal: abort.signal }));
      abort.abort(new Error("enough"));
      expect(await aborted).toBe(abort.signal.reason);
      // The watch that a wait opens begins below what is compacted here.
      const held = client.withCodec({ encode: (value: string) => new TextEncoder().encode(value), decode: () => "" });
      const { list } = held;
      let reads = 0;
      const store = Object.assign(Object.create(held) as typeof held, {
        withCodec: () => store,
        list: async (...args: Parameters<typeof list>) => {
          const seen = await list.apply(held, args);
          if (reads++ > 0) return seen;
          await barrier.release();
          await barrier.hold();
          await client.compact((await client.put(`${name}-other`, "")).header.revision);
          return seen;
        },
        watch: held.watch.bind(held),
      });
      await new Barrier(store, name).wait({ timeout: 2_000 });
      expect(reads).toBe(2);
      expect(() => new Barrier(client, "")).toThrow(TypeError);
      expect(await failure(barrier.wait({ timeout: -1 }))).toBeInstanceOf(RangeError);
    });
  });

  describe("a double barrier", () => {
    it("is passed by all together, into and out of every round", async () => {
      const { name } = fixture;
      const all = clients(4);
      const history: RoundEvent[] = [];
      await Promise.all(
        all.map(async (mine, index) => {
          await using session = await createSession(mine);
          const barrier = new DoubleBarrier(session, name, all.length);
          const note = (kind: RoundEvent["kind"], round: number): unknown =>
            history.push({ atMs: sharedNowMs(), worker: `${index}`, kind, round });
          for (let round = 0; round < 5; round++) {
            note("arriving", round);
            await barrier.enter();
            note("entered", round);
            note("leaving", round);
            await barrier.leave();
            note("left", round);
          }
        }),
      );
      expect(judge(roundModel(4), history)).toEqual({ events: 80, violation: undefined });
      expect(await keysLeft()).toEqual([]);
      await closeAll(all);
    });

    it("refuses one too many, who leaves nothing behind, and takes part in the next round", async () => {
      const { client, name } = fixture;
      await using session = await createSession(client);
      const [a, b, extra] = [1, 2, 3].map(() => new DoubleBarrier(session, name, 2)) as [
        DoubleBarrier,
        DoubleBarrier,
        DoubleBarrier,
      ];
      await Promise.all([a.enter(), b.enter()]);
      const refused = await failure(extra.enter());
      expect(refused).toBeInstanceOf(TooManyParticipantsError);
      expect(refused).toMatchObject({
        count: 2,
        message: `double barrier "${name}" is full: it is for 2 participants`,
      });
      await waiting(2);
      // Once somebody has left, the round is no longer complete, and the next one is waited for.
      const left = a.leave();
      await waiting(1);
      const next = extra.enter();
      await b.leave();
      await left;
      await a.enter();
      await next;
      await Promise.all([a.leave(), extra.leave()]);
      expect(await keysLeft()).toEqual([]);
    });

    it("refuses all but as many as it is for when they come at once", async () => {
      const { client, name } = fixture;
      await using session = await createSession(client);
      const all = Array.from({ length: 6 }, () => new DoubleBarrier(session, name, 3));
      const entered = await Promise.allSettled(all.map((one) => one.enter({ timeout: 5_000 })));
      const inside = all.filter((_, index) => entered[index]?.status === "fulfilled");
      expect(inside).toHaveLength(3);
      for (const one of entered) {
        if (one.status === "rejected") expect(one.reason).toBeInstanceOf(TooManyParticipantsError);
      }
      await waiting(3);
      await Promise.all(inside.map((one) => one.leave()));
      expect(await keysLeft()).toEqual([]);
    });

    it("refuses one too many who joined before the round began and learns of it afterwards", async () => {
      const { client, endpoint, name } = fixture;
      // A participant of such a client stops before each of its requests, which are: look, join, look; until it may run.
      const stepping = (): { readonly client: Client; step(): Promise<void>; run(): void } => {
        const stops: (() => void)[] = [];
        let steps = 0;
        const middleware: Middleware = async (call, next) => {
          if (call.method === "kv.txn") {
            await new Promise<void>((resolve) => {
              if (steps === Number.POSITIVE_INFINITY) resolve();
              else stops.push(resolve);
            });
          }
          return next(call);
        };
        const step = async (): Promise<void> => {
          await until(() => stops.length > steps);
          stops[steps++]?.();
        };
        const run = (): void => {
          for (const go of stops) go();
          steps = Number.POSITIVE_INFINITY;
        };
        return { client: createClient({ endpoints: endpoint, middleware: [middleware] }), step, run };
      };
      const [inTime, late] = [stepping(), stepping()];
      const barrier = (of: Client): DoubleBarrier => new DoubleBarrier(of, name, 2);
      const [first, second, third] = [barrier(client), barrier(inTime.client), barrier(late.client)];
      const entering = first.enter();
      await waiting(1);
      const [next, refused] = [second.enter(), failure(third.enter())];
      for (const one of [inTime, late, inTime]) await one.step();
      await waiting(2);
      await late.step();
      await waiting(3);
      inTime.run();
      await Promise.all([entering, next]);
      late.run();
      expect(await refused).toBeInstanceOf(TooManyParticipantsError);
      await Promise.all([first.leave(), second.leave()]);
      expect(await keysLeft()).toEqual([]);
      await closeAll([inTime.client, late.client]);
    });

    it("does not count who died while waiting, and does not wait for who died inside", async () => {
      const { client, name } = fixture;
      const [first, second, third] = await Promise.all([1, 2, 3].map(() => createSession(client, { ttl: 30 })));
      if (first === undefined || second === undefined || third === undefined) throw new Error("no sessions");
      const dying = failure(new DoubleBarrier(first, name, 2).enter());
      await waiting(1);
      await client.lease.revoke(first.leaseId);
      await waiting(0);
      const alone = new DoubleBarrier(second, name, 2);
      let entered = false;
      const entering = alone.enter().then(() => {
        entered = true;
      });
      await waiting(1);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(entered).toBe(false);
      const other = new DoubleBarrier(third, name, 2);
      await Promise.all([entering, other.enter()]);
      const leaving = alone.leave();
      await waiting(1);
      await client.lease.revoke(third.leaseId);
      await leaving;
      expect(await failure(other.leave())).toBeInstanceOf(SessionExpiredError);
      expect(await dying).toBeInstanceOf(SessionExpiredError);
      expect(await keysLeft()).toEqual([]);
      await second.close();
    });

    it("does not count the process before, whose session was adopted after a restart", async () => {
      const { client, endpoint, name } = fixture;
      const before = createClient({ endpoints: endpoint, leasesOnClose: "release" });
      const old = await createSession(before, { ttl: 30 });
      const given = failure(new DoubleBarrier(old, name, 2).enter());
      await waiting(1);
      const leaseId = old.orphan();
      await before.close();
      await given;
      await using session = await createSession(client, { leaseId });
      const restarted = new DoubleBarrier(session, name, 2);
      const entering = failure(restarted.enter({ timeout: 300 }));
      await waiting(1);
      expect(await entering).toMatchObject({ name: "TimeoutError" });
      expect(await keysLeft()).toEqual([]);
    });

    it("starts anew over what a round left that died to the last", async () => {
      const { client, name } = fixture;
      const dead = await createSession(client, { ttl: 30 });
      const round = [1, 2].map(() => new DoubleBarrier(dead, name, 2));
      await Promise.all(round.map((one) => one.enter()));
      await dead.close();
      expect(await keysLeft()).toEqual([`${name}/ready`]);
      const next = [1, 2].map(() => new DoubleBarrier(client, name, 2, { ttl: 5 }));
      await Promise.all(next.map((one) => one.enter({ timeout: 5_000 })));
      await Promise.all(next.map((one) => one.leave()));
      expect(await keysLeft()).toEqual([]);
    });

    it("does not count who gave up, whose key is gone", async () => {
      const { client, name } = fixture;
      await using session = await createSession(client);
      const abort = new AbortController();
      const barrier = new DoubleBarrier(session, name, 2);
      const entering = failure(barrier.enter({ signal: abort.signal }));
      await waiting(1);
      expect(await failure(barrier.enter())).toBeInstanceOf(TypeError);
      abort.abort();
      expect(await entering).toBe(abort.signal.reason);
      expect(await keysLeft()).toEqual([]);
      expect(await failure(barrier.enter({ timeout: 30 }))).toMatchObject({ name: "TimeoutError" });
      expect(await failure(barrier.leave())).toBeInstanceOf(TypeError);
      expect(await keysLeft()).toEqual([]);
      // Leaving is given up only as a wait: the key goes.
      const other = new DoubleBarrier(session, name, 2);
      await Promise.all([barrier.enter(), other.enter()]);
      expect(await failure(barrier.leave({ timeout: 50 }))).toMatchObject({ name: "TimeoutError" });
      await waiting(1);
      await other.leave();
      // The last one takes the round with it: nobody else is there to do it.
      expect(await keysLeft()).toEqual([]);
      expect(() => new DoubleBarrier(session, name, 101)).toThrow("count must be a whole number from 1 to 100");
    });
  });

  describe("a count-down latch", () => {
    it("lets nobody pass before everything is counted", async () => {
      const { client, name } = fixture;
      const all = clients(3);
      const history: LatchEvent[] = [];
      const note = (worker: string, kind: LatchEvent["kind"], amount: number, participant?: string): unknown =>
        history.push({ atMs: sharedNowMs(), worker, kind, amount, ...(participant !== undefined && { participant }) });
      await new CountDownLatch(client, name).create(14);
      const passing = all.map(async (mine, index) => {
        await new CountDownLatch(mine, name).wait();
        note(`waiter-${index}`, "passed", 0);
      });
      await Promise.all(
        all.map(async (mine, worker) => {
          const latch = new CountDownLatch(mine, name);
          for (let i = 0; i < 5; i++) {
            const participant = `${worker}-${i}`;
            note(`${worker}`, "counting", 1, participant);
            note(`${worker}`, "counted", await latch.countDown(1, { participant }), participant);
          }
        }),
      );
      await Promise.all(passing);
      note("reader", "read", (await new CountDownLatch(client, name).count()) ?? Number.NaN);
      expect(judge(latchModel(14), history)).toEqual({ events: 34, violation: undefined });
      await closeAll(all);
    });

    it("is made once, and counts a participant once", async () => {
      const { client, name } = fixture;
      const latch = new CountDownLatch(client, name);
      expect(await latch.count()).toBeUndefined();
      expect(await failure(latch.countDown())).toBeInstanceOf(LatchNotFoundError);
      expect(await failure(latch.wait())).toBeInstanceOf(LatchNotFoundError);
      expect(await latch.create(5)).toBe(5);
      expect(await latch.countDown(2, { participant: "one" })).toBe(3);
      expect(await new CountDownLatch(client, name).countDown(2, { participant: "one" })).toBe(3);
      expect(await latch.create(5)).toBe(3);
      expect(await failure(latch.create(4))).toMatchObject({ name: "LatchExistsError", existing: 5 });
      expect(await failure(latch.create(4))).toBeInstanceOf(LatchExistsError);
      expect(await latch.countDown(9)).toBe(0);
      expect(await latch.countDown()).toBe(0);
      expect(await client.get(name)).toMatchObject({ value: "0" });
      await latch.wait();
      expect(await latch.delete()).toBe(true);
      expect(await latch.delete()).toBe(false);
      expect(await keysLeft()).toEqual([]);
      expect(await latch.create(1)).toBe(1);
      expect(await latch.countDown(1, { participant: "one" })).toBe(0);
    });

    it("tells who waits that it was deleted, and what is no count", async () => {
      const { client, name } = fixture;
      const latch = new CountDownLatch(client, name);
      await latch.create(1);
      const waits = [failure(latch.wait()), failure(new CountDownLatch(client, name).wait())];
      await latch.delete();
      for (const wait of waits) expect(await wait).toBeInstanceOf(LatchNotFoundError);
      expect(await failure(latch.create(-1))).toBeInstanceOf(RangeError);
      expect(await failure(latch.countDown(0))).toMatchObject({ message: expect.stringContaining("by must be") });
      expect(await failure(latch.countDown(1, { participant: "" }))).toBeInstanceOf(TypeError);
      expect(await keysLeft()).toEqual([]);
    });
  });
}
