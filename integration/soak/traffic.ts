/** The steady part of the load: puts and ranges whose latencies are sampled, and transactions that move money. */
import { type Client, compare, op, prefix, range } from "@kvorum/client";
import { pick } from "../support/random.js";
import { type Actor, type Scene, steadily, text, type Worker } from "./scene.js";

const KEYS = 2_000;
const VALUE_CHARACTERS = [100, 1_000] as const;
/** Of each member's puts and ranges. */
const PUTS_EVERY_MS = 80;
const RANGES_EVERY_MS = 100;
const LIST_LIMIT = 100;

const ACCOUNTS = 10;
const MONEY_EACH = 100;
const TRANSFERS_EVERY_MS = 200;

const key = (number: number): string => `key/${String(number).padStart(5, "0")}`;
const account = (number: number): string => `account/${number}`;

/** Puts over a bounded set of keys, now and then a deletion. */
export const puts: Actor = async ({ workers, tally, random, signal }) => {
  const put = async ({ member, client }: Worker): Promise<void> => {
    const name = key(Math.floor(random() * KEYS));
    if (random() < 0.05) await tally.call("delete", () => client.delete(name));
    else await tally.timed("put", member.name, () => client.put(name, text(random, ...VALUE_CHARACTERS)));
  };
  await Promise.all(workers.map((worker) => steadily(PUTS_EVERY_MS, signal, () => put(worker))));
};

/** Single keys, parts of the set, counts, and the member's own view. */
export const ranges: Actor = async ({ workers, tally, random, signal }) => {
  const read = async ({ member, client }: Worker): Promise<void> => {
    const name = key(Math.floor(random() * KEYS));
    const kind = random();
    await tally.timed("range", member.name, async () => {
      if (kind < 0.6) return { found: await client.get(name) };
      if (kind < 0.75) return { found: await client.get(name, { consistency: "serializable" }) };
      if (kind < 0.9) return client.list(range(name, "key0"), { limit: LIST_LIMIT });
      return { found: await client.count(prefix("key/")) };
    });
  };
  await Promise.all(workers.map((worker) => steadily(RANGES_EVERY_MS, signal, () => read(worker))));
};

/** Money moves between accounts; however the calls end, there is as much of it as before, at every look. */
export const transfers: Actor = async ({ workers, tally, random, signal }) => {
  const transfer = async ({ client }: Worker): Promise<void> => {
    const [from, to] = [Math.floor(random() * ACCOUNTS), Math.floor(random() * ACCOUNTS)];
    if (from === to) return;
    await tally.call("txn", async () => {
      const all = await client.list(prefix("account/"));
      const wrong = wrongSum(all.kvs.map(({ value }) => Number(value)));
      if (wrong !== undefined) tally.problem(`a list at revision ${all.header.revision} ${wrong}`);
      const [payer, payee] = [from, to].map((number) => all.kvs.find((pair) => pair.key === account(number)));
      if (payer === undefined || payee === undefined || Number(payer.value) < 1) return;
      const then = [
        op.put(payer.key, String(Number(payer.value) - 1)),
        op.put(payee.key, String(Number(payee.value) + 1)),
      ] as const;
      const unchanged = [payer, payee].map((pair) => compare.modRevision(pair.key).eq(pair.modRevision));
      const { succeeded } = await client.txn({ if: unchanged, then, else: [op.get(payer.key)] });
      tally.count(succeeded ? "transfers" : "transfers that came too late");
    });
  };
  await steadily(TRANSFERS_EVERY_MS, signal, () => transfer(pick(random, workers)));
};

/** Fills the accounts; before the load. */
export async function openAccounts(client: Client): Promise<void> {
  for (let number = 0; number < ACCOUNTS; number++) await client.put(account(number), String(MONEY_EACH));
}

/** After the load: every member has the same money, and all of it. */
export async function checkAccounts({ workers, tally }: Scene): Promise<void> {
  for (const { member, client } of workers) {
    await tally.call("range of all accounts", async () => {
      const wrong = wrongSum((await client.list(prefix("account/"))).kvs.map(({ value }) => Number(value)));
      if (wrong !== undefined) tally.problem(`at the end ${member.name} ${wrong}`);
    });
  }
}

function wrongSum(amounts: readonly number[]): string | undefined {
  const sum = amounts.reduce((total, amount) => total + amount, 0);
  if (amounts.length === ACCOUNTS && sum === ACCOUNTS * MONEY_EACH) return undefined;
  return `has ${sum} in ${amounts.length} accounts instead of ${ACCOUNTS * MONEY_EACH} in ${ACCOUNTS}`;
}
