/**
 * What transactions of each level of isolation may look like from outside. The judge is the list-append checker of the
 * robustness tests: every transaction reads lists and appends to some of them, and cycles among them are the anomalies
 * (Adya, "Weak consistency", 1999; the checker after Elle).
 *
 * - `serializable-snapshot` and `serializable`: strictly serializable, no cycle of any class (G0, G1c, G-single, G2), none with
 *   real time either. And every attempt, also one that met a conflict, has read one state: its reads are a transaction too.
 * - `repeatable-reads`: the same for what was committed. What a failed attempt has read may never have stood together.
 * - `read-committed`: no G0, no G1 (nothing that was refused, or half done, is read; information flows in no circle). Reads
 *   may be stale, and updates are lost.
 */
import type { Isolation } from "@kvorum/concurrency";
import { checkAppends } from "../../robustness/checker/append-check.js";
import type { AppendTransaction } from "../../robustness/checker/append-history.js";
import { describeViolation, type Rule, type Violation } from "../../robustness/checker/violation.js";
import type { Verdict } from "../model.js";

/** What must not be found at the lowest level; at the others nothing must. First what single lists show, then the cycles. */
const READ_COMMITTED: ReadonlySet<Rule> = new Set<Rule>([
  "assumption",
  "append-duplicate",
  "append-phantom",
  "append-internal",
  "append-g1a",
  "append-g1b",
]);
const READ_COMMITTED_CYCLES: ReadonlySet<Rule> = new Set<Rule>(["append-g0", "append-g1c"]);

export interface StmHistory {
  /** Transactions that were committed, refused, or of which that is not known. */
  readonly transactions: readonly AppendTransaction[];
  /** What the other attempts have read, each from the call of its transaction to its end: `acknowledged`, reads only. */
  readonly attempts: readonly AppendTransaction[];
}

export function judgeTransactions(level: Isolation, { transactions, attempts }: StmHistory): Verdict {
  const snapshots = level === "serializable-snapshot" || level === "serializable";
  const judged = snapshots ? [...transactions, ...attempts] : transactions;
  const { violations } = checkAppends(judged);
  const found = level === "read-committed" ? violationOfLowest(transactions, violations) : violations[0];
  return { events: judged.length, violation: found && `${level}: ${describeViolation(found)}` };
}

function violationOfLowest(
  transactions: readonly AppendTransaction[],
  violations: readonly Violation[],
): Violation | undefined {
  const ofLists = violations.find(({ rule }) => READ_COMMITTED.has(rule));
  return (
    ofLists ?? checkAppends(withoutLost(transactions)).violations.find(({ rule }) => READ_COMMITTED_CYCLES.has(rule))
  );
}

/**
 * Without the appends that no read shows. At the lowest level they were overwritten, and have no place in the order of their
 * list; the checker would put them at its end.
 */
function withoutLost(transactions: readonly AppendTransaction[]): AppendTransaction[] {
  const seen = new Set<string>();
  for (const { operations } of transactions) {
    for (const one of operations) if (one.kind === "read") for (const element of one.list) seen.add(element);
  }
  return transactions.map((transaction) => ({
    ...transaction,
    operations: transaction.operations.filter((one) => one.kind === "read" || seen.has(one.element)),
  }));
}
