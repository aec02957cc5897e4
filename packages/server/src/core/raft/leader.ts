/**
 * What a member does and knows while it leads: every member's progress, the commit rule, heartbeats, reads. One object a
 * term; it is dropped when the role ends, so nothing of an old leadership can leak into a new one.
 */

import { EMPTY_BYTES } from "../bytes.js";
import { invariant } from "../invariant.js";
import { membersOf } from "./conf-change.js";
import type { RaftConfig } from "./config.js";
import type { RaftLog } from "./log.js";
import type { Outbox } from "./outbox.js";
import { Progress } from "./progress.js";
import { quorumValue, tallyVotes } from "./quorum.js";
import { type PendingRead, ReadIndexQueue } from "./read-index.js";
import type { ConfState, Message, ProposalData } from "./types.js";

export class Leadership {
  readonly #config: RaftConfig;
  readonly #log: RaftLog;
  readonly #outbox: Outbox;
  readonly #term: number;
  readonly #reads: ReadIndexQueue = new ReadIndexQueue();
  #progress: Map<bigint, Progress>;
  #conf: ConfState;
  #heartbeatElapsed = 0;
  /** The newest conf change in the log may stand here; another waits until this is applied. */
  #pendingConfIndex: number;
  #uncommittedBytes = 0;

  constructor(config: RaftConfig, log: RaftLog, outbox: Outbox, conf: ConfState, term: number) {
    this.#config = config;
    this.#log = log;
    this.#outbox = outbox;
    this.#conf = conf;
    this.#term = term;
    this.#progress = new Map(membersOf(conf).map((id) => [id, new Progress(0, log.lastIndex + 1)]));
    // Our own log needs no asking, but only what the disk has confirmed counts.
    this.#own.match = log.durable;
    // A conf change of an earlier leader may be among the uncommitted entries; looking for it would cost more than
    // waiting for our first entry does.
    this.#pendingConfIndex = log.lastIndex;
    // Paper §8: an empty entry of the new term, so that earlier entries get committed with it.
    this.#appendEntries([{ type: "command", data: EMPTY_BYTES }]);
  }

  /** False when too much is uncommitted already; one proposal always fits, however large. */
  append(entries: readonly ProposalData[], bytes: number): boolean {
    const { uncommittedBytesMax } = this.#config;
    if (this.#uncommittedBytes > 0 && this.#uncommittedBytes + bytes > uncommittedBytesMax) return false;
    this.#uncommittedBytes += bytes;
    this.#appendEntries(entries);
    return true;
  }

  confChangePending(): boolean {
    return this.#pendingConfIndex > this.#log.applied;
  }

  tick(): void {
    this.#heartbeatElapsed++;
    if (this.#heartbeatElapsed >= this.#config.heartbeatTicks) this.#broadcastHeartbeat();
  }

  /** Whether a majority was heard from since the last call (thesis §6.2). */
  takeQuorumActive(): boolean {
    const active = new Map<bigint, boolean>();
    for (const [id, progress] of this.#progress) {
      active.set(id, id === this.#config.id || progress.recentActive);
      progress.recentActive = false;
    }
    return tallyVotes(this.#conf, active) === "won";
  }

  read(read: PendingRead): void {
    // Thesis §6.4 step 1: before an entry of this term is committed, earlier leaders' commits may be unknown here.
    if (this.#log.termAt(this.#log.committed) !== this.#term) {
      this.#reads.addEarly(read);
      return;
    }
    this.#reads.add(read, this.#log.committed);
    this.#broadcastHeartbeat();
    this.#confirmReads();
  }

  handleAppendResponse(message: Extract<Message, { type: "append-response" }>): void {
    const progress = this.#progress.get(message.from);
    if (progress === undefined) return;
    progress.recentActive = true;
    if (message.reject) {
      const meet = this.#log.lastIndexWithin(message.rejectHint, message.rejectTerm);
      if (progress.refused(message.index, meet)) this.#sendAppend(message.from, progress);
      return;
    }
    invariant(message.index <= this.#log.lastIndex, `member ${message.from} acknowledged more than there is`);
    const news = progress.acknowledged(message.index);
    if (news && this.#maybeCommit()) this.#broadcastAppend();
    else this.#sendMore(message.from, progress);
  }

  handleHeartbeatResponse(message: Extract<Message, { type: "heartbeat-response" }>): void {
    const progress = this.#progress.get(message.from);
    if (progress === undefined) return;
    progress.recentActive = true;
    progress.resume();
    if (progress.match < this.#log.lastIndex) this.#sendAppend(message.from, progress);
    progress.readRound = Math.max(progress.readRound, message.context);
    this.#confirmReads();
  }

  unreachable(id: bigint): void {
    this.#progress.get(id)?.unreachable();
  }

  /** Takes over a changed configuration. Members that stay keep their progress. */
  reconfigure(conf: ConfState): void {
    this.#conf = conf;
    const before = this.#progress;
    this.#progress = new Map(membersOf(conf).map((id) => [id, before.get(id) ?? this.#newMember()]));
    // A smaller quorum may already hold entries that the larger one did not.
    if (this.#maybeCommit()) this.#broadcastAppend();
    else for (const [id, progress] of this.#peers()) if (!before.has(id)) this.#sendAppend(id, progress);
    this.#confirmReads();
  }

  get #own(): Progress {
    const progress = this.#progress.get(this.#config.id);
    invariant(progress !== undefined, "a leader is a member of its configuration");
    return progress;
  }

  #newMember(): Progress {
    const progress = new Progress(0, this.#log.lastIndex + 1);
    // Otherwise the next quorum check could depose a leader before the new member had a chance to answer.
    progress.recentActive = true;
    return progress;
  }

  *#peers(): Iterable<[bigint, Progress]> {
    for (const pair of this.#progress) if (pair[0] !== this.#config.id) yield pair;
  }

  #appendEntries(proposals: readonly ProposalData[]): void {
    const first = this.#log.lastIndex + 1;
    const entries = proposals.map(({ type, data }, i) => ({ type, data, term: this.#term, index: first + i }));
    this.#log.append(entries);
    for (const entry of entries) if (entry.type === "conf-change") this.#pendingConfIndex = entry.index;
    // Followers write while our own disk writes (thesis §10.2.1).
    this.#broadcastAppend();
  }

  /**
   * Paper §5.4.2: copies on a majority prove nothing for an entry of an earlier term, a later leader can still replace it.
   * An entry of our own term commits itself and everything before it.
   */
  #maybeCommit(): boolean {
    const { committed } = this.#log;
    const index = quorumValue(this.#conf, (id) => this.#progress.get(id)?.match ?? 0);
    if (index <= committed || this.#log.termAt(index) !== this.#term) return false;
    this.#log.commitTo(index);
    // Entries of earlier terms and our empty one were never added, so the sum may fall short of zero.
    this.#uncommittedBytes = Math.max(0, this.#uncommittedBytes - this.#log.bytesBetween(committed, index));
    for (const read of this.#reads.takeEarly()) this.read(read);
    return true;
  }

  #confirmReads(): void {
    const { round } = this.#reads;
    const confirmed = quorumValue(this.#conf, (id) =>
      id === this.#config.id ? round : (this.#progress.get(id)?.readRound ?? 0),
    );
    const { id } = this.#config;
    for (const { from, requestId, index } of this.#reads.takeConfirmed(confirmed)) {
      if (from === id) this.#outbox.read({ requestId, index });
      else {
        const common = { type: "read-index-response", from: id, to: from, term: this.#term } as const;
        this.#outbox.send({ ...common, context: requestId, index });
      }
    }
  }

  #broadcastHeartbeat(): void {
    this.#heartbeatElapsed = 0;
    for (const [to, progress] of this.#peers()) {
      const commit = Math.min(progress.match, this.#log.committed);
      const { id: from } = this.#config;
      this.#outbox.send({ type: "heartbeat", from, to, term: this.#term, commit, context: this.#reads.round });
    }
  }

  #broadcastAppend(): void {
    for (const [id, progress] of this.#peers()) this.#sendAppend(id, progress);
  }

  /** After an answer: goes on as long as there is something to send and room for it. */
  #sendMore(id: bigint, progress: Progress): void {
    if (id === this.#config.id) return;
    while (progress.next <= this.#log.lastIndex && this.#sendAppend(id, progress));
  }

  #sendAppend(to: bigint, progress: Progress): boolean {
    if (progress.paused) return false;
    const prevIndex = progress.next - 1;
    const prevTerm = this.#log.termAt(prevIndex);
    // The member needs entries that are compacted away; only a snapshot can help it.
    if (prevTerm === undefined) return false;
    const entries = this.#log.slice(progress.next, this.#config.messageBytesMax);
    progress.sent(entries.length);
    const { id: from } = this.#config;
    const { committed: commit } = this.#log;
    this.#outbox.send({ type: "append", from, to, term: this.#term, prevIndex, prevTerm, entries, commit });
    return true;
  }
}
