/**
 * One member of a cluster: recovers what it was, lives, and answers what is asked of it. It knows the world only by its
 * seams (`env.ts`, `peer-network.ts`, `Backend`), so the same class runs in production and in simulation.
 *
 * A write goes `propose.ts` → `core/raft` → `ready-loop.ts` → `append-writer.ts` (durable) → `apply-loop.ts` →
 * `core/apply` → back to `propose.ts`. A read goes `store-reads.ts` → `read.ts` → `core/raft` → the store. `assemble.ts`
 * joins the parts; `recovery.ts` is where a life begins, `peer-desk.ts` what the other members see of it.
 */
import { checkCommand } from "../core/apply/check-command.js";
import type { Command, Member } from "../core/apply/command.js";
import type { AuthView } from "../core/auth/auth-view.js";
import type { Identity } from "../core/auth/types.js";
import { ServerError } from "../core/errors.js";
import type { BackendSize, BackendSnapshot } from "../core/mvcc/backend.js";
import type { RangeOperation, RangeResult, TxnOperation, TxnResult } from "../core/mvcc/operations.js";
import type { RaftStatus } from "../core/raft/types.js";
import type { WatchService } from "../core/watch/types.js";
import type { MemberRequest } from "../peer-network.js";
import type { HashResult, HeaderState, LeaseTimeToLive, NodeApi, NodeStats, ResultOf, Trace } from "./api.js";
import { assemble, type Parts } from "./assemble.js";
import { countedSnapshot } from "./counted-snapshot.js";
import { Hashes } from "./hashes.js";
import type { MembersChanged } from "./member-changes.js";
import { type NodeConfig, type NodeOptions, nodeConfig } from "./options.js";
import { Publication } from "./publication.js";
import { type RecoveredMember, recoverMember } from "./recovery.js";
import { SpaceQuota } from "./space-quota.js";
import { forgottenLogError } from "./start-refused.js";
import { Ticker } from "./ticker.js";

export class EtcdNode implements NodeApi {
  /** Resolves when the member serves: a leader is known, the log is applied, the name is published. */
  readonly ready: Promise<void>;
  /** Resolves with what stopped the node, if anything but `stop()` does: a broken invariant or a failed disk. */
  readonly failed: Promise<Error>;
  /** Resolves when the cluster has removed this member: it serves nobody any more and should be stopped. */
  readonly removed: Promise<void>;
  readonly #config: NodeConfig;
  readonly #recovered: RecoveredMember;
  readonly #parts: Parts;
  readonly #space: SpaceQuota;
  readonly #hashes: Hashes;
  readonly #publication: Publication;
  readonly #ticker: Ticker;
  #reportFailure: (error: Error) => void = () => {};
  #reportRemoval: () => void = () => {};
  #removing = false;
  #failure: Error | undefined;
  #halted = false;
  #stopping: Promise<void> | undefined;

  /** Recovers the member and sets it going. Rejects when its log or its backend cannot be used. */
  static async start(options: NodeOptions): Promise<EtcdNode> {
    const config = nodeConfig(options);
    const { failpoints } = config.env;
    failpoints.hit("recovery-before");
    const recovered = await recoverMember(options, config);
    try {
      const node = new EtcdNode(config, recovered);
      await node.#parts.snapshotFiles.open();
      failpoints.hit("recovery-after");
      node.#begin();
      return node;
    } catch (error) {
      await recovered.wal.close();
      throw error;
    }
  }

  private constructor(config: NodeConfig, recovered: RecoveredMember) {
    this.#config = config;
    this.#recovered = recovered;
    this.failed = new Promise((resolve) => {
      this.#reportFailure = resolve;
    });
    this.removed = new Promise((resolve) => {
      this.#reportRemoval = resolve;
    });
    this.#parts = assemble(config, recovered, {
      fail: (cause) => this.#fail(cause),
      stopped: () => this.#halted,
      removed: () => this.#leave(),
      // Once the leader has listened to this member, others may have learned its name while a handshake of before was on its way.
      forgotten: () => {
        if (this.#publication.isNew) this.#fail(forgottenLogError(recovered.identity));
      },
    });
    const { env, heartbeatMs, quotaBytes, backend, measures, name, clientUrls } = config;
    const { clock, logger } = env;
    const { memberId } = recovered.identity;
    this.#space = new SpaceQuota({ ...this.#parts, quotaBytes, memberId });
    this.#hashes = new Hashes({ ...this.#parts, backend, measures, clock, fail: (cause) => this.#fail(cause) });
    this.#publication = new Publication({
      ...{ ...this.#parts, memberId, name, clientUrls, clock, logger, isNew: recovered.isNew },
      membership: () => this.#parts.machine.membership,
      stopped: () => this.#halted,
    });
    const onTick = (nowMs: number, stalledMs: number): void => this.#tick(nowMs, stalledMs);
    this.#ticker = new Ticker({ clock, intervalMs: heartbeatMs, onTick });
    this.ready = this.#publication.run();
    // Who does not wait for it need not hear of its rejection; `failed` and the requests tell.
    this.ready.catch(() => {});
  }

  get header(): HeaderState {
    const { identity, raft } = this.#recovered;
    const { clusterId, memberId } = identity;
    return { clusterId, memberId, revision: this.#parts.machine.store.currentRevision, raftTerm: raft.term };
  }

  get watch(): WatchService {
    return this.#parts.watches;
  }

  get members(): readonly Member[] {
    return this.#parts.machine.members;
  }

  get clusterVersion(): string | undefined {
    return this.#parts.machine.clusterVersion;
  }

  get downgradeTarget(): string | undefined {
    return this.#parts.machine.downgradeTarget;
  }

  get isLearner(): boolean {
    return this.#recovered.raft.isLearner;
  }

  get raftStatus(): RaftStatus {
    return this.#recovered.raft.status;
  }

  get backendSize(): BackendSize {
    return this.#parts.backendWriter.size;
  }

  get alarms(): NodeApi["alarms"] {
    return this.#parts.machine.alarms.flatMap(({ memberId, alarm }) => (alarm === "none" ? [] : [{ memberId, alarm }]));
  }

  get stats(): NodeStats {
    const { machine, proposals, leadership } = this.#parts;
    const { watchers, streams, slowWatchers, pendingEvents } = machine.watch.counts;
    return {
      keys: machine.store.keys,
      compactRevision: machine.store.compactRevision,
      watchers,
      watchStreams: streams,
      slowWatchers,
      pendingEvents,
      proposalsPending: proposals.pending,
      proposalsFailed: proposals.failed,
      leaderChanges: leadership.changes,
    };
  }

  get auth(): AuthView {
    return this.#parts.machine.auth;
  }

  async authorize(check: (auth: AuthView) => void): Promise<void> {
    try {
      check(this.auth);
    } catch (error) {
      if (!(error instanceof ServerError) || error.reason !== "permissionDenied") throw error;
      await this.#parts.reads.barrier();
      check(this.auth);
    }
  }

  propose<C extends Command>(command: C, identity?: Identity, trace?: Trace): Promise<ResultOf<C>> {
    return this.auth.enabled ? this.#proposeAs(command, identity, trace) : this.#propose(command, identity, trace);
  }

  range(operation: RangeOperation, identity?: Identity): Promise<RangeResult>;
  range<T>(operation: RangeOperation, identity: Identity | undefined, answer: (result: RangeResult) => T): Promise<T>;
  range<T>(
    operation: RangeOperation,
    identity?: Identity,
    answer?: (result: RangeResult) => T,
  ): Promise<RangeResult | T> {
    const { storeReads } = this.#parts;
    return storeReads.range<RangeResult | T>(operation, identity, answer ?? asItIs);
  }

  readOnlyTxn(operation: TxnOperation, identity?: Identity): Promise<TxnResult> {
    return this.#parts.storeReads.txn(operation, identity);
  }

  linearizableBarrier(): Promise<void> {
    return this.#parts.reads.barrier();
  }

  waitCompacted(revision: bigint): Promise<void> {
    return this.#parts.storeCompaction.finished(revision);
  }

  renewLease(id: bigint): Promise<number> {
    return this.#parts.leaseRequests.renew(id);
  }

  async leaseTimeToLive(id: bigint, withKeys: boolean): Promise<LeaseTimeToLive> {
    const { ttlSeconds, grantedTtlSeconds, keys } = await this.#parts.leaseRequests.timeToLive(id);
    return { id, ttlSeconds, grantedTtlSeconds, keys: withKeys ? keys : [] };
  }

  async leases(): Promise<readonly bigint[]> {
    return this.#parts.machine.lessor.leases();
  }

  changeMembers(request: MemberRequest): Promise<MembersChanged> {
    return this.#parts.memberChanges.change(request);
  }

  moveLeader(target: bigint): Promise<void> {
    return this.#parts.leadership.moveTo(target);
  }

  hashKv(revision: bigint): Promise<HashResult> {
    return this.#hashes.atRevision(revision);
  }

  hash(): Promise<number> {
    return this.#hashes.ofAll();
  }

  /** Compares this member's data with the others'. Errors: an `Error` that names the members it differs from. */
  checkSelf(): Promise<void> {
    return this.#parts.corruption.checkSelf();
  }

  defragment(): Promise<void> {
    return this.#parts.maintenance.defragment();
  }

  snapshot(): BackendSnapshot {
    this.#parts.backendWriter.commit();
    const { backend, measures } = this.#config;
    return countedSnapshot(backend.snapshot(), measures.openSnapshots, (cause) => this.#fail(cause));
  }

  /**
   * Ends cleanly: another member takes over the lead, what was acknowledged is durable in the backend too, and every
   * waiting caller hears `stopped`.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  #begin(): void {
    const { identity, raft } = this.#recovered;
    const { logger, peers } = this.#config.env;
    const { storeCompaction, watchDriver, corruption, readyLoop, peerDesk, membersKnown } = this.#parts;
    logger.info({ memberId: identity.memberId.toString(16), ...logged(raft.status) }, "member recovered");
    const { peerUrls } = this.#config;
    peers.start({ ...identity, peerUrls, isNew: () => this.#publication.isNew }, peerDesk);
    this.#ticker.start();
    watchDriver.start();
    corruption.start();
    storeCompaction.wake();
    membersKnown();
    readyLoop.wake();
  }

  async #stop(): Promise<void> {
    const { leadership, appendWriter, maintenance, logCompaction, backendWriter } = this.#parts;
    const handingOver = this.#halted ? undefined : leadership.handOver();
    if (handingOver !== undefined) await handingOver;
    this.#halt();
    await appendWriter.idle();
    await maintenance.stop();
    await logCompaction.stop();
    try {
      this.#config.env.failpoints.hit("stop-before-flush");
      // After a failure the state in memory is not to be trusted; the log has everything that was acknowledged.
      if (this.#failure === undefined) await backendWriter.flush();
    } finally {
      await this.#recovered.wal.close();
    }
  }

  /** Nothing moves any more after this; what waits is told so. */
  #halt(): void {
    this.#halted = true;
    this.#ticker.stop();
    const { watchDriver, corruption, readyLoop, applyLoop, backendWriter, storeCompaction } = this.#parts;
    for (const part of [watchDriver, corruption, readyLoop, applyLoop, backendWriter, storeCompaction]) part.stop();
    const { proposals, reads, snapshotReceiver } = this.#parts;
    for (const part of [proposals, reads, snapshotReceiver]) part.stop();
  }

  #fail(cause: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = cause instanceof Error ? cause : new Error(String(cause), { cause });
    this.#config.env.logger.error({ error: this.#failure.stack ?? this.#failure.message }, "member failed and stops");
    this.#halt();
    this.#reportFailure(this.#failure);
  }

  /** One election timeout is left, in which the others can learn from a removed leader that its removal is committed. */
  #leave(): void {
    if (this.#removing) return;
    this.#removing = true;
    const { env, electionMs } = this.#config;
    const memberId = this.#recovered.identity.memberId.toString(16);
    env.logger.warn({ memberId }, "this member was removed from the cluster and stops");
    env.clock.setTimer(electionMs, () => {
      if (!this.#halted) this.#halt();
      this.#reportRemoval();
    });
  }

  #tick(nowMs: number, stalledMs: number): void {
    const { leadership, proposals, reads, leaseExpiry, readyLoop } = this.#parts;
    try {
      if (stalledMs > 0) this.#stalled(stalledMs);
      this.#recovered.raft.tick();
      leadership.tick();
      proposals.tick(nowMs);
      reads.tick(nowMs);
      leaseExpiry.tick(nowMs);
      readyLoop.wake();
    } catch (error) {
      this.#fail(error);
    }
  }

  #stalled(stalledMs: number): void {
    const { env, measures } = this.#config;
    env.logger.warn({ stalledMs: Math.round(stalledMs) }, "the event loop stood still");
    if (this.raftStatus.role === "leader") measures.lateHeartbeats.add();
  }

  async #proposeAs<C extends Command>(command: C, identity?: Identity, trace?: Trace): Promise<ResultOf<C>> {
    await this.authorize((auth) => checkCommand(auth, identity, command));
    return this.#propose(command, identity, trace);
  }

  /** On the way of every write: no async function around another. */
  #propose<C extends Command>(command: C, identity?: Identity, trace?: Trace): Promise<ResultOf<C>> {
    if (!this.#space.hasRoomFor(command)) return this.#space.refuse();
    const { machine, proposals } = this.#parts;
    // The minimum TTL is a setting of this member, so it acts before the log and not when the entry is applied.
    const effective: Command =
      command.kind === "lease-grant"
        ? { ...command, ttlSeconds: machine.lessor.effectiveTtl(command.ttlSeconds) }
        : command;
    return proposals.propose(effective, identity, trace) as Promise<ResultOf<C>>;
  }
}

function logged({ term, commitIndex, appliedIndex, firstIndex, lastIndex }: RaftStatus): object {
  return { term, commitIndex, appliedIndex, firstIndex, lastIndex };
}

function asItIs(result: RangeResult): RangeResult {
  return result;
}
