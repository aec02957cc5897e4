/** Elections under faults, in a test cluster's time: sick leaders, late requests, lost history, members and processes that go. */
import { type Client, op } from "@kvorum/client";
import { connectionBroke, createTestCluster, type TestCluster } from "@kvorum/client/testing";
import {
  createSession,
  Election,
  type HealthGate,
  type Leadership,
  NotLeaderError,
  type Transition,
} from "@kvorum/concurrency";
import { describe, expect, it } from "vitest";
import { judge } from "../coordination/model.js";
import { type ElectionEvent, electionModel } from "../coordination/models/election.js";
import { failure } from "./case.js";

type Body = (leadership: Leadership<string>) => Promise<void>;

const untilAborted: Body = ({ signal }) =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

/** A worker whose health is the test's to say. */
class Worker {
  readonly told: Transition["kind"][] = [];
  readonly stop = new AbortController();
  well: boolean | "hangs" = true;
  checks = 0;
  readonly done: Promise<void>;

  constructor(client: Client, name: string, body: Body = untilAborted, gate: Partial<HealthGate> = {}) {
    const check = (): boolean | Promise<boolean> => {
      this.checks += 1;
      return this.well === "hangs" ? new Promise<boolean>(() => undefined) : this.well;
    };
    const health = { check, intervalMs: 1_000, timeoutMs: 500, failures: 3, ...gate };
    this.done = new Election(client, "fleet", { ttl: 5 }).lead(name, body, {
      ...{ signal: this.stop.signal, graceMs: 10_000, health },
      onTransition: ({ kind }) => this.told.push(kind),
    });
    this.done.catch(() => undefined);
  }
}

describe("a health gate", () => {
  const leaderOf = async (client: Client): Promise<string | undefined> =>
    (await new Election(client, "fleet").leader())?.value;

  it("makes a sick leader give way, and stand again only when it is well", async () => {
    await using cluster = await createTestCluster();
    const [first, second] = [cluster.client(), cluster.client()];
    const one = new Worker(first, "one");
    await cluster.until(async () => (await leaderOf(first)) === "one");
    const two = new Worker(second, "two");
    await cluster.advance(5_000);
    one.well = false;
    await cluster.advance(1_500);
    // Two failures are none.
    one.well = true;
    await cluster.advance(3_000);
    expect(one.told).toEqual(["campaigning", "leading"]);
    one.well = false;
    await cluster.until(async () => (await leaderOf(second)) === "two");
    await cluster.advance(20_000);
    expect(one.told).toEqual(["campaigning", "leading", "unhealthy", "stopped", "resigned"]);
    two.well = false;
    await cluster.until(async () => (await leaderOf(second)) === undefined);
    one.well = true;
    await cluster.until(async () => (await leaderOf(second)) === "one");
    expect(one.told.slice(5)).toEqual(["healthy", "campaigning", "leading"]);
    one.stop.abort();
    two.stop.abort();
    await cluster.until(Promise.all([one.done, two.done]));
    expect([one.told.at(-1), two.told.at(-1)]).toEqual(["resigned", "resigned"]);
    const { checks } = one;
    await cluster.advance(60_000);
    expect(one.checks).toBe(checks);
  });

  it("takes a check that hangs or throws for a failure, and has one at a time", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const worker = new Worker(client, "one");
    await cluster.until(async () => (await leaderOf(client)) === "one");
    const { checks } = worker;
    worker.well = "hangs";
    await cluster.until(() => worker.told.includes("resigned"));
    await cluster.advance(20_000);
    expect(worker.checks).toBe(checks + 1);
    const thrower = new Worker(cluster.client(), "two", untilAborted, {
      check: () => {
        throw new Error("no answer");
      },
    });
    await cluster.advance(20_000);
    expect(thrower.told).toEqual(["unhealthy"]);
    worker.stop.abort();
    thrower.stop.abort();
    await cluster.until(Promise.all([worker.done, thrower.done]));
  });

  it("lets nobody stand who is sick from the beginning or falls sick in the line", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [first, second] = [cluster.client(), cluster.client()];
    await using leadership = await new Election(first, "fleet").campaign("leader");
    const waiting = new Worker(second, "waits");
    const places = (): Promise<string[]> => first.keys({ key: bytesOf("fleet/"), end: bytesOf("fleet0") });
    await cluster.until(async () => (await places()).length === 2);
    waiting.well = false;
    await cluster.until(async () => (await places()).length === 1);
    expect(waiting.told).toEqual(["campaigning", "unhealthy"]);
    expect(leadership.held).toBe(true);
    const sick = new Worker(cluster.client(), "sick");
    sick.well = false;
    await cluster.advance(10_000);
    expect(sick.told.includes("leading")).toBe(false);
    expect(await places()).toEqual([leadership.key]);
    waiting.stop.abort();
    sick.stop.abort();
    await cluster.until(Promise.all([waiting.done, sick.done]));
  });

  it("resigns over the head of a body that hangs, and waits for that before it stands again", async () => {
    await using cluster = await createTestCluster();
    const [first, second] = [cluster.client(), cluster.client()];
    let free = (): void => undefined;
    let running = 0;
    let most = 0;
    const hanging: Body = async () => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => {
        free = resolve;
      });
      running -= 1;
    };
    const one = new Worker(first, "one", hanging);
    await cluster.until(async () => (await leaderOf(first)) === "one");
    one.well = false;
    await cluster.until(() => one.told.includes("unhealthy"));
    const since = cluster.now;
    const next = new Election(second, "fleet").campaign("two");
    const leadership = await cluster.until(next);
    expect(cluster.now - since).toBeGreaterThan(9_000);
    expect(one.told).toEqual(["campaigning", "leading", "unhealthy", "overdue", "resigned"]);
    one.well = true;
    await leadership.resign();
    await cluster.advance(30_000);
    expect(one.told.slice(5)).toEqual(["healthy"]);
    free();
    await cluster.until(
      () => one.told.includes("stopped") && one.told.filter((kind) => kind === "leading").length === 2,
    );
    one.stop.abort();
    free();
    await cluster.until(one.done);
    expect(most).toBe(1);
  });
});

describe("lead()", () => {
  it("ends in good order with what its listener throws", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    for (const at of ["campaigning", "leading", "resigned"] as const) {
      const thrown = new Error(`at ${at}`);
      const stop = new AbortController();
      const body: Body = at === "resigned" ? async () => undefined : untilAborted;
      const leading = new Election(client, "fleet").lead("one", body, {
        signal: stop.signal,
        onTransition: ({ kind }) => {
          if (kind === at) throw thrown;
        },
      });
      expect(await cluster.until(failure(leading))).toBe(thrown);
      expect(await new Election(client, "fleet").leader()).toBeUndefined();
    }
  });

  it("does not take a body for done that has stood still until its leadership was over", async () => {
    await using cluster = await createTestCluster();
    const client = cluster.client();
    let terms = 0;
    const leading = new Election(client, "fleet", { ttl: 5 }).lead("one", async () => {
      terms += 1;
      if (terms > 1) return;
      cluster.pause(client);
      await cluster.sleep(20_000);
      cluster.resume(client);
    });
    await cluster.until(leading);
    expect(terms).toBe(2);
  });

  it("names a wrong argument before anything is asked", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const election = new Election(cluster.client(), "fleet");
    const wrong = (options: object, body: unknown = untilAborted): Promise<string> =>
      failure(election.lead("one", body as Body, options)).then(String);
    expect(await wrong({}, "body")).toBe("TypeError: body must be a function, not string");
    expect(await wrong({ graceMs: 0 })).toContain("RangeError: graceMs must be");
    expect(await wrong({ backoff: { baseMs: 1, capMs: Number.NaN } })).toContain("RangeError: backoff.capMs must be");
    expect(await wrong({ health: {} })).toContain("TypeError: health.check must be a function");
    expect(await wrong({ health: { check: () => true, failures: 1.5 } })).toContain(
      "RangeError: health.failures must be",
    );
    expect(await wrong({ health: { check: () => true, intervalMs: -1 } })).toContain("RangeError: health.intervalMs");
    expect(String(await failure(election.resume("fleet/1", 1 as unknown as bigint)))).toContain("fencingToken");
  });
});

describe("a proclamation", () => {
  it("that was given up never comes over a later one, however late its request is", async () => {
    await using cluster = await createTestCluster();
    const client = cluster.client();
    await using leadership = await new Election(client, "fleet", { ttl: 60 }).campaign("0");
    const other = cluster.client();
    let late: (() => Promise<unknown>) | undefined;
    cluster.disturb(async (call, next) => {
      if (call.method !== "Txn") return next();
      // Held up on its way, where nobody can call it back.
      late ??= () => other.rpc.kv.txn(call.request as Parameters<typeof other.rpc.kv.txn>[0]);
      await cluster.sleep(20_000);
      throw connectionBroke();
    });
    const first = await cluster.until(failure(leadership.proclaim("1", { timeout: 1_000 })));
    expect(first).toMatchObject({ name: "TimeoutError", outcome: "unknown" });
    cluster.heal();
    await leadership.proclaim("2");
    await late?.();
    expect((await new Election(client, "fleet").leader())?.value).toBe("2");
    await leadership.proclaim("3");
    expect((await new Election(client, "fleet").leader())?.value).toBe("3");
  });

  it("is done once when its answer is lost, and comes after the ones before it", async () => {
    await using cluster = await createTestCluster();
    const client = cluster.client();
    await using leadership = await new Election(client, "fleet").campaign("0");
    let commits = 0;
    cluster.dropReplies(({ method }) => method === "Txn" && ++commits % 2 === 1);
    await Promise.all(["1", "2", "3", "3", "4"].map((value) => leadership.proclaim(value)));
    cluster.heal();
    expect(await client.get(leadership.key)).toMatchObject({ value: "4", version: 6n });
    // Somebody else's hand: the next value comes over it all the same.
    await client.put(leadership.key, "theirs");
    await leadership.proclaim("5");
    expect(await client.get(leadership.key)).toMatchObject({ value: "5", createRevision: leadership.fencingToken });
    // A key that was deleted and made again is another one.
    await client.delete(leadership.key);
    await client.put(leadership.key, "theirs");
    expect(await cluster.until(failure(leadership.proclaim("6")))).toBeInstanceOf(NotLeaderError);
    expect(await client.get(leadership.key)).toMatchObject({ value: "theirs" });
  });
});

describe("a leadership that is resumed", () => {
  it("goes on under its token in another process when the first has died without closing", async () => {
    await using cluster = await createTestCluster();
    const [first, second] = [cluster.client(), cluster.client()];
    const before = await new Election(first, "fleet", { ttl: 20 }).campaign("me");
    await before.proclaim("me, later");
    cluster.pause(first);
    await cluster.advance(10_000);
    const election = new Election(second, "fleet");
    await using resumed = await cluster.until(election.resume(before.key, before.fencingToken));
    expect(resumed?.fencingToken).toBe(before.fencingToken);
    await cluster.advance(60_000);
    expect(resumed?.held).toBe(true);
    await resumed?.proclaim("me again");
    expect(await election.leader()).toMatchObject({ value: "me again", fencingToken: before.fencingToken });
  });

  it("is none when its key goes while the lease is taken over, and nothing keeps the lease alive then", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [first, second] = [cluster.client(), cluster.client()];
    const session = await createSession(first, { ttl: 20 });
    const before = await new Election(session, "fleet").campaign("me");
    session.orphan();
    const clear = cluster.disturb(async (call, next) => {
      if (call.method !== "LeaseTimeToLive" && !(call.stream && call.method === "LeaseKeepAlive")) return next();
      clear();
      await second.delete(before.key);
      return next();
    });
    expect(await cluster.until(new Election(second, "fleet").resume(before.key, before.fencingToken))).toBeUndefined();
    await cluster.advance(30_000);
    expect(await second.lease.timeToLive(session.leaseId)).toBeUndefined();
  });
});

describe("campaigns of one process", () => {
  it("take turns on a session that they share", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    await using session = await createSession(client);
    const first = await new Election(session, "fleet").campaign("one");
    let second: Leadership<string> | undefined;
    const waiting = new Election(session, "fleet").campaign("two").then((leadership) => {
      second = leadership;
    });
    await cluster.advance(60_000);
    expect(second).toBeUndefined();
    expect((await new Election(client, "fleet").leader())?.value).toBe("one");
    await first.resign();
    await cluster.until(waiting);
    expect(second?.fencingToken).toBeGreaterThan(first.fencingToken);
    const stale = await client.txn({ if: [first.ownership()], then: [op.put("doc", "stale")] });
    expect(stale.succeeded).toBe(false);
    await second?.resign();
  });
});

describe("an election on a cluster in trouble", () => {
  it.each([1, 2])("is as its model says, for workers and for observers, with seed %i", async (seed) => {
    await using cluster = await createTestCluster({ seed });
    const events = await playElection(cluster);
    expect(judge(electionModel, events).violation).toBeUndefined();
    const kinds = (kind: ElectionEvent["kind"]): number => events.filter((event) => event.kind === kind).length;
    expect(kinds("body-begins")).toBeGreaterThan(3);
    expect(kinds("observes")).toBeGreaterThan(40);
  });
});

/** Three workers, twelve observers on one client; leaders are cut off, deleted and expired, members crash, history is compacted. */
async function playElection(cluster: TestCluster): Promise<ElectionEvent[]> {
  const events: ElectionEvent[] = [];
  const note = (worker: string, what: object): void => {
    events.push({ ...what, worker, atMs: cluster.now } as ElectionEvent);
  };
  const stop = new AbortController();
  const clients = [cluster.client(), cluster.client(), cluster.client()];
  const workers = clients.map(async (client, index) => {
    const name = `worker ${index}`;
    // Known before the campaign gives it its token: whatever token it gets, this value is the first.
    const body: Body = async (leadership) => {
      const { fencingToken: token, signal } = leadership;
      const over = untilAborted(leadership);
      note(name, { kind: "body-begins", token });
      for (let count = 1; !signal.aborted; count++) {
        note(name, { kind: "claims", token });
        if (!leadership.held) events.pop();
        const value = `${token}.${count}`;
        note(name, { kind: "proclaims", token, value });
        await leadership.proclaim(value).catch((error: unknown) => {
          if (!(error instanceof NotLeaderError) && !signal.aborted) throw error;
        });
        await Promise.race([cluster.sleep(700), over]);
      }
      note(name, { kind: "body-ends", token });
    };
    await new Election(client, "fleet", { ttl: 5 }).lead("0", body, { signal: stop.signal });
  });
  const watching = cluster.client();
  const ends = Array.from({ length: 12 }, () => new AbortController());
  const observers = ends.map(async (end, index) => {
    let last: bigint | undefined;
    for await (const leader of new Election(watching, "fleet").observe({ signal: end.signal })) {
      const { fencingToken: token = 0n, value = "", revision = 0n } = leader ?? {};
      if (leader !== undefined && value === "0" && token !== last) note("first", { kind: "proclaims", token, value });
      last = token;
      note(`observer ${index}`, { kind: "observes", token, value, revision });
    }
  });
  await trouble(cluster, clients, watching);
  stop.abort();
  await cluster.until(Promise.all(workers), { within: 120_000 });
  await cluster.advance(10_000);
  const last = await new Election(watching, "fleet").leader();
  note("the end", { kind: "stands", token: last?.fencingToken ?? 0n, value: last?.value ?? "" });
  for (const end of ends) end.abort();
  await cluster.until(Promise.all(observers));
  // The value of a campaign is proclaimed before anybody can see it, which only observers could tell the test.
  const first = events.filter(({ worker }) => worker === "first").map((event) => ({ ...event, atMs: 0 }));
  const unique = new Map(first.map((event) => ["token" in event ? event.token : 0n, event]));
  return [...unique.values(), ...events.filter(({ worker }) => worker !== "first")];
}

async function trouble(cluster: TestCluster, clients: readonly Client[], watching: Client): Promise<void> {
  const leading = async () => {
    const leader = await cluster.until(async () => (await new Election(watching, "fleet").leader()) ?? false);
    return leader === false ? expect.unreachable("nobody leads") : leader;
  };
  await cluster.advance(3_000);
  const revoked = await leading();
  await cluster.expireLease(revoked.leaseId);
  await cluster.advance(3_000);
  await watching.delete((await leading()).key);
  await cluster.advance(3_000);
  for (const client of clients) {
    cluster.partition([client]);
    await cluster.advance(9_000);
    cluster.heal();
    await cluster.advance(1_000);
  }
  const member = cluster.leader ?? "n1";
  await cluster.crash(member);
  await cluster.advance(5_000);
  await cluster.restart(member);
  // Observers fall behind, and what they would have read on is gone.
  cluster.partition([watching]);
  cluster.cutConnections(watching);
  await cluster.advance(4_000);
  await cluster.compact();
  cluster.heal();
  await cluster.advance(8_000);
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
