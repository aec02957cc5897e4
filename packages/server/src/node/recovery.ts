/**
 * From what is on disk to a member that can start: whose data it is, the log, and for a new member where its log begins.
 * A member finds itself in one of three places: its log is there (the ids are the log's), its cluster is being founded
 * (`bootstrap.ts`), or it joins one that exists (`join.ts`). Whichever it is, everything else takes the same way.
 */
import { join } from "node:path";
import type { AppliedAt } from "../core/mvcc/backend.js";
import { membersOf } from "../core/raft/conf-change.js";
import { Raft } from "../core/raft/raft.js";
import type { Entry, SnapshotMark } from "../core/raft/types.js";
import type { Disk } from "../env.js";
import { naming } from "../io/disk/disk-error.js";
import { listSegments } from "../io/wal/recovery.js";
import type { RecoveredLog } from "../io/wal/replay.js";
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES } from "../io/wal/segment-header.js";
import { Wal } from "../io/wal/wal.js";
import { decodeConfChange } from "../io/wire/command.js";
import type { PeerAddress } from "../peer-network.js";
import { type Beginning, foundCluster } from "./bootstrap.js";
import type { Identity } from "./identity.js";
import { joinCluster } from "./join.js";
import type { NodeConfig, NodeOptions } from "./options.js";
import { refuseEmptyLog, soleMemberLog } from "./sole-member.js";
import { hex, StartRefusedError } from "./start-refused.js";
import { checkStoredMembers } from "./stored-members.js";

export type { Identity } from "./identity.js";

export interface RecoveredMember {
  readonly identity: Identity;
  readonly wal: Wal;
  readonly raft: Raft;
  /**
   * The other members as they were told or as the cluster told them, for a member that begins: it must be able to answer
   * them before the log has brought it its own list. Empty once there is a log.
   */
  readonly knownPeers: readonly PeerAddress[];
  /** There was no log: this is the member's first life, or it has lost the others. */
  readonly isNew: boolean;
  /** The log has the entry that the backend has applied last, and names every member that the backend counts. */
  readonly leadsToApplied: boolean;
}

/** A member that joins holds nothing; what a torn first record left was answered for by nobody. */
const NOTHING = { hardState: undefined, entries: [] } as const;

/**
 * Rejects with what `Wal.open` rejects with (damaged, or another member's), and with `StartRefusedError` when the member
 * must not start as who it is told to be.
 */
export async function recoverMember(options: NodeOptions, config: NodeConfig): Promise<RecoveredMember> {
  const { env, backend, walDirectory, tuning } = config;
  const applied = backend.appliedAt();
  const stored = await storedIdentity(env.disk, walDirectory);
  if (stored !== undefined) checkStoredMembers(config, stored);
  let beginning = stored === undefined ? await begin(config) : undefined;
  const identity = stored ?? (beginning as Beginning).identity;
  const { wal, recovered } = await openWal(options, config, identity, applied.index);
  try {
    env.failpoints.hit("recovery-after-log");
    const isEmpty = recovered.hardState === undefined && recovered.snapshot === undefined && applied.index === 0;
    // The member stopped between the creation of its log and the first record in it, or the first record was torn.
    if (isEmpty && beginning === undefined) {
      if (config.forceNewCluster) refuseEmptyLog(walDirectory);
      beginning = await begin(config, identity);
    }
    if (beginning?.firstLog !== undefined) await wal.append({ ...beginning.firstLog, mustSync: true });
    const continued =
      config.forceNewCluster && beginning === undefined
        ? await withoutOthers(config, identity, wal, recovered)
        : recovered;
    const { hardState, entries } = beginning === undefined ? continued : (beginning.firstLog ?? NOTHING);
    const raft = new Raft({
      id: identity.memberId,
      electionTicks: config.electionTicks,
      heartbeatTicks: 1,
      random: (boundExclusive) => env.random.int(boundExclusive),
      preVote: config.preVote,
      messageBytesMax: tuning.messageBytesMax,
      inflightMessagesMax: tuning.inflightMessagesMax,
      inflightBytesMax: tuning.inflightBytesMax,
      applyBytesMax: tuning.applyBytesMax,
      applyEntriesMax: tuning.applyEntriesMax,
      uncommittedBytesMax: tuning.uncommittedBytesMax,
      hardState,
      base: recovered.snapshot ?? { index: 0, term: 0 },
      entries,
      applied,
    });
    return {
      ...{ identity, wal, raft, knownPeers: beginning?.knownPeers ?? [], isNew: beginning !== undefined },
      leadsToApplied: leadsTo(applied, recovered.snapshot, entries),
    };
  } catch (error) {
    await wal.close();
    throw error;
  }
}

/** The log of a member that has become a cluster of one; the same log when it was one. */
async function withoutOthers(
  { backend, env }: NodeConfig,
  { memberId }: Identity,
  wal: Wal,
  log: RecoveredLog,
): Promise<RecoveredLog> {
  const more = soleMemberLog(memberId, log, backend.appliedAt());
  if (more === undefined) return log;
  const removed = more.entries.map(({ data }) => decodeConfChange(data).content);
  env.logger.warn(
    {
      memberId: hex(memberId),
      removed: removed.flatMap(({ type, member }) => (type === "remove" ? [hex(member.id)] : [])),
    },
    "--force-new-cluster: this member is a cluster of its own now, and the others are removed for good",
  );
  await wal.append({ ...more, mustSync: true });
  return { ...log, hardState: more.hardState, entries: [...log.entries, ...more.entries] };
}

function openWal(
  options: NodeOptions,
  { env, walDirectory, tuning }: NodeConfig,
  identity: Identity,
  backendAppliedIndex: number,
): ReturnType<typeof Wal.open> {
  const { onWalFlush, walSegmentBytes } = options;
  return Wal.open({
    disk: env.disk,
    directory: walDirectory,
    clusterId: identity.clusterId,
    memberId: identity.memberId,
    backendAppliedIndex,
    logger: env.logger,
    failpoints: env.failpoints,
    flushBytesMax: tuning.walFlushBytesMax,
    ...(walSegmentBytes === undefined ? {} : { segmentBytes: walSegmentBytes }),
    ...(onWalFlush === undefined ? {} : { onFlush: { nowMs: () => env.clock.nowMs(), report: onWalFlush } }),
  });
}

/** The ids stay those of the first start, even if the member's URLs change later. */
/** Whether the backend may have been made from the log: an index and a term alone occur in every cluster. */
function leadsTo(applied: AppliedAt, snapshot: SnapshotMark | undefined, entries: readonly Entry[]): boolean {
  const position = [snapshot, ...entries].find((one) => one?.index === applied.index);
  if (position?.term !== applied.term) return false;
  const named = new Set(snapshot === undefined ? [] : membersOf(snapshot.confState));
  for (const { type, data } of entries)
    if (type === "conf-change" && data.length > 0) named.add(decodeConfChange(data).content.member.id);
  return membersOf(applied.confState).every((id) => named.has(id));
}

async function storedIdentity(disk: Disk, directory: string): Promise<Identity | undefined> {
  const [oldest] = await listSegments(disk, directory);
  if (oldest === undefined) return undefined;
  const path = join(directory, oldest.name);
  const file = await disk.open(path, "read");
  try {
    const header = decodeSegmentHeader(await naming(path, file.readAt(0, SEGMENT_HEADER_BYTES)));
    // A damaged header is the log's own recovery's business: it knows what to say about it.
    return header && { clusterId: header.clusterId, memberId: header.memberId };
  } finally {
    await file.close();
  }
}

/** @param stored who owns the log that was created and holds nothing yet */
async function begin(config: NodeConfig, stored?: Identity): Promise<Beginning> {
  if (config.initialClusterState === "existing") return joinCluster(config, stored);
  const beginning = await foundCluster(config);
  const { clusterId, memberId } = beginning.identity;
  if (stored === undefined || (stored.clusterId === clusterId && stored.memberId === memberId)) return beginning;
  throw new StartRefusedError(
    `the log in ${config.walDirectory} is that of member ${hex(stored.memberId)} of cluster ${hex(stored.clusterId)} and ` +
      `still empty, and these settings would found cluster ${hex(clusterId)} as member ${hex(memberId)}. Give ` +
      "--initial-cluster-state existing if the member was joining; else remove its data directory",
  );
}
