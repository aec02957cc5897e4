/**
 * From a command to its answer. A proposal gets an id, goes through the log and wakes its caller when the entry with that
 * id is applied here. It waits for a leader if there is none; after the time limit its outcome is unknown, and says so.
 */
import type { Command } from "../core/apply/command.js";
import { ServerError } from "../core/errors.js";
import type { Raft } from "../core/raft/raft.js";
import type { Clock, Random } from "../env.js";
import { encodeCommand } from "../io/wire/command.js";
import type { Answer } from "./apply-loop.js";

/** Committed but unapplied entries from which on new proposals are refused (etcd's figure); also for those that wait. */
const BACKLOG_MAX = 5000;

export interface ProposalsOptions {
  readonly raft: Raft;
  readonly clock: Clock;
  readonly random: Random;
  readonly maxRequestBytes: number;
  readonly requestTimeoutMs: number;
  /** Raft has something to do. */
  readonly wake: () => void;
}

interface Waiter {
  readonly deadlineMs: number;
  /** An answer that is an error of the command; only what never got an answer counts as failed. */
  readonly settle: (answer: Answer) => void;
}

export class Proposals {
  readonly #options: ProposalsOptions;
  /** In the order of their deadlines, for all wait equally long. */
  readonly #waiters: Map<bigint, Waiter> = new Map();
  /** Encoded proposals that no leader has taken yet. */
  readonly #held: Map<bigint, Uint8Array> = new Map();
  #lastId: bigint;
  #failed = 0;
  #stopped = false;

  constructor(options: ProposalsOptions) {
    this.#options = options;
    // Ids are unique in the cluster and across restarts, or a stranger's entry could answer a caller here.
    this.#lastId = options.random.int63();
  }

  get pending(): number {
    return this.#waiters.size;
  }

  get failed(): number {
    return this.#failed;
  }

  /** Errors: the command's own, `requestTooLarge`, `tooManyRequests`, `timeout`, `stopped`. */
  async propose(command: Command): Promise<Exclude<Answer, ServerError>> {
    if (this.#stopped) throw new ServerError("stopped");
    const { raft, clock, maxRequestBytes, requestTimeoutMs, wake } = this.#options;
    const { commitIndex, appliedIndex } = raft.status;
    if (commitIndex - appliedIndex > BACKLOG_MAX) throw this.#refuse("tooManyRequests");
    const requestId = this.#nextId();
    const data = encodeCommand(requestId, command);
    if (data.length > maxRequestBytes) throw this.#refuse("requestTooLarge");
    this.#submit(requestId, data);
    const answer = await new Promise<Answer>((settle) => {
      this.#waiters.set(requestId, { deadlineMs: clock.nowMs() + requestTimeoutMs, settle });
      wake();
    });
    if (answer instanceof ServerError) throw answer;
    return answer;
  }

  /** The entry of this request was applied; a no-op when it is not ours or nobody waits any more. */
  answer(requestId: bigint, answer: Answer): void {
    const waiter = this.#waiters.get(requestId);
    this.#waiters.delete(requestId);
    waiter?.settle(answer);
  }

  /** A leader is known: whatever waited for one goes to it. */
  leaderKnown(): void {
    for (const [requestId, data] of [...this.#held]) {
      this.#held.delete(requestId);
      if (this.#waiters.has(requestId)) this.#resubmit(requestId, data);
    }
    this.#options.wake();
  }

  /** Gives up on proposals past their time. */
  expire(nowMs: number): void {
    for (const [requestId, { deadlineMs }] of this.#waiters) {
      if (deadlineMs > nowMs) break;
      this.#abandon(requestId, "timeout");
    }
  }

  /** Every caller hears that the node stopped; what they asked for may have happened. */
  stop(): void {
    this.#stopped = true;
    for (const requestId of [...this.#waiters.keys()]) this.#abandon(requestId, "stopped");
  }

  #submit(requestId: bigint, data: Uint8Array): void {
    const outcome = this.#options.raft.propose([{ type: "command", data }]);
    if (outcome === "accepted") return;
    const waitsForLeader = outcome === "dropped: no leader" && this.#held.size < BACKLOG_MAX;
    if (!waitsForLeader) throw this.#refuse("tooManyRequests");
    this.#held.set(requestId, data);
  }

  #resubmit(requestId: bigint, data: Uint8Array): void {
    try {
      this.#submit(requestId, data);
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      this.answer(requestId, error);
    }
  }

  #abandon(requestId: bigint, reason: "timeout" | "stopped"): void {
    this.#held.delete(requestId);
    this.answer(requestId, this.#refuse(reason));
  }

  #refuse(reason: "timeout" | "stopped" | "tooManyRequests" | "requestTooLarge"): ServerError {
    this.#failed++;
    return new ServerError(reason);
  }

  #nextId(): bigint {
    this.#lastId = BigInt.asUintN(63, this.#lastId + 1n) || 1n;
    return this.#lastId;
  }
}
