/** What a restore is told, held against itself before anything is read or written. */
import type { InitialMember } from "../config/initial-cluster.js";

export interface RestoreOptions {
  /** A saved snapshot with its digest, as `kvorumctl snapshot save` writes it. */
  readonly file: string;
  /** Where the member will store. Must hold nothing yet. */
  readonly dataDir: string;
  /** A directory of its own for the write-ahead log. Default: inside `dataDir`. */
  readonly walDir?: string | undefined;
  /** Which of `initialCluster` this member is. Default `"default"`. */
  readonly name?: string | undefined;
  /** Every member of the cluster that comes to life. Default: this one alone. */
  readonly initialCluster?: readonly InitialMember[] | undefined;
  /** Mixed into the ids. Give another one than the old cluster's, so that its members are strangers. Default `"etcd-cluster"`. */
  readonly clusterToken?: string | undefined;
  /** This member's, as in `initialCluster`. Default: what stands there, or `["http://localhost:2380"]`. */
  readonly peerUrls?: readonly string[] | undefined;
  /**
   * Added to the restored revision, so that no revision is given out a second time: more than the lost cluster can have written
   * since the snapshot. Goes with `markCompacted`. Default 0.
   */
  readonly bumpRevision?: bigint | number | undefined;
  /**
   * Gives up all history before the bumped revision: watchers that go on from before are told `compacted` instead of missing
   * what was lost. Default false.
   */
  readonly markCompacted?: boolean | undefined;
  /** Restores a file whose digest does not match; its chunks are checked in any case. Default false. */
  readonly skipHashCheck?: boolean | undefined;
}

/** The same with nothing left open. */
export interface CheckedRestore {
  readonly file: string;
  readonly dataDir: string;
  readonly walDir: string | undefined;
  readonly members: readonly InitialMember[];
  readonly clusterToken: string;
  readonly peerUrls: readonly string[];
  readonly bumpRevision: bigint;
  readonly skipHashCheck: boolean;
}

/** The directory holds something, which a restore never touches. */
export class RestoreRefusedError extends Error {
  override readonly name = "RestoreRefusedError";
}

/** Errors: `TypeError` and `RangeError` that name the option. */
export function checkRestore(options: RestoreOptions): CheckedRestore {
  const { file, dataDir, walDir, name = "default", clusterToken = "etcd-cluster", skipHashCheck = false } = options;
  if (file === "") throw new TypeError("file is empty");
  if (dataDir === "") throw new TypeError("dataDir is empty");
  if (walDir === "") throw new TypeError("walDir is empty");
  const urls = options.peerUrls ?? ["http://localhost:2380"];
  const members = options.initialCluster ?? [{ name, peerUrls: urls }];
  const self = members.find((member) => member.name === name);
  if (self === undefined) {
    const known = members.map((member) => member.name).join(", ");
    throw new RangeError(`couldn't find local name "${name}" in the initial cluster configuration (${known})`);
  }
  const peerUrls = options.peerUrls ?? self.peerUrls;
  if (!sameUrls(self.peerUrls, peerUrls)) {
    throw new RangeError(
      `initialCluster has ${self.peerUrls.join(",")} for ${name}, and peerUrls is ${peerUrls.join(",")}: they must be the same`,
    );
  }
  const bumpRevision = checkBump(options);
  return { file, dataDir, walDir, members, clusterToken, peerUrls, bumpRevision, skipHashCheck };
}

/** etcd's rule: history that was handed out and is lost must not be readable as if it were whole. */
function checkBump({ bumpRevision = 0n, markCompacted = false }: RestoreOptions): bigint {
  if (typeof bumpRevision === "number" && !Number.isSafeInteger(bumpRevision)) {
    throw new RangeError(`bumpRevision is ${bumpRevision}: give a whole number`);
  }
  const bump = BigInt(bumpRevision);
  if (bump < 0n) throw new RangeError(`bumpRevision is ${bump}: a revision never goes back`);
  if (bump > 0n && !markCompacted) throw new TypeError("bumpRevision needs markCompacted");
  if (bump === 0n && markCompacted) throw new TypeError("markCompacted goes with a bumpRevision above 0");
  return bump;
}

function sameUrls(a: readonly string[], b: readonly string[]): boolean {
  return [...a].sort().join() === [...b].sort().join();
}
