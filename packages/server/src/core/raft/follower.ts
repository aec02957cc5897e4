/** A follower and its leader: appends (paper §5.3), heartbeats, snapshots (paper §7), answers to reads (thesis §6.4). */
import { invariant } from "../invariant.js";
import { membersOf } from "./conf-change.js";
import { acknowledgement, type RaftParts } from "./parts.js";
import type { MessageOf, SnapshotMark } from "./types.js";

export class Follower {
  readonly #parts: RaftParts;

  constructor(parts: RaftParts) {
    this.#parts = parts;
  }

  handleAppend(message: MessageOf<"append">): void {
    const { log } = this.#parts;
    const { prevIndex, prevTerm, entries, commit, from } = message;
    this.#checkCommitted(message);
    if (prevIndex < log.committed) {
      // What is committed matches the leader's log for certain; entries before it may even be compacted away.
      this.#acknowledge(from, log.committed);
      return;
    }
    const matched = log.appendAfter(prevIndex, prevTerm, entries);
    if (matched === undefined) {
      this.#refuse(message);
      return;
    }
    log.commitTo(Math.min(commit, matched));
    this.#acknowledge(from, matched);
  }

  /**
   * The leader sends at most what this member has acknowledged to it, and an acknowledgement leaves after the disk. So an
   * index above our log means that this member has lost what it promised to keep, and its votes with it: a wiped disk
   * under an old id. It must not go on (it could elect a leader without committed entries); its id must be removed.
   */
  handleHeartbeat({ from, commit, context }: MessageOf<"heartbeat">): void {
    const { config, log, outbox, standing } = this.#parts;
    const { lastIndex } = log;
    invariant(
      commit <= lastIndex,
      `member ${config.id} acknowledged entry ${commit} and its log ends at ${lastIndex}: its data is lost, remove it and add it as a new member`,
    );
    log.commitTo(commit);
    outbox.send({ type: "heartbeat-response", from: config.id, to: from, term: standing.term, context });
  }

  /** Only the leader can say what a read must wait for. */
  handleReadIndexResponse({ from, context, index }: MessageOf<"read-index-response">): void {
    const { outbox, standing } = this.#parts;
    if (from === standing.lead) outbox.read({ requestId: context, index });
  }

  /** True when the snapshot is accepted: then the log and the configuration are the mark's. */
  handleSnapshot({ from, snapshot }: MessageOf<"snapshot">): boolean {
    const { log, outbox, conf } = this.#parts;
    if (this.#needs(snapshot)) {
      log.restore(snapshot);
      conf.restore(snapshot.confState);
      this.#acknowledge(from, snapshot.index);
      outbox.sealForSnapshot();
      return true;
    }
    // Equal index and term mean equal logs up to there, and what a snapshot holds is committed.
    if (log.termAt(snapshot.index) === snapshot.term) log.commitTo(snapshot.index);
    this.#acknowledge(from, log.committed);
    return false;
  }

  #needs({ index, term, confState }: SnapshotMark): boolean {
    const { config, log } = this.#parts;
    if (index <= log.committed || log.termAt(index) === term) return false;
    // A configuration without this member is older than its membership, or it comes from another cluster.
    return membersOf(confState).includes(config.id);
  }

  /**
   * Two logs that differ in what is committed: nothing that either member says can be trusted any more. The newest entry
   * that is committed here and named there speaks for all before it (paper §5.3, log matching).
   */
  #checkCommitted({ from, prevIndex, prevTerm, entries }: MessageOf<"append">): void {
    const { log } = this.#parts;
    const index = Math.min(log.committed, prevIndex + entries.length);
    if (index < prevIndex) return;
    const theirs = index === prevIndex ? prevTerm : entries[index - prevIndex - 1]?.term;
    const ours = log.termAt(index);
    invariant(
      ours === undefined || ours === theirs,
      `entry ${index} is committed with term ${ours}, and leader ${from} has it with term ${theirs}`,
    );
  }

  #acknowledge(to: bigint, index: number): void {
    this.#parts.outbox.sendAfterDurable(acknowledgement(this.#parts, to, index));
  }

  #refuse({ from: to, prevIndex, prevTerm }: MessageOf<"append">): void {
    const { config, log, outbox, standing } = this.#parts;
    // The hint lets the leader skip a whole term in one step (paper §5.3, end).
    const rejectHint = log.lastIndexWithin(prevIndex, prevTerm);
    const rejectTerm = log.termAt(rejectHint) ?? 0;
    const common = { type: "append-response", from: config.id, to, term: standing.term } as const;
    outbox.sendAfterDurable({ ...common, index: prevIndex, reject: true, rejectHint, rejectTerm });
  }
}
