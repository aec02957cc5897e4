/**
 * What a member does and knows while it leads: every member's progress, the commit rule, heartbeats, reads, the transfer
 * of its office. One object a term; it is dropped when the role ends, so nothing of an old leadership can leak into a new
 * one.
 */
import { EMPTY_BYTES } from "../bytes.js";
import { invariant } from "../invariant.js";
import { isJoint, membersOf } from "./conf-change.js";
import { proposedBytes } from "./log.js";
import type { RaftParts } from "./parts.js";
import { Progress } from "./progress.js";
import { quorumValue, tallyVotes } from "./quorum.js";
import { type PendingRead, ReadIndexQueue } from "./read-index.js";
import { Replication } from "./replication.js";
import { Transfer } from "./transfer.js";
import type { MemberProgress, MessageOf, ProposalData, ProposeOutcome, TransferOutcome } from "./types.js";

export class Leadership {
  readonly #parts: RaftParts;
  readonly #id: bigint;
  readonly #term: number;
  readonly #replication: Replication;
  readonly #reads: ReadIndexQueue = new ReadIndexQueue();
  readonly #transfer: Transfer = new Transfer();
  #progress: Map<bigint, Progress>;
  #heartbeatElapsed = 0;
  /** The newest conf change in the log may stand here; another waits until this is applied. */
  #pendingConfIndex: number;
  /** Bytes of the proposals above the commit index. */
  #uncommittedBytes: number;
  /** The write that storage owed for the longest time at the last quorum check. */
  #oldestWrite: number | undefined;

  constructor(parts: RaftParts) {
    const { config, log, conf, standing } = parts;
    this.#parts = parts;
    this.#id = config.id;
    this.#term = standing.term;
    this.#replication = new Replication(parts, standing.term);
    this.#progress = new Map(membersOf(conf.active).map((id) => [id, this.#newProgress()]));
    // Our own log needs no asking, but only what the disk has confirmed counts.
    this.#own.acknowledged(log.durable, 0);
    this.#oldestWrite = log.oldestWrite;
    // A conf change of an earlier leader may be among the uncommitted entries, here or on another member. None of them can
    // come through any more when an entry of our own term is committed (Ongaro, "bug in single-server membership
    // changes", raft-dev 2015); so the first change waits for our first entry.
    this.#pendingConfIndex = log.lastIndex + 1;
    // What earlier leaders left uncommitted fills memory like our own, or changing leaders could pile it up for ever.
    this.#uncommittedBytes = log.proposedBytesBetween(log.committed, log.lastIndex);
    // Paper §8: an empty entry of the new term, so that earlier entries get committed with it.
    this.#appendEntries([{ type: "command", data: EMPTY_BYTES }]);
  }

  get transferee(): bigint {
    return this.#transfer.target;
  }

  get progress(): ReadonlyMap<bigint, MemberProgress> {
    return new Map([...this.#progress].map(([id, progress]) => [id, progress.summary()]));
  }

  propose(entries: readonly ProposalData[]): ProposeOutcome {
    if (this.#transfer.pending) return "dropped: transfer pending";
    const refusal = this.#confChangeRefusal(entries.filter(({ type }) => type === "conf-change"));
    if (refusal !== undefined) return refusal;
    const { uncommittedBytesMax } = this.#parts.config;
    const bytes = entries.reduce((sum, entry) => sum + proposedBytes(entry), 0);
    // One proposal always fits, however large.
    const tooMuch = this.#uncommittedBytes > 0 && this.#uncommittedBytes + bytes > uncommittedBytesMax;
    if (tooMuch) return "dropped: too much uncommitted";
    this.#uncommittedBytes += bytes;
    this.#appendEntries(entries);
    return "accepted";
  }

  tick(): void {
    const { heartbeatTicks, electionTicks } = this.#parts.config;
    this.#heartbeatElapsed++;
    if (this.#heartbeatElapsed >= heartbeatTicks) this.#broadcastHeartbeat();
    this.#transfer.tick(electionTicks);
    this.leaveJointIfDue();
  }

  /** Whether to go on: a majority was heard from since the last call (thesis §6.2), and our own disk does its work. */
  takeQuorumActive(): boolean {
    const active = new Map<bigint, boolean>();
    for (const [id, progress] of this.#progress) {
      active.set(id, id === this.#id || progress.recentActive);
      progress.recentActive = false;
    }
    return !this.#takeDiskStalled() && tallyVotes(this.#parts.conf.active, active) === "won";
  }

  read(read: PendingRead): void {
    const { log } = this.#parts;
    // Thesis §6.4 step 1: before an entry of this term is committed, earlier leaders' commits may be unknown here.
    if (log.termAt(log.committed) !== this.#term) {
      this.#reads.addEarly(read);
      return;
    }
    this.#reads.add(read, log.committed);
    this.#askForConfirmation();
  }

  transferTo(id: bigint): TransferOutcome {
    const progress = this.#progress.get(id);
    if (progress === undefined || !this.#parts.conf.active.voters.includes(id)) return "dropped: not a voter";
    // Handing over to oneself is done at once; it takes back what was asked for before.
    if (id === this.#id) this.#transfer.end();
    else {
      this.#transfer.start(id);
      if (progress.match === this.#parts.log.lastIndex) this.#sendTimeoutNow();
      else this.#replication.send(id, progress);
    }
    return "started";
  }

  handleAppendResponse(message: MessageOf<"append-response">): void {
    const { log } = this.#parts;
    const { from, index } = message;
    const progress = this.#progress.get(from);
    // Nobody can hold more of our log than there is.
    if (progress === undefined || index > log.lastIndex) return;
    progress.recentActive = true;
    if (message.reject) {
      const meet = log.lastIndexWithin(message.rejectHint, message.rejectTerm);
      if (progress.refused(index, meet)) this.#replication.send(from, progress);
      return;
    }
    const news = progress.acknowledged(index, log.firstIndex - 1);
    if (news && this.#maybeCommit()) this.#tellAll();
    if (from === this.#id) return;
    if (this.#replication.lags(progress)) progress.hasNews = true;
    if (from === this.#transfer.target && progress.match === log.lastIndex) this.#sendTimeoutNow();
  }

  handleHeartbeatResponse({ from, context }: MessageOf<"heartbeat-response">): void {
    const progress = this.#progress.get(from);
    if (progress === undefined || from === this.#id) return;
    progress.recentActive = true;
    progress.resume();
    // A member that is probed has not said yet what it holds, even if our log is no longer than its own.
    if (progress.match < this.#parts.log.lastIndex || progress.state === "probe")
      this.#replication.send(from, progress);
    // An answer to a round that was never asked confirms nothing.
    if (context <= this.#reads.round) progress.readRound = Math.max(progress.readRound, context);
    this.#confirmReads();
  }

  unreachable(id: bigint): void {
    this.#progress.get(id)?.unreachable();
  }

  snapshotReported(id: bigint, result: "finished" | "failed"): void {
    this.#progress.get(id)?.snapshotReported(result);
  }

  /** The configuration has changed. Members that stay keep their progress. */
  reconfigure(): void {
    const { conf } = this.#parts;
    const before = this.#progress;
    this.#progress = new Map(membersOf(conf.active).map((id) => [id, before.get(id) ?? this.#newMember()]));
    if (!conf.active.voters.includes(this.#transfer.target)) this.#transfer.end();
    // A smaller quorum may already hold entries that the larger one did not.
    if (this.#maybeCommit()) this.#tellAll();
    else for (const [id, progress] of this.#peers()) if (!before.has(id)) progress.hasNews = true;
    this.#confirmReads();
  }

  /** Thesis §4.3: a joint configuration is a passage; when it is applied the leader proposes to leave it. */
  leaveJointIfDue(): void {
    const { active } = this.#parts.conf;
    if (!isJoint(active) || !active.autoLeave || this.#confChangePending() || this.#transfer.pending) return;
    this.#appendEntries([{ type: "conf-change", data: EMPTY_BYTES }]);
  }

  /** Whether there may be something for `sendNews`. */
  get hasNews(): boolean {
    for (const { hasNews } of this.#progress.values()) if (hasNews) return true;
    return false;
  }

  /** Queues what the other members are to be told of what has happened since the last call. */
  sendNews(): void {
    for (const [id, progress] of this.#peers()) if (progress.hasNews) this.#replication.sendNews(id, progress);
  }

  inspect(newestSequence: number): unknown {
    return {
      progress: new Map([...this.#progress].map(([id, progress]) => [id, progress.inspect()])),
      reads: this.#reads.inspect(),
      transfer: this.#transfer.inspect(),
      heartbeatElapsed: this.#heartbeatElapsed,
      pendingConfIndex: this.#pendingConfIndex,
      uncommittedBytes: this.#uncommittedBytes,
      oldestWrite: this.#oldestWrite === undefined ? undefined : newestSequence - this.#oldestWrite,
    };
  }

  get #own(): Progress {
    const progress = this.#progress.get(this.#id);
    invariant(progress !== undefined, "a leader is a member of its configuration");
    return progress;
  }

  #newProgress(): Progress {
    return new Progress(this.#parts.log.lastIndex + 1, this.#parts.config);
  }

  #newMember(): Progress {
    const progress = this.#newProgress();
    // Otherwise the next quorum check could depose a leader before the new member had a chance to answer.
    progress.recentActive = true;
    return progress;
  }

  *#peers(): Iterable<[bigint, Progress]> {
    for (const pair of this.#progress) if (pair[0] !== this.#id) yield pair;
  }

  /**
   * An append that is on its way for a whole election timeout. The followers may commit without our disk, but nothing is
   * applied and answered here, so somebody whose disk works has to lead. A sole voter stays: there is nobody else.
   */
  #takeDiskStalled(): boolean {
    const { log, conf } = this.#parts;
    const before = this.#oldestWrite;
    this.#oldestWrite = log.oldestWrite;
    const { voters, votersOutgoing } = conf.active;
    const isSoleVoter = voters.length === 1 && votersOutgoing.length === 0;
    return !isSoleVoter && before !== undefined && before === log.oldestWrite;
  }

  #confChangePending(): boolean {
    return this.#pendingConfIndex > this.#parts.log.applied;
  }

  /** Best effort: the configuration may be another one when the entry is applied, and is looked at again then. */
  #confChangeRefusal(changes: readonly ProposalData[]): ProposeOutcome | undefined {
    const [change] = changes;
    if (change === undefined) return undefined;
    // Thesis §4.1: one at a time.
    if (changes.length > 1 || this.#confChangePending()) return "dropped: conf change pending";
    const leaves = change.data.length === 0;
    const joint = isJoint(this.#parts.conf.active);
    if (leaves && !joint) return "dropped: not joint";
    return joint && !leaves ? "dropped: conf change pending" : undefined;
  }

  #appendEntries(proposals: readonly ProposalData[]): void {
    const { log } = this.#parts;
    const first = log.lastIndex + 1;
    const entries = proposals.map(({ type, data }, i) => ({ type, data, term: this.#term, index: first + i }));
    log.append(entries);
    for (const entry of entries) if (entry.type === "conf-change") this.#pendingConfIndex = entry.index;
    // Followers write while our own disk writes (thesis §10.2.1).
    this.#tellAll();
  }

  /**
   * Paper §5.4.2: copies on a majority prove nothing for an entry of an earlier term, a later leader can still replace it.
   * An entry of our own term commits itself and everything before it.
   */
  #maybeCommit(): boolean {
    const { log, conf } = this.#parts;
    const { committed } = log;
    const index = quorumValue(conf.active, (id) => this.#progress.get(id)?.match ?? 0);
    if (index <= committed || log.termAt(index) !== this.#term) return false;
    log.commitTo(index);
    this.#uncommittedBytes -= log.proposedBytesBetween(committed, index);
    const early = this.#reads.takeEarly();
    for (const read of early) this.#reads.add(read, index);
    if (early.length > 0) this.#askForConfirmation();
    return true;
  }

  #askForConfirmation(): void {
    this.#broadcastHeartbeat();
    this.#confirmReads();
  }

  #confirmReads(): void {
    const { conf, outbox } = this.#parts;
    const { round } = this.#reads;
    const confirmed = quorumValue(conf.active, (id) =>
      id === this.#id ? round : (this.#progress.get(id)?.readRound ?? 0),
    );
    for (const { from, requestId, index } of this.#reads.takeConfirmed(confirmed)) {
      if (from === this.#id) outbox.read({ requestId, index });
      else {
        const common = { type: "read-index-response", from: this.#id, to: from, term: this.#term } as const;
        outbox.send({ ...common, context: requestId, index });
      }
    }
  }

  #sendTimeoutNow(): void {
    this.#parts.outbox.send({ type: "timeout-now", from: this.#id, to: this.#transfer.target, term: this.#term });
  }

  #broadcastHeartbeat(): void {
    this.#heartbeatElapsed = 0;
    for (const [id, progress] of this.#peers()) this.#replication.heartbeat(id, progress, this.#reads.round);
  }

  #tellAll(): void {
    for (const [id, progress] of this.#progress) if (id !== this.#id) progress.hasNews = true;
  }
}
