/**
 * One member of a cluster: recovers what it was, and then joins the parts that carry a request through. It knows the world
 * only by its seams (`env.ts`, `Backend`), so the same class runs in production and in simulation.
 *
 * A write goes `propose.ts` → `core/raft` → `ready-loop.ts` → `append-writer.ts` (durable) → `apply-loop.ts` →
 * `core/apply` → back to `propose.ts`. A read goes `read.ts` → `core/raft` → the store. Behind them `backend-writer.ts`
 * and `log-compaction.ts` make the applied state durable and the log short. `recovery.ts` is where a life begins.
 */
import type { Command, Member } from "../core/apply/command.js";
import { spaceCost } from "../core/apply/space.js";
import { StateMachine } from "../core/apply/state-machine.js";
import { ServerError } from "../core/errors.js";
import { InvariantError } from "../core/invariant.js";
import type { BackendSize, BackendSnapshot } from "../core/mvcc/backend.js";
import { hashBackend } from "../core/mvcc/hash.js";
import type { RangeOperation, RangeResult, TxnOperation, TxnResult } from "../core/mvcc/operations.js";
import type { Slices } from "../core/mvcc/slices.js";
import type { Raft } from "../core/raft/raft.js";
import { type AppendTask, type Message, NO_MEMBER, type RaftStatus, type SoftState } from "../core/raft/types.js";
import type { WatchService } from "../core/watch/types.js";
import type { Wal } from "../io/wal/wal.js";
import type { HashResult, HeaderState, LeaseTimeToLive, NodeApi, NodeStats, ResultOf } from "./api.js";
import { AppendWriter } from "./append-writer.js";
import { ApplyLoop } from "./apply-loop.js";
import { BackendWriter } from "./backend-writer.js";
import { LeaseExpiry } from "./lease-expiry.js";
import { LogCompaction } from "./log-compaction.js";
import { type NodeConfig, type NodeOptions, nodeConfig } from "./options.js";
import { Proposals } from "./propose.js";
import { ReadRounds } from "./read.js";
import { ReadyLoop } from "./ready-loop.js";
import { type Identity, recoverMember } from "./recovery.js";
import { sleep } from "./sleep.js";
import { StoreCompaction } from "./store-compaction.js";
import { Ticker } from "./ticker.js";
import { WatchDriver } from "./watch-driver.js";

/** Milliseconds between attempts to publish the member's name, and between looks at a lease that is being revoked. */
const RETRY_MS = 50;

export class EtcdNode implements NodeApi {
  /** Resolves when the member serves: a leader is known, the log is applied, the name is published. */
  readonly ready: Promise<void>;
  /** Resolves with what stopped the node, if anything but `stop()` does: a broken invariant or a failed disk. */
  readonly failed: Promise<Error>;
  readonly #config: NodeConfig;
  readonly #identity: Identity;
  readonly #wal: Wal;
  readonly #raft: Raft;
  readonly #machine: StateMachine;
  readonly #readyLoop: ReadyLoop;
  readonly #appendWriter: AppendWriter;
  readonly #applyLoop: ApplyLoop;
  readonly #backendWriter: BackendWriter;
  readonly #proposals: Proposals;
  readonly #reads: ReadRounds;
  readonly #ticker: Ticker;
  readonly #leaseExpiry: LeaseExpiry;
  readonly #logCompaction: LogCompaction;
  readonly #storeCompaction: StoreCompaction;
  readonly #watchDriver: WatchDriver;
  #reportFailure: (error: Error) => void = () => {};
  #failure: Error | undefined;
  #halted = false;
  #stopping: Promise<void> | undefined;
  #maintenance: Promise<void> = Promise.resolve();
  #lead: bigint = NO_MEMBER;
  #leaderChanges = 0;

  /** Recovers the member and sets it going. Rejects when its log or its backend cannot be used. */
  static async start(options: NodeOptions): Promise<EtcdNode> {
    const config = nodeConfig(options);
    const { identity, wal, raft } = await recoverMember(options, config);
    try {
      const node = new EtcdNode(config, identity, wal, raft);
      node.#begin();
      return node;
    } catch (error) {
      await wal.close();
      throw error;
    }
  }

  private constructor(config: NodeConfig, identity: Identity, wal: Wal, raft: Raft) {
    const { env, backend, requestTimeoutMs } = config;
    const { clock, random, failpoints, logger } = env;
    this.#config = config;
    this.#identity = identity;
    this.#wal = wal;
    this.#raft = raft;
    this.failed = new Promise((resolve) => {
      this.#reportFailure = resolve;
    });
    const machine = StateMachine.open({
      backend,
      // Ceiling of one and a half election timeouts: a lease outlives the change of a leader (etcd's rule).
      lessor: { minTtlSeconds: Math.ceil((1.5 * config.electionMs) / 1000), expiredRetryMs: requestTimeoutMs },
      watch: { fragmentBytes: config.maxRequestBytes + 512 * 1024 },
    });
    this.#machine = machine;
    checkOwner(machine, identity);
    const onError = (error: unknown): void => this.#fail(error);
    const wake = (): void => this.#readyLoop.wake();
    const waiting = { raft, clock, random, requestTimeoutMs, wake };
    this.#proposals = new Proposals({ ...waiting, maxRequestBytes: config.maxRequestBytes });
    this.#reads = new ReadRounds(waiting);
    this.#backendWriter = new BackendWriter({ machine, backend, clock, failpoints, onError });
    this.#appendWriter = new AppendWriter({ wal, failpoints, onError, onDurable: (tasks) => this.#durable(tasks) });
    this.#applyLoop = new ApplyLoop({
      machine,
      raft,
      clock,
      failpoints,
      onError,
      onAnswer: (requestId, answer) => this.#proposals.answer(requestId, answer),
      onApplied: (index) => this.#applied(index),
      onConfChange: () => this.#campaignAlone(),
    });
    this.#readyLoop = new ReadyLoop({
      raft,
      peers: env.peers,
      failpoints,
      onError,
      beforeDrain: () => this.#reads.begin(),
      onSoftState: (state) => this.#softStateChanged(state),
      onAppend: (task) => this.#appendWriter.write(task),
      onApply: (task) => this.#applyLoop.add(task),
      onReads: (reads) => this.#reads.answered(reads),
    });
    this.#leaseExpiry = new LeaseExpiry({
      lessor: () => machine.lessor,
      raft,
      clock,
      logger,
      barrier: () => this.#reads.barrier(),
      propose: (command) => this.#proposals.propose(command),
    });
    this.#logCompaction = new LogCompaction({
      raft,
      wal,
      backendWriter: this.#backendWriter,
      failpoints,
      logger,
      snapshotCount: config.snapshotCount,
      catchUpEntries: config.catchUpEntries,
      markIndex: raft.status.firstIndex - 1,
      onError,
    });
    this.#storeCompaction = new StoreCompaction({
      machine,
      clock,
      paused: () => this.#applyLoop.paused,
      onChange: () => this.#backendWriter.noteChange(),
      commit: () => this.#backendWriter.commit(),
      onError,
    });
    const { progressNotifyMs } = config;
    this.#watchDriver = new WatchDriver({ hub: machine.watch, clock, random, progressNotifyMs, onError });
    const onTick = (nowMs: number, stalledMs: number): void => this.#tick(nowMs, stalledMs);
    this.#ticker = new Ticker({ clock, intervalMs: config.heartbeatMs, onTick });
    this.ready = this.#publish();
    // Who does not wait for it need not hear of its rejection; `failed` and the requests tell.
    this.ready.catch(() => {});
  }

  get header(): HeaderState {
    return { ...this.#identity, revision: this.#machine.store.currentRevision, raftTerm: this.#raft.status.term };
  }

  get watch(): WatchService {
    return this.#machine.watch;
  }

  get members(): readonly Member[] {
    return this.#machine.members;
  }

  get raftStatus(): RaftStatus {
    return this.#raft.status;
  }

  get backendSize(): BackendSize {
    return this.#backendWriter.size;
  }

  get alarms(): NodeApi["alarms"] {
    return this.#machine.alarms.flatMap(({ memberId, alarm }) => (alarm === "none" ? [] : [{ memberId, alarm }]));
  }

  get stats(): NodeStats {
    const { watchers, streams, slowWatchers } = this.#machine.watch.counts;
    return {
      keys: this.#machine.store.keys,
      compactRevision: this.#machine.store.compactRevision,
      watchers,
      watchStreams: streams,
      slowWatchers,
      proposalsPending: this.#proposals.pending,
      proposalsFailed: this.#proposals.failed,
      leaderChanges: this.#leaderChanges,
    };
  }

  async propose<C extends Command>(command: C): Promise<ResultOf<C>> {
    await this.#checkSpace(command);
    // The minimum TTL is a setting of this member, so it acts before the log and not when the entry is applied.
    const effective: Command =
      command.kind === "lease-grant"
        ? { ...command, ttlSeconds: this.#machine.lessor.effectiveTtl(command.ttlSeconds) }
        : command;
    return (await this.#proposals.propose(effective)) as ResultOf<C>;
  }

  async range(operation: RangeOperation): Promise<RangeResult> {
    if (!operation.serializable) await this.#reads.barrier();
    return this.#walk(this.#machine.store.rangeSlices(operation));
  }

  async readOnlyTxn(operation: TxnOperation): Promise<TxnResult> {
    const ranges = [...operation.success, ...operation.failure];
    const isLocal = ranges.every((range) => range.kind === "range" && range.serializable);
    if (!isLocal) await this.#reads.barrier();
    return this.#machine.store.txn(operation);
  }

  linearizableBarrier(): Promise<void> {
    return this.#reads.barrier();
  }

  waitCompacted(revision: bigint): Promise<void> {
    return this.#storeCompaction.finished(revision);
  }

  async renewLease(id: bigint): Promise<number> {
    await this.#reads.barrier();
    const { lessor } = this.#machine;
    const clear = lessor.checkpointToClear(id);
    if (clear !== undefined) await this.#proposals.propose({ kind: "lease-checkpoint", checkpoints: [clear] });
    const { clock } = this.#config.env;
    const ttlSeconds = lessor.renew(id, clock.nowMs());
    // An expired lease answers 0 only when it is gone, so that its keys are gone for whoever hears of it (etcd).
    const deadlineMs = clock.nowMs() + this.#config.requestTimeoutMs;
    while (ttlSeconds === 0 && lessor.exists(id)) {
      if (this.#halted) throw new ServerError("stopped");
      if (clock.nowMs() > deadlineMs) throw new ServerError("timeout");
      await sleep(clock, RETRY_MS);
    }
    return ttlSeconds;
  }

  async leaseTimeToLive(id: bigint, withKeys: boolean): Promise<LeaseTimeToLive> {
    await this.#reads.barrier();
    const { ttlSeconds, grantedTtlSeconds, keys } = this.#machine.lessor.timeToLive(id, this.#config.env.clock.nowMs());
    return { id, ttlSeconds, grantedTtlSeconds, keys: withKeys ? keys : [] };
  }

  async leases(): Promise<readonly bigint[]> {
    return this.#machine.lessor.leases();
  }

  hashKv(revision: bigint): Promise<HashResult> {
    return this.#walk(this.#machine.store.hashKvSlices(revision));
  }

  async hash(): Promise<number> {
    await this.#backendWriter.flush();
    return hashBackend(this.#config.backend);
  }

  defragment(): Promise<void> {
    const defragmented = this.#maintenance.then(() => this.#defragment());
    this.#maintenance = defragmented.catch(() => {});
    return defragmented;
  }

  snapshot(): BackendSnapshot {
    this.#backendWriter.commit();
    return this.#config.backend.snapshot();
  }

  /** A message of another member. */
  receive(message: Message): void {
    if (this.#halted) return;
    try {
      this.#raft.step(message);
      this.#readyLoop.wake();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Ends cleanly: what was acknowledged is durable in the backend too, and every waiting caller hears `stopped`. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  #begin(): void {
    this.#config.env.logger.info(
      { memberId: this.#identity.memberId.toString(16), ...logged(this.#raft.status) },
      "member recovered",
    );
    this.#ticker.start();
    this.#watchDriver.start();
    this.#storeCompaction.wake();
    this.#campaignAlone();
    this.#readyLoop.wake();
  }

  async #stop(): Promise<void> {
    this.#halt();
    await this.#appendWriter.idle();
    await this.#maintenance;
    await this.#logCompaction.stop();
    try {
      // After a failure the state in memory is not to be trusted; the log has everything that was acknowledged.
      if (this.#failure === undefined) await this.#backendWriter.flush();
    } finally {
      await this.#wal.close();
    }
  }

  /** Nothing moves any more after this; what waits is told so. */
  #halt(): void {
    this.#halted = true;
    this.#ticker.stop();
    this.#watchDriver.stop();
    this.#readyLoop.stop();
    this.#applyLoop.stop();
    this.#backendWriter.stop();
    this.#storeCompaction.stop();
    this.#proposals.stop();
    this.#reads.stop();
  }

  #fail(cause: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = cause instanceof Error ? cause : new Error(String(cause), { cause });
    this.#config.env.logger.error({ error: this.#failure.stack ?? this.#failure.message }, "member failed and stops");
    this.#halt();
    this.#reportFailure(this.#failure);
  }

  #durable(tasks: readonly AppendTask[]): void {
    for (const { token, afterDurable } of tasks) {
      this.#raft.appended(token);
      const own = afterDurable.filter(({ to }) => to === this.#identity.memberId);
      for (const message of own) this.#raft.step(message);
      if (own.length < afterDurable.length) {
        this.#config.env.peers.send(afterDurable.filter(({ to }) => to !== this.#identity.memberId));
      }
    }
    this.#readyLoop.wake();
  }

  #applied(appliedIndex: number): void {
    this.#reads.applied(appliedIndex);
    this.#backendWriter.noteChange();
    this.#logCompaction.noteApplied(appliedIndex);
    this.#storeCompaction.wake();
    this.#readyLoop.wake();
  }

  #softStateChanged({ role, lead, term }: SoftState): void {
    const { clock, logger } = this.#config.env;
    const { lessor } = this.#machine;
    if (role === "leader" && !lessor.primary) lessor.promote(clock.nowMs(), this.#config.electionMs);
    if (role !== "leader" && lessor.primary) lessor.demote();
    if (lead === this.#lead) return;
    const before = this.#lead;
    this.#lead = lead;
    if (before !== NO_MEMBER) this.#reads.leaderChanged();
    if (lead === NO_MEMBER) return;
    this.#leaderChanges++;
    logger.info({ leader: lead.toString(16), term }, "leader elected");
    this.#reads.leaderKnown();
    this.#proposals.leaderKnown();
  }

  /** A sole voter has nobody to wait for. */
  #campaignAlone(): void {
    const { role, confState, id } = this.#raft.status;
    if (role !== "follower" || confState.voters.length !== 1 || confState.voters[0] !== id) return;
    this.#raft.campaign();
    this.#readyLoop.wake();
  }

  #tick(nowMs: number, stalledMs: number): void {
    try {
      if (stalledMs > 0)
        this.#config.env.logger.warn({ stalledMs: Math.round(stalledMs) }, "the event loop stood still");
      this.#raft.tick();
      this.#proposals.expire(nowMs);
      this.#reads.tick(nowMs);
      this.#leaseExpiry.tick(nowMs);
      this.#readyLoop.wake();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Makes the name and the client URLs known to the cluster, unless they are already. */
  async #publish(): Promise<void> {
    const { name, clientUrls, env, requestTimeoutMs } = this.#config;
    const { memberId } = this.#identity;
    for (;;) {
      try {
        await this.#reads.barrier();
        const known = this.#machine.membership.member(memberId);
        if (known?.name === name && sameUrls(known.clientUrls, clientUrls)) return;
        await this.#proposals.propose({ kind: "member-attributes", memberId, name, clientUrls });
        return;
      } catch (error) {
        if (this.#halted || !(error instanceof ServerError)) throw error;
        env.logger.warn({ error: error.message, requestTimeoutMs }, "publishing the member's name is tried again");
        await sleep(env.clock, RETRY_MS);
      }
    }
  }

  /** Refuses what would exceed the quota, and raises the alarm that makes every member refuse it. */
  async #checkSpace(command: Command): Promise<void> {
    const { quotaBytes } = this.#config;
    const cost = spaceCost(command);
    if (cost === 0 || quotaBytes < 0 || this.backendSize.bytes + cost < quotaBytes) return;
    const { memberId } = this.#identity;
    if (!this.alarms.some((alarm) => alarm.alarm === "no-space" && alarm.memberId === memberId)) {
      await this.#proposals.propose({ kind: "alarm", action: "activate", memberId, alarm: "no-space" });
    }
    throw new ServerError("noSpace");
  }

  async #defragment(): Promise<void> {
    if (this.#halted) throw new ServerError("stopped");
    this.#applyLoop.pause();
    try {
      await this.#backendWriter.pause();
      await this.#config.backend.defragment();
      this.#backendWriter.resume();
    } catch (error) {
      // Whether the old or the new file is in place is not known here.
      this.#fail(error);
      throw error;
    }
    this.#applyLoop.resume();
  }

  /** Walks to the end, leaving the event loop room between slices. */
  async #walk<R>(slices: Slices<R>): Promise<R> {
    for (;;) {
      const step = slices.next();
      if (step.done) return step.value;
      await new Promise<void>((resolve) => this.#config.env.clock.afterIo(resolve));
      if (this.#halted) throw new ServerError("stopped");
    }
  }
}

/** The backend may not be that of another member: its members would be changed by entries of a log that is not theirs. */
function checkOwner(machine: StateMachine, { memberId }: Identity): void {
  if (machine.appliedIndex === 0 || machine.membership.isRemoved(memberId)) return;
  if (machine.membership.member(memberId) !== undefined) return;
  throw new InvariantError(`the backend does not know member ${memberId.toString(16)}, whose log lies beside it`);
}

function sameUrls(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((url) => b.includes(url));
}

function logged({ term, commitIndex, appliedIndex, firstIndex, lastIndex }: RaftStatus): object {
  return { term, commitIndex, appliedIndex, firstIndex, lastIndex };
}
