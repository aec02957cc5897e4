/**
 * Writes whose answers are lost, asked for exactly once: each is applied once and answers what the lost answer said. Answers are
 * lost on the network (a proxy swallows them and cuts) and, where it matters which attempt is lost or late, in the transport.
 */
import {
  type Client,
  compare,
  createClient,
  type EtcdError,
  fromKey,
  isEtcdError,
  type KeyRange,
  type Op,
  op,
  prefix,
  ResultLostError,
  range,
  type TxnSpec,
} from "@kvorum/client";
import { type Channel, niceChannel, RpcError, StatusCode, type TransportFactory } from "@kvorum/transport";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startProxy } from "../support/proxy.js";
import { pick, seeded } from "../support/random.js";
import type { SuiteServer } from "./suite.js";

const ROUNDS = 4;
const LANES = 5;
const RANDOM_TXNS = 20;
const once = { retry: "exactly-once" } as const;

export function exactlyOnceSuite(name: string, start: () => Promise<SuiteServer>, missing?: string): void {
  const label = `exactly-once writes before ${name}${missing ? ` (skipped: ${missing})` : ""}`;
  describe.skipIf(missing !== undefined)(label, () => {
    let server: SuiteServer;
    /** Loses nothing. */
    let direct: Client;
    let space = "";
    let cases = 0;

    beforeAll(async () => {
      server = await start();
      direct = createClient({ endpoints: server.endpoint });
      await direct.ready({ timeout: 5_000 });
    });
    afterAll(async () => {
      await direct?.close();
      await server?.stop();
    });
    beforeEach(() => {
      cases += 1;
      space = `once-${cases}/`;
    });
    const key = (suffix: string): string => `${space}${suffix}`;
    const markerPrefix = (): string => `markers-${cases}/`;
    it(`${ROUNDS * LANES * 10} writes are applied once each, and answer, when a proxy swallows all their answers`, async () => {
      const proxy = await startProxy(server.endpoint);
      const client = createClient({ endpoints: proxy.endpoint, markerPrefix: markerPrefix() });
      try {
        const lanes = Array.from({ length: LANES }, (_, lane) => new Lane(direct, client, key(`${lane}/`)));
        await client.put(key("first"), "0", once);
        for (let round = 1; round <= ROUNDS; round++) {
          await Promise.all(lanes.map((lane) => lane.prepare(round)));
          proxy.swallowReplies();
          const written = Promise.all(lanes.map((lane) => lane.write(round)));
          const last = round * LANES * 10;
          await until(() => marked(direct, markerPrefix(), last - LANES * 10 + 1, last));
          proxy.forward();
          proxy.cut();
          for (const check of await written) await check();
        }
        for (const lane of lanes) await lane.checkVersions();
        // The writes of a round lose their answers together, so each round has cost a connection.
        expect(proxy.connections).toBeGreaterThan(ROUNDS);
      } finally {
        await client.close();
        await proxy.close();
      }
      expect(await direct.keys(prefix(markerPrefix()))).toEqual([]);
    }, 60_000);

    /** A client whose transport plays with the copies of its marked writes. */
    async function lossy<T>(rules: LossyRules, body: (client: Client) => Promise<T>): Promise<T> {
      const client = createClient({
        endpoints: server.endpoint,
        transport: lossyTransport(rules),
        markerPrefix: markerPrefix(),
      });
      try {
        return await body(client);
      } finally {
        await client.close();
      }
    }

    it("a copy that arrives after its write is over and its marker removed has no effect", async () => {
      const late: (() => Promise<unknown>)[] = [];
      await lossy({ lose: (send) => late.length === 0 && late.push(send) > 0 }, async (client) => {
        await client.put(key("a"), "first", once);
        // The first attempt never arrived; the second was applied. Enough others, for the markers to be removed.
        for (let i = 0; i < 70; i++) await client.put(key("b"), String(i), once);
        await until(async () => (await direct.count(prefix(markerPrefix()))) < 60n);
        await direct.put(key("a"), "by another");
        await late[0]?.();
        expect(await direct.get(key("a"))).toMatchObject({ value: "by another", version: 2n });
      });
      // Nor when the session is gone altogether.
      await late[0]?.();
      expect(await direct.get(key("a"))).toMatchObject({ value: "by another", version: 2n });
    });

    it("what a read in a txn saw is read again where history has it, and else the error says that it was applied", async () => {
      let lost = 0;
      const rules: LossyRules = { swallow: () => lost++ % 2 === 0 };
      await lossy(rules, async (client) => {
        await direct.put(key("r/0"), "0");
        const both = await client.txn(
          {
            then: [op.count(prefix(key("r/"))), op.put(key("r/1"), "1", { prevKv: true }), op.list(prefix(key("r/")))],
          },
          once,
        );
        expect(both.responses).toMatchObject([1n, { prev: undefined }, { kvs: [{ value: "0" }, { value: "1" }] }]);
        expect(both.header.revision).toBe((await direct.get(key("r/1")))?.modRevision);
        const between = client.txn(
          { then: [op.put(key("r/2"), "2"), op.count(prefix(key("r/"))), op.put(key("r/3"), "3")] },
          once,
        );
        const error = await between.catch((cause: unknown) => cause);
        expect(error).toBeInstanceOf(ResultLostError);
        expect(error).toMatchObject({ outcome: "applied", reason: "result-lost", succeeded: true });
        expect((error as ResultLostError).revision).toBe((await direct.get(key("r/3")))?.modRevision);
      });
    });

    const seed = Math.floor(Math.random() * 2 ** 31);
    it(`${RANDOM_TXNS} random txns answer as they do when nothing is lost (seed ${seed})`, async () => {
      let sent = 0;
      await lossy({ swallow: () => sent++ % 2 === 0 }, async (client) => {
        const [safe, lost] = [direct.namespace(key("safe/")), client.namespace(key("lost/"))];
        let recovered = 0;
        for (let i = 0; i < RANDOM_TXNS; i++) {
          const random = seeded(seed + i);
          const spec = randomSpec(random, 2);
          const expected = await safe.txn(spec).catch((error: EtcdError) => error);
          const result = await lost.txn(spec, once).catch((error: EtcdError) => error);
          if (!(result instanceof ResultLostError)) {
            expect(told(result), `seed ${seed}, txn ${i}`).toEqual(told(expected));
            recovered += 1;
          } else {
            expect(result.cause).toMatchObject({ name: "LostInBetween" });
          }
          const [left, right] = [await safe.list(prefix("")), await lost.list(prefix(""))];
          expect(told(right.kvs), `seed ${seed}, txn ${i}`).toEqual(told(left.kvs));
        }
        // Most, or the rule for what is lost is too strict.
        expect(recovered).toBeGreaterThan(RANDOM_TXNS / 2);
        expect(sent).toBeGreaterThan(RANDOM_TXNS / 2);
      });
    });

    it("a result whose history is compacted is lost, and the write is not", async () => {
      let lost = false;
      const rules: LossyRules = {
        swallow: () => !lost,
        afterSwallow: async () => {
          lost = true;
          await direct.compact((await direct.put(key("other"), "x")).header.revision, { physical: true });
        },
      };
      await lossy(rules, async (client) => {
        const put = client.put(key("a"), "1", { ...once, prevKv: true });
        const error = await put.catch((cause: unknown) => cause);
        expect(error).toMatchObject({ name: "ResultLostError", cause: { reason: "compacted" } });
        expect((await direct.get(key("a")))?.version).toBe(1n);
      });
    });

    it("a session that is deleted by another hand is replaced, and a write caught in between says that it is not known", async () => {
      let lost = false;
      const rules: LossyRules = {
        swallow: () => lost,
        afterSwallow: async () => {
          lost = false;
          await direct.delete(prefix(markerPrefix()));
        },
      };
      await lossy(rules, async (client) => {
        await client.put(key("a"), "1", once);
        await direct.delete(prefix(markerPrefix()));
        await client.put(key("a"), "2", once);
        expect((await direct.get(key("a")))?.version).toBe(2n);
        lost = true;
        const error = await client.put(key("a"), "3", once).catch((cause: unknown) => cause);
        expect(error).toMatchObject({ reason: "session-lost", outcome: "unknown" });
        await client.put(key("a"), "4", once);
        expect(await direct.get(key("a"))).toMatchObject({ value: "4", version: 4n });
      });
    });

    it("a write is unknown when its time runs out first, and not applied when its session could not be opened", async () => {
      const proxy = await startProxy(server.endpoint);
      const client = createClient({ endpoints: proxy.endpoint, markerPrefix: markerPrefix() });
      try {
        const caught = (error: unknown): EtcdError => error as EtcdError;
        await client.ready();
        proxy.blackHole();
        const unopened = await client.put(key("a"), "1", { ...once, timeout: 100 }).catch(caught);
        expect(unopened).toMatchObject({ name: "TimeoutError", outcome: "not-applied" });
        proxy.forward();
        proxy.cut();
        await client.put(key("a"), "1", once);
        proxy.swallowReplies();
        const unknown = await client.put(key("a"), "2", { ...once, timeout: 200 }).catch(caught);
        expect(unknown).toMatchObject({ name: "TimeoutError", outcome: "unknown" });
        expect((await direct.get(key("a")))?.version).toBe(2n);
      } finally {
        proxy.forward();
        proxy.cut();
        await client.close();
        await proxy.close();
      }
    });

    it("the server's refusals come through, and those that the marker would cause are refused at once", async () => {
      await lossy({}, async (client) => {
        const lease = client.put(key("a"), "1", { ...once, lease: 4711n }).catch((cause: unknown) => cause);
        expect(isEtcdError(await lease, "lease-not-found")).toBe(true);
        const many = Array.from({ length: 126 }, (_, i) => op.put(key(String(i)), "x"));
        const refused = await client.txn({ then: many }, once).catch((cause: unknown) => cause);
        expect(refused).toMatchObject({ reason: "too-many-operations", outcome: "not-applied" });
        await client.txn({ then: many.slice(1) }, once);
        expect(await direct.count(prefix(space))).toBe(125n);
        await expect(client.delete(prefix(""), once)).rejects.toThrow(RangeError);
        expect((await client.namespace(space).delete(prefix(""), once)).deleted).toBe(125n);
      });
    });
  });
}

/** A txn over four keys with every kind of operation, `depth` levels of them. It may well be one that etcd refuses. */
function randomSpec(random: () => number, depth: number): TxnSpec<Op[], Op[]> {
  const name = (): string => pick(random, ["a", "b", "c", "d"]);
  const some = (most: number, make: () => Op): Op[] => Array.from({ length: Math.floor(random() * most) + 1 }, make);
  const selector = (): KeyRange => pick(random, [prefix(""), range("a", "c"), range("b", "d"), fromKey("c")]);
  const operation = (): Op =>
    pick<() => Op>(random, [
      () => op.get(name()),
      () => op.list(selector(), { limit: 2, order: pick(random, ["asc", "desc"]) }),
      () => op.list(selector(), { keysOnly: true }),
      () => op.count(selector()),
      () => op.put(name(), String(Math.floor(random() * 9)), { prevKv: true }),
      () => op.put(name(), String(Math.floor(random() * 9))),
      () => op.delete(random() < 0.5 ? name() : selector(), { prevKv: true }),
      () => (depth > 0 ? op.txn(randomSpec(random, depth - 1)) : op.delete(name())),
    ])();
  const condition = random() < 0.5 ? compare.version(name()).gt(1) : compare.createRevision(selector()).gt(0);
  return { if: [condition], then: some(3, operation), else: some(3, operation) };
}

/** A result without its revisions, which differ with the place: what a txn answers about keys, values and branches. */
function told(result: unknown): unknown {
  if (result instanceof Error) return { reason: (result as EtcdError).reason };
  if (Array.isArray(result)) return result.map(told);
  if (typeof result !== "object" || result === null) return result;
  const revisions = new Set(["header", "keyBytes", "createRevision", "modRevision"]);
  return Object.fromEntries(
    Object.entries(result).flatMap(([field, value]) => (revisions.has(field) ? [] : [[field, told(value)]])),
  );
}

/** Ten writes a round on keys of its own, and what each must answer. */
class Lane {
  readonly #direct: Client;
  readonly #client: Client;
  readonly #space: string;
  #modified = 0n;
  #doomed = 0n;

  constructor(direct: Client, client: Client, space: string) {
    this.#direct = direct;
    this.#client = client;
    this.#space = space;
  }

  async prepare(round: number): Promise<void> {
    const { header } = await this.#direct.txn({
      then: [op.put(this.#key(`gone/${round}`), "x"), op.put(this.#key(`doomed/${round}`), "y")],
    });
    if (round === 1) {
      await this.#direct.put(this.#key("taken"), "here");
      await this.#direct.put(this.#key("count"), "0");
      this.#modified = (await this.#direct.put(this.#key("set"), "0")).header.revision;
    }
    this.#doomed = header.revision;
  }

  /** Resolves when all have been answered, with what checks the answers. */
  async write(round: number): Promise<() => Promise<void>> {
    const client = this.#client;
    const key = (suffix: string): string => this.#key(suffix);
    const writes = await Promise.all([
      client.put(key("count"), String(round), { ...once, prevKv: true }),
      client.put(key(`new/${round}`), "n", { ...once, prevKv: true }),
      client.delete(prefix(key(`gone/${round}`)), { ...once, prevKv: true }),
      client.delete(key("nobody"), once),
      client.create(key(`created/${round}`), "c", once),
      client.create(key("taken"), "c", once),
      client.compareAndSet(key("set"), this.#modified, String(round), once),
      client.compareAndSet(key("taken"), 1n, "s", once),
      client.compareAndDelete(key(`doomed/${round}`), this.#doomed, once),
      client.txn(
        {
          if: [compare.value(key("taken")).eq("not that")],
          then: [op.put(key("never"), "1")],
          else: [
            op.txn({
              if: [compare.version(key("taken")).eq(1)],
              then: [op.put(key(`deep/${round}`), "d"), op.count(prefix(key("deep/")))],
              else: [op.put(key("never"), "2")],
            }),
            op.get(key("taken")),
          ],
        },
        once,
      ),
    ]);
    return async () => {
      const [put, fresh, gone, nobody, created, taken, set, refused, doomed, txn] = writes;
      expect(put.prev?.value).toBe(String(round - 1));
      expect(put.header.revision).toBe((await this.#direct.get(key("count")))?.modRevision);
      expect(fresh.prev).toBeUndefined();
      expect([gone.deleted, gone.prev.map((kv) => kv.value)]).toEqual([1n, ["x"]]);
      expect(nobody.deleted).toBe(0n);
      const { createRevision } = (await this.#direct.get(key(`created/${round}`))) ?? {};
      expect(created).toEqual({ ok: true, revision: createRevision });
      expect(taken).toMatchObject({ ok: false, current: { value: "here" } });
      expect(set.ok).toBe(true);
      this.#modified = set.revision;
      expect(refused).toMatchObject({ ok: false, current: { value: "here", version: 1n } });
      expect(doomed.ok).toBe(true);
      const inner = { succeeded: true, responses: [{}, BigInt(round)] };
      expect(txn).toMatchObject({ succeeded: false, responses: [inner, { value: "here" }] });
    };
  }

  async checkVersions(): Promise<void> {
    const versions = async (suffix: string): Promise<bigint[]> =>
      (await this.#direct.list(prefix(this.#key(suffix)))).kvs.map((kv) => kv.version);
    // One more than the rounds: the first put came before them.
    expect(await versions("count")).toEqual([BigInt(ROUNDS + 1)]);
    expect(await versions("set")).toEqual([BigInt(ROUNDS + 1)]);
    expect(await versions("taken")).toEqual([1n]);
    for (const many of ["new/", "created/", "deep/"]) {
      expect(await versions(many)).toEqual(Array.from({ length: ROUNDS }, () => 1n));
    }
    for (const none of ["never", "gone/", "doomed/"]) expect(await versions(none)).toEqual([]);
  }

  #key(suffix: string): string {
    return `${this.#space}${suffix}`;
  }
}

interface LossyRules {
  /** Is this attempt to be lost on its way there? It is given what sends it after all. */
  readonly lose?: (send: () => Promise<unknown>) => boolean;
  /** Is the answer to be lost? */
  readonly swallow?: () => boolean;
  readonly afterSwallow?: () => Promise<void>;
}

const MARKED_CONDITIONS = 2;

/** Marked writes are the txns with the session's two conditions and a nested txn. */
function lossyTransport(rules: LossyRules): TransportFactory {
  return (endpoint, options) => {
    const channel = niceChannel(endpoint, options);
    const unary: Channel["unary"] = async (method, request, wire) => {
      const fields = request as { compare?: unknown[]; success?: { request?: { case?: string } }[] };
      const isMarked =
        fields.compare?.length === MARKED_CONDITIONS && fields.success?.[0]?.request?.case === "requestTxn";
      if (!isMarked) return channel.unary(method, request, wire);
      const dropped = (): RpcError => new RpcError(StatusCode.UNAVAILABLE, "Connection dropped");
      // The copy that is sent later has no caller who could abort it.
      const { timeoutMs: _, signal: __, ...later } = wire ?? {};
      const send = async (): Promise<unknown> => {
        await using late = niceChannel(endpoint, options);
        return await late.unary(method, request, later);
      };
      if (rules.lose?.(send)) throw dropped();
      const answer = await channel.unary(method, request, wire);
      if (!rules.swallow?.()) return answer;
      await rules.afterSwallow?.();
      throw dropped();
    };
    return new Proxy(channel, {
      get: (target, property) => {
        if (property === "unary") return unary;
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  };
}

/** Have all writes with these numbers left their markers? */
async function marked(direct: Client, markerPrefix: string, from: number, to: number): Promise<boolean> {
  const numbers = new Set(
    (await direct.keys(prefix(markerPrefix))).map((marker) => Number.parseInt(marker.split("/").at(2) ?? "", 16)),
  );
  return Array.from({ length: to - from + 1 }, (_, i) => from + i).every((number) => numbers.has(number));
}

/** Polls until the check holds. The test's own time limit ends it. */
async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 20));
}
