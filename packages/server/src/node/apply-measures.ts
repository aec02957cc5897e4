/** What is counted of entries as they are applied, and which of them are told of because they were slow. */
import type { Command, CommandResult } from "../core/apply/command.js";
import type { AppliedEntry } from "../core/apply/state-machine.js";
import { ServerError } from "../core/errors.js";
import type { OperationResult, TxnOperation } from "../core/mvcc/operations.js";
import type { LimitedLog } from "../log/limited-log.js";
import type { Distribution } from "../measures/measure-set.js";
import type { NodeMeasures } from "../measures/node-measures.js";

export interface ApplyMeasuresOptions {
  readonly measures: NodeMeasures;
  readonly slow: LimitedLog;
  /** An entry that takes longer is logged. */
  readonly warnApplyMs: number;
}

/** What an entry asks for, and the id of the request that proposed it; 0n when Raft did. */
export interface DecodedEntry {
  readonly requestId: bigint;
  readonly applied: AppliedEntry;
}

/** etcd's names of what an entry does, where they are not our kinds in Pascal case. */
const NAMES: Readonly<Partial<Record<string, string>>> = {
  "member-attributes": "ClusterMemberAttrSet",
  "cluster-version": "ClusterVersionSet",
  downgrade: "DowngradeInfoSet",
};

interface Times {
  readonly applied: Distribution;
  readonly refused: Distribution;
}

export class ApplyMeasures {
  readonly #options: ApplyMeasuresOptions;
  readonly #times: Map<string, Times> = new Map();

  constructor(options: ApplyMeasuresOptions) {
    this.#options = options;
  }

  /** An entry has taken effect, or was found to have none; `bytes` is its size in the log. */
  applied(
    { requestId, applied: entry }: DecodedEntry,
    answer: CommandResult | ServerError | undefined,
    bytes: number,
    tookMs: number,
  ): void {
    const { measures, slow, warnApplyMs } = this.#options;
    const kind = entry.confChange === undefined ? entry.command?.kind : "conf-change";
    // The no-op of a new leader.
    if (kind === undefined) return;
    const { applied, refused } = this.#timesOf(kind);
    const failed = answer instanceof ServerError;
    (failed ? refused : applied).observe(tookMs / 1000);
    if (!failed && answer !== undefined && entry.command !== undefined) countEffect(measures, entry.command, answer);
    if (tookMs <= warnApplyMs) return;
    measures.slowApplies.add();
    slow.warn("applying an entry took long", () => ({
      kind,
      requestId: requestId.toString(16),
      index: entry.index,
      tookMs: Math.round(tookMs),
      bytes,
      ...(answer instanceof ServerError ? { error: answer.message } : revisionOf(answer)),
    }));
  }

  #timesOf(kind: string): Times {
    let times = this.#times.get(kind);
    if (times === undefined) {
      const name = NAMES[kind] ?? kind.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
      const { apply } = this.#options.measures;
      times = { applied: apply.of("v3", name, "true"), refused: apply.of("v3", name, "false") };
      this.#times.set(kind, times);
    }
    return times;
  }
}

/** What the answer of the request tells its caller too. A membership change has none. */
function revisionOf(answer: CommandResult | undefined): { readonly revision?: string } {
  return answer === undefined ? {} : { revision: String(answer.revision) };
}

function countEffect(measures: NodeMeasures, command: Command, answer: CommandResult): void {
  switch (command.kind) {
    case "put":
      measures.puts.add();
      measures.putBytes.add(command.key.length + command.value.length);
      break;
    case "delete-range":
      measures.deletes.add();
      break;
    case "txn":
      if (answer.kind === "txn") countTxn(measures, command, answer);
      break;
    case "lease-grant":
      measures.leasesGranted.add();
      measures.leaseTtls.observe(command.ttlSeconds);
      break;
    case "lease-revoke":
      measures.leasesRevoked.add();
      break;
    default:
  }
}

/** A transaction of several operations counts, and each operation of the branch that was taken. */
export function countTxn(
  measures: NodeMeasures,
  txn: TxnOperation,
  answer: Extract<OperationResult, { kind: "txn" }>,
): void {
  if (countOperations(measures, txn, answer) !== 1) measures.txns.add();
}

function countOperations(
  measures: NodeMeasures,
  txn: TxnOperation,
  answer: Extract<OperationResult, { kind: "txn" }>,
): number {
  let count = 0;
  for (const operation of answer.succeeded ? txn.success : txn.failure) {
    const result = answer.responses[count++];
    if (operation.kind === "range") measures.ranges.add();
    else if (operation.kind === "delete-range") measures.deletes.add();
    else if (operation.kind === "put") {
      measures.puts.add();
      measures.putBytes.add(operation.key.length + operation.value.length);
    } else if (result?.kind === "txn") countOperations(measures, operation, result);
  }
  return count;
}
