/** What an election promises: one leader, followed by everyone, and a loop that never overlaps with itself. */
import { codec, createClient, op, prefix } from "@kvorum/client";
import {
  createSession,
  Election,
  type Leader,
  type Leadership,
  NotLeaderError,
  SessionExpiredError,
  type Transition,
} from "@kvorum/concurrency";
import { describe, expect, it } from "vitest";
import { type Fixture, failure, until } from "./case.js";

export function electionCases(fixture: Fixture): void {
  const keysLeft = (): Promise<string[]> => fixture.client.keys(prefix(`${fixture.name}/`));
  const campaigning = (count: number): Promise<void> => until(async () => (await keysLeft()).length === count);

  describe("an election", () => {
    it("of wrong arguments are refused before anything is sent", async () => {
      expect(() => new Election(undefined as never, "e")).toThrow(
        "the owner of an election must be a session or a client",
      );
      expect(() => new Election(fixture.client, "")).toThrow("must not be empty");
      expect(() => new Election(fixture.client, "e", { ttl: -1 })).toThrow(
        "ttl must be a whole number of seconds, at least 1, not -1",
      );
    });

    it("hands over in the order of campaigning when leaders resign", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      const first = await new Election(client, name).campaign("one");
      const second = new Election(other, name).campaign("two");
      await campaigning(2);
      expect(await new Election(client, name).leader()).toMatchObject({
        key: first.key,
        value: "one",
        fencingToken: first.fencingToken,
      });
      await first.resign();
      await first.resign();
      await using leadership = await second;
      expect((await new Election(client, name).leader())?.value).toBe("two");
      expect(leadership.fencingToken).toBeGreaterThan(first.fencingToken);
      expect(first.held).toBe(false);
    });

    it("hands over when the leader's session is lost, and the old leader can proclaim nothing", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      const session = await createSession(other, { ttl: 2 });
      const old = await new Election(session, name).campaign("old");
      const guard = old.ownership();
      const next = new Election(client, name).campaign("new");
      await campaigning(2);
      await client.lease.revoke(session.leaseId);
      await using leadership = await next;
      expect(await failure(old.proclaim("still me"))).toBeInstanceOf(NotLeaderError);
      expect((await other.txn({ if: [guard], then: [op.put(name, "stale")] })).succeeded).toBe(false);
      expect(leadership.held).toBe(true);
      await old.resign();
    });

    it("has no leader when nobody campaigns", async () => {
      const election = new Election(fixture.client, fixture.name);
      expect(await election.leader()).toBeUndefined();
      await using leadership = await election.campaign("me");
      await leadership.resign();
      expect(await election.leader()).toBeUndefined();
    });

    it("proclaims new values under the same leadership", async () => {
      const { client, name } = fixture;
      await using session = await createSession(client);
      const election = new Election(session, name, { codec: codec.json<{ address: string }>() });
      await using leadership = await election.campaign({ address: "a" });
      await leadership.proclaim({ address: "b" });
      expect(await election.leader()).toMatchObject({
        value: { address: "b" },
        fencingToken: leadership.fencingToken,
        leaseId: session.leaseId,
      });
      await client.delete(leadership.key);
      expect(await failure(leadership.proclaim({ address: "c" }))).toBeInstanceOf(NotLeaderError);
      expect(leadership.held).toBe(false);
      expect(await election.leader()).toBeUndefined();
    });

    it("is observed: nobody, each leader, what it proclaims, the next one", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      const seen: (string | undefined)[] = [];
      const abort = new AbortController();
      const watched = (async () => {
        for await (const leader of new Election(other, name).observe({ signal: abort.signal }))
          seen.push(leader?.value);
      })();
      const shows = (value: string | undefined): Promise<void> => until(() => seen.length > 0 && seen.at(-1) === value);
      await shows(undefined);
      const first = await new Election(client, name).campaign("one");
      await shows("one");
      await first.proclaim("one again");
      await shows("one again");
      const second = new Election(client, name).campaign("two");
      await first.resign();
      await shows("two");
      await (await second).resign();
      await shows(undefined);
      abort.abort();
      await watched;
      // Between two leaders a reader may or may not catch the moment without one.
      const named = seen.filter((value) => value !== undefined);
      expect(named).toEqual(["one", "one again", "two"]);
    });

    it("passes values over for an observer that is slow, and still shows the last one", async () => {
      const { client, name } = fixture;
      await using leadership = await new Election(client, name).campaign("0");
      const seen: Leader<string>[] = [];
      for await (const leader of new Election(client, name).observe()) {
        if (leader === undefined) continue;
        seen.push(leader);
        if (leader.value === "50") break;
        if (seen.length === 1) for (let i = 1; i <= 50; i++) await leadership.proclaim(String(i));
        // The events of what was proclaimed are on their way: let them arrive.
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      expect(seen.at(-1)?.value).toBe("50");
      expect(seen.length).toBeLessThan(50);
    });

    it("is resumed by a process that restarted, with the key and token it wrote down", async () => {
      const { client, endpoint, name } = fixture;
      let leaseId: bigint;
      let before: Leadership<string>;
      {
        await using first = createClient({ endpoints: endpoint });
        const session = await createSession(first, { ttl: 30 });
        before = await new Election(session, name).campaign("me");
        leaseId = session.orphan();
      }
      const election = new Election(client, name);
      expect(await election.resume(before.key, before.fencingToken + 1n)).toBeUndefined();
      expect(await election.resume(`${name}/1`, before.fencingToken)).toBeUndefined();
      await using resumed = await election.resume(before.key, before.fencingToken);
      expect(resumed?.held).toBe(true);
      expect(resumed?.fencingToken).toBe(before.fencingToken);
      await resumed?.proclaim("me again");
      expect(await election.leader()).toMatchObject({ value: "me again", leaseId });
      await resumed?.resign();
      expect(await election.resume(before.key, before.fencingToken)).toBeUndefined();
    });

    it("leaves no key behind when a campaign is aborted", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      await using leadership = await new Election(client, name).campaign("one");
      const abort = new AbortController();
      const campaign = failure(new Election(other, name).campaign("two", { signal: abort.signal }));
      await campaigning(2);
      abort.abort();
      expect(await campaign).toBe(abort.signal.reason);
      expect(await keysLeft()).toEqual([leadership.key]);
    });
  });

  describe("lead()", () => {
    it("leads again after a loss, but not before the body has settled", async () => {
      const { client, name } = fixture;
      const stop = new AbortController();
      const transitions: Transition["kind"][] = [];
      const tokens: bigint[] = [];
      let running = 0;
      let most = 0;
      const body = async (leadership: Leadership<string>): Promise<void> => {
        most = Math.max(most, ++running);
        tokens.push(leadership.fencingToken);
        const over = new Promise((resolve) => leadership.signal.addEventListener("abort", resolve, { once: true }));
        if (tokens.length < 3) await client.delete(leadership.key);
        else stop.abort();
        await over;
        // Slow to follow: longer than a new campaign would take.
        await new Promise((resolve) => setTimeout(resolve, 100));
        running -= 1;
      };
      await new Election(client, name).lead("me", body, {
        signal: stop.signal,
        graceMs: 20,
        onTransition: ({ kind }) => transitions.push(kind),
      });
      expect(most).toBe(1);
      expect(tokens).toHaveLength(3);
      const turn = ["campaigning", "leading", "lost", "overdue", "stopped"];
      expect(transitions).toEqual([...turn, ...turn, "campaigning", "leading", "overdue", "resigned"]);
      expect(await keysLeft()).toEqual([]);
    });

    it("ends with the body when that returns or throws while it leads", async () => {
      const { client, name } = fixture;
      const election = new Election(client, name);
      await election.lead("me", async () => undefined);
      const thrown = new Error("from the body");
      expect(await failure(election.lead("me", () => Promise.reject(thrown)))).toBe(thrown);
      expect(await keysLeft()).toEqual([]);
    });

    it("ends without an error when it is aborted while it campaigns", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      await using leadership = await new Election(client, name).campaign("one");
      const stop = new AbortController();
      const led = new Election(other, name).lead("two", () => Promise.reject(new Error("never runs")), {
        signal: stop.signal,
      });
      await campaigning(2);
      stop.abort();
      await led;
      expect(await keysLeft()).toEqual([leadership.key]);
    });

    it("of a session that is lost ends with that", async () => {
      const { client, endpoint, name } = fixture;
      await using other = createClient({ endpoints: endpoint });
      const session = await createSession(other, { ttl: 2 });
      const led = new Election(session, name).lead("me", async (leadership) => {
        const over = new Promise((resolve) => leadership.signal.addEventListener("abort", resolve, { once: true }));
        await client.lease.revoke(session.leaseId);
        await over;
      });
      expect(await failure(led)).toBeInstanceOf(SessionExpiredError);
    });
  });
}
