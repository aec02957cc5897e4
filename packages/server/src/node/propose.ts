/**
 * From a command to its answer. A proposal gets an id, goes through the log and wakes its caller when the entry with that
 * id is applied here. It waits for a leader if there is none; after the time limit its outcome is unknown, and says so.
 *
 * A change of leader loses proposals: those that a dead leader had not replicated. They are proposed again as soon as it is
 * certain that they are lost. An entry has the term in which it was proposed, and terms never fall along a log: once an
 * entry of a later term is applied here, one of an earlier term that has not been applied never will be.
 */
import { Slab } from "@kvorum/proto";
import type { Command, ConfChange } from "../core/apply/command.js";
import type { Identity } from "../core/auth/types.js";
import { ServerError } from "../core/errors.js";
import type { Raft } from "../core/raft/raft.js";
import type { ProposalData, ProposeOutcome } from "../core/raft/types.js";
import type { Clock, Random } from "../env.js";
import { encodeCommand, encodeConfChange } from "../io/wire/command.js";
import type { Trace } from "./api.js";
import type { Answer } from "./apply-loop.js";

/** Committed but unapplied entries from which on new proposals are refused (etcd's figure); also for those that wait. */
const BACKLOG_MAX = 5000;

export interface ProposalsOptions {
  readonly raft: Raft;
  readonly clock: Clock;
  readonly random: Random;
  readonly maxRequestBytes: number;
  readonly requestTimeoutMs: number;
  /** What a request that began at this time and got no answer is told. */
  readonly timeoutReason: (startMs: number) => TimeoutReason;
  /** Raft has something to do. */
  readonly wake: () => void;
  /** Told of what is no answer: Raft found itself in a state that cannot be. */
  readonly onError: (error: unknown) => void;
}

/** How a request without an answer is explained to the caller (etcd's three texts). */
export type TimeoutReason = "timeout" | "timeoutDueToLeaderFail" | "timeoutDueToConnectionLost";

interface Waiter {
  readonly startMs: number;
  readonly proposal: ProposalData;
  /** Of the leader that it was last given to. */
  term: number;
  readonly resolve: (answer: Exclude<Answer, ServerError>) => void;
  /** Also with an answer that is an error of the command; only what never got an answer counts as failed. */
  readonly reject: (error: ServerError) => void;
}

export class Proposals {
  readonly #options: ProposalsOptions;
  /** In the order of their deadlines, for all wait equally long. */
  readonly #waiters: Map<bigint, Waiter> = new Map();
  /** Proposals that no leader has taken yet. */
  readonly #held: Map<bigint, ProposalData> = new Map();
  #lastId: bigint;
  /** Of commands until the log is compacted behind them. Neighbours in it come and go together. */
  readonly #memory: Slab = new Slab();
  /** Of the newest entry that was applied here. */
  #appliedTerm = 0;
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

  /** Errors: the command's own, `requestTooLarge`, `tooManyRequests`, a timeout, `stopped`. */
  propose(command: Command, identity?: Identity, trace?: Trace): Promise<Exclude<Answer, ServerError>> {
    return this.#propose("command", (requestId) => encodeCommand(requestId, command, identity, this.#memory), trace);
  }

  /** Errors: those of `propose`, and what `Membership.apply` refuses. */
  proposeConfChange(change: ConfChange): Promise<Exclude<Answer, ServerError>> {
    return this.#propose("conf-change", (requestId) => encodeConfChange(requestId, change));
  }

  /** The entry of this request was applied; a no-op when it is not ours or nobody waits any more. */
  answer(requestId: bigint, answer: Answer): void {
    const waiter = this.#waiters.get(requestId);
    this.#waiters.delete(requestId);
    if (answer instanceof ServerError) waiter?.reject(answer);
    else waiter?.resolve(answer);
  }

  /** An entry of this term is applied here, and everything before it. What an earlier leader lost goes to the next one. */
  applied(term: number): void {
    if (term <= this.#appliedTerm) return;
    this.#appliedTerm = term;
    for (const [requestId, waiter] of [...this.#waiters]) {
      if (waiter.term < term && !this.#held.has(requestId)) this.#resubmit(requestId, waiter.proposal);
    }
    this.#options.wake();
  }

  /** Entries were skipped: a snapshot has their effects, and perhaps that of what waits here. Nothing is proposed again. */
  skipped(): void {
    for (const waiter of this.#waiters.values()) waiter.term = Number.POSITIVE_INFINITY;
  }

  /** A leader is known: whatever waited for one goes to it. */
  leaderKnown(): void {
    if (this.#held.size === 0) return;
    for (const [requestId, proposal] of [...this.#held]) {
      this.#held.delete(requestId);
      if (this.#waiters.has(requestId)) this.#resubmit(requestId, proposal);
    }
    this.#options.wake();
  }

  /** Offers again what no leader took, and gives up on proposals past their time. */
  tick(nowMs: number): void {
    this.leaderKnown();
    const { requestTimeoutMs, timeoutReason } = this.#options;
    for (const [requestId, { startMs }] of this.#waiters) {
      if (startMs + requestTimeoutMs > nowMs) break;
      this.#abandon(requestId, timeoutReason(startMs));
    }
  }

  /** Every caller hears that the node stopped; what they asked for may have happened. */
  stop(): void {
    this.#stopped = true;
    for (const requestId of [...this.#waiters.keys()]) this.#abandon(requestId, "stopped");
  }

  /** No async function: whatever one remembers while it waits is work for the garbage collector, at each put. */
  #propose(
    type: ProposalData["type"],
    encode: (requestId: bigint) => Uint8Array,
    trace?: Trace,
  ): Promise<Exclude<Answer, ServerError>> {
    try {
      if (this.#stopped) throw new ServerError("stopped");
      const { raft, maxRequestBytes } = this.#options;
      if (raft.backlog > BACKLOG_MAX) throw this.#refuse("tooManyRequests");
      const requestId = this.#nextId();
      const data = encode(requestId);
      if (data.length > maxRequestBytes) throw this.#refuse("requestTooLarge");
      const proposal: ProposalData = { type, data };
      this.#submit(requestId, proposal);
      if (trace !== undefined) trace.requestId = requestId;
      return this.#wait(requestId, proposal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #wait(requestId: bigint, proposal: ProposalData): Promise<Exclude<Answer, ServerError>> {
    const { raft, clock, wake } = this.#options;
    return new Promise((resolve, reject) => {
      this.#waiters.set(requestId, { startMs: clock.nowMs(), proposal, term: raft.term, resolve, reject });
      wake();
    });
  }

  /** One that nobody can take now waits for the next leader, the end of a transfer, or of another membership change. */
  #submit(requestId: bigint, proposal: ProposalData): void {
    const outcome = this.#offer(proposal);
    if (outcome === "accepted") return;
    const waits = outcome !== "dropped: too much uncommitted" && this.#held.size < BACKLOG_MAX;
    if (!waits) throw this.#refuse("tooManyRequests");
    this.#held.set(requestId, proposal);
  }

  #offer(proposal: ProposalData): ProposeOutcome {
    try {
      return this.#options.raft.propose([proposal]);
    } catch (error) {
      this.#options.onError(error);
      throw error;
    }
  }

  #resubmit(requestId: bigint, proposal: ProposalData): void {
    try {
      this.#submit(requestId, proposal);
      const waiter = this.#waiters.get(requestId);
      if (waiter !== undefined) waiter.term = this.#options.raft.term;
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      this.answer(requestId, error);
    }
  }

  #abandon(requestId: bigint, reason: TimeoutReason | "stopped"): void {
    this.#held.delete(requestId);
    this.answer(requestId, this.#refuse(reason));
  }

  #refuse(reason: TimeoutReason | "stopped" | "tooManyRequests" | "requestTooLarge"): ServerError {
    this.#failed++;
    return new ServerError(reason);
  }

  #nextId(): bigint {
    this.#lastId = BigInt.asUintN(63, this.#lastId + 1n) || 1n;
    return this.#lastId;
  }
}
