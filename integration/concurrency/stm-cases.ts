/** What a transaction promises at each level of isolation. */
import {
  bytes,
  type Codec,
  codec,
  compare,
  createClient,
  DecodeError,
  EtcdError,
  type Middleware,
  op,
  prefix,
} from "@kvorum/client";
import { StmConflictError, stm, type Tx } from "@kvorum/concurrency";
import { describe, expect, it } from "vitest";
import { type Fixture, failure } from "./case.js";
import { stmLevelCases } from "./stm-level-cases.js";

const int: Codec<number> = codec.json<number>();

export function stmCases(fixture: Fixture): void {
  const key = (suffix: string): string => `${fixture.name}/${suffix}`;
  const stored = async (suffix: string): Promise<string | undefined> => (await fixture.client.get(key(suffix)))?.value;

  stmLevelCases(fixture);

  describe("a transaction", () => {
    it("preserves the sum of accounts of different ages under contention", async () => {
      const { client, endpoint } = fixture;
      const accounts = Array.from({ length: 5 }, (_, i) => key(`account-${i}`));
      // Keys of different ages: each one was created and changed at other revisions than the others.
      for (const [index, account] of accounts.entries()) {
        for (let i = 0; i <= index; i++) await client.withCodec(int).put(account, 100);
      }
      const clients = Array.from({ length: 4 }, () => createClient({ endpoints: endpoint }));
      let attempts = 0;
      const transfers = clients.map(async (mine, worker) => {
        for (let round = 0; round < 15; round++) {
          const from = accounts[(worker + round) % accounts.length] ?? "";
          const to = accounts[(worker + 2 * round + 1) % accounts.length] ?? "";
          if (from === to) continue;
          const result = await stm(mine, async (tx) => {
            const [a, b] = await Promise.all([tx.get(from, int), tx.get(to, int)]);
            tx.put(from, (a ?? 0) - 1, { codec: int });
            tx.put(to, (b ?? 0) + 1, { codec: int });
          });
          attempts += result.attempts;
        }
      });
      await Promise.all(transfers);
      const { kvs } = await client.withCodec(int).list(prefix(key("account-")));
      expect(kvs.reduce((sum, kv) => sum + kv.value, 0)).toBe(500);
      expect(attempts).toBeGreaterThanOrEqual(45);
      await Promise.all(clients.map((mine) => mine.close()));
    });

    it("sees its own writes and deletions, and nobody else does before the commit", async () => {
      const { client } = fixture;
      await client.put(key("a"), "1");
      await client.put(key("b"), "1");
      const { value } = await stm(client, async (tx) => {
        tx.put(key("a"), "2");
        tx.delete(key("b"));
        tx.put(key("c"), "2");
        const listed = (await tx.getRange(prefix(`${fixture.name}/`))).map((kv) => `${kv.key}=${kv.value}`);
        return { a: await tx.get(key("a")), b: await tx.get(key("b")), listed, outside: await stored("a") };
      });
      expect(value).toEqual({ a: "2", b: undefined, listed: [`${key("a")}=2`, `${key("c")}=2`], outside: "1" });
      expect([await stored("a"), await stored("b"), await stored("c")]).toEqual(["2", undefined, "2"]);
    });

    it("reads one snapshot, whatever is written meanwhile, and needs no commit for that", async () => {
      const { client } = fixture;
      await client.put(key("a"), "old");
      await client.put(key("b"), "old");
      const result = await stm(client, async (tx) => {
        const a = await tx.get(key("a"));
        await client.txn({ then: [op.put(key("a"), "new"), op.put(key("b"), "new")] });
        return [a, await tx.get(key("b"))];
      });
      expect(result).toMatchObject({ value: ["old", "old"], attempts: 1 });
    });

    it("runs again when something it read has changed, with what made it fail", async () => {
      const { client } = fixture;
      await client.put(key("a"), "1");
      const seen: (string | undefined)[] = [];
      const result = await stm(client, async (tx) => {
        const a = await tx.get(key("a"));
        seen.push(a);
        if (seen.length === 1) await client.put(key("a"), "2");
        tx.put(key("b"), `${a}!`);
      });
      expect(seen).toEqual(["1", "2"]);
      expect(result.attempts).toBe(2);
      expect(await stored("b")).toBe("2!");
    });

    it("runs again when a key that it found missing has appeared", async () => {
      const { client } = fixture;
      let runs = 0;
      await stm(client, async (tx) => {
        runs += 1;
        const found = await tx.get(key("a"));
        if (runs === 1) await client.put(key("a"), "there");
        if (found === undefined) tx.put(key("a"), "mine");
      });
      expect({ runs, value: await stored("a") }).toEqual({ runs: 2, value: "there" });
    });

    it("runs again when a range it read has a key more, a key less or a changed one", async () => {
      const { client } = fixture;
      const changes: (() => Promise<unknown>)[] = [
        () => client.put(key("r/3"), "new"),
        () => client.delete(key("r/1")),
        () => client.put(key("r/2"), "changed"),
      ];
      await client.put(key("r/1"), "1");
      await client.put(key("r/2"), "2");
      const counts: number[] = [];
      await stm(client, async (tx) => {
        const pairs = await tx.getRange(prefix(key("r/")));
        counts.push(pairs.length);
        await changes[counts.length - 1]?.();
        tx.put(key("count"), String(pairs.length));
      });
      expect(counts).toEqual([2, 3, 2, 2]);
      expect(await stored("count")).toBe("2");
    });

    it("gives up after its attempts, with nothing written", async () => {
      const { client } = fixture;
      let runs = 0;
      const error = await failure(
        stm(
          client,
          async (tx) => {
            await tx.get(key("a"));
            await client.put(key("a"), String(++runs));
            tx.put(key("b"), "never");
          },
          { maxAttempts: 3 },
        ),
      );
      expect(error).toBeInstanceOf(StmConflictError);
      expect(error).toMatchObject({ attempts: 3 });
      expect({ runs, written: await stored("b") }).toEqual({ runs: 3, written: undefined });
    });

    it("writes nothing when its body throws or it is aborted", async () => {
      const { client } = fixture;
      const thrown = new Error("insufficient funds");
      const body = async (tx: Tx): Promise<void> => {
        tx.put(key("a"), "never");
        throw thrown;
      };
      expect(await failure(stm(client, body))).toBe(thrown);
      const abort = new AbortController();
      const endless = stm(
        client,
        async (tx) => {
          tx.put(key("a"), "never");
          abort.abort();
          await new Promise(() => undefined);
        },
        { signal: abort.signal },
      );
      expect(await failure(endless)).toBe(abort.signal.reason);
      const late = stm(client, () => new Promise<void>(() => undefined), { timeout: 30 });
      expect(await failure(late)).toMatchObject({ name: "TimeoutError", outcome: "not-applied" });
      expect(await stored("a")).toBeUndefined();
    });

    it("starts anew when its snapshot is compacted under it", async () => {
      const { client } = fixture;
      await client.put(key("a"), "1");
      await client.put(key("b"), "1");
      let runs = 0;
      const result = await stm(client, async (tx) => {
        await tx.get(key("a"));
        if (runs++ === 0) {
          await client.put(key("a"), "2");
          const { header } = await client.put(key("b"), "2");
          await client.compact(header.revision, { physical: true });
        }
        return tx.get(key("b"));
      });
      expect(result).toMatchObject({ value: "2", attempts: 2 });
    });

    it("reads listed keys in one request before the body runs", async () => {
      const { client } = fixture;
      await client.put(key("a"), "1");
      const result = await stm(
        client,
        async (tx) => {
          await client.put(key("b"), "after the snapshot");
          return [await tx.get(key("a")), await tx.get(key("b")), await tx.revisionOf(key("missing"))];
        },
        { prefetch: [key("a"), key("missing")] },
      );
      expect(result.value).toEqual(["1", undefined, 0n]);
    });

    it("attaches leases, and works in a namespace", async () => {
      const { client } = fixture;
      const { id } = await client.lease.grant({ ttl: 60 });
      const inner = client.namespace(`${fixture.name}/`);
      const { revision } = await stm(inner, async (tx) => {
        if ((await tx.getRange(prefix(""))).length === 0) tx.put("leased", "1", { lease: id });
      });
      expect(await client.get(key("leased"))).toMatchObject({ value: "1", lease: id, modRevision: revision });
      const guarded = await client.txn({ if: [compare.lease(key("leased")).eq(id)] });
      expect(guarded.succeeded).toBe(true);
      await client.lease.revoke(id);
    });

    it("commits at its first run whatever the ages of its keys", async () => {
      const { client } = fixture;
      for (const suffix of ["old", "older", "old"]) await client.put(key(suffix), "1");
      const { attempts } = await stm(client, async (tx) => {
        const [a, b] = [await tx.get(key("old")), await tx.get(key("older"))];
        tx.put(key("old"), `${a}.`);
        tx.put(key("older"), `${b}.`);
      });
      expect(attempts).toBe(1);
    });

    it("reads and writes values of the codec it is given, and of one for a single call", async () => {
      const { client } = fixture;
      const store = client.namespace(`${fixture.name}/`).withCodec(int);
      await store.put("n", 1);
      const { value } = await stm(
        store,
        async (tx) => {
          const n = (await tx.get("n")) ?? 0;
          tx.put("n", n + 1);
          tx.put("name", "text", { codec: codec.json<string>() });
          tx.put("raw", new Uint8Array([7]), { codec: bytes });
          const listed = await tx.getRange(prefix("n"), codec.json());
          return [n + 1, await tx.get("raw", bytes), listed.map((kv) => kv.value)];
        },
        { codec: int },
      );
      expect(value).toEqual([2, new Uint8Array([7]), [2, "text"]]);
      expect([await stored("n"), await stored("name")]).toEqual(["2", '"text"']);
    });

    it("checks what it reads by a schema, and may replace what the schema refuses", async () => {
      const { client } = fixture;
      const account = codec.schema({
        "~standard": {
          version: 1,
          vendor: "test",
          validate: (value: unknown) =>
            typeof value === "number" ? { value: { balance: value } } : { issues: [{ message: "no number" }] },
          types: undefined as unknown as { input: number; output: { balance: number } },
        },
      });
      await client.put(key("a"), '"a secret"');
      const read = (tx: Tx<{ balance: number }, number>) => tx.get(key("a"));
      const error = await failure(stm(client, read, { codec: account }));
      expect(error).toBeInstanceOf(DecodeError);
      expect(error).toMatchObject({ key: key("a"), issues: [{ message: "no number" }] });
      expect(String(error)).not.toContain("secret");
      const { value } = await stm(
        client,
        async (tx) => {
          await read(tx).catch(() => tx.put(key("a"), 5));
          return (await read(tx))?.balance;
        },
        { codec: account },
      );
      expect([value, await stored("a")]).toEqual([5, "5"]);
    });

    it("writes what was given, also where the caller goes on with the same bytes", async () => {
      const [name, value] = [new TextEncoder().encode(key("a")), new Uint8Array([1])];
      await stm(fixture.client, async (tx) => {
        tx.put(name, value, { codec: bytes });
        name.fill(0x78);
        value.fill(2);
      });
      expect((await fixture.client.withCodec(bytes).get(key("a")))?.value).toEqual(new Uint8Array([1]));
    });

    it("asks for no more than it needs", async () => {
      await fixture.client.put(key("a"), "1");
      const asked: string[] = [];
      const counting: Middleware = (call, next) => {
        if (call.method.startsWith("kv.")) asked.push(call.method);
        return next(call);
      };
      await using client = createClient({ endpoints: fixture.endpoint, middleware: [counting] });
      const during = async (work: () => Promise<unknown>): Promise<string[]> => {
        await work();
        return asked.splice(0);
      };
      const readTwice = async (tx: Tx): Promise<void> => {
        await Promise.all([tx.get(key("a")), tx.get(key("a")), tx.revisionOf(key("a"))]);
        await tx.get(key("b"));
      };
      const write = async (tx: Tx): Promise<void> => {
        await readTwice(tx);
        tx.put(key("b"), "1");
      };
      const prefetch = [key("a"), key("b")];
      expect(await during(() => stm(client, readTwice))).toEqual(["kv.range", "kv.range"]);
      expect(await during(() => stm(client, readTwice, { prefetch }))).toEqual(["kv.txn"]);
      expect(await during(() => stm(client, write))).toEqual(["kv.range", "kv.range", "kv.txn"]);
      expect(await during(() => stm(client, write, { prefetch }))).toEqual(["kv.txn", "kv.txn"]);
      expect(await during(() => stm(client, async () => undefined))).toEqual([]);
      expect(await during(() => stm(client, readTwice, { isolation: "read-committed" }))).toHaveLength(2);
      expect(await during(() => stm(client, readTwice, { isolation: "repeatable-reads" }))).toHaveLength(3);
      let runs = 0;
      const conflicting = stm(client, async (tx) => {
        await write(tx);
        await tx.getRange(prefix(key("r/")));
        if (runs++ === 0) await fixture.client.put(key("a"), "2");
      });
      // A run after a conflict knows what it will read: from the conflict, or by one request after a wait.
      const afterConflict = await during(() => conflicting);
      expect(afterConflict.filter((method) => method === "kv.range")).toHaveLength(3);
      expect(afterConflict.length).toBeLessThanOrEqual(6);
    });

    it("notices a pair that comes into a range also when it knows the range from the attempt before", async () => {
      const { client } = fixture;
      const found: number[] = [];
      const { attempts } = await stm(client, async (tx) => {
        found.push((await tx.getRange(prefix(key("r/")))).length);
        if (found.length < 4) await client.put(key(`r/${found.length}`), "new");
        tx.put(key("count"), String(found.at(-1)));
      });
      expect(found).toEqual([0, 1, 2, 3]);
      expect(attempts).toBe(4);
      expect(await stored("count")).toBe("3");
    });

    it("fails when a read of its body has failed, whatever the body makes of that", async () => {
      const refused = new EtcdError("refused", {
        code: "PERMISSION_DENIED",
        reason: "unknown",
        outcome: "not-applied",
      });
      const breaking: Middleware = (call, next) => {
        if (call.method === "kv.range" && new TextDecoder().decode(call.keys[0]?.key).endsWith("/broken"))
          throw refused;
        return next(call);
      };
      await using client = createClient({ endpoints: fixture.endpoint, middleware: [breaking] });
      const error = await failure(
        stm(client, async (tx) => {
          await tx.get(key("a"));
          const value = await tx.get(key("broken")).catch(() => "a guess");
          tx.put(key("a"), value ?? "");
        }),
      );
      expect(error).toBe(refused);
      expect(await stored("a")).toBeUndefined();
    });

    it("asked for exactly once is a transaction like any other where nothing is lost", async () => {
      const { client } = fixture;
      await client.put(key("a"), "1");
      let runs = 0;
      const { revision, attempts } = await stm(
        client.namespace(`${fixture.name}/`),
        async (tx) => {
          const a = await tx.get("a");
          if (runs++ === 0) await client.put(key("a"), "2");
          tx.put("b", `${a}!`);
          tx.delete("a");
        },
        { commit: "exactly-once" },
      );
      expect(attempts).toBe(2);
      expect(await client.get(key("b"))).toMatchObject({ value: "2!", modRevision: revision });
      expect(await stored("a")).toBeUndefined();
    });

    it("has room for 128 writes or conditions, and for 125 writes and 126 conditions asked for exactly once", async () => {
      const { client } = fixture;
      const write =
        (count: number) =>
        async (tx: Tx): Promise<void> => {
          for (let i = 0; i < count; i++) tx.put(key(String(i)), "1");
        };
      const read = (count: number) => async (tx: Tx) => {
        await Promise.all(Array.from({ length: count }, (_, i) => tx.get(key(`r${i}`))));
        tx.put(key("r0"), "1");
      };
      const once = { commit: "exactly-once" } as const;
      const tooMany = { outcome: "not-applied", message: "etcdserver: too many operations in txn request" };
      const warnings: Error[] = [];
      const onWarning = (warning: Error): void => void warnings.push(warning);
      process.on("warning", onWarning);
      await stm(client, write(128));
      await stm(client, read(128));
      await stm(client, write(125), once);
      await stm(client, read(126), once);
      expect(await failure(stm(client, write(129)))).toMatchObject(tooMany);
      expect(await failure(stm(client, read(129)))).toMatchObject(tooMany);
      expect(await failure(stm(client, write(126), once))).toMatchObject(tooMany);
      expect(await failure(stm(client, read(127), once))).toMatchObject(tooMany);
      process.off("warning", onWarning);
      expect(warnings).toEqual([]);
    });

    it("names a wrong argument before anything is asked", async () => {
      const client = createClient({ endpoints: "http://127.0.0.1:1" });
      const never = async (): Promise<void> => expect.unreachable("the body ran");
      const wrong: readonly [string, object][] = [
        ["RangeError: maxAttempts must be a whole number of at least 1, not 0", { maxAttempts: 0 }],
        ["RangeError: timeout must be a number of milliseconds above 0, not NaN", { timeout: Number.NaN }],
        ["TypeError: commit must be at-most-once or exactly-once, not twice", { commit: "twice" }],
        ["TypeError: key must not be empty", { prefetch: [""] }],
      ];
      for (const [text, options] of wrong) expect(String(await failure(stm(client, never, options)))).toBe(text);
      expect(String(await failure(stm(client, never, { isolation: "none" as "serializable" })))).toContain("isolation");
      expect(String(await failure(stm(client, "body" as unknown as typeof never)))).toContain(
        "body must be a function",
      );
      await client.close();
      const inside = (body: (tx: Tx) => unknown): Promise<unknown> =>
        failure(stm(fixture.client, async (tx) => void (await body(tx))));
      expect(String(await inside((tx) => tx.get("")))).toBe("TypeError: key must not be empty");
      expect(String(await inside((tx) => tx.getRange("a" as never)))).toContain("range must be a KeyRange");
      expect(String(await inside((tx) => tx.put("a", 1 as never)))).toContain("TypeError");
    });

    it("refuses a reader that goes on after its attempt", async () => {
      let escaped: Tx | undefined;
      await stm(fixture.client, async (tx) => {
        escaped = tx;
      });
      await expect(escaped?.get(key("a"))).rejects.toThrow("is over");
      expect(() => escaped?.put(key("a"), "1")).toThrow("is over");
    });
  });
}
