/** What a cluster is made of: etcd, against which the harness proves itself, or Kvorum. Both take the same flags. */
import { existsSync } from "node:fs";
import { etcdMissing } from "../../support/etcd.js";
import { KVORUM } from "../../support/kvorum.js";

export type ProgramName = "etcd" | "kvorum";

export interface Program {
  readonly name: ProgramName;
  /** The command and what stands before the flags. */
  readonly command: readonly [string, ...string[]];
  readonly flags: readonly string[];
  /** Log entries kept behind a snapshot: who lacks more is sent the snapshot itself. */
  readonly catchUpEntries: number;
}

/** How far Kvorum's members may fall behind in tests before they are sent a snapshot. */
const KVORUM_CATCH_UP_ENTRIES = 500;

export const programs: Readonly<Record<ProgramName, Program>> = {
  etcd: {
    name: "etcd",
    command: [process.env["ETCD_BIN"] ?? "etcd"],
    flags: ["--logger", "zap", "--log-level", "warn"],
    // etcd 3.4 has no flag for it.
    catchUpEntries: 5_000,
  },
  kvorum: {
    name: "kvorum",
    command: [process.execPath, KVORUM],
    flags: ["--log-level", "info", "--experimental-snapshot-catchup-entries", String(KVORUM_CATCH_UP_ENTRIES)],
    catchUpEntries: KVORUM_CATCH_UP_ENTRIES,
  },
};

/** Why clusters of this program are not tested, or undefined where they are. */
export function programMissing(name: ProgramName): string | undefined {
  if (name === "etcd") return etcdMissing();
  return existsSync(KVORUM) ? undefined : `${KVORUM} is missing: build first`;
}
