/**
 * Transactions that raise two numbers: most often two that only their worker uses, and so often as it is asked for two that all
 * workers share. The numbers are always written together, because npm etcd3's default level never commits a transaction
 * of two keys that were last written at different revisions.
 */
import { type Client, codec, createClient, prefix } from "@kvorum/client";
import { StmConflictError, stm } from "@kvorum/concurrency";
import { Etcd3, STMConflictError } from "etcd3";

export interface Worker {
  /** Raises both. Resolves with whether it was committed: not where every attempt met a conflict. */
  raise(one: string, other: string, onRun: () => void): Promise<boolean>;
  close(): Promise<void>;
}

export interface Transactions {
  readonly name: string;
  open(endpoint: string): Promise<Worker>;
}

export interface TransactionResult {
  readonly perSecond: number;
  /** How often the body ran for each commit. */
  readonly runsPerCommit: number;
}

export interface TransactionOptions {
  readonly endpoint: string;
  readonly space: string;
  /** Share of the transactions on shared keys. */
  readonly conflicts: number;
  readonly seconds: number;
}

const WORKERS = 8;
const int = codec.json<number>();

export const kvorumTransactions: Transactions = {
  name: "kvorum",
  async open(endpoints) {
    const client = createClient({ endpoints, syncMembers: false });
    return { raise: (one, other, onRun) => raiseByKvorum(client, one, other, onRun), close: () => client.close() };
  },
};

async function raiseByKvorum(client: Client, one: string, other: string, onRun: () => void): Promise<boolean> {
  try {
    await stm(client, async (tx) => {
      onRun();
      for (const key of [one, other]) tx.put(key, ((await tx.get(key, int)) ?? 0) + 1, { codec: int });
    });
    return true;
  } catch (error) {
    if (error instanceof StmConflictError) return false;
    throw error;
  }
}

export const etcd3Transactions: Transactions = {
  name: "etcd3",
  async open(hosts) {
    const client = new Etcd3({ hosts });
    return {
      raise: async (one, other, onRun) => {
        try {
          await client.stm().transact(async (tx) => {
            onRun();
            for (const key of [one, other]) await tx.put(key).value(((await tx.get(key).number()) ?? 0) + 1);
          });
          return true;
        } catch (error) {
          if (error instanceof STMConflictError) return false;
          throw error;
        }
      },
      close: async () => client.close(),
    };
  },
};

/** Errors: `Error` when the numbers do not say how many were committed. */
export async function measureTransactions(
  transactions: Transactions,
  { conflicts, endpoint, seconds, space }: TransactionOptions,
): Promise<TransactionResult> {
  const workers = await Promise.all(Array.from({ length: WORKERS }, () => transactions.open(endpoint)));
  let [commits, runs] = [0, 0];
  const endMs = performance.now() + seconds * 1_000;
  const work = async (worker: Worker, index: number): Promise<void> => {
    while (performance.now() < endMs) {
      const pair = `${space}${Math.random() < conflicts ? "shared" : index}/`;
      const committed = await worker.raise(`${pair}one`, `${pair}other`, () => {
        runs += 1;
      });
      if (committed) commits += 1;
    }
  };
  try {
    await Promise.all(workers.map(work));
  } finally {
    await Promise.all(workers.map((worker) => worker.close()));
  }
  await expectSum(endpoint, space, commits * 2);
  return { perSecond: commits / seconds, runsPerCommit: runs / commits };
}

async function expectSum(endpoints: string, space: string, expected: number): Promise<void> {
  await using client = createClient({ endpoints, syncMembers: false });
  let sum = 0;
  for await (const { value } of client.withCodec(int).scan(prefix(space))) {
    sum += value;
  }
  if (sum !== expected) throw new Error(`${space}: the numbers add up to ${sum}, not to ${expected}`);
}
