/**
 * Finds members whose data has diverged: the leader compares hashes of the same revision now and then, and a member may
 * compare itself with the others before it serves. Divergence cannot be mended here; the CORRUPT alarm stops writes in the
 * whole cluster until an operator has replaced the member.
 */
import type { Command, Member } from "../core/apply/command.js";
import type { HashKvResult } from "../core/mvcc/hash.js";
import type { Raft } from "../core/raft/raft.js";
import type { Clock, Logger, Timer } from "../env.js";
import type { PeerNetwork } from "../peer-network.js";

/** How long a member may take to hash its data. */
const HASH_TIMEOUT_MS = 30_000;
/** The alarm's member where no majority says who is wrong (etcd's rule). */
const NOBODY_KNOWN = 0n;

export interface CorruptionCheckOptions {
  readonly raft: Raft;
  readonly peers: PeerNetwork;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly memberId: bigint;
  /** Milliseconds between two checks of the leader; 0 for none. */
  readonly intervalMs: number;
  readonly members: () => readonly Member[];
  /** Of this member's own data; 0n for the current revision. */
  readonly hashHere: (revision: bigint) => Promise<HashKvResult>;
  /** Resolves when everything committed before the call is applied here. */
  readonly barrier: () => Promise<void>;
  readonly propose: (command: Command) => Promise<unknown>;
}

interface MemberHash extends HashKvResult {
  readonly id: bigint;
}

export class CorruptionCheck {
  readonly #options: CorruptionCheckOptions;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: CorruptionCheckOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, intervalMs, logger } = this.#options;
    if (intervalMs === 0 || this.#stopped) return;
    this.#timer = clock.setTimer(intervalMs, () => {
      this.check()
        .catch((error: unknown) => logger.warn({ error: String(error) }, "the members' hashes could not be compared"))
        .finally(() => this.start());
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** On the leader: raises the alarm for every member that differs from the majority. Does nothing on others. */
  async check(): Promise<void> {
    const { raft, memberId, barrier, hashHere, members, logger, propose } = this.#options;
    if (raft.status.role !== "leader") return;
    await barrier();
    const own = { id: memberId, ...(await hashHere(0n)) };
    const hashes = comparable(own, await this.#othersAt(own.hashRevision));
    const corrupt = diverged(hashes, members().length);
    for (const id of corrupt) {
      const { hashRevision, compactRevision } = own;
      logger.error({ member: id.toString(16), hashRevision, compactRevision }, "a member's data has diverged");
      await propose({ kind: "alarm", action: "activate", memberId: id, alarm: "corrupt" });
    }
  }

  /** Before serving. Errors: an `Error` that names the members whose data differs from this one's. */
  async checkSelf(): Promise<void> {
    const { memberId, hashHere } = this.#options;
    const own = { id: memberId, ...(await hashHere(0n)) };
    const hashes = comparable(own, await this.#othersAt(own.hashRevision));
    const differing = hashes.filter(({ hash }) => hash !== own.hash).map(({ id }) => id.toString(16));
    if (differing.length === 0) return;
    throw new Error(
      `the data of this member differs from that of ${differing.join(", ")} at revision ${own.hashRevision}: it does not ` +
        "start. Remove it from the cluster and add it again with an empty data directory",
    );
  }

  /** Those who answer; one that is not so far yet, or is compacted further, does not. */
  async #othersAt(revision: bigint): Promise<readonly MemberHash[]> {
    const { members, memberId, peers, logger } = this.#options;
    const others = members().filter(({ id }) => id !== memberId);
    const answers = others.map(async ({ id }) => {
      try {
        return [{ id, ...(await peers.ask(id, { kind: "hash-kv", revision }, HASH_TIMEOUT_MS)) }];
      } catch (error) {
        logger.debug({ member: id.toString(16), error: String(error) }, "a member gave no hash");
        return [];
      }
    });
    return (await Promise.all(answers)).flat();
  }
}

/** Hashes mean the same thing only between members with equal compact revisions. */
function comparable(own: MemberHash, others: readonly MemberHash[]): readonly MemberHash[] {
  return [own, ...others.filter(({ compactRevision }) => compactRevision === own.compactRevision)];
}

/** Whoever differs from a hash that a majority of all members shares; nobody known when there is none. */
function diverged(hashes: readonly MemberHash[], members: number): readonly bigint[] {
  const counts = new Map<number, number>();
  for (const { hash } of hashes) counts.set(hash, (counts.get(hash) ?? 0) + 1);
  if (counts.size <= 1) return [];
  const [right] = [...counts].find(([, count]) => count > members / 2) ?? [];
  if (right === undefined) return [NOBODY_KNOWN];
  return hashes.filter(({ hash }) => hash !== right).map(({ id }) => id);
}
