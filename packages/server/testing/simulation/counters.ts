/**
 * What a campaign over many seeds must have seen at least once: otherwise it has tested less than it claims, and fails. What is
 * rare is demanded only of campaigns that are long enough for it: of so many seeds that it is expected twelve times or more by
 * what a hundred seeds have shown.
 *
 * Not in the list, because the server has no joint configurations: a leader that crashes during one.
 */
import { Counters } from "../../src/core/raft/testing/cluster-counters.js";
import { FAILPOINT_SITES, type FailpointSite } from "../../src/failpoint-sites.js";
import { FAULTS } from "./plan.js";

export type { Counters } from "../../src/core/raft/testing/cluster-counters.js";

export interface Sometimes {
  readonly name: string;
  /** Campaigns of at least so many seeds must have seen it. */
  readonly seeds: number;
}

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

/** Sites at which no simulated process can die, and why. */
export const UNREACHABLE_SITES: ReadonlyMap<FailpointSite, string> = new Map();

/** And for what has not been seen often enough to say more. */
const SEEDS_FOR_EVERY_SITE = 5000;

export const SOMETIMES: readonly Sometimes[] = [
  ...["leader elected", ...FAULTS.map((fault) => `fault: ${fault}`), ...SEEN_AT_SITES.values()].map(
    (name): Sometimes => ({ name, seeds: 100 }),
  ),
  { name: "learner promoted", seeds: 100 },
  { name: "member replaced", seeds: 100 },
  { name: "leader removed", seeds: 300 },
  { name: "lost member replaced", seeds: 300 },
  { name: "leader change during a conf change", seeds: SEEDS_FOR_EVERY_SITE },
  { name: "torn WAL tail repaired", seeds: 300 },
  { name: "read index across a leader change", seeds: 300 },
  { name: "lease lived through two leader changes", seeds: 100 },
  { name: "no space raised", seeds: 300 },
  { name: "snapshot installed during a compaction", seeds: SEEDS_FOR_EVERY_SITE },
  ...FAILPOINT_SITES.filter((site) => !UNREACHABLE_SITES.has(site)).map(
    (site): Sometimes => ({ name: `crash inside ${site}`, seeds: SEEDS_FOR_EVERY_SITE }),
  ),
];

/** What a campaign of so many seeds should have seen and has not. */
export function missing(counts: Readonly<Record<string, number>>, campaignSeeds: number): readonly string[] {
  return SOMETIMES.flatMap(({ name, seeds }) => (campaignSeeds >= seeds && counts[name] === undefined ? [name] : []));
}

export function simulationCounters(): Counters {
  return new Counters(SOMETIMES.map(({ name }) => name));
}
