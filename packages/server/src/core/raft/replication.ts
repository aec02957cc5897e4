/**
 * What a leader sends to bring one member's log up to its own: appends within the member's window, a snapshot where the
 * log does not reach back far enough, heartbeats in any case.
 *
 * What happens between two calls of `ready()`, be it a thousand proposals and commits, is told each member at the second
 * of them, at once. A message for each would cost the members more than all the rest of their work.
 */
import { membersOf } from "./conf-change.js";
import { entryBytes } from "./log.js";
import type { RaftParts } from "./parts.js";
import type { Progress } from "./progress.js";

export class Replication {
  readonly #parts: RaftParts;
  readonly #term: number;

  constructor(parts: RaftParts, term: number) {
    this.#parts = parts;
    this.#term = term;
  }

  /** One message, with what there is to send and room for, or without entries. False when nothing may be sent now. */
  send(to: bigint, progress: Progress): boolean {
    if (progress.paused) return false;
    const { config, log, outbox } = this.#parts;
    const prevIndex = progress.next - 1;
    const prevTerm = log.termAt(prevIndex);
    // The member needs entries that are compacted away; only a snapshot can help it.
    if (prevTerm === undefined) return this.#sendSnapshot(to, progress);
    const entries = progress.saturated ? [] : log.slice(progress.next, config.messageBytesMax);
    progress.sent(
      entries.length,
      entries.reduce((sum, entry) => sum + entryBytes(entry), 0),
    );
    const { committed: commit } = log;
    progress.sentCommit = commit;
    outbox.send({ type: "append", from: config.id, to, term: this.#term, prevIndex, prevTerm, entries, commit });
    return true;
  }

  /** Whether the member has not been sent something that is here. */
  lags({ next, sentCommit }: Progress): boolean {
    const { log } = this.#parts;
    return next <= log.lastIndex || sentCommit < log.committed;
  }

  /** All that the member has not been sent, as far as there is room for it. */
  sendNews(to: bigint, progress: Progress): void {
    const { log } = this.#parts;
    progress.hasNews = false;
    while (progress.next <= log.lastIndex && !progress.saturated && this.send(to, progress));
    // No entry is left that could carry the commit index. Waiting for the next heartbeat would delay the member's reads.
    if (progress.sentCommit < log.committed) this.send(to, progress);
  }

  heartbeat(to: bigint, progress: Progress, round: number): void {
    const { config, log, outbox } = this.#parts;
    // No more than it is known to hold: an index alone does not say whether its entry is the right one.
    const commit = Math.min(progress.match, log.committed);
    progress.sentCommit = commit;
    outbox.send({ type: "heartbeat", from: config.id, to, term: this.#term, commit, context: round });
  }

  #sendSnapshot(to: bigint, progress: Progress): boolean {
    const { config, log, outbox, conf } = this.#parts;
    // A snapshot is costly: it waits until the member is known to be there. One that does not know the member yet, since
    // the entry that adds it is just being applied, would be refused.
    if (!progress.recentActive || !membersOf(conf.applied).includes(to)) return false;
    const index = log.applied;
    const term = log.termAt(index) as number;
    progress.snapshotSent(index);
    const snapshot = { index, term, confState: conf.applied };
    outbox.send({ type: "snapshot", from: config.id, to, term: this.#term, snapshot });
    return true;
  }
}
