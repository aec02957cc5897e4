/**
 * What the checkers say of everything that was recorded in one run. A new checker joins the list here: each gets all that was
 * recorded and the timeline on which the witnesses agree.
 */
import { checkAppends } from "../checker/append-check.js";
import { type AppendTransaction, appendTransactions, listOf } from "../checker/append-history.js";
import { checkHistory } from "../checker/check.js";
import type { History } from "../checker/history.js";
import { checkLeases } from "../checker/lease-check.js";
import { describeViolation } from "../checker/violation.js";
import { checkWatches } from "../checker/watch-check.js";
import { checkInWindows } from "../checker/wgl.js";
import type { Recorded } from "./run-seed.js";

/** Counts of one run, for a campaign to add up. */
export interface Figures {
  readonly operations: number;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly unknownApplied: number;
  readonly revisions: number;
  readonly watchSessions: number;
  readonly watchEvents: number;
  /** Calls whose order was searched for without looking at revisions, and the parts in which the search gave up. */
  readonly searched: number;
  readonly undecided: number;
  /** Transactions on lists that have happened. */
  readonly appends: number;
  /** See `lease-check.ts`. */
  readonly leases: number;
  readonly leasesRevoked: number;
  readonly leasesExpired: number;
  readonly leaseChecks: number;
}

export const NO_FIGURES: Figures = {
  ...{ operations: 0, acknowledged: 0, unknown: 0, unknownApplied: 0 },
  ...{ revisions: 0, watchSessions: 0, watchEvents: 0, searched: 0, undecided: 0 },
  ...{ appends: 0, leases: 0, leasesRevoked: 0, leasesExpired: 0, leaseChecks: 0 },
};

export interface Judgement {
  /** The first; what follows it often is its echo. */
  readonly violation: { readonly kind: string; readonly text: string } | undefined;
  readonly figures: Figures;
}

/** The keys of lists begin with this. */
const LISTS = "a/";

export function judge({ history, sessions, leases }: Recorded): Judgement {
  const { violations, figures, timeline } = checkHistory(history);
  const search = checkInWindows(history.operations);
  const appends = checkAppends(transactionsOf(history));
  const { operations } = history;
  const lived = checkLeases({ operations, timeline, calls: leases.calls, seenMs: leases.seenMs }, leases.limits);
  const watched = checkWatches(sessions, timeline);
  const all = [...violations, ...watched, ...search.violations, ...appends.violations, ...lived.violations];
  const [first] = all;
  const text =
    first === undefined
      ? ""
      : `${describeViolation(first)}\n(${all.length} violations in all, of ${[...new Set(all.map(({ rule }) => rule))].join(", ")})`;
  return {
    violation: first === undefined ? undefined : { kind: first.rule, text },
    figures: {
      ...figures,
      watchSessions: sessions.length,
      watchEvents: history.feeds.reduce((sum, { events }) => sum + events.length, 0),
      ...{ searched: search.figures.calls, undecided: search.figures.undecided },
      ...{ appends: appends.figures.transactions, ...lived.figures },
    },
  };
}

/** What every member shows at the end is one more read of all lists, after everything else. */
function transactionsOf({ operations, dumps }: History): AppendTransaction[] {
  const transactions = appendTransactions(operations, LISTS);
  const end = operations.reduce((last, one) => Math.max(last, one.return), 0) + 1;
  const lists = new Set(transactions.flatMap((one) => one.operations.map(({ key }) => key)));
  for (const { kvs } of dumps) {
    const values = new Map(kvs.map(({ key, value }) => [key, value]));
    const reads = [...lists].map((key) => ({ kind: "read" as const, key, list: listOf(values.get(key) ?? "") }));
    transactions.push({ client: NOBODY, invoke: end, return: end + 1, status: "acknowledged", operations: reads });
  }
  return transactions;
}

/** The client of a read that no client has made. */
const NOBODY = -1;
