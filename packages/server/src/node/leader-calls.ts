/**
 * Requests that only the leader can answer, asked on any member: answered here when this member leads, otherwise sent on.
 * While nobody leads, or the leader has just changed, they wait; in the end the caller gets an answer or an error.
 */
import { ServerError, type ServerErrorName } from "../core/errors.js";
import type { Raft } from "../core/raft/raft.js";
import { NO_MEMBER } from "../core/raft/types.js";
import type { Clock } from "../env.js";
import { type AnswerTo, type PeerNetwork, type PeerQuestion, PeerUnavailableError } from "../peer-network.js";
import type { TimeoutReason } from "./propose.js";
import { sleep } from "./sleep.js";

const RETRY_MS = 50;

/** Said by a member before it has done anything: it does not lead, or could not make sure that it does. */
const NOT_DONE: ReadonlySet<ServerErrorName> = new Set(["notLeader", "notPrimary"]);

export interface LeaderCallsOptions {
  readonly raft: Raft;
  readonly peers: PeerNetwork;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
  readonly timeoutReason: (startMs: number) => TimeoutReason;
  readonly stopped: () => boolean;
}

/** How one kind of request is answered on the leader. */
export interface LeaderCall<Q extends PeerQuestion> {
  readonly question: Q;
  readonly here: () => Promise<AnswerTo<Q>>;
  /** What becomes of a question whose answer was lost. */
  readonly whenLost:
    | "ask-again"
    /** Asking twice would do more than asking once. The answer, if what was asked for shows here already. */
    | (() => AnswerTo<Q> | undefined);
}

export class LeaderCalls {
  readonly #options: LeaderCallsOptions;

  constructor(options: LeaderCallsOptions) {
    this.#options = options;
  }

  /** Errors: those of the answer; `noLeader` or a timeout when there was none; `stopped`. */
  async call<Q extends PeerQuestion>(call: LeaderCall<Q>): Promise<AnswerTo<Q>> {
    const { clock, requestTimeoutMs, raft, timeoutReason, stopped } = this.#options;
    const startMs = clock.nowMs();
    for (;;) {
      if (stopped()) throw new ServerError("stopped");
      const leftMs = startMs + requestTimeoutMs - clock.nowMs();
      if (leftMs <= 0) throw new ServerError(raft.status.lead === NO_MEMBER ? "noLeader" : timeoutReason(startMs));
      try {
        const answer = await this.#attempt(call, leftMs);
        if (answer !== undefined) return answer;
      } catch (error) {
        if (!mayAskAgain(error, call.whenLost === "ask-again")) throw error;
      }
      await sleep(clock, RETRY_MS);
    }
  }

  async #attempt<Q extends PeerQuestion>(call: LeaderCall<Q>, leftMs: number): Promise<AnswerTo<Q> | undefined> {
    const { raft, peers } = this.#options;
    const { role, lead } = raft.status;
    if (role === "leader") return call.here();
    if (lead === NO_MEMBER) return undefined;
    try {
      return await peers.ask(lead, call.question, leftMs);
    } catch (error) {
      if (!(error instanceof PeerUnavailableError) || call.whenLost === "ask-again") throw error;
      const answer = call.whenLost();
      if (answer === undefined) throw new ServerError("timeoutDueToConnectionLost");
      return answer;
    }
  }
}

function mayAskAgain(error: unknown, repeatable: boolean): boolean {
  if (error instanceof PeerUnavailableError) return true;
  if (!(error instanceof ServerError)) return false;
  return NOT_DONE.has(error.reason) || (repeatable && error.reason === "leaderChanged");
}
