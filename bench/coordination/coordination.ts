/**
 * Locks and transactions of `@kvorum/concurrency` beside those of npm `etcd3` 1.1.2, on one real etcd, in one run. Rounds alternate
 * between the two, so that a machine that changes its speed favours neither; the table shows medians of the rounds.
 *
 * Every contender has a client of its own, as if it were a process of its own. All of them share this process, so what is compared
 * is the work of the clients as much as the number of their requests.
 */
import { etcdVersion, type Server, startEtcd } from "../servers.js";
import { median } from "../statistics.js";
import { etcd3Locks, kvorumLocks, type Locks, measureLocks } from "./locks.js";
import { etcd3Transactions, kvorumTransactions, measureTransactions, type Transactions } from "./transactions.js";

export interface CoordinationOptions {
  readonly rounds: number;
  readonly seconds: number;
}

const CONTENDERS = [1, 10, 100] as const;
const CONFLICTS = [0, 0.1, 0.5] as const;

export async function compareCoordination({ rounds, seconds }: CoordinationOptions): Promise<void> {
  const version = etcdVersion();
  if (version === undefined) throw new Error("no etcd found (ETCD_BIN or PATH)");
  const server = await startEtcd();
  try {
    console.log(
      `etcd ${version}; ${rounds} rounds of ${seconds} s; medians; npm etcd3 tries a taken lock again after 10 to 30 ms\n`,
    );
    line("locks", "Kvorum", "npm etcd3", "ratio", "p99 wait", "p99 wait");
    for (const contenders of CONTENDERS) await compareLocks(server, contenders, rounds, seconds);
    line("\ntransactions of two keys, 8 workers", "Kvorum", "npm etcd3", "ratio", "attempts", "attempts");
    for (const conflicts of CONFLICTS) await compareTransactions(server, conflicts, rounds, seconds);
  } finally {
    await server.stop();
  }
}

async function compareLocks(server: Server, contenders: number, rounds: number, seconds: number): Promise<void> {
  const kinds: readonly [Locks, Locks] = [kvorumLocks, etcd3Locks];
  const measured = await alternate(kinds, rounds, (locks, round) => {
    const name = `bench/lock/${contenders}/${round}`;
    return measureLocks(locks, { endpoint: server.endpoint, name, contenders, seconds });
  });
  const [ours, theirs] = measured.map((one) => median(one.map(({ perSecond }) => perSecond))) as [number, number];
  const waits = measured.map((one) => `${median(one.map(({ p99WaitMs }) => p99WaitMs)).toFixed(1)} ms`);
  const title = `hand-overs, ${contenders} ${contenders === 1 ? "contender" : "contenders"}`;
  line(title, perSecond(ours), perSecond(theirs), ratio(ours, theirs), ...waits);
}

async function compareTransactions(server: Server, conflicts: number, rounds: number, seconds: number): Promise<void> {
  const kinds: readonly [Transactions, Transactions] = [kvorumTransactions, etcd3Transactions];
  const measured = await alternate(kinds, rounds, (transactions, round) => {
    const space = `bench/stm/${conflicts}/${round}/`;
    return measureTransactions(transactions, { endpoint: server.endpoint, space, conflicts, seconds });
  });
  const [ours, theirs] = measured.map((one) => median(one.map((result) => result.perSecond))) as [number, number];
  const attempts = measured.map((one) => median(one.map(({ runsPerCommit }) => runsPerCommit)).toFixed(2));
  const title = `commits, ${(conflicts * 100).toFixed()} % on shared keys`;
  line(title, perSecond(ours), perSecond(theirs), ratio(ours, theirs), ...attempts);
}

/** What each of the two came to in every round; a short one before them warms up. */
async function alternate<K extends { readonly name: string }, R>(
  kinds: readonly [K, K],
  rounds: number,
  measure: (kind: K, round: string) => Promise<R>,
): Promise<readonly [R[], R[]]> {
  const results: readonly [R[], R[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    for (const [index, kind] of kinds.entries()) results[index]?.push(await measure(kind, `${kind.name}-${round}`));
  }
  return results;
}

const perSecond = (rate: number): string => `${rate.toFixed(0)}/s`;
const ratio = (ours: number, theirs: number): string => `${(ours / theirs).toFixed(2)} ×`;

function line(...cells: readonly string[]): void {
  console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(38) : cell.padStart(13))).join(""));
}
