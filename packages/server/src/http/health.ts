/**
 * `/health` as etcd answers it: alarms first, then the leader, then one small read. With `serializable=true` only this
 * member's own store is asked, so the answer does not depend on the rest of the cluster.
 */
import { NODE_IDENTITY } from "../core/auth/types.js";
import { EMPTY_BYTES } from "../core/bytes.js";
import type { RangeOperation } from "../core/mvcc/operations.js";
import type { NodeApi } from "../node/api.js";

export interface HealthQuery {
  /** Alarm names that do not count: `NOSPACE`, `CORRUPT`. */
  readonly exclude: ReadonlySet<string>;
  readonly serializable: boolean;
}

export interface Health {
  readonly healthy: boolean;
  /** Empty when healthy. */
  readonly reason: string;
}

const ALARM_NAMES = { "no-space": "NOSPACE", corrupt: "CORRUPT" } as const;

export async function checkHealth(node: NodeApi, query: HealthQuery): Promise<Health> {
  const alarm = node.alarms.map(({ alarm }) => ALARM_NAMES[alarm]).find((name) => !query.exclude.has(name));
  if (alarm !== undefined) return { healthy: false, reason: `ALARM ${alarm}` };
  if (!query.serializable && node.raftStatus.lead === 0n) return { healthy: false, reason: "RAFT NO LEADER" };
  try {
    await probeRead(node, query.serializable);
  } catch (error) {
    return { healthy: false, reason: `RANGE ERROR:${error instanceof Error ? error.message : String(error)}` };
  }
  return { healthy: true, reason: "" };
}

/** One small read: of this member's own store when `serializable`, else one that the cluster confirms. Errors: the read's. */
export async function probeRead(node: NodeApi, serializable: boolean): Promise<void> {
  const operation: RangeOperation = {
    kind: "range",
    key: Uint8Array.of(0),
    rangeEnd: EMPTY_BYTES,
    limit: 1,
    revision: 0n,
    sortOrder: "none",
    sortTarget: "key",
    serializable,
    keysOnly: true,
    countOnly: false,
    minModRevision: 0n,
    maxModRevision: 0n,
    minCreateRevision: 0n,
    maxCreateRevision: 0n,
  };
  // The node asks itself (etcd too).
  await node.range(operation, NODE_IDENTITY);
}
