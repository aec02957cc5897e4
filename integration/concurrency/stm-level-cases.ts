/** The levels of isolation: which anomaly can happen at which, played move by move, and histories of contenders judged. */
import { type Client, createClient, op, prefix } from "@kvorum/client";
import { type Isolation, StmConflictError, stm, type Tx } from "@kvorum/concurrency";
import { describe, expect, it } from "vitest";
import { sharedNowMs } from "../coordination/model.js";
import { judgeTransactions, type StmHistory } from "../coordination/models/stm.js";
import type { AppendTransaction, MicroOperation } from "../robustness/checker/append-history.js";
import { pick, seeded } from "../support/random.js";
import type { Fixture } from "./case.js";

const LEVELS: readonly Isolation[] = ["serializable-snapshot", "serializable", "repeatable-reads", "read-committed"];

/** `runs again`: a body sees it, and is not committed. */
type Happens = "no" | "runs again" | "yes";

export function stmLevelCases(fixture: Fixture): void {
  const key = (suffix: string): string => `${fixture.name}/${suffix}`;

  /** Runs the body, and `meddle` in the middle of its first run; true for each run that saw the anomaly. */
  async function play(
    isolation: Isolation,
    meddle: () => Promise<unknown>,
    body: (tx: Tx, middle: () => Promise<void>) => Promise<boolean>,
  ): Promise<{ readonly saw: boolean[]; readonly happens: Happens }> {
    const saw: boolean[] = [];
    let runs = 0;
    const { value } = await stm(
      fixture.client,
      async (tx) => {
        const first = runs++ === 0;
        const seen = await body(tx, async () => {
          if (first) await meddle();
        });
        saw.push(seen);
        return seen;
      },
      { isolation },
    );
    return { saw, happens: value ? "yes" : saw.includes(true) ? "runs again" : "no" };
  }

  const anomalies: Record<string, (level: Isolation) => Promise<Happens>> = {
    "a key that is read twice differs": async (level) => {
      const { client } = fixture;
      await client.put(key("a"), "1");
      const { happens } = await play(
        level,
        () => client.put(key("a"), "2"),
        async (tx, middle) => {
          const before = await tx.get(key("a"));
          await middle();
          tx.put(key("b"), "written");
          return (await tx.get(key("a"))) !== before;
        },
      );
      return happens;
    },
    "a key that is read alone and in a range differs": async (level) => {
      const { client } = fixture;
      await client.put(key("r/1"), "1");
      await client.delete(key("r/2"));
      const { happens } = await play(
        level,
        () => client.txn({ then: [op.put(key("r/1"), "changed"), op.put(key("r/2"), "new")] }),
        async (tx, middle) => {
          const before = [await tx.get(key("r/1")), await tx.get(key("r/2"))];
          await middle();
          const after = new Map((await tx.getRange(prefix(key("r/")))).map((kv) => [kv.key, kv.value]));
          tx.put(key("b"), "written");
          return before[0] !== after.get(key("r/1")) || before[1] !== after.get(key("r/2"));
        },
      );
      return happens;
    },
    "a key that a range did not find is there": async (level) => {
      const { client } = fixture;
      await client.delete(prefix(key("r/")));
      const { happens } = await play(
        level,
        () => client.put(key("r/1"), "new"),
        async (tx, middle) => {
          const isEmpty = (await tx.getRange(prefix(key("r/")))).length === 0;
          await middle();
          tx.put(key("b"), "written");
          const wider = (await tx.getRange(prefix(key("r")))).map((kv) => kv.key);
          return isEmpty && ((await tx.get(key("r/1"))) !== undefined || wider.includes(key("r/1")));
        },
      );
      return happens;
    },
    "half of another's writes is seen": async (level) => {
      const { client } = fixture;
      const write = (value: string) => client.txn({ then: [op.put(key("a"), value), op.put(key("b"), value)] });
      await write("1");
      const { happens } = await play(
        level,
        () => write("2"),
        async (tx, middle) => {
          const a = await tx.get(key("a"));
          await middle();
          tx.put(key("c"), "written");
          return a !== (await tx.get(key("b")));
        },
      );
      return happens;
    },
    "a key that was not read is overwritten": async (level) => {
      const { client } = fixture;
      const { saw } = await play(
        level,
        () => client.put(key("blind"), "theirs"),
        async (tx, middle) => {
          await tx.get(key("read"));
          await middle();
          tx.put(key("blind"), "ours");
          return false;
        },
      );
      return saw.length === 1 ? "yes" : "no";
    },
    "an update is lost": async (level) => {
      const { client } = fixture;
      await client.put(key("n"), "1");
      const add = async (tx: Tx, middle: () => Promise<void>): Promise<boolean> => {
        const n = Number(await tx.get(key("n")));
        await middle();
        tx.put(key("n"), String(n + 1));
        return false;
      };
      await play(level, () => stm(client, (tx) => add(tx, async () => undefined), { isolation: level }), add);
      return (await client.get(key("n")))?.value === "3" ? "no" : "yes";
    },
    "two write what the other has read (write skew)": async (level) => {
      const { client } = fixture;
      // One of two must stay on duty; each leaves only if the other is there.
      await client.txn({ then: [op.put(key("a"), "on"), op.put(key("b"), "on")] });
      const leave = (mine: string, other: string) => async (tx: Tx, middle: () => Promise<void>) => {
        const there = (await tx.get(key(other))) === "on";
        await middle();
        if (there) tx.put(key(mine), "off");
        return false;
      };
      const second = (): Promise<unknown> =>
        stm(client, (tx) => leave("b", "a")(tx, async () => undefined), { isolation: level });
      await play(level, second, leave("a", "b"));
      const { kvs } = await client.list(prefix(key("")));
      return kvs.every(({ value }) => value === "off") ? "yes" : "no";
    },
  };

  /** Changes of a range that has 1 and 2 in it, and whether it is a pair more, one less, another or the same again. */
  const phantoms: Record<string, (client: Client) => Promise<unknown>> = {
    "a pair is inserted": (client) => client.put(key("r/3"), "new"),
    "a pair is deleted": (client) => client.delete(key("r/1")),
    "a pair is deleted and made again": async (client) => {
      await client.delete(key("r/1"));
      await client.put(key("r/1"), "1");
    },
    "a pair has moved": (client) => client.txn({ then: [op.delete(key("r/1")), op.put(key("r/9"), "1")] }),
    "all pairs are deleted": (client) => client.delete(prefix(key("r/"))),
  };
  for (const [what, change] of Object.entries(phantoms)) {
    anomalies[`${what} in a range that was read (phantom)`] = async (level) => {
      const { client } = fixture;
      await client.delete(prefix(key("r/")));
      await client.txn({ then: [op.put(key("r/1"), "1"), op.put(key("r/2"), "2")] });
      const { saw } = await play(
        level,
        () => change(client),
        async (tx, middle) => {
          await tx.getRange(prefix(key("r/")));
          await middle();
          tx.put(key("sum"), "of what was there");
          return false;
        },
      );
      return saw.length === 1 ? "yes" : "no";
    };
  }
  anomalies["a pair is inserted in an empty range that was read (phantom)"] = async (level) => {
    const { client } = fixture;
    await client.delete(prefix(key("r/")));
    const { saw } = await play(
      level,
      () => client.put(key("r/1"), "new"),
      async (tx, middle) => {
        const none = (await tx.getRange(prefix(key("r/")))).length === 0;
        await middle();
        if (none) tx.put(key("sum"), "nothing");
        return false;
      },
    );
    return saw.length === 1 ? "yes" : "no";
  };

  const ALL_BUT_LOWEST: readonly Happens[] = ["no", "no", "no", "yes"];
  const EXPECTED: Record<string, readonly Happens[]> = {
    "a key that is read twice differs": ["no", "no", "no", "no"],
    "a key that is read alone and in a range differs": ["no", "no", "no", "no"],
    "a key that a range did not find is there": ["no", "no", "no", "no"],
    "half of another's writes is seen": ["no", "no", "runs again", "yes"],
    "a key that was not read is overwritten": ["no", "yes", "yes", "yes"],
  };

  describe("an anomaly", () => {
    for (const [what, happens] of Object.entries(anomalies)) {
      it(`happens at its levels and at no other: ${what}`, async () => {
        const row: Happens[] = [];
        for (const level of LEVELS) row.push(await happens(level));
        expect(row).toEqual(EXPECTED[what] ?? ALL_BUT_LOWEST);
      });
    }
  });

  describe("transactions that contend for lists", () => {
    it.each(LEVELS)("are what %s allows", async (level) => {
      const { endpoint, name } = fixture;
      const history = await contend(endpoint, `${name}/`, level);
      expect(judgeTransactions(level, history).violation).toBeUndefined();
      expect(history.transactions.filter(({ status }) => status === "acknowledged").length).toBeGreaterThan(30);
      expect(history.attempts.length === 0).toBe(level === "read-committed");
    });
  });
}

/** Four clients that read up to three lists, one by one or all at once, and append to some of them. */
async function contend(endpoint: string, space: string, isolation: Isolation): Promise<StmHistory> {
  const transactions: AppendTransaction[] = [];
  const attempts: AppendTransaction[] = [];
  const lists = ["a", "b", "c"];
  const worker = async (client: number): Promise<void> => {
    await using own = createClient({ endpoints: endpoint });
    const random = seeded(client + 1);
    for (let round = 0; round < 12; round++) {
      const invoke = sharedNowMs();
      const steps = Array.from(
        { length: 1 + Math.floor(random() * 3) },
        () => [pick(random, lists), random()] as const,
      );
      const ran: (readonly MicroOperation[])[] = [];
      const result = await stm(
        own,
        async (tx) => {
          const operations: MicroOperation[] = [];
          ran.push(operations);
          for (const [index, [key, chance]] of steps.entries()) {
            if (chance < 0.2) {
              const found = new Map((await tx.getRange(prefix(space))).map((kv) => [kv.key, kv.value]));
              for (const list of lists)
                operations.push({ kind: "read", key: list, list: listOf(found.get(space + list)) });
              continue;
            }
            const stored = await tx.get(space + key);
            operations.push({ kind: "read", key, list: listOf(stored) });
            if (chance < 0.5) continue;
            const element = `${client}.${round}.${index}`;
            operations.push({ kind: "append", key, element });
            tx.put(space + key, [...listOf(stored), element].join(" "));
          }
        },
        { isolation, maxAttempts: 8 },
      ).catch((error: unknown) => {
        if (!(error instanceof StmConflictError)) throw error;
      });
      const times = { client, invoke, return: sharedNowMs() };
      const last = ran.at(-1) ?? [];
      transactions.push({ ...times, status: result === undefined ? "refused" : "acknowledged", operations: last });
      for (const operations of result === undefined ? ran : ran.slice(0, -1)) {
        attempts.push({ ...times, status: "acknowledged", operations: readsBeforeAppends(operations) });
      }
    }
  };
  await Promise.all([0, 1, 2, 3].map(worker));
  return { transactions, attempts };
}

function listOf(stored: string | undefined): readonly string[] {
  return stored === undefined ? [] : stored.split(" ");
}

/** Without what the attempt would have appended itself. */
function readsBeforeAppends(operations: readonly MicroOperation[]): MicroOperation[] {
  const appended = new Set<string>();
  return operations.filter((one) => {
    if (one.kind === "append") appended.add(one.key);
    return one.kind === "read" && !appended.has(one.key);
  });
}
