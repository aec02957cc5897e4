/**
 * Transactions: processes append to a few lists and read them with `stm`, at every level, while answers are lost and processes are
 * killed. The lists tell in which order that happened; what the levels promise of it is for the checkers to say.
 */
import { prefix } from "@kvorum/client";
import type { Isolation } from "@kvorum/concurrency";
import { type AppendTransaction, listOf } from "../../robustness/checker/append-history.js";
import { pick } from "../../support/random.js";
import { sharedNowMs } from "../model.js";
import { judgeTransactions, type StmHistory } from "../models/stm.js";
import type { Transacted } from "./events.js";
import { loseAnswers } from "./lost-answers.js";
import { type Ended, keepHistory, MEMBER_FAULTS, onStage, type Scene, strikeInTurn } from "./stage.js";

export interface StmStoryOptions {
  /** Processes. */
  readonly workers: number;
  /** That were committed at the default level. */
  readonly transactions: number;
  /** Of faults of processes; 0 for no fault at all. */
  readonly rounds: number;
  readonly seconds: number;
}

const LISTS = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] as const;
const DEFAULT_LEVEL = "serializable-snapshot";
/** As often as they are drawn. */
const LEVELS = [
  ...Array.from({ length: 12 }, () => DEFAULT_LEVEL),
  ...Array.from({ length: 4 }, () => `${DEFAULT_LEVEL} exactly once`),
  ...["serializable", "repeatable-reads", "read-committed"],
];
/** Connections that are to be cut at an answer, for each round. */
const CUTS = 5;
const KILL_EVERY_MS = 4_000;
const MEMBERS_EVERY_MS = 15_000;

export async function playStm(
  scene: Scene,
  { transactions, rounds, seconds, workers }: StmStoryOptions,
): Promise<void> {
  const { outcome } = scene;
  const end = performance.now() + seconds * 1_000;
  const members = scene.cluster === undefined ? [] : MEMBER_FAULTS.slice(0, 1);
  let killed = 0;
  const ended = await onStage(scene, { story: "stm", slots: workers, names: LISTS, levels: LEVELS }, async (stage) => {
    const { random, slots, witness } = stage;
    // Those that only read are a fifth, and leave no revision.
    const written = (): number => witness.revisions.get(DEFAULT_LEVEL) ?? 0;
    const cuts = (): number => slots.reduce((sum, slot) => sum + slot.cuts, 0);
    const done = (): boolean => written() >= transactions * 0.95 && killed >= rounds && cuts() >= CUTS * rounds;
    const enough = (): boolean => performance.now() > end || done();
    const kills = async (): Promise<void> => {
      while (!enough()) {
        await witness.until(enough, KILL_EVERY_MS);
        const slot = pick(random, slots);
        await slot.kill();
        slot.start();
        killed += 1;
      }
    };
    if (rounds === 0) await witness.until(enough, seconds * 1_000);
    else {
      const membersLane = strikeInTurn<Scene>(stage, members, { enough, restMs: MEMBERS_EVERY_MS, rounds });
      await Promise.all([kills(), membersLane, loseAnswers(stage, enough)]);
    }
  });
  outcome.count("processes killed", killed);
  await judgeLists(scene, ended);
  outcome.atLeast("processes killed", rounds);
  for (const { name } of members) outcome.atLeast(name, Math.min(1, rounds));
  outcome.atLeast("connections cut at an answer", CUTS * rounds);
  outcome.atLeast(`${DEFAULT_LEVEL} committed`, transactions);
  outcome.atLeast("committed exactly once", transactions / 8);
  outcome.atLeast("conflicts that were tried again", transactions / 100);
}

async function judgeLists({ direct, folder, outcome }: Scene, { events }: Ended): Promise<void> {
  const latest = new Map<string, Transacted>();
  for (const event of events) if (event.kind === "transaction") latest.set(event.id, event);
  const all = [...latest.values()];
  for (const level of new Set(all.map((one) => one.level))) {
    const mine = all.filter((one) => one.level === level);
    const { transactions, attempts } = toHistory(mine);
    const { violation } = judgeTransactions(level as Isolation, {
      transactions: [...transactions, await readAll(direct, level)],
      attempts,
    });
    if (violation !== undefined) outcome.wrong(violation);
    outcome.count(`${level} committed`, mine.filter(({ status }) => status === "acknowledged").length);
  }
  const committed = all.filter(({ status }) => status === "acknowledged");
  outcome.count("committed exactly once", committed.filter(({ exactlyOnce }) => exactlyOnce).length);
  outcome.count("of unknown outcome", all.filter(({ status }) => status === "unknown").length);
  outcome.count(
    "conflicts that were tried again",
    all.reduce((sum, { before }) => sum + before.length, 0),
  );
  if (outcome.failed > 0) outcome.wrong(`the history is in ${keepHistory(folder, events)}`);
}

/** One transaction that has read every list when all was over. */
async function readAll(direct: Scene["direct"], level: string): Promise<AppendTransaction> {
  const invoke = sharedNowMs();
  const { kvs } = await direct.list(prefix(`campaign/stm/${level}/`), { timeout: 30_000 });
  const operations = kvs.map(({ key, value }) => ({ kind: "read" as const, key, list: listOf(value) }));
  return { client: -1, invoke, return: sharedNowMs(), status: "acknowledged", operations };
}

/** Each transaction is a client of its own, since a process has several under way at once. */
function toHistory(transactions: readonly Transacted[]): StmHistory {
  const timed = ({ invoke, return: returned }: Transacted, client: number) => ({ client, invoke, return: returned });
  return {
    transactions: transactions.map((one, client) => ({
      ...timed(one, client),
      status: one.status,
      operations: one.operations,
    })),
    attempts: transactions.flatMap((one, client) =>
      one.before.map((operations) => ({ ...timed(one, client), status: "acknowledged" as const, operations })),
    ),
  };
}
