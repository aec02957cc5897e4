/**
 * From what is on disk to a member that can start: whose data it is, the log, and for a new member the log's first entry.
 * A new cluster of one is an ordinary log that begins with a committed membership change; whether the member starts for
 * the first time or the thousandth, everything else takes the same way.
 */
import { join } from "node:path";
import type { Member } from "../core/apply/command.js";
import { Raft } from "../core/raft/raft.js";
import type { Entry } from "../core/raft/types.js";
import type { Disk } from "../env.js";
import { listSegments } from "../io/wal/recovery.js";
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES } from "../io/wal/segment-header.js";
import { Wal } from "../io/wal/wal.js";
import { encodeConfChange } from "../io/wire/command.js";
import { bootstrapClusterId, bootstrapMemberId } from "./identity.js";
import type { NodeConfig, NodeOptions } from "./options.js";

export interface Identity {
  readonly clusterId: bigint;
  readonly memberId: bigint;
}

export interface RecoveredMember {
  readonly identity: Identity;
  readonly wal: Wal;
  readonly raft: Raft;
}

/** Rejects with what `Wal.open` rejects with: damaged, or another member's. */
export async function recoverMember(options: NodeOptions, config: NodeConfig): Promise<RecoveredMember> {
  const { env, backend, walDirectory } = config;
  const identity = (await storedIdentity(env.disk, walDirectory)) ?? newIdentity(config);
  const applied = backend.appliedAt();
  const { onWalFlush } = options;
  const { wal, recovered } = await Wal.open({
    disk: env.disk,
    directory: walDirectory,
    ...identity,
    backendAppliedIndex: applied.index,
    logger: env.logger,
    ...(options.walSegmentBytes === undefined ? {} : { segmentBytes: options.walSegmentBytes }),
    ...(onWalFlush === undefined ? {} : { onFlush: { nowMs: () => env.clock.nowMs(), report: onWalFlush } }),
  });
  const isNew = recovered.hardState === undefined && recovered.entries.length === 0 && applied.index === 0;
  const { hardState, entries } = isNew ? await bootstrap(wal, config, identity) : recovered;
  const raft = new Raft({
    id: identity.memberId,
    electionTicks: config.electionTicks,
    heartbeatTicks: 1,
    random: (boundExclusive) => env.random.int(boundExclusive),
    hardState,
    base: recovered.snapshot ?? { index: 0, term: 0 },
    entries,
    applied,
  });
  return { identity, wal, raft };
}

/** The ids stay those of the first start, even if the member's URLs change later. */
async function storedIdentity(disk: Disk, directory: string): Promise<Identity | undefined> {
  const [oldest] = await listSegments(disk, directory);
  if (oldest === undefined) return undefined;
  const file = await disk.open(join(directory, oldest.name), "read");
  try {
    // A damaged header is the log's own recovery's business: it knows what to say about it.
    return decodeSegmentHeader(await file.readAt(0, SEGMENT_HEADER_BYTES));
  } finally {
    await file.close();
  }
}

function newIdentity({ peerUrls, clusterToken }: NodeConfig): Identity {
  const memberId = bootstrapMemberId(peerUrls, clusterToken);
  return { memberId, clusterId: bootstrapClusterId([memberId]) };
}

type FirstLog = Pick<Awaited<ReturnType<typeof Wal.open>>["recovered"], "hardState" | "entries">;

/** Entry 1 of term 1 adds the member to the configuration that is empty before; it is committed from the start. */
async function bootstrap(wal: Wal, config: NodeConfig, { memberId }: Identity): Promise<FirstLog> {
  const { peerUrls } = config;
  const member: Member = { id: memberId, name: "", peerUrls, clientUrls: [], isLearner: false };
  const data = encodeConfChange(0n, { type: "add-voter", member });
  const entries: readonly Entry[] = [{ type: "conf-change", term: 1, index: 1, data }];
  const hardState = { term: 1, vote: 0n, commit: 1 };
  await wal.append({ entries, hardState, mustSync: true });
  return { entries, hardState };
}
