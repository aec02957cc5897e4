/** What the services of one server share. */
import type { NodeApi } from "../node/api.js";
import type { AuthPorts } from "./auth-ports.js";
import type { Metrics } from "./metrics.js";
import type { ObserveParts } from "./observe.js";
import type { StreamEnds } from "./stream-ends.js";

export interface RpcParts {
  readonly node: NodeApi;
  readonly metrics: Pick<Metrics, "node" | "calls">;
  /** How calls are counted and slow ones told of. */
  readonly observing: ObserveParts;
  readonly ends: StreamEnds;
  /** Without it nobody has an identity, so that a node whose authentication is on refuses everybody. */
  readonly auth?: AuthPorts | undefined;
  /** A positive 63-bit number that nobody can guess, for a lease whose client leaves the choice to the server. */
  readonly pickLeaseId: () => bigint;
  /** Lets pending I/O have its turn in the middle of long work. */
  readonly pause: () => Promise<void>;
  /** etcd's API level as a full version, for Status: `3.6.0`. */
  readonly apiVersion: string;
  readonly maxTxnOps: number;
  readonly maxRequestBytes: number;
  /** Bytes; the effective quota. */
  readonly quotaBytes: number;
}
