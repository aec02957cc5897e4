/**
 * What a command costs in stored bytes, as etcd estimates it (its quota rules: 256 bytes a put beside key and value, 64 a
 * lease). The node compares it with its quota before it proposes; while a no-space alarm stands, applying refuses every
 * command that costs anything.
 */
import type { Operation } from "../mvcc/operations.js";
import type { Command } from "./command.js";

const PUT_OVERHEAD_BYTES = 256;
const LEASE_BYTES = 64;

/** 0 for a command that needs no space. A transaction costs what its dearer branch does. */
export function spaceCost(command: Command): number {
  switch (command.kind) {
    case "put":
    case "txn":
      return operationCost(command);
    case "lease-grant":
      return LEASE_BYTES;
    default:
      return 0;
  }
}

function operationCost(operation: Operation): number {
  switch (operation.kind) {
    case "put":
      return PUT_OVERHEAD_BYTES + operation.key.length + operation.value.length;
    case "txn":
      return Math.max(branchCost(operation.success), branchCost(operation.failure));
    default:
      return 0;
  }
}

function branchCost(branch: readonly Operation[]): number {
  return branch.reduce((sum, operation) => sum + operationCost(operation), 0);
}
