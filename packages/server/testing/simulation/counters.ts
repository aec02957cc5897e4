/** What a campaign over many seeds must have seen at least once: otherwise it has tested less than it claims, and fails. */
import { Counters } from "../../src/core/raft/testing/cluster-counters.js";
import { FAULTS } from "./plan.js";

export type { Counters } from "../../src/core/raft/testing/cluster-counters.js";

/** Sites of failpoints that are passed only when something worth counting happens. */
export const SEEN_AT_SITES: ReadonlyMap<string, string> = new Map([
  ["snapshot-after-mark", "snapshot installed"],
  ["wal-after-remove", "WAL segment removed"],
  ["wal-after-seal", "WAL segment full"],
  ["watch-before-victims", "watch tried again as a victim"],
  ["watch-before-sync", "watch served from history"],
  ["compaction-after-batch", "revisions compacted"],
  ["lease-before-revoke", "lease expired"],
]);

export const SOMETIMES: readonly string[] = [
  "leader elected",
  ...FAULTS.map((fault) => `fault: ${fault}`),
  ...SEEN_AT_SITES.values(),
];

export function simulationCounters(): Counters {
  return new Counters(SOMETIMES);
}
