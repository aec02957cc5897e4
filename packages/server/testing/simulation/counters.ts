/** What a campaign over many seeds must have seen at least once: otherwise it has tested less than it claims, and fails. */
import { Counters } from "../../src/core/raft/testing/cluster-counters.js";

export type { Counters } from "../../src/core/raft/testing/cluster-counters.js";

export const SOMETIMES = ["leader elected"] as const;

export function simulationCounters(): Counters {
  return new Counters(SOMETIMES);
}
