/**
 * The two queues between Raft and its driver: what storage is to write, and what the state machine is to apply. A task is
 * handed out once and comes back as a token.
 */
import { invariant } from "../invariant.js";
import { entryBytes } from "./log.js";
import { acknowledgement, type RaftParts } from "./parts.js";
import type { AppendTask, AppendToken, ApplyTask, ApplyToken, Entry, HardState } from "./types.js";

export class StorageTasks {
  readonly #parts: RaftParts;
  /** The newest append task; its number is the token's. */
  #sequence = 0;
  #appendedSequence = 0;
  /** What the newest append task wrote, or what was recovered. */
  #handedHardState: HardState;
  /** Bytes handed to the state machine, by the task that carries them. */
  #applies: { readonly lastIndex: number; readonly bytes: number }[] = [];

  constructor(parts: RaftParts, recovered: HardState) {
    this.#parts = parts;
    this.#handedHardState = recovered;
  }

  hasAppend(): boolean {
    const { log, outbox } = this.#parts;
    return log.hasUnwritten() || outbox.hasAfterDurable() || this.#hardStateChange() !== undefined;
  }

  takeAppend(): AppendTask | undefined {
    if (!this.hasAppend()) return undefined;
    const { config, log, outbox, standing } = this.#parts;
    const sequence = ++this.#sequence;
    const snapshot = log.takeSnapshot(sequence);
    // A snapshot is a task of its own: what follows it can only be written when it is in place.
    const entries = snapshot === undefined ? log.takeUnwritten(sequence) : [];
    if (standing.role === "leader" && entries.length > 0) {
      // Thesis §10.2.1: the leader's own copy counts like any other, once it is durable.
      outbox.sendAfterDurable(acknowledgement(this.#parts, config.id, log.handed));
    }
    const before = this.#handedHardState;
    const hardState = this.#hardStateChange();
    if (hardState !== undefined) this.#handedHardState = hardState;
    const ballotMoved = hardState !== undefined && (hardState.term !== before.term || hardState.vote !== before.vote);
    return {
      token: { term: standing.term, lastIndex: log.handed, sequence },
      entries,
      hardState,
      snapshot,
      mustSync: snapshot !== undefined || entries.length > 0 || ballotMoved,
      afterDurable: snapshot === undefined ? outbox.takeAfterDurable() : outbox.takeAfterSnapshot(),
    };
  }

  appended({ sequence }: AppendToken): void {
    // A token counts once. Which entries it still speaks for after a truncation, the log knows by the sequence: index and
    // term alone would confuse a replaced entry with an equal one that came back later.
    if (sequence <= this.#appendedSequence) return;
    invariant(sequence <= this.#sequence, `append ${sequence} was never handed out`);
    this.#appendedSequence = sequence;
    this.#parts.log.written(sequence);
  }

  hasApply(): boolean {
    return this.#parts.log.hasUnapplied() && this.#applyBytesOut() < this.#parts.config.applyBytesMax;
  }

  takeApply(): ApplyTask | undefined {
    if (!this.hasApply()) return undefined;
    const { applyBytesMax, applyEntriesMax } = this.#parts.config;
    const entries = this.#parts.log.takeUnapplied(applyBytesMax - this.#applyBytesOut(), applyEntriesMax);
    const { index: lastIndex } = entries.at(-1) as Entry;
    this.#applies.push({ lastIndex, bytes: entries.reduce((sum, entry) => sum + entryBytes(entry), 0) });
    return { token: { lastIndex }, entries };
  }

  applied({ lastIndex }: ApplyToken): void {
    this.#parts.log.appliedTo(lastIndex);
    this.#applies = this.#applies.filter((task) => task.lastIndex > lastIndex);
  }

  /** A snapshot takes the place of everything that was handed out to be applied. */
  restored(): void {
    this.#applies = [];
  }

  /** The number of the newest append task. */
  get newestSequence(): number {
    return this.#sequence;
  }

  inspect(): unknown {
    const appendsOut = this.#sequence - this.#appendedSequence;
    return { appendsOut, handedHardState: this.#handedHardState, applies: this.#applies };
  }

  /** Of the commit index only what has been handed to storage: after a restart it must lie within the log. */
  #hardStateChange(): HardState | undefined {
    const { log, standing } = this.#parts;
    const { term, vote, commit } = this.#handedHardState;
    const now = { term: standing.term, vote: standing.vote, commit: Math.min(log.committed, log.handed) };
    return now.term === term && now.vote === vote && now.commit === commit ? undefined : now;
  }

  #applyBytesOut(): number {
    return this.#applies.reduce((sum, task) => sum + task.bytes, 0);
  }
}
