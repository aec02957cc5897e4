/**
 * Builds the parts of a member and joins them: what each tells the others, and in which order. Nothing moves before
 * `node.ts` starts it.
 */
import { Slab } from "@kvorum/proto";
import { StateMachine } from "../core/apply/state-machine.js";
import { InvariantError } from "../core/invariant.js";
import type { HashKvResult } from "../core/mvcc/hash.js";
import type { Raft } from "../core/raft/raft.js";
import type { AppendTask, Message, SnapshotMark } from "../core/raft/types.js";
import type { WatchBounds } from "../core/watch/bounds.js";
import type { WatchService } from "../core/watch/types.js";
import { SnapshotFiles } from "../io/snapshot/files.js";
import { LimitedLog } from "../log/limited-log.js";
import type { PeerAddress, SnapshotMessage } from "../peer-network.js";
import { AppendWriter } from "./append-writer.js";
import { ApplyLoop } from "./apply-loop.js";
import { ApplyMeasures } from "./apply-measures.js";
import { BackendWriter } from "./backend-writer.js";
import { CorruptionCheck } from "./corruption.js";
import { guardedClock } from "./guarded-clock.js";
import { LeaderCalls } from "./leader-calls.js";
import { Leadership } from "./leadership.js";
import { LeaseExpiry } from "./lease-expiry.js";
import { LeaseRequests } from "./lease-requests.js";
import { LogCompaction } from "./log-compaction.js";
import { Maintenance } from "./maintenance.js";
import { MemberChanges } from "./member-changes.js";
import type { NodeConfig } from "./options.js";
import { PeerDesk } from "./peer-desk.js";
import { Proposals } from "./propose.js";
import { ReadRounds } from "./read.js";
import { ReadyLoop } from "./ready-loop.js";
import type { RecoveredMember } from "./recovery.js";
import { SnapshotReceiver } from "./snapshot-receiver.js";
import { SnapshotSender } from "./snapshot-sender.js";
import { StoreCompaction } from "./store-compaction.js";
import { StoreReads } from "./store-reads.js";
import { Strangers } from "./strangers.js";
import type { Tuning } from "./tuning.js";
import { WatchDriver } from "./watch-driver.js";
import { WatchSends } from "./watch-sends.js";

/** What the parts tell the member as a whole. */
export interface NodeHooks {
  /** A broken invariant or a failed disk: the node must stop. */
  fail(cause: unknown): void;
  stopped(): boolean;
  /** This member does not belong to the cluster any more. */
  removed(): void;
  /** The cluster knows this member, and what it knows is not here. */
  forgotten(): void;
}

export interface Parts {
  readonly machine: StateMachine;
  readonly proposals: Proposals;
  readonly reads: ReadRounds;
  readonly storeReads: StoreReads;
  readonly readyLoop: ReadyLoop;
  readonly appendWriter: AppendWriter;
  readonly applyLoop: ApplyLoop;
  readonly backendWriter: BackendWriter;
  readonly leadership: Leadership;
  readonly leaseRequests: LeaseRequests;
  readonly leaseExpiry: LeaseExpiry;
  readonly memberChanges: MemberChanges;
  readonly maintenance: Maintenance;
  readonly corruption: CorruptionCheck;
  readonly logCompaction: LogCompaction;
  readonly storeCompaction: StoreCompaction;
  readonly watchDriver: WatchDriver;
  /** The machine's watches as the edge sees them. */
  readonly watches: WatchService;
  readonly snapshotFiles: SnapshotFiles;
  readonly snapshotReceiver: SnapshotReceiver;
  readonly peerDesk: PeerDesk;
  /** The members are known or have changed: connects to them, and stands for election where nobody else could. */
  membersKnown(): void;
}

export function assemble(config: NodeConfig, recovered: RecoveredMember, hooks: NodeHooks): Parts {
  const { env, backend, requestTimeoutMs, electionMs, tuning, measures, warnApplyMs } = config;
  const { random, failpoints, logger, peers, disk } = env;
  const { identity, wal, raft } = recovered;
  const { memberId, clusterId } = identity;
  const { stopped } = hooks;
  const onError = (error: unknown): void => hooks.fail(error);
  const clock = guardedClock(env.clock, onError);
  const wake = (): void => readyLoop.wake();

  const rows = new Slab();
  const machine = StateMachine.open({
    backend,
    // Ceiling of one and a half election timeouts: a lease outlives the change of a leader (etcd's rule).
    lessor: {
      minTtlSeconds: Math.ceil((1.5 * electionMs) / 1000),
      expiredRetryMs: requestTimeoutMs,
      checkpointIntervalSeconds: tuning.leaseCheckpointIntervalSeconds,
    },
    watch: { fragmentBytes: config.maxRequestBytes + 512 * 1024, ...watchBounds(tuning) },
    compactionBatch: tuning.compactionBatch,
    tokens: config.tokens,
    allocate: (bytes) => rows.take(bytes),
  });
  checkOwner(machine, recovered);
  const lessor = (): StateMachine["lessor"] => machine.lessor;
  const hashKv = (revision: bigint): Promise<HashKvResult> => storeReads.hashKv(revision);

  const timeoutReason: Leadership["timeoutReason"] = (startMs) => leadership.timeoutReason(startMs);
  const waiting = { raft, clock, random, requestTimeoutMs, wake, measures };
  const proposals = new Proposals({ ...waiting, timeoutReason, onError, maxRequestBytes: config.maxRequestBytes });
  const reads = new ReadRounds(waiting);
  const barrier = (): Promise<void> => reads.barrier();
  const storeReads = new StoreReads({ machine, clock, measures, barrier, stopped, fail: onError });
  const propose: Proposals["propose"] = (command) => proposals.propose(command);
  const leadership = new Leadership({
    ...{ raft, peers, clock, random, failpoints, logger, memberId, electionMs, requestTimeoutMs, lessor, wake },
    heartbeatMs: config.heartbeatMs,
    preVote: config.preVote,
    onError,
    onLeaderLost: () => reads.leaderChanged(),
    onLeaderKnown: () => {
      reads.leaderKnown();
      proposals.leaderKnown();
    },
  });

  const backendWriter = new BackendWriter({ machine, backend, clock, failpoints, tuning, measures, onError });
  const applyLoop = new ApplyLoop({
    ...{ machine, raft, clock, failpoints, tuning, onError, onApplied, onConfChange: membersKnown },
    measures: new ApplyMeasures({ measures, slow: new LimitedLog(logger, clock), warnApplyMs }),
    onEntry: config.onApplied,
    onAnswer: (requestId, answer) => proposals.answer(requestId, answer),
  });
  const maintenance = new Maintenance({ backend, backendWriter, applyLoop, clock, failpoints, measures, onError });
  const pause = (): Promise<void> => new Promise((resolve) => clock.afterIo(resolve));
  const snapshotFiles = new SnapshotFiles({
    ...{ disk, directory: config.snapshotDirectory, failpoints, logger, pause },
    fsync: { clock, seconds: measures.snapshotFsync },
  });
  const snapshotReceiver = new SnapshotReceiver({
    ...{ raft, machine, backend, wal, maintenance, clock, failpoints, logger, clusterId, measures, wake, onInstalled },
    files: snapshotFiles,
  });
  const snapshotSender = new SnapshotSender({
    ...{ machine, backend, backendWriter, peers, pause, clock, failpoints, logger, clusterId, measures, tuning },
    onFailed: (to) => peerDesk.snapshotSent(to, "failed"),
    onError,
  });
  const appendWriter = new AppendWriter({
    ...{ wal, failpoints, onError, onDurable },
    install: (task, mark) => snapshotReceiver.install(task, mark),
  });
  const readyLoop = new ReadyLoop({
    ...{ raft, clock, failpoints, onError, onSend, onAppend },
    beforeDrain: () => reads.begin(),
    onSoftState: (state) => leadership.changed(state),
    onApply: (task) => applyLoop.add(task),
    onReads: (states) => reads.answered(states),
  });

  const calls = new LeaderCalls({ raft, peers, clock, requestTimeoutMs, timeoutReason, stopped });
  const leaseRequests = new LeaseRequests({
    ...{ lessor, raft, clock, failpoints, calls, requestTimeoutMs, barrier, propose, stopped, measures },
  });
  const leaseExpiry = new LeaseExpiry({
    ...{ lessor, raft, clock, failpoints, logger, tuning, barrier, propose, measures },
  });
  const { strictReconfigCheck, maxLearners } = config;
  const memberChanges = new MemberChanges({
    ...{ raft, peers, clock, logger, memberId, calls, strictReconfigCheck, maxLearners, barrier, measures },
    membership: () => machine.membership,
    propose: (change) => proposals.proposeConfChange(change),
    handOver: () => leadership.handOver(),
  });
  const corruption = new CorruptionCheck({
    ...{ raft, peers, clock, logger, memberId, hashHere: hashKv, barrier, propose },
    intervalMs: config.corruptCheckMs,
    members: () => machine.members,
  });
  const logCompaction = new LogCompaction({
    ...{ raft, wal, backendWriter, failpoints, logger, onError },
    snapshotCount: config.snapshotCount,
    catchUpEntries: config.catchUpEntries,
    held: () => snapshotSender.busy,
    markIndex: raft.status.firstIndex - 1,
  });
  const storeCompaction = new StoreCompaction({
    ...{ machine, clock, failpoints, tuning, measures, onError },
    paused: () => applyLoop.paused,
    onChange: () => backendWriter.noteChange(),
    commit: () => backendWriter.commit(),
  });
  const { progressNotifyMs } = config;
  const watchDriver = new WatchDriver({
    hub: machine.watch,
    clock,
    random,
    failpoints,
    progressNotifyMs,
    tuning,
    onError,
  });
  const strangers = new Strangers({
    membership: () => machine.membership,
    logger,
    knownPeers: recovered.knownPeers,
    onFound: connect,
  });
  const peerDesk = new PeerDesk({
    ...{
      raft,
      machine,
      clusterId,
      leaseRequests,
      memberChanges,
      strangers,
      failpoints,
      hashKv,
      stopped,
      wake,
      onError,
    },
    receiver: snapshotReceiver,
    sender: snapshotSender,
    onUnreachable: (id) => leadership.unreachable(id),
    onRemoved: () => hooks.removed(),
    onForgotten: () => hooks.forgotten(),
  });

  function onSend(messages: readonly Message[]): void {
    const snapshots = messages.filter(isSnapshot);
    for (const message of snapshots) snapshotSender.send(message);
    peers.send(snapshots.length === 0 ? messages : messages.filter((message) => !isSnapshot(message)));
  }

  function onAppend(task: AppendTask): void {
    // Whatever waits to be applied is covered by the snapshot; applying it would race with the installation.
    if (task.snapshot !== undefined) applyLoop.drop();
    appendWriter.write(task);
  }

  function onDurable(tasks: readonly AppendTask[]): void {
    for (const { token, afterDurable, snapshot } of tasks) {
      raft.appended(token);
      // No earlier than Raft knows it: whoever is answered may ask how far this member is.
      if (snapshot !== undefined) reads.applied(snapshot.index);
      if (afterDurable.length > 0) failpoints.hit("raft-before-acknowledge");
      const own = afterDurable.filter(({ to }) => to === memberId);
      for (const message of own) raft.step(message);
      if (own.length < afterDurable.length) peers.send(afterDurable.filter(({ to }) => to !== memberId));
    }
    wake();
  }

  function onApplied(appliedIndex: number): void {
    reads.applied(appliedIndex);
    proposals.applied(machine.appliedTerm);
    backendWriter.noteChange();
    logCompaction.noteApplied(appliedIndex);
    storeCompaction.wake();
    wake();
  }

  function onInstalled({ index }: SnapshotMark): void {
    proposals.skipped();
    logCompaction.restarted(index);
    storeCompaction.wake();
    membersKnown();
  }

  function connect(): void {
    peers.setPeers([...otherMembers(machine, memberId), ...strangers.addresses]);
  }

  function membersKnown(): void {
    connect();
    if (machine.membership.isRemoved(memberId)) hooks.removed();
    else if (isSoleVoter(raft)) {
      // It has nobody to wait for.
      raft.campaign();
      wake();
    }
  }

  return {
    ...{
      machine,
      proposals,
      reads,
      storeReads,
      readyLoop,
      appendWriter,
      applyLoop,
      backendWriter,
      leadership,
      leaseRequests,
    },
    ...{ leaseExpiry, memberChanges, maintenance, corruption, logCompaction, storeCompaction, watchDriver },
    ...{ snapshotFiles, snapshotReceiver, peerDesk, membersKnown },
    watches: new WatchSends(machine.watch, { failpoints, events: measures.watchEvents, fail: onError }),
  };
}

function watchBounds(tuning: Tuning): WatchBounds {
  return {
    responsesMax: tuning.watchResponsesMax,
    streamBytesMax: tuning.watchStreamBytesMax,
    catchUpWatchersMax: tuning.watchCatchUpWatchersMax,
    catchUpRevisionsMax: tuning.watchCatchUpRevisionsMax,
    catchUpBytesAim: tuning.watchCatchUpBytesAim,
  };
}

/** All but this one, by its own list. */
function otherMembers({ membership }: StateMachine, memberId: bigint): readonly PeerAddress[] {
  const others = membership.members.filter(({ id }) => id !== memberId);
  return others.map(({ id, peerUrls }) => ({ id, urls: peerUrls }));
}

function isSnapshot(message: Message): message is SnapshotMessage {
  return message.type === "snapshot";
}

function isSoleVoter(raft: Raft): boolean {
  const { role, confState, id } = raft.status;
  return role === "follower" && confState.voters.length === 1 && confState.voters[0] === id;
}

/**
 * The backend may not be that of another member: its members would be changed by entries of a log that is not theirs. One
 * that has joined and stopped before it came to its own admission is not known there either; its log then leads to what the
 * backend has.
 */
function checkOwner(machine: StateMachine, { identity: { memberId }, leadsToApplied }: RecoveredMember): void {
  if (machine.appliedIndex === 0 || leadsToApplied || machine.membership.isRemoved(memberId)) return;
  if (machine.membership.member(memberId) !== undefined) return;
  throw new InvariantError(`the backend does not know member ${memberId.toString(16)}, whose log lies beside it`);
}
