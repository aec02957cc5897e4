/**
 * The loop around a write on condition: read, decide, write if nothing has changed, and the same again after a conflict. Of
 * any number of writers that meet, one gets on in each round, so that a bound on the rounds is a bound on bad luck.
 */
import { type CallOptions, type ClientWorld, isEtcdError } from "@kvorum/client";
import { checkEnds } from "../contention/checks.js";
import type { LocalQueue } from "../contention/local-queue.js";
import { OutcomeUnknownError, StmConflictError } from "../errors.js";
import { Interrupt, pause } from "../interrupt.js";
import type { RecipeCallOptions } from "./arguments.js";

/** What one round may use: reads end with `read`, writes with `write`, which leaves it to the client to say "unknown". */
export interface Round {
  /** From 1. */
  readonly number: number;
  readonly read: CallOptions;
  readonly write: Omit<CallOptions, "retry">;
}

const DEFAULT_MS = 10_000;
const ROUNDS_MAX = 100;
/** Waits after conflicts, in milliseconds: full jitter under a ceiling that doubles. */
const CONFLICT_BASE_MS = 2;
const CONFLICT_CAP_MS = 250;

/** Who runs rounds, and what a wait that takes too long calls itself. */
export interface Writer {
  readonly world: ClientWorld;
  readonly what: string;
  /** Those of one object take turns: in the order of calling, and without meeting in conflicts. */
  readonly turns: LocalQueue;
}

/**
 * Runs rounds until one has an answer; undefined is a conflict.
 *
 * Errors: `StmConflictError` after a hundred conflicts; `TimeoutError`; `signal.reason`; what the round rejects with.
 */
export async function throughConflicts<T extends object>(
  { world, what, turns }: Writer,
  options: RecipeCallOptions,
  round: (round: Round) => Promise<T | undefined>,
): Promise<T> {
  checkEnds(options);
  const { signal: asked, timeout = DEFAULT_MS } = options;
  asked?.throwIfAborted();
  const deadlineMs = world.clock.nowMs() + timeout;
  using wait = new Interrupt(world, what, [asked], timeout);
  const { signal } = wait;
  const turn = await turns.take("", signal);
  try {
    for (let number = 1; number <= ROUNDS_MAX; number++) {
      const left = Math.max(1, deadlineMs - world.clock.nowMs());
      const answer = await round({
        number,
        read: { signal },
        write: { timeout: left, ...(asked && { signal: asked }) },
      });
      if (answer !== undefined) return answer;
      const ceiling = Math.min(CONFLICT_CAP_MS, CONFLICT_BASE_MS * 2 ** number);
      await pause(world, ceiling * world.random(), signal);
    }
    throw new StmConflictError(ROUNDS_MAX);
  } finally {
    turn.free();
  }
}

/** The write's answer; undefined, as for a conflict, where it was lost. For rounds that find out what an earlier one did. */
export async function unlessLost<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write;
  } catch (error) {
    if (isEtcdError(error) && error.outcome === "unknown") return undefined;
    throw error;
  }
}

/** The write's answer, or `OutcomeUnknownError` where that was lost. */
export async function knownOutcome<T>(round: number, write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    if (isEtcdError(error) && error.outcome === "unknown") throw new OutcomeUnknownError(round, error);
    throw error;
  }
}
