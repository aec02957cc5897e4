/**
 * Linearizable reads: a read waits for a read index that was asked for after it arrived, and then until that index is
 * applied. At most one round is out; all reads that arrive meanwhile share the next. A round that gets no answer is asked
 * again under a new id, so that a late answer to an earlier life of the request can never be taken for one to this.
 */
import { ServerError } from "../core/errors.js";
import type { Raft } from "../core/raft/raft.js";
import type { ReadState } from "../core/raft/types.js";
import type { Clock, Random } from "../env.js";
import type { NodeMeasures } from "../measures/node-measures.js";

/** Milliseconds before an unanswered round is asked again (etcd's figure). */
const RETRY_MS = 500;
const REQUEST_ID_START_MAX = 2 ** 47;

export interface ReadRoundsOptions {
  readonly raft: Raft;
  readonly clock: Clock;
  readonly random: Random;
  readonly requestTimeoutMs: number;
  readonly wake: () => void;
  readonly measures?: Pick<NodeMeasures, "readIndexFailures" | "slowReadIndexes"> | undefined;
}

interface Waiter {
  readonly deadlineMs: number;
  readonly resolve: () => void;
  readonly reject: (error: ServerError) => void;
}

interface Round {
  requestId: number;
  askedMs: number;
  waiters: readonly Waiter[];
}

export class ReadRounds {
  readonly #options: ReadRoundsOptions;
  /** For the next round. */
  #waiting: Waiter[] = [];
  #round: Round | undefined;
  /** Confirmed, waiting to be applied; indexes ascend. */
  #confirmed: { readonly index: number; readonly waiters: readonly Waiter[] }[] = [];
  #lastRequestId: number;
  #stopped = false;

  constructor(options: ReadRoundsOptions) {
    this.#options = options;
    // A restarted member must not repeat the ids of its former life, whose answers may still be on their way.
    this.#lastRequestId = options.random.int(REQUEST_ID_START_MAX);
  }

  /**
   * Resolves when everything that was committed before the call is applied here.
   *
   * Errors: `timeout`, `leaderChanged`, `stopped`.
   */
  barrier(): Promise<void> {
    if (this.#stopped) return Promise.reject(new ServerError("stopped"));
    return new Promise((resolve, reject) => {
      const deadlineMs = this.#options.clock.nowMs() + this.#options.requestTimeoutMs;
      this.#waiting.push({ deadlineMs, resolve, reject });
      this.#options.wake();
    });
  }

  /** Starts a round for those who wait, unless one is out. */
  begin(): void {
    if (this.#round !== undefined || this.#waiting.length === 0) return;
    this.#round = { requestId: 0, askedMs: 0, waiters: this.#waiting };
    this.#waiting = [];
    this.#ask(this.#round);
  }

  /** Raft's answers. One to an id that is not the current round's is late and means nothing. */
  answered(reads: readonly ReadState[]): void {
    for (const { requestId, index } of reads) {
      if (this.#round?.requestId !== requestId) continue;
      this.#confirmed.push({ index, waiters: this.#round.waiters });
      this.#round = undefined;
    }
    this.applied(this.#options.raft.status.appliedIndex);
    if (this.#waiting.length > 0) this.#options.wake();
  }

  applied(appliedIndex: number): void {
    while (this.#confirmed.length > 0 && (this.#confirmed[0]?.index as number) <= appliedIndex) {
      for (const waiter of this.#confirmed.shift()?.waiters ?? []) waiter.resolve();
    }
  }

  /** A leader is known now: a round that found none need not wait for its retry. */
  leaderKnown(): void {
    if (this.#round !== undefined) this.#ask(this.#round);
  }

  /** The round that is out was asked of a leader that is none any more. */
  leaderChanged(): void {
    const waiters = this.#round?.waiters ?? [];
    if (this.#round !== undefined) this.#options.measures?.readIndexFailures.add();
    this.#round = undefined;
    for (const waiter of waiters) waiter.reject(new ServerError("leaderChanged"));
    this.#options.wake();
  }

  /** Asks again where no answer came, and gives up on reads past their time. */
  tick(nowMs: number): void {
    const expire = (waiters: readonly Waiter[]): Waiter[] => {
      for (const waiter of waiters) if (waiter.deadlineMs <= nowMs) waiter.reject(new ServerError("timeout"));
      return waiters.filter(({ deadlineMs }) => deadlineMs > nowMs);
    };
    this.#waiting = expire(this.#waiting);
    this.#confirmed = this.#confirmed.map(({ index, waiters }) => ({ index, waiters: expire(waiters) }));
    const round = this.#round;
    if (round === undefined) return;
    round.waiters = expire(round.waiters);
    const { measures } = this.#options;
    if (round.waiters.length === 0) {
      this.#round = undefined;
      measures?.readIndexFailures.add();
      measures?.slowReadIndexes.add();
    } else if (nowMs - round.askedMs >= RETRY_MS) {
      measures?.slowReadIndexes.add();
      this.#ask(round);
    }
  }

  stop(): void {
    this.#stopped = true;
    const waiters = [this.#waiting, this.#round?.waiters ?? [], ...this.#confirmed.map((read) => read.waiters)].flat();
    this.#waiting = [];
    this.#round = undefined;
    this.#confirmed = [];
    for (const waiter of waiters) waiter.reject(new ServerError("stopped"));
  }

  #ask(round: Round): void {
    round.requestId = ++this.#lastRequestId;
    round.askedMs = this.#options.clock.nowMs();
    this.#options.raft.readIndex(round.requestId);
    this.#options.wake();
  }
}
