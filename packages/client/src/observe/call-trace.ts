/**
 * One call on the tracing channel `etcd.client.call`. `net/caller.ts` makes one only while somebody listens, and tells it of
 * every attempt.
 */
import { RpcError } from "@kvorum/transport";
import type { Clock } from "../clock.js";
import { isEtcdError } from "../errors.js";
import { classify, type Failure, type Operation } from "../retry.js";
import { callChannel } from "./channels.js";
import type { AttemptMessage, CallMessage } from "./messages.js";

/** Does anybody listen? */
export function callsAreTraced(): boolean {
  return callChannel.hasSubscribers;
}

export class CallTrace {
  readonly #message: CallMessage;
  readonly #clock: Clock;
  readonly #startedMs: number;
  #attemptStartedMs = 0;

  /** Runs a call with its messages around it; its answer stays out of them. */
  static async around<T>(
    subject: { readonly method: string; readonly operation: Operation; readonly clock: Clock },
    run: (trace: CallTrace) => Promise<T>,
  ): Promise<T> {
    const trace = new CallTrace(subject.method, subject.operation, subject.clock);
    let answer: { readonly value: T } | undefined;
    const traced = async (): Promise<void> => {
      try {
        answer = { value: await run(trace) };
        trace.#finish(undefined);
      } catch (error) {
        trace.#finish(error);
        throw error;
      }
    };
    await callChannel.tracePromise(traced, trace.#message);
    // `tracePromise` rejects where `traced` does, so an answer is there.
    return (answer as { readonly value: T } | undefined)?.value as T;
  }

  private constructor(method: string, operation: Operation, clock: Clock) {
    this.#clock = clock;
    this.#startedMs = clock.nowMs();
    this.#message = {
      method,
      operation,
      startedAtMs: clock.wallMs(),
      durationMs: undefined,
      endpoint: undefined,
      attempts: 0,
      tries: [],
      outcome: "pending",
    };
  }

  /** A request goes to this member. */
  attempt(endpoint: string): void {
    this.#attemptStartedMs = this.#clock.nowMs();
    this.#message.endpoint = endpoint;
    this.#message.attempts += 1;
    this.#message.tries.push({
      endpoint,
      startedAtMs: this.#clock.wallMs(),
      durationMs: undefined,
      code: undefined,
      failure: undefined,
    });
  }

  /** What the retry table made of the attempt that runs. */
  failed(failure: Failure): void {
    this.#endAttempt(failure);
  }

  #finish(error: unknown): void {
    this.#message.durationMs = this.#clock.nowMs() - this.#startedMs;
    if (error === undefined) {
      this.#message.outcome = "ok";
      this.#endAttempt(undefined);
      return;
    }
    this.#message.outcome = isEtcdError(error) ? error.outcome : this.#outcomeOfAbort();
    const cause = error instanceof Error ? error.cause : undefined;
    if (this.#running !== undefined && cause instanceof RpcError) this.#endAttempt(classify(cause));
    const running = this.#running;
    if (running !== undefined) running.durationMs = this.#clock.nowMs() - this.#attemptStartedMs;
  }

  /** Whoever aborts learns nothing of what became of the request; a read changes nothing in any case. */
  #outcomeOfAbort(): "not-applied" | "unknown" {
    return this.#message.attempts === 0 || this.#message.operation === "read" ? "not-applied" : "unknown";
  }

  #endAttempt(failure: Failure | undefined): void {
    const running = this.#running;
    if (running === undefined) return;
    running.durationMs = this.#clock.nowMs() - this.#attemptStartedMs;
    running.code = failure?.code ?? "OK";
    running.failure = failure?.kind;
  }

  get #running(): AttemptMessage | undefined {
    const last = this.#message.tries.at(-1);
    return last?.durationMs === undefined ? last : undefined;
  }
}
