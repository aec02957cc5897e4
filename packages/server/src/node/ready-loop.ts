/**
 * The one place that asks Raft what is to be done. Whatever touches Raft calls `wake()`; when all that the turn of the
 * event loop has brought is taken in, from whichever connections, everything that has come together is handed out. So a
 * burst of requests makes one append here, one message to each other member, and one round of reads.
 */
import type { Raft } from "../core/raft/raft.js";
import type { AppendTask, ApplyTask, Message, ReadState, SoftState } from "../core/raft/types.js";
import type { Clock, Failpoints } from "../env.js";

export interface ReadyLoopOptions {
  readonly raft: Raft;
  readonly clock: Pick<Clock, "afterIo">;
  readonly failpoints: Failpoints;
  /** Before Raft is asked: the last chance to put together what came in during this turn. */
  readonly beforeDrain: () => void;
  readonly onSoftState: (state: SoftState) => void;
  /** Messages that may leave while our own disk still writes (thesis §10.2.1). */
  readonly onSend: (messages: readonly Message[]) => void;
  readonly onAppend: (task: AppendTask) => void;
  readonly onApply: (task: ApplyTask) => void;
  readonly onReads: (reads: readonly ReadState[]) => void;
  readonly onError: (error: unknown) => void;
}

export class ReadyLoop {
  readonly #options: ReadyLoopOptions;
  #scheduled = false;
  #stopped = false;

  constructor(options: ReadyLoopOptions) {
    this.#options = options;
  }

  wake(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    this.#options.clock.afterIo(() => {
      this.#scheduled = false;
      this.#drain();
    });
  }

  stop(): void {
    this.#stopped = true;
  }

  #drain(): void {
    const { raft, beforeDrain, onError } = this.#options;
    try {
      if (!this.#stopped) beforeDrain();
      while (!this.#stopped && raft.hasReady()) this.#handle();
    } catch (error) {
      onError(error);
    }
  }

  #handle(): void {
    const { raft, failpoints, onSoftState, onSend, onAppend, onApply, onReads } = this.#options;
    const { softState, send, append, apply, reads } = raft.ready();
    if (softState !== undefined) onSoftState(softState);
    if (send.length > 0) {
      failpoints.hit("raft-before-send");
      onSend(send);
    }
    if (append !== undefined) onAppend(append);
    if (reads.length > 0) onReads(reads);
    if (apply !== undefined) onApply(apply);
  }
}
