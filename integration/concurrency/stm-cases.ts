/** What a transaction promises at each level of isolation. */
import { type Codec, codec, compare, createClient, op, prefix } from "@kvorum/client";
import { type Isolation, StmConflictError, stm, type Tx } from "@kvorum/concurrency";
import { describe, expect, it } from "vitest";
import { type Fixture, failure } from "./case.js";

const int: Codec<number> = codec.json<number>();

export function stmCases(fixture: Fixture): void {
  const key = (suffix: string): string => `${fixture.name}/${suffix}`;
  const stored = async (suffix: string): Promise<string | undefined> => (await fixture.client.get(key(suffix)))?.value;

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

    it("keeps the difference between the levels", async () => {
      const { client } = fixture;
      // Someone changes, after the first read, a key that is only read and one that is only written.
      const attemptsAt = async (isolation: Isolation, changed: "read" | "written"): Promise<number> => {
        await client.put(key("read"), "1");
        await client.put(key("written"), "1");
        let runs = 0;
        await stm(
          client,
          async (tx) => {
            await tx.get(key("read"));
            if (runs++ === 0) await client.put(key(changed), "2");
            tx.put(key("written"), "mine");
          },
          { isolation },
        );
        return runs;
      };
      const levels: Isolation[] = ["serializable-snapshot", "serializable", "repeatable-reads", "read-committed"];
      const table: [Isolation, number, number][] = [];
      for (const level of levels)
        table.push([level, await attemptsAt(level, "read"), await attemptsAt(level, "written")]);
      expect(table).toEqual([
        ["serializable-snapshot", 2, 2],
        ["serializable", 2, 1],
        ["repeatable-reads", 2, 1],
        ["read-committed", 1, 1],
      ]);
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
