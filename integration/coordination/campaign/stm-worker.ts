/**
 * A process that appends to lists and reads them, in transactions of `stm` at one level or another. A list is one key whose value
 * is its elements; a full one is left for the next, so that reading stays cheap.
 */
import type { Isolation, Tx } from "@kvorum/concurrency";
import { OutcomeUnknownError, StmConflictError, stm } from "@kvorum/concurrency";
import { listOf, type MicroOperation, SEPARATOR } from "../../robustness/checker/append-history.js";
import { sharedNowMs } from "../model.js";
import { expected, type Work } from "./work.js";

/** Transactions under way at once in a process. */
const LANES = 4;
const LIST_MAX = 24;
const READ_ONLY_SHARE = 0.2;
const ATTEMPTS_MAX = 200;

interface Choice {
  readonly level: Isolation;
  readonly exactlyOnce: boolean;
}

export async function transactForever(work: Work): Promise<void> {
  const lists = new Lists(work);
  await Promise.all(Array.from({ length: LANES }, (_, lane) => transactLane(work, lists, lane)));
}

async function transactLane(work: Work, lists: Lists, lane: number): Promise<void> {
  const { job, orders, random } = work;
  const levels = job.levels ?? [];
  for (let number = 0; !orders.stop.aborted; number++) {
    const choice = choiceOf(levels[Math.floor(random() * levels.length)] ?? "serializable-snapshot");
    await transact(work, lists, choice, `${job.worker}.${lane}.${number}`);
  }
}

/** `serializable`, or `serializable exactly once`. */
function choiceOf(text: string): Choice {
  const [level = ""] = text.split(" ");
  return { level: level as Isolation, exactlyOnce: text !== level };
}

async function transact(work: Work, lists: Lists, { level, exactlyOnce }: Choice, id: string): Promise<void> {
  const { client, log, orders, random } = work;
  const keys = lists.choose(level, 1 + Math.floor(random() * 3));
  const appends = random() < READ_ONLY_SHARE ? 0 : 1 + Math.floor(random() * keys.length);
  const planned = keys.slice(0, appends).map((key, index) => ({ key, element: `${id}.${index}` }));
  let operations: MicroOperation[] = [];
  const attempts: MicroOperation[][] = [];
  const body = async (tx: Tx): Promise<void> => {
    operations = [];
    attempts.push(operations);
    for (const key of keys) {
      const list = listOf((await tx.get(key)) ?? "");
      lists.seen(key, list.length);
      operations.push({ kind: "read", key, list });
      const append = planned.find((one) => one.key === key);
      if (append === undefined) continue;
      tx.put(key, [...list, append.element].join(SEPARATOR));
      operations.push({ kind: "append", ...append });
    }
  };
  const invoke = sharedNowMs();
  const event = { kind: "transaction", id, level, exactlyOnce, invoke } as const;
  const appending = planned.map((append) => ({ kind: "append" as const, ...append }));
  log.note({ ...event, atMs: invoke, return: invoke, status: "unknown", operations: appending, before: [] });
  const done = (status: "acknowledged" | "unknown" | "refused"): void => {
    const atMs = sharedNowMs();
    const told = status === "refused" ? appending : operations;
    const before = attempts.slice(0, -1).map((done) => done.filter(({ kind }) => kind === "read"));
    log.note({ ...event, atMs, return: atMs, status, operations: told, before });
  };
  try {
    await stm(client, body, {
      isolation: level,
      maxAttempts: ATTEMPTS_MAX,
      ...(exactlyOnce && { commit: "exactly-once" }),
    });
    done("acknowledged");
  } catch (error) {
    if (error instanceof OutcomeUnknownError) done("unknown");
    else {
      if (!(error instanceof StmConflictError)) expected(error, orders.stop);
      done("refused");
    }
  }
}

/** Which lists are written at present. Each level has its own, or a weak one would be blamed on a strong one. */
class Lists {
  readonly #work: Work;
  readonly #generations = new Map<string, number>();

  constructor(work: Work) {
    this.#work = work;
  }

  /** Keys of so many lists, each once. */
  choose(level: string, count: number): string[] {
    const { job, random } = this.#work;
    const names = job.names.map((name) => ({ name, at: random() })).sort((a, b) => a.at - b.at);
    return names.slice(0, count).map(({ name }) => {
      const base = `${job.space}${level}/${name}/`;
      return `${base}${this.#generations.get(base) ?? 0}`;
    });
  }

  /** A list that is full makes its workers go on to the next. */
  seen(key: string, length: number): void {
    const cut = key.lastIndexOf("/") + 1;
    const [base, generation] = [key.slice(0, cut), Number(key.slice(cut))];
    if (length >= LIST_MAX) this.#generations.set(base, Math.max(this.#generations.get(base) ?? 0, generation + 1));
  }
}
