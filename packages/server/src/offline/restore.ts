/**
 * `snapshot restore`: the first data directory of a member of a new cluster, made from a saved snapshot. Keys, leases, users
 * and roles come from the file; who belongs to the cluster, from the settings; what the old cluster said of its own members
 * (the list, removed ids, alarms) stays behind.
 *
 * Everything is built in a directory beside its place and put there by one rename, so a restore that breaks off leaves no
 * member: the next one begins again. The member's log begins behind a snapshot mark and holds no entry. A member that joins
 * later is therefore sent a snapshot, and one that was started empty by mistake does not pass for a restored one.
 */
import { readdir, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { InitialMember } from "../config/initial-cluster.js";
import type { Member } from "../core/apply/command.js";
import { NO_MEMBER, type SnapshotMark } from "../core/raft/types.js";
import type { Disk } from "../env.js";
import { SegmentBackend } from "../io/backend/segments/segment-backend.js";
import { dataDirectory } from "../io/disk/data-directory.js";
import { NodeDisk } from "../io/disk/node-disk.js";
import { Wal } from "../io/wal/wal.js";
import { bootstrapMemberId, initialClusterOf } from "../node/identity.js";
import { type CheckedRestore, checkRestore, type RestoreOptions, RestoreRefusedError } from "./restore-options.js";
import { RestoredContent } from "./restored-content.js";
import { snapshotEntries } from "./snapshot-file.js";

export interface RestoreResult {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  /** Revision of the restored store, a bump included. */
  readonly revision: bigint;
  /** As it was saved. */
  readonly savedRevision: bigint;
}

/** Where it is built, inside the directory of its place: on the same file system, also where that is a mount point. */
const STAGING = "restoring";
/** What may lie in a directory that counts as empty. */
const NO_DATA: ReadonlySet<string> = new Set([STAGING, "LOCK", "lost+found"]);

/**
 * Makes `dataDir`. Start the member with the same name, URLs, cluster and token; every member of the cluster is restored from
 * the same file, with its own name and directory.
 *
 * Errors: `RestoreRefusedError` for settings that do not fit together and for a directory that holds something;
 * `SnapshotError` naming file and offset; those of the file system. Nothing is left of a member then.
 */
export function restoreSnapshot(options: RestoreOptions): Promise<RestoreResult> {
  return restoreOn(new NodeDisk({ writer: "pool" }), options);
}

/**
 * For tests: with a disk that fails, and a log that is filled quickly. What lies in the directories is looked at and cleared
 * away through the file system in any case.
 */
export async function restoreOn(disk: Disk, options: RestoreOptions, walSegmentBytes?: number): Promise<RestoreResult> {
  const checked = checkRestore(options);
  const dataDir = resolve(checked.dataDir);
  const walDir = checked.walDir === undefined ? undefined : resolve(checked.walDir);
  await disk.makeDirectory(dataDir);
  const lock = await disk.lockDirectory(dataDir);
  try {
    await clear(dataDir);
    if (walDir !== undefined) {
      await disk.makeDirectory(walDir);
      await clear(walDir);
    }
    try {
      return await build({ disk, walSegmentBytes }, checked, dataDir, walDir);
    } finally {
      for (const directory of [dataDir, walDir]) if (directory !== undefined) await removeStaging(directory);
    }
  } finally {
    await lock.release();
  }
}

/** Refuses what holds data; removes what a restore that broke off left. */
async function clear(directory: string): Promise<void> {
  const found = (await readdir(directory)).find((name) => !NO_DATA.has(name));
  if (found !== undefined) {
    throw new RestoreRefusedError(`${directory} is not empty (${found}): restore into a directory that holds nothing`);
  }
  await removeStaging(directory);
}

async function removeStaging(directory: string): Promise<void> {
  await rm(join(directory, STAGING), { recursive: true, force: true });
}

interface World {
  readonly disk: Disk;
  readonly walSegmentBytes: number | undefined;
}

async function build(
  world: World,
  restore: CheckedRestore,
  dataDir: string,
  walDir: string | undefined,
): Promise<RestoreResult> {
  const { disk } = world;
  const staging = join(dataDir, STAGING);
  const paths = dataDirectory(staging);
  const walStaging = walDir === undefined ? paths.wal : join(walDir, STAGING);
  await disk.makeDirectory(paths.backend);
  await disk.makeDirectory(walStaging);
  const { result, mark } = await fillBackend(disk, restore, paths.backend);
  await writeLog(world, walStaging, result, mark);
  await disk.syncDirectory(dirname(paths.backend));
  // The log first: without the rest it is no member, and a node refuses to take it for one.
  if (walDir !== undefined) await moveFiles(disk, walStaging, walDir);
  await disk.rename(dirname(paths.backend), dirname(dataDirectory(dataDir).backend));
  await disk.syncDirectory(dataDir);
  return result;
}

async function fillBackend(
  disk: Disk,
  { file, members, bumpRevision, skipHashCheck, clusterToken, peerUrls }: CheckedRestore,
  directory: string,
): Promise<{ readonly result: RestoreResult; readonly mark: SnapshotMark }> {
  const { clusterId } = initialClusterOf(members, clusterToken);
  const records = members.map((member) => recordOf(member, clusterToken));
  const content = new RestoredContent(snapshotEntries(disk, file, { checkDigest: !skipHashCheck }), {
    members: records,
    bumpRevision,
  });
  const confState = {
    ...{ voters: records.map(({ id }) => id).sort((a, b) => (a < b ? -1 : 1)), learners: [] },
    ...{ votersOutgoing: [], learnersNext: [], autoLeave: false },
  };
  const backend = await SegmentBackend.open({ disk, directory });
  try {
    await backend.replaceWith({ index: 0, term: 0, confState }, content.entries());
    const { header, savedRevision, revision } = content.summary;
    // Above everything of the old cluster's: whoever still has its log does not agree with this mark.
    const mark = { index: header.mark.index, term: header.mark.term + 1, confState };
    backend.commit([], mark);
    await backend.flush();
    const memberId = bootstrapMemberId(peerUrls, clusterToken);
    return { result: { clusterId, memberId, revision, savedRevision }, mark };
  } finally {
    await backend.close();
  }
}

/** With its name, unlike at a birth: a member of this list that starts with no data is known to have lost them. */
function recordOf({ name, peerUrls }: InitialMember, clusterToken: string): Member {
  const id = bootstrapMemberId(peerUrls, clusterToken);
  return { id, name, peerUrls: [...peerUrls].sort(), clientUrls: [], isLearner: false };
}

async function writeLog(
  { disk, walSegmentBytes }: World,
  directory: string,
  { clusterId, memberId }: RestoreResult,
  mark: SnapshotMark,
): Promise<void> {
  const { wal } = await Wal.open({
    ...{ disk, directory, clusterId, memberId },
    backendAppliedIndex: mark.index,
    initialSnapshot: mark,
    ...(walSegmentBytes === undefined ? {} : { segmentBytes: walSegmentBytes }),
  });
  try {
    await wal.append({ hardState: { term: mark.term, vote: NO_MEMBER, commit: mark.index }, mustSync: true });
  } finally {
    await wal.close();
  }
}

async function moveFiles(disk: Disk, from: string, to: string): Promise<void> {
  for (const name of await disk.list(from)) await disk.rename(join(from, name), join(to, name));
  await disk.syncDirectory(to);
}
