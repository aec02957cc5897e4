/** What all locks promise when answers are lost, history is forgotten, members and holders die; in the time of a test cluster. */
import { type Client, type Middleware, prefix } from "@kvorum/client";
import { connectionBroke, createTestCluster, type TestCluster } from "@kvorum/client/testing";
import {
  type AcquireOptions,
  createSession,
  type Lock,
  LockLostError,
  Mutex,
  type Owner,
  RWMutex,
  Semaphore,
  SessionExpiredError,
} from "@kvorum/concurrency";
import { describe, expect, it } from "vitest";
import { failure } from "./case.js";

interface Kind {
  readonly kind: string;
  /** Keys of one acquisition. */
  readonly keys: number;
  /** Requests of a `tryLock` that is refused, and of one that is not. */
  readonly tries: readonly [refused: number, taken: number];
  /** Excludes every other one of its kind. */
  lock(owner: Owner, options?: AcquireOptions): Promise<Lock>;
  tryLock(owner: Owner): Promise<Lock | undefined>;
}

const KINDS: readonly Kind[] = [
  {
    ...{ kind: "a mutex", keys: 1, tries: [1, 1] },
    lock: (owner, options) => new Mutex(owner, "lock").lock(options),
    tryLock: (owner) => new Mutex(owner, "lock").tryLock(),
  },
  {
    ...{ kind: "a read-write lock", keys: 2, tries: [1, 1] },
    lock: (owner, options) => new RWMutex(owner, "lock").writeLock(options),
    tryLock: (owner) => new RWMutex(owner, "lock").tryWriteLock(),
  },
  {
    ...{ kind: "a semaphore", keys: 1, tries: [1, 2] },
    lock: (owner, options) => new Semaphore(owner, "lock", 3).acquire(2, options),
    tryLock: (owner) => new Semaphore(owner, "lock", 3).tryAcquire(2),
  },
];

const keysOf = (client: Client): Promise<string[]> => client.keys(prefix("lock/"));

/** Is it the txn that puts a place? */
function isPut(request: unknown): boolean {
  const { success = [] } = (request ?? {}) as { success?: { request?: { case?: string } }[] };
  return success.some((op) => op.request?.case === "requestPut");
}

/** Loses the answer of every txn and delete that comes for the first time. */
function loseFirstAnswers(cluster: TestCluster): { readonly lost: () => number } {
  const seen = new Set<string>();
  cluster.dropReplies(({ method, request }) => {
    if (method !== "Txn" && method !== "DeleteRange") return false;
    const what = JSON.stringify(request, (_, value: unknown) => (typeof value === "bigint" ? `${value}` : value));
    if (seen.has(what)) return false;
    seen.add(what);
    return true;
  });
  return { lost: () => seen.size };
}

describe.each(KINDS)("$kind", ({ keys, lock, tries, tryLock }) => {
  it("is given once although every first answer is lost, to each in turn", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [first, second] = [await createSession(cluster.client()), await createSession(cluster.client())];
    const { lost } = loseFirstAnswers(cluster);
    let inside = 0;
    const tokens: bigint[] = [];
    const worker = async (session: typeof first): Promise<void> => {
      for (let round = 0; round < 3; round++) {
        await using held = await lock(session);
        expect(++inside).toBe(1);
        tokens.push(held.fencingToken);
        expect((await session.client.txn({ if: [held.ownership()] })).succeeded).toBe(true);
        inside -= 1;
      }
    };
    await cluster.until(Promise.all([worker(first), worker(second)]));
    expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => (a < b ? -1 : 1)));
    const tried = await cluster.until(tryLock(first));
    expect(tried?.held).toBe(true);
    expect(await cluster.until(tryLock(second))).toBeUndefined();
    expect((await keysOf(first.client)).length).toBe(keys);
    await cluster.until(tried?.unlock() ?? Promise.resolve());
    expect(await keysOf(first.client)).toEqual([]);
    expect(lost()).toBeGreaterThan(10);
  });

  it("is not taken by a copy of its request that comes when the lock is long given up", async () => {
    for (const take of [lock, tryLock]) {
      await using cluster = await createTestCluster({ size: 1 });
      const client = cluster.client();
      const session = await createSession(client, { ttl: 60 });
      const late: Promise<unknown>[] = [];
      // As a member does that stands still with the request in its hands.
      const stop = cluster.disturb(async ({ request }, next) => {
        if (!isPut(request) || late.length > 0) return next();
        late.push(cluster.sleep(30_000).then(next));
        throw connectionBroke();
      });
      const held = await cluster.until(take(session));
      expect(late).toHaveLength(1);
      await held?.unlock();
      stop();
      const { revision } = (await client.list(prefix("lock/"))).header;
      await cluster.until(Promise.all(late));
      await cluster.advance(1_000);
      const after = await client.list(prefix("lock/"));
      // It came, and was removed.
      expect(after.header.revision).toBe(revision + 2n);
      expect(after.kvs).toEqual([]);
      await using next = await cluster.until(lock(session), { within: 1_000 });
      await cluster.advance(200_000);
      expect(next.held).toBe(true);
      expect((await client.txn({ if: [next.ownership()] })).succeeded).toBe(true);
    }
  });

  it("is not waited for for ever when it was freed, and that was forgotten, between the read and the watch", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const other = cluster.client();
    const held = await lock(other);
    let compacted = 0;
    const between: Middleware = async (call, next) => {
      if (call.method === "watch.watch" && compacted++ === 0) {
        await held.unlock();
        await other.put("more", "history");
        await other.put("more", "still");
        await cluster.compact();
      }
      return next(call);
    };
    const session = await createSession(cluster.client({ middleware: [between] }));
    const next = await cluster.until(lock(session), { within: 5_000 });
    expect(compacted).toBeGreaterThan(0);
    expect(next.held).toBe(true);
  });

  it("is not waited for for ever when it was freed between the read and the watch", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const held = await lock(cluster.client());
    let freed = 0;
    const between: Middleware = async (call, next) => {
      if (call.method === "watch.watch" && freed++ === 0) await held.unlock();
      return next(call);
    };
    const session = await createSession(cluster.client({ middleware: [between] }));
    expect((await cluster.until(lock(session), { within: 5_000 })).held).toBe(true);
    expect(freed).toBeGreaterThan(0);
  });

  it("goes on when its holder dies, and when the member that leads does", async () => {
    await using cluster = await createTestCluster({ seed: 5 });
    const [dying, living] = [cluster.client(), cluster.client()];
    const held = await lock(await createSession(dying, { ttl: 5 }));
    const waiting = lock(await createSession(living, { ttl: 20 }));
    await cluster.advance(1_000);
    cluster.partition([dying]);
    await cluster.crash(cluster.leader ?? "n1");
    const next = await cluster.until(waiting);
    expect(next.fencingToken).toBeGreaterThan(held.fencingToken);
    expect(held.held).toBe(false);
    cluster.heal();
    expect((await cluster.until(dying.txn({ if: [held.ownership()] }))).succeeded).toBe(false);
  });

  it("is not given to a session that has expired while it waited, however late that is noticed", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [holder, waiter] = [cluster.client(), cluster.client()];
    const held = await lock(holder);
    const session = await createSession(waiter, { ttl: 5 });
    const waiting = failure(lock(session));
    await cluster.advance(1_000);
    // The process stands still past its time to live. What has come for it meanwhile is that the lock is free.
    cluster.pause(waiter);
    await cluster.advance(10_000);
    await held.unlock();
    cluster.resume(waiter);
    expect(await cluster.until(waiting)).toBeInstanceOf(SessionExpiredError);
    expect(await cluster.until(keysOf(holder))).toEqual([]);
  });

  it("is not given to one whose key someone has deleted while it waited", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [holder, waiter] = [cluster.client(), cluster.client()];
    const held = await lock(holder);
    const session = await createSession(waiter);
    const waiting = failure(lock(session));
    await cluster.until(async () => (await keysOf(holder)).length === 2 * keys);
    const mine = (await keysOf(holder)).filter((key) => key.includes(`/${session.leaseId.toString(16)}`));
    for (const key of mine) await holder.delete(key);
    await held.unlock();
    expect(await cluster.until(waiting)).toBeInstanceOf(SessionExpiredError);
  });

  it("of a process that died is taken over by the one that adopts its session, with a token of its own", async () => {
    for (const take of [lock, tryLock]) {
      await using cluster = await createTestCluster({ size: 1 });
      const [first, second] = [cluster.client(), cluster.client()];
      const { leaseId, client } = await createSession(first, { ttl: 30 });
      const before = await lock(await createSession(client, { leaseId }));
      // It dies without a word: nothing of it reaches anyone any more.
      cluster.partition([first]);
      const session = await createSession(second, { leaseId });
      expect(session.ttl).toBe(30);
      const held = await cluster.until(take(session), { within: 5_000 });
      expect(held?.fencingToken).toBeGreaterThan(before.fencingToken);
      expect((await second.txn({ if: [before.ownership()] })).succeeded).toBe(false);
      await cluster.advance(60_000);
      expect(held?.held).toBe(true);
      expect(await keysOf(second)).toHaveLength(keys);
    }
  });

  it("is tried for in as few requests as can be, and a refused attempt writes nothing", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const requests: string[] = [];
    const counting: Middleware = (call, next) => {
      if (call.kind === "write" || call.kind === "read") requests.push(call.method);
      return next(call);
    };
    const session = await createSession(cluster.client({ middleware: [counting] }));
    const held = await lock(cluster.client());
    const { revision } = (await cluster.client().list(prefix("lock/"))).header;
    requests.length = 0;
    expect(await tryLock(session)).toBeUndefined();
    expect(requests).toHaveLength(tries[0]);
    expect((await cluster.client().list(prefix("lock/"))).header.revision).toBe(revision);
    await held.unlock();
    requests.length = 0;
    await using taken = await tryLock(session);
    expect(requests).toHaveLength(tries[1]);
    expect(taken?.held).toBe(true);
  });

  it("that is free takes one request", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const requests: string[] = [];
    const counting: Middleware = (call, next) => {
      if (call.kind === "write" || call.kind === "read" || call.kind === "watch") requests.push(call.method);
      return next(call);
    };
    const session = await createSession(cluster.client({ middleware: [counting] }));
    requests.length = 0;
    const held = await lock(session);
    expect(requests).toEqual(["kv.txn"]);
    await held.unlock();
  });

  it("refuses a wait without sense before anything is sent", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const session = await createSession(cluster.client());
    expect(await failure(lock(session, { timeout: -1 }))).toMatchObject({
      name: "RangeError",
      message: "timeout must be a number of milliseconds above 0, not -1",
    });
    expect(await failure(lock(session, { timeout: "1" as unknown as number }))).toBeInstanceOf(TypeError);
    expect(await failure(lock(session, { signal: {} as AbortSignal }))).toBeInstanceOf(TypeError);
    expect(await failure((async () => lock({} as Owner))())).toBeInstanceOf(TypeError);
    expect(await keysOf(session.client)).toEqual([]);
  });

  it("whose removal nobody answers is removed when somebody does, although its owner has gone on", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const session = await createSession(client, { ttl: 30 });
    const held = await lock(session);
    cluster.partition([client]);
    expect(await cluster.until(failure(held.unlock({ timeout: 1_000 })))).toMatchObject({ name: "TimeoutError" });
    expect(held.held).toBe(false);
    expect(await keysOf(cluster.client())).toHaveLength(keys);
    cluster.heal();
    await cluster.until(async () => (await keysOf(cluster.client())).length === 0, { within: 15_000 });
    expect(session.state).not.toBe("expired");
  });

  it("tells its holder of a deletion that it could only learn of by looking again", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [client, other] = [cluster.client(), cluster.client()];
    const session = await createSession(client);
    const held = await lock(session);
    await other.delete(held.key);
    await other.put("more", "history");
    await other.put("more", "still");
    await cluster.compact();
    // The watch starts here, and its history is gone.
    const { signal } = held;
    await cluster.until(() => signal.aborted, { within: 10_000 });
    expect(signal.reason).toBeInstanceOf(LockLostError);
  });
});

describe("a release", () => {
  it("of a mutex wakes one of those who wait, whatever their number", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    let reads = 0;
    const counting: Middleware = (call, next) => {
      if (call.method === "kv.txn" && call.kind === "read") reads += 1;
      return next(call);
    };
    const waiters = Array.from({ length: 12 }, async () => {
      const session = await createSession(cluster.client({ middleware: [counting] }));
      await new Mutex(session, "lock").withLock(() => cluster.sleep(50));
    });
    await cluster.until(Promise.all(waiters));
    // One look finds the one before, the other sees that it has gone.
    expect(reads).toBeLessThanOrEqual(2 * 12);
  });

  it("does not delete the key of a later holder, also when it comes late", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const session = await createSession(client, { ttl: 60 });
    const first = await new Mutex(session, "lock").lock();
    const late: Promise<unknown>[] = [];
    const stop = cluster.disturb(async ({ method }, next) => {
      if (method !== "Txn" || late.length > 0) return next();
      late.push(cluster.sleep(30_000).then(next));
      throw connectionBroke();
    });
    await cluster.until(first.unlock());
    stop();
    const second = await new Mutex(session, "lock").lock();
    await cluster.until(Promise.all(late));
    expect((await client.txn({ if: [second.ownership()] })).succeeded).toBe(true);
  });
});

describe("a read-write lock that changes its kind", () => {
  it("keeps what it has although every first answer is lost", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [first, second] = [await createSession(cluster.client()), await createSession(cluster.client())];
    const { lost } = loseFirstAnswers(cluster);
    const reader = await cluster.until(new RWMutex(first, "lock").readLock());
    const writer = await cluster.until(reader.upgrade());
    expect(await cluster.until(new RWMutex(second, "lock").tryReadLock())).toBeUndefined();
    expect((await cluster.until(first.client.txn({ if: [writer.ownership()] }))).succeeded).toBe(true);
    const kept = await cluster.until(writer.downgrade());
    const shared = await cluster.until(new RWMutex(second, "lock").tryReadLock());
    expect([kept.held, shared?.held]).toEqual([true, true]);
    await cluster.until(Promise.all([kept.unlock(), shared?.unlock()]));
    expect(await keysOf(first.client)).toEqual([]);
    expect(lost()).toBeGreaterThan(5);
  });

  it("gives the lock up where nobody answers the downgrade", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const session = await createSession(client, { ttl: 30 });
    const writer = await new RWMutex(session, "lock").writeLock();
    cluster.partition([client]);
    expect(await cluster.until(failure(writer.downgrade({ timeout: 1_000 })))).toMatchObject({ name: "TimeoutError" });
    cluster.heal();
    await cluster.until(async () => (await keysOf(cluster.client())).length === 0, { within: 15_000 });
  });

  it("is a reader's still where nobody answers the upgrade, and no writer's key is left", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const session = await createSession(client, { ttl: 30 });
    const reader = await new RWMutex(session, "lock").readLock();
    // It is carried out; the answer comes too late.
    cluster.disturb(async ({ method }, next) => {
      const answer = await next();
      if (method === "Txn") await cluster.sleep(2_000);
      return answer;
    });
    expect(await cluster.until(failure(reader.upgrade({ timeout: 1_000 })))).toMatchObject({ name: "TimeoutError" });
    expect(reader.held).toBe(true);
    expect(await keysOf(client)).toHaveLength(2);
    await cluster.until(async () => (await keysOf(client)).length === 1, { within: 10_000 });
    expect(await cluster.until(failure(reader.upgrade({ timeout: 1_000 })))).toMatchObject({ name: "TimeoutError" });
    // The next attempt waits until the first one has left nothing.
    const writer = await cluster.until(reader.upgrade({ timeout: 9_000 }));
    expect(await keysOf(client)).toHaveLength(2);
    expect((await cluster.until(client.txn({ if: [writer.ownership()] }))).succeeded).toBe(true);
    await cluster.advance(5_000);
    expect((await cluster.until(client.txn({ if: [writer.ownership()] }))).succeeded).toBe(true);
    cluster.heal();
    await writer.unlock();
    expect(await keysOf(client)).toEqual([]);
  });
});

describe("a semaphore with many who wait", () => {
  it("reads the line twice for each of them, however many releases they see", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    let reads = 0;
    const counting: Middleware = (call, next) => {
      if (call.method === "kv.txn" && call.kind === "read") reads += 1;
      return next(call);
    };
    const session = await createSession(cluster.client({ middleware: [counting] }));
    const semaphore = new Semaphore(session, "lock", 3);
    let holding = 0;
    let most = 0;
    const waiters = Array.from({ length: 40 }, (_, index) =>
      semaphore.withPermits(1 + (index % 3), async () => {
        holding += 1 + (index % 3);
        most = Math.max(most, holding);
        await cluster.sleep(10);
        holding -= 1 + (index % 3);
      }),
    );
    await cluster.until(Promise.all(waiters));
    expect(most).toBe(3);
    expect(reads).toBeLessThanOrEqual(2 * 40);
    expect(await keysOf(session.client)).toEqual([]);
  });
});
