/** What every kind of work of a worker process is given, and the words for errors that faults explain. */
import { type Client, isEtcdError } from "@kvorum/client";
import { LockLostError, NotLeaderError, SessionExpiredError } from "@kvorum/concurrency";
import { sharedNowMs } from "../model.js";
import type { EventLog } from "./events.js";
import type { Job, Orders } from "./orders.js";

export interface Work {
  readonly client: Client;
  readonly job: Job;
  readonly log: EventLog;
  readonly orders: Orders;
  readonly random: () => number;
}

/** Milliseconds for one request: a worker whose network is silent must notice it within the story. */
export const REQUEST_MS = 3_000;

/** The value of a record: a name of its own, the name of the value that its writer had read, and the writer's token. */
export interface RecordValue {
  readonly id: string;
  readonly was: string;
  readonly token: string;
}

/** The class of an error that a fault explains. Any other is thrown. */
export function expected(error: unknown, stop: AbortSignal): string {
  const known =
    isEtcdError(error) ||
    error instanceof SessionExpiredError ||
    error instanceof LockLostError ||
    error instanceof NotLeaderError ||
    (stop.aborted && error === stop.reason);
  if (!known) throw error;
  return error instanceof Error ? error.name : String(error);
}

/** Notes that it is ours if `held` says so. The moment is taken before the question. */
export function claim(
  { log }: Work,
  name: string,
  owned: { readonly held: boolean; readonly fencingToken: bigint },
): void {
  const atMs = sharedNowMs();
  if (owned.held) log.note({ atMs, kind: "claim", name, token: owned.fencingToken });
}
