/** Transactions under faults, in a test cluster's time: lost answers, lost history, lost sessions, lost members. */
import { codec, prefix, utf8 } from "@kvorum/client";
import { connectionBroke, createTestCluster, type TestCall, type TestCluster } from "@kvorum/client/testing";
import { OutcomeUnknownError, stm, type Tx } from "@kvorum/concurrency";
import { RpcError, StatusCode } from "@kvorum/transport";
import { describe, expect, it } from "vitest";
import { failure } from "./case.js";

const int = codec.json<number>();
const EXACTLY_ONCE = { commit: "exactly-once" } as const;

/** A commit, rather than a txn that only reads or one that keeps house for exactly-once writes. */
function isCommit({ method, request }: TestCall): boolean {
  return (
    method === "Txn" &&
    JSON.stringify(request, (_, value) => (typeof value === "bigint" ? 0 : value)).includes('"requestTxn"')
  );
}

/** Loses the answers to the next commits, after `before` was done. */
function loseCommits(
  cluster: TestCluster,
  count: number,
  before: () => Promise<unknown> = async () => undefined,
): void {
  let left = count;
  cluster.disturb(async (call, next) => {
    if (!isCommit(call) || left === 0) return next();
    left -= 1;
    await next();
    await before();
    throw connectionBroke();
  });
}

describe("a transaction that is asked for exactly once", () => {
  it("is committed once, however many of its answers are lost", async () => {
    await using cluster = await createTestCluster();
    const client = cluster.client();
    await client.put("a", "1");
    loseCommits(cluster, 3);
    let runs = 0;
    const result = await stm(
      client,
      async (tx) => {
        runs += 1;
        const next = `${await tx.get("a")}1`;
        tx.put("a", next);
        return next;
      },
      EXACTLY_ONCE,
    );
    expect({ ...result, runs }).toMatchObject({ value: "11", attempts: 1, runs: 1 });
    expect(await client.get("a")).toMatchObject({ value: "11", version: 2n, modRevision: result.revision });
  });

  it("meets a conflict also when the answer that says so is lost, and then sees what made it one", async () => {
    await using cluster = await createTestCluster();
    const [client, other] = [cluster.client(), cluster.client()];
    await client.put("a", "1");
    loseCommits(cluster, 1);
    const seen: (string | undefined)[] = [];
    const { attempts } = await stm(
      client,
      async (tx) => {
        seen.push(await tx.get("a"));
        if (seen.length === 1) await other.put("a", "2");
        tx.put("a", `${seen.at(-1)}!`);
      },
      EXACTLY_ONCE,
    );
    expect({ attempts, seen }).toEqual({ attempts: 2, seen: ["1", "2"] });
    expect(await client.get("a")).toMatchObject({ value: "2!", version: 3n });
  });

  it("is committed, or meets a conflict, also where the history that its lost answer is read from is compacted", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const [client, other] = [cluster.client(), cluster.client()];
    await client.put("a", "1");
    await client.put("b", "1");
    const compact = async (): Promise<void> => {
      const { header } = await other.put("later", "");
      await other.compact(header.revision);
    };
    loseCommits(cluster, 2, compact);
    const seen: (string | undefined)[] = [];
    const { attempts, revision } = await stm(
      client,
      async (tx) => {
        seen.push(await tx.get("a"));
        if (seen.length === 1) await other.put("a", "2");
        tx.put("a", `${seen.at(-1)}!`);
        // How many were deleted is in the answer, and no longer to be had.
        tx.delete("b");
      },
      EXACTLY_ONCE,
    );
    expect({ attempts, seen }).toEqual({ attempts: 2, seen: ["1", "2"] });
    expect(await client.get("a")).toMatchObject({ value: "2!", version: 3n, modRevision: revision });
    expect(await client.get("b")).toBeUndefined();
  });

  it("says that its outcome is unknown when the time is up first, and only then", async () => {
    await using cluster = await createTestCluster();
    const client = cluster.client();
    await client.put("first", "", { retry: "exactly-once" });
    cluster.dropReplies(isCommit);
    const body = stm(client, async (tx) => tx.put("a", "1"), { ...EXACTLY_ONCE, timeout: 30_000 });
    const start = cluster.now;
    const error = await cluster.until(failure(body));
    expect(error).toBeInstanceOf(OutcomeUnknownError);
    expect(error).toMatchObject({ attempts: 1, cause: { outcome: "unknown" } });
    expect(cluster.now - start).toBeGreaterThan(25_000);
    expect(await client.get("a")).toMatchObject({ version: 1n });
  });

  it("says that its outcome is unknown when the session that would tell is gone", async () => {
    await using cluster = await createTestCluster();
    const client = cluster.client();
    await client.put("first", "", { retry: "exactly-once" });
    const [lease] = await client.lease.list();
    loseCommits(cluster, 1, () => client.lease.revoke(lease ?? 0n));
    const error = await cluster.until(failure(stm(client, async (tx) => tx.put("a", "1"), EXACTLY_ONCE)));
    expect(error).toBeInstanceOf(OutcomeUnknownError);
    expect(error).toMatchObject({ cause: { reason: "session-lost" } });
  });
});

describe("transactions on a cluster in trouble", () => {
  it.each([1, 2])("lose no update and add none, with seed %i", async (seed) => {
    await using cluster = await createTestCluster({ seed });
    const clients = Array.from({ length: 5 }, () => cluster.client());
    let lost = 0;
    // Every fourth commit of anybody is answered by silence.
    cluster.dropReplies((call) => isCommit(call) && ++lost % 4 === 0);
    const transfer = async (index: number): Promise<number> => {
      let done = 0;
      for (let round = 0; round < 6; round++) {
        const { value } = await stm(
          clients[index] as (typeof clients)[number],
          async (tx) => {
            const [mine, all] = [await tx.get(`of/${index}`), await tx.get("all")];
            tx.put(`of/${index}`, (mine ?? 0) + 1);
            tx.put("all", (all ?? 0) + 1);
            return (mine ?? 0) + 1;
          },
          { ...EXACTLY_ONCE, codec: int, timeout: 120_000, maxAttempts: 500 },
        );
        done += 1;
        expect(value).toBe(done);
      }
      return done;
    };
    const all = Promise.all(clients.map((_, index) => transfer(index)));
    const trouble = async (): Promise<void> => {
      for (let round = 0; round < 2; round++) {
        await cluster.advance(500);
        const leader = cluster.leader ?? "n1";
        await cluster.crash(leader);
        await cluster.advance(2_000);
        await cluster.restart(leader);
      }
    };
    await Promise.all([cluster.until(all, { within: 600_000 }), trouble()]);
    expect(lost).toBeGreaterThan(10);
    const [client] = clients;
    const { kvs } = (await client?.withCodec(int).list(prefix("of/"))) ?? { kvs: [] };
    expect(kvs.map(({ value }) => value)).toEqual([6, 6, 6, 6, 6]);
    expect((await client?.withCodec(int).get("all"))?.value).toBe(30);
  });

  it("get through at their attempts when fifty contend for one key", async () => {
    await using cluster = await createTestCluster();
    const clients = Array.from({ length: 50 }, () => cluster.client());
    const attempts: number[] = [];
    const add = async (client: (typeof clients)[number]): Promise<void> => {
      const result = await stm(client, async (tx) => tx.put("n", ((await tx.get("n")) ?? 0) + 1), { codec: int });
      attempts.push(result.attempts);
    };
    await cluster.until(Promise.all(clients.map(add)), { within: 120_000 });
    expect((await clients[0]?.withCodec(int).get("n"))?.value).toBe(50);
    // By default 50 attempts are allowed; without waiting the last one would need as many as there are contenders.
    expect(Math.max(...attempts)).toBeLessThan(25);
  });

  it("see one state also after a conflict: what it has shown, and what is read on", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    // No wait after a conflict, so that what it has shown is used.
    const store = { world: { ...client.world, random: () => 0 }, withCodec: client.withCodec.bind(client) };
    const write = (value: string) => client.txn({ then: [client.op.put("a", value), client.op.put("c", value)] });
    await write("1");
    const seen: (string | undefined)[] = [];
    const body = async (tx: Tx): Promise<void> => {
      const first = seen.length === 0;
      seen.push(await tx.get("a"));
      if (first) await write("2");
      else seen.push(await tx.get("c"));
      tx.put("b", "written");
    };
    const { attempts } = await stm(store, body, { codec: utf8 });
    expect({ attempts, seen }).toEqual({ attempts: 2, seen: ["1", "2", "2"] });
  });

  it("need the members' agreement for their first read alone, and for one that a member behind could not answer", async () => {
    await using cluster = await createTestCluster();
    const client = cluster.client();
    const revision = (await client.put("a", "1")).header.revision;
    const reads: string[] = [];
    cluster.disturb(async ({ method, request }, next) => {
      if (method !== "Range") return next();
      const { serializable, revision: asked = 0n } = request as { serializable?: boolean; revision?: bigint };
      reads.push(`${serializable ? "alone" : "agreed"} at ${asked}`);
      const behind = reads.length === 2;
      if (behind)
        throw new RpcError(StatusCode.OUT_OF_RANGE, "etcdserver: mvcc: required revision is a future revision");
      return next();
    });
    const { value } = await stm(client, async (tx) => [await tx.get("a"), await tx.get("b"), await tx.get("c")]);
    expect(value).toEqual(["1", undefined, undefined]);
    expect(reads).toEqual(["agreed at 0", `alone at ${revision}`, `agreed at ${revision}`, `alone at ${revision}`]);
  });

  it("end when their time is up, though their body never does", async () => {
    await using cluster = await createTestCluster({ size: 1 });
    const client = cluster.client();
    const late = failure(stm(client, () => new Promise<void>(() => undefined), { timeout: 3_600_000 }));
    let over = false;
    void late.then(() => {
      over = true;
    });
    await cluster.advance(3_500_000);
    expect(over).toBe(false);
    await cluster.advance(200_000);
    expect(await late).toMatchObject({ name: "TimeoutError", outcome: "not-applied" });
  });

  it("read no old state again after a conflict that an old state has made", async () => {
    await using cluster = await createTestCluster({ seed: 5 });
    const behind = cluster.members.find(({ isLeader }) => !isLeader);
    const leader = cluster.members.find(({ isLeader }) => isLeader);
    if (behind === undefined || leader === undefined) throw new Error("a cluster without a leader");
    // Whoever is content with old state asks the member that is behind; whoever is not, the leader.
    const client = cluster.client({
      middleware: [
        (call, next) => {
          const old = call.method === "kv.range" && call.request.serializable === true;
          return next({
            ...call,
            options: { ...call.options, endpoint: (old ? behind : leader).endpoint },
          } as typeof call);
        },
      ],
    });
    const writer = cluster.client();
    await writer.put("a", "1");
    await cluster.advance(1_000);
    cluster.partition(
      [behind.name],
      cluster.members.map(({ name }) => name).filter((name) => name !== behind.name),
    );
    await cluster.until(writer.put("a", "2"));
    const seen: (string | undefined)[] = [];
    const body = stm(
      client,
      async (tx) => {
        seen.push(await tx.get("a"));
        tx.put("b", `${seen.at(-1)}`);
      },
      { isolation: "repeatable-reads", maxAttempts: 5 },
    );
    const { attempts } = await cluster.until(body);
    expect({ attempts, seen }).toEqual({ attempts: 2, seen: ["1", "2"] });
  });
});
