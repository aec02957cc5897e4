/**
 * Feeds committed entries to the state machine: in order, decoded, in slices that leave the event loop room. Answers go
 * out when a slice is done; by then its effects are visible to every read.
 */
import type { CommandResult } from "../core/apply/command.js";
import type { StateMachine } from "../core/apply/state-machine.js";
import { ServerError } from "../core/errors.js";
import type { Raft } from "../core/raft/raft.js";
import type { ApplyTask, Entry } from "../core/raft/types.js";
import type { Clock, Failpoints } from "../env.js";
import { decodeCommand, decodeConfChange } from "../io/wire/command.js";
import type { ApplyMeasures, DecodedEntry } from "./apply-measures.js";
import type { Tuning } from "./tuning.js";

export type Answer = CommandResult | ServerError;

export interface ApplyLoopOptions {
  readonly machine: StateMachine;
  readonly raft: Raft;
  readonly clock: Clock;
  readonly failpoints: Failpoints;
  /** A slice ends after so many entries or so much time, whichever comes first. */
  readonly tuning: Pick<Tuning, "applySliceEntries" | "applySliceMs">;
  /** Default: nothing is counted. */
  readonly measures?: ApplyMeasures | undefined;
  /** Each entry when it has taken effect, and what it answers, before anybody else hears of it. */
  readonly onEntry?: ((entry: Entry, answer: Answer | undefined) => void) | undefined;
  readonly onAnswer: (requestId: bigint, answer: Answer) => void;
  /** After every slice, when Raft knows of it. */
  readonly onApplied: (appliedIndex: number) => void;
  readonly onConfChange: () => void;
  readonly onError: (error: unknown) => void;
}

export class ApplyLoop {
  readonly #options: ApplyLoopOptions;
  #queue: Entry[] = [];
  /** Position of the next entry in the queue. */
  #next = 0;
  #scheduled = false;
  #paused = false;
  #stopped = false;

  constructor(options: ApplyLoopOptions) {
    this.#options = options;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Applies a first slice at once, if nothing is waiting before it. */
  add(task: ApplyTask): void {
    // What is applied is dropped here, so that the queue stays as long as Raft's limit on unapplied entries allows.
    this.#queue = [...this.#queue.slice(this.#next), ...task.entries];
    this.#next = 0;
    if (!this.#scheduled) this.#slice();
  }

  /** Forgets what waits: a snapshot that covers all of it is about to take its place. */
  drop(): void {
    this.#queue = [];
    this.#next = 0;
  }

  /** Between two entries: nothing is applied until `resume()`. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
  }

  #schedule(): void {
    if (this.#scheduled || this.#stopped || this.#paused || this.#next === this.#queue.length) return;
    this.#scheduled = true;
    this.#options.clock.afterIo(() => {
      this.#scheduled = false;
      this.#slice();
    });
  }

  #slice(): void {
    if (this.#stopped || this.#paused) return;
    try {
      this.#applySome();
    } catch (error) {
      this.#stopped = true;
      this.#options.onError(error);
      return;
    }
    this.#schedule();
  }

  #applySome(): void {
    const { clock, raft, tuning, failpoints, onAnswer, onApplied, onConfChange } = this.#options;
    const startMs = clock.nowMs();
    const end = Math.min(this.#queue.length, this.#next + tuning.applySliceEntries);
    const answers: [bigint, Answer][] = [];
    let confChanged = false;
    let nowMs = startMs;
    while (this.#next < end && nowMs - startMs < tuning.applySliceMs) {
      const entry = this.#queue[this.#next] as Entry;
      nowMs = this.#applyOne(entry, nowMs, answers);
      confChanged ||= entry.type === "conf-change";
      this.#next++;
    }
    const { appliedIndex } = this.#options.machine;
    failpoints.hit("raft-before-advance");
    raft.applied({ lastIndex: appliedIndex });
    failpoints.hit("apply-before-answer");
    for (const [requestId, answer] of answers) onAnswer(requestId, answer);
    if (confChanged) onConfChange();
    onApplied(appliedIndex);
  }

  /** Returns the time when it was done. */
  #applyOne(entry: Entry, nowMs: number, answers: [bigint, Answer][]): number {
    const { machine, raft, failpoints, clock, measures } = this.#options;
    const isConfChange = entry.type === "conf-change";
    failpoints.hit(isConfChange ? "apply-before-conf-change" : "apply-before-entry");
    const decoded = decode(entry);
    const { requestId, applied } = decoded;
    const isCompaction = applied.command?.kind === "compaction";
    if (isCompaction) failpoints.hit("compaction-before-schedule");
    const answer = machine.apply(applied, nowMs);
    if (isCompaction) failpoints.hit("compaction-after-schedule");
    if (isConfChange && !(answer instanceof ServerError)) {
      // The entry without data is Raft's own: it ends a joint configuration.
      raft.applyConfChange(applied.confChange ?? { type: "leave-joint" });
    }
    this.#options.onEntry?.(entry, answer);
    failpoints.hit(isConfChange ? "apply-after-conf-change" : "apply-after-entry");
    if (answer !== undefined && requestId !== 0n) answers.push([requestId, answer]);
    const doneMs = clock.nowMs();
    measures?.applied(decoded, answer, entry.data.length, doneMs - nowMs);
    return doneMs;
  }
}

function decode({ type, index, term, data }: Entry): DecodedEntry {
  // The empty entry that a new leader appends (Raft paper §8), or the end of a joint configuration.
  if (data.length === 0) return { requestId: 0n, applied: { index, term } };
  if (type === "conf-change") {
    const { requestId, content } = decodeConfChange(data);
    return { requestId, applied: { index, term, confChange: content } };
  }
  const { requestId, content, identity } = decodeCommand(data);
  return { requestId, applied: { index, term, command: content, identity } };
}
