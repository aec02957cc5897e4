/**
 * Automatic compaction, by time or by count, with etcd's rhythm. Only the leader proposes.
 *
 * Periodic, P kept: the revision is noted ten times per min(P, 1 h), the first compaction comes after P, then one every
 * min(P, 1 h), each to what was current P ago. Revision, N kept: every five minutes to N below the current one.
 */
import type { AutoCompaction } from "./config/config.js";
import { NODE_IDENTITY } from "./core/auth/types.js";
import { ServerError } from "./core/errors.js";
import type { Clock, Logger, Timer } from "./env.js";
import type { NodeApi } from "./node/api.js";

const HOUR_MS = 3_600_000;
const REVISION_INTERVAL_MS = 300_000;
const SAMPLES_PER_COMPACTION = 10;

export interface AutoCompactor {
  stop(): void;
}

/** Starts it; the timer stops with `stop()`. */
export function startAutoCompaction(node: NodeApi, mode: AutoCompaction, clock: Clock, logger: Logger): AutoCompactor {
  const target = mode.mode === "periodic" ? periodic(mode.retentionMs) : keepRevisions(mode.retentionRevisions);
  let timer: Timer;
  let compacted = 0n;
  const schedule = (): void => {
    timer = clock.setTimer(target.intervalMs, () => {
      schedule();
      const revision = target.tick(node.header.revision);
      if (revision === undefined || revision <= compacted || node.raftStatus.role !== "leader") return;
      compacted = revision;
      void compact(node, revision, logger);
    });
  };
  schedule();
  return { stop: () => timer.cancel() };
}

async function compact(node: NodeApi, revision: bigint, logger: Logger): Promise<void> {
  try {
    await node.propose({ kind: "compaction", revision, physical: false }, NODE_IDENTITY);
    logger.info({ revision: String(revision) }, "compacted automatically");
  } catch (error) {
    const fields = { revision: String(revision), reason: error instanceof Error ? error.message : String(error) };
    // Somebody else was faster, or the node is about to stop: nothing is lost, the next round compacts further.
    if (error instanceof ServerError) logger.debug(fields, "automatic compaction was refused");
    else logger.error(fields, "automatic compaction failed");
  }
}

/** What is called at every interval with the current revision, and answers with the revision to compact to. */
interface Target {
  readonly intervalMs: number;
  tick(current: bigint): bigint | undefined;
}

function keepRevisions(count: number): Target {
  return {
    intervalMs: REVISION_INTERVAL_MS,
    tick: (current) => (current > BigInt(count) ? current - BigInt(count) : undefined),
  };
}

function periodic(retentionMs: number): Target {
  const intervalMs = Math.min(retentionMs, HOUR_MS) / SAMPLES_PER_COMPACTION;
  const samplesKept = Math.ceil(retentionMs / intervalMs);
  const samples: bigint[] = [];
  let untilNext = 0;
  return {
    intervalMs,
    tick(current) {
      samples.push(current);
      if (samples.length <= samplesKept) return undefined;
      const kept = samples.shift();
      if (untilNext-- > 0) return undefined;
      untilNext = SAMPLES_PER_COMPACTION - 1;
      return kept;
    },
  };
}
