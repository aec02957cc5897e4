/** S8: the marks of a member stand in order. What was released is covered by a mark, a mark by the backend, and so on. */
import type { RaftStatus } from "../../../src/core/raft/types.js";
import { violated } from "../violation.js";
import type { DurableLog } from "./durable-log.js";

/** @param backendIndex the mark that the backend's durable content has */
export function checkMarks(
  name: string,
  log: Pick<DurableLog, "baseIndex" | "replacement">,
  backendIndex: number,
  status: Pick<RaftStatus, "firstIndex" | "appliedIndex" | "commitIndex" | "lastIndex"> | undefined,
): void {
  if (log.baseIndex > backendIndex) {
    violated("S8", `the log of ${name} has the mark ${log.baseIndex}, its backend durably holds ${backendIndex}`);
  }
  if (status === undefined) return;
  const { firstIndex, appliedIndex, commitIndex, lastIndex } = status;
  // A snapshot replaces the backend before Raft hears that it has, and Raft's own log begins behind it at once.
  const installed = Math.max(appliedIndex, log.replacement);
  if (
    backendIndex > installed ||
    firstIndex - 1 > commitIndex ||
    appliedIndex > commitIndex ||
    commitIndex > lastIndex
  ) {
    violated(
      "S8",
      `${name}: backend ${backendIndex}, log from ${firstIndex}, applied ${appliedIndex}, commit ${commitIndex}, last ` +
        `${lastIndex}, announced ${log.replacement}`,
    );
  }
}

/** @param released what the segments that are left do not hold any more */
export function checkReleased(name: string, log: Pick<DurableLog, "baseIndex">, released: number): void {
  if (released > log.baseIndex)
    violated("S8", `the log of ${name} has released ${released}, its mark is ${log.baseIndex}`);
}
