/**
 * The one place through which every unary call goes: the time budget, the choice of the member, retries as `retry.ts` says,
 * abort, and the making of errors.
 */
import { setMaxListeners } from "node:events";
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { ResponseHeader } from "@kvorum/proto";
import {
  type Channel,
  type MetadataInit,
  methodPath,
  RpcError,
  StatusCode,
  type StreamMethod,
  type UnaryMethod,
  type CallOptions as WireOptions,
} from "@kvorum/transport";
import { backoffMs, DEFAULT_BACKOFF } from "../backoff.js";
import { type Clock, sleep } from "../clock.js";
import {
  ClientClosedError,
  type EtcdError,
  type EtcdReason,
  isEtcdError,
  makeEtcdError,
  type Outcome,
} from "../errors.js";
import { CallTrace, callsAreTraced } from "../observe/call-trace.js";
import type { Interceptor } from "../observe/middleware.js";
import { type CallOptions, type Consistency, checkCallOptions, toBigInt } from "../options.js";
import { classify, decide, type Failure, type Operation } from "../retry.js";
import type { Balancer } from "./balancer.js";
import type { Credentials } from "./credentials.js";
import type { Endpoint } from "./endpoint.js";
import type { Line } from "./line.js";
import { RetryBudget } from "./retry-budget.js";

export const DEFAULT_TIMEOUT_MS = 10_000;
/**
 * One attempt of a call that may be repeated. Above the 7 s after which a server gives its own verdict (5 s and two election
 * timeouts), so that the verdict usually arrives first. A caller who allows much more gets longer attempts as well.
 */
const ATTEMPT_TIMEOUT_MS = 8_000;
const ATTEMPT_SHARE = 0.8;
/** An overloaded server is left alone at least this long. */
const OVERLOAD_WAIT_MS = 100;
/** What a member says that is no member (any more), no voter, or one of another cluster. */
const MEMBERSHIP_DOUBTS: ReadonlySet<EtcdReason> = new Set([
  "member-not-found",
  "cluster-id-mismatch",
  "learner",
  "stopped",
]);

export interface CallerOptions {
  readonly balancer: Balancer;
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly random: () => number;
  /** Aborts with `ClientClosedError`. */
  readonly closed: AbortSignal;
  readonly timeoutMs?: number;
  /** Told of failures after which the list of members may be another one. */
  readonly onMembershipDoubt?: () => void;
  /** Around every call. */
  readonly interceptor?: Interceptor | undefined;
  /** Told of every call, all its attempts and waits in one; for whoever lets time pass while somebody waits. */
  readonly onCall?: ((call: Promise<unknown>) => void) | undefined;
}

/** The state of one call over its attempts. */
interface Call {
  readonly path: string;
  readonly operation: Operation;
  attempts: number;
  /** Turns `unknown` with the first attempt that may have taken effect, and stays so. */
  outcome: Outcome;
  refreshed: boolean;
  /** While somebody listens. */
  readonly trace: CallTrace | undefined;
}

/** What a part of this client may ask of a call beyond what its caller may. */
export interface UnaryOptions extends CallOptions {
  /** Told when an attempt may have taken effect, before the next one. */
  readonly onUncertain?: () => void;
  /** Of a read. With `atLeast`, members that have shown that revision go first. */
  readonly consistency?: Consistency;
}

const NO_NAMESPACE = new Uint8Array(0);

type Attempt<T> = (channel: Channel, options: WireOptions) => Promise<T>;

export class Caller {
  readonly #options: CallerOptions;
  readonly #budget: RetryBudget;
  readonly #namespace: Uint8Array;

  constructor(options: CallerOptions, namespace: Uint8Array = NO_NAMESPACE, budget: RetryBudget = new RetryBudget()) {
    this.#options = options;
    this.#namespace = namespace;
    this.#budget = budget;
    // Every call that waits for its next attempt listens; Node would take more than ten of them for a leak.
    setMaxListeners(0, options.closed);
  }

  get interceptor(): Interceptor | undefined {
    return this.#options.interceptor;
  }

  /** The same for a store of this namespace, of which only middleware wants to know. */
  within(namespace: Uint8Array): Caller {
    return this.interceptor === undefined ? this : new Caller(this.#options, namespace, this.#budget);
  }

  /**
   * Sends a request and resolves with the answer.
   *
   * Errors: `EtcdError`; `signal.reason` on abort.
   */
  unary<I extends DescMessage, O extends DescMessage>(
    method: UnaryMethod<I, O>,
    request: MessageInitShape<I>,
    operation: Operation,
    options: UnaryOptions = {},
  ): Promise<MessageShape<O>> {
    if (this.#options.interceptor === undefined) return this.#unary(method, request, operation, options);
    const subject = { method, operation, namespace: this.#namespace };
    return this.#options.interceptor.call(subject, request, options, (sent, wanted) =>
      // What the parts of this client add to the options is not for middleware to drop.
      this.#unary(method, sent, operation, { ...options, ...wanted }),
    );
  }

  /** The same over a method that streams: one request, the first answer, and the stream is cancelled. */
  exchange<I extends DescMessage, O extends DescMessage>(
    method: StreamMethod<I, O>,
    request: MessageInitShape<I>,
    operation: Operation,
    options: UnaryOptions = {},
  ): Promise<MessageShape<O>> {
    const send = (sent: MessageInitShape<I>, wanted: UnaryOptions): Promise<MessageShape<O>> =>
      this.#call(methodPath(method), operation, wanted, async (channel, wire) => {
        for await (const answer of channel.stream(method, once(sent), wire)) return answer;
        throw new RpcError(StatusCode.UNAVAILABLE, "the server ended the stream without an answer");
      });
    if (this.interceptor === undefined) return send(request, options);
    const subject = { method, operation, namespace: this.#namespace };
    return this.interceptor.call(subject, request, options, (sent, wanted) => send(sent, { ...options, ...wanted }));
  }

  #unary<I extends DescMessage, O extends DescMessage>(
    method: UnaryMethod<I, O>,
    request: MessageInitShape<I>,
    operation: Operation,
    options: UnaryOptions,
  ): Promise<MessageShape<O>> {
    return this.#call(methodPath(method), operation, options, (channel, wire) => channel.unary(method, request, wire));
  }

  #call<T>(method: string, operation: Operation, options: UnaryOptions, attempt: Attempt<T>): Promise<T> {
    const call = this.#traced(method, operation, options, attempt);
    this.#options.onCall?.(call);
    return call;
  }

  #traced<T>(method: string, operation: Operation, options: UnaryOptions, attempt: Attempt<T>): Promise<T> {
    if (!callsAreTraced()) return this.#attempts(method, operation, options, attempt, undefined);
    const subject = { method, operation, clock: this.#options.clock };
    return CallTrace.around(subject, (trace) => this.#attempts(method, operation, options, attempt, trace));
  }

  async #attempts<T>(
    path: string,
    operation: Operation,
    options: UnaryOptions,
    attempt: Attempt<T>,
    trace: CallTrace | undefined,
  ): Promise<T> {
    const { balancer, clock, closed, credentials } = this.#options;
    checkCallOptions(options);
    options.signal?.throwIfAborted();
    const timeoutMs = options.timeout ?? this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const deadlineMs = clock.nowMs() + timeoutMs;
    const repeatable = options.retry !== "never" && decide("interrupted", operation) !== "surface";
    const attemptMs = repeatable ? Math.max(ATTEMPT_TIMEOUT_MS, timeoutMs * ATTEMPT_SHARE) : timeoutMs;
    const atLeast = revisionFloor(options.consistency);
    const call: Call = { path, operation, attempts: 0, outcome: "not-applied", refreshed: false, trace };
    this.#budget.earn();
    let avoid: Endpoint | undefined;
    for (;;) {
      if (closed.aborted) throw new ClientClosedError(call.outcome);
      let endpoint: Endpoint | undefined;
      let line: Line | undefined;
      let metadata: MetadataInit | undefined;
      let startMs = 0;
      call.attempts += 1;
      try {
        const connecting = balancer.connecting(clock.nowMs());
        if (connecting !== undefined) await this.#connected(connecting, deadlineMs, options.signal);
        startMs = clock.nowMs();
        endpoint =
          options.endpoint === undefined ? balancer.pick(startMs, avoid, atLeast) : balancer.pinned(options.endpoint);
        line = endpoint.acquire(startMs);
        trace?.attempt(endpoint.address);
        const given = credentials.metadata();
        metadata = given instanceof Promise ? await given : given;
        const answer = await attempt(line.channel, {
          metadata,
          timeoutMs: Math.max(1, Math.min(deadlineMs - clock.nowMs(), attemptMs)),
          signal: options.signal,
        });
        const nowMs = clock.nowMs();
        endpoint.measured(nowMs - startMs, nowMs);
        endpoint.learn((answer as { readonly header?: ResponseHeader }).header);
        // A write that went through shows that the member has a leader; a read may have been served without one.
        endpoint.succeeded(operation !== "read");
        endpoint.release(line);
        return answer;
      } catch (error) {
        if (line !== undefined) endpoint?.release(line);
        // Time in which no answer came is a measure as well: the others look better for a while.
        if (line !== undefined && error instanceof RpcError && error.maybeSent) {
          const nowMs = clock.nowMs();
          endpoint?.measured(nowMs - startMs, nowMs);
        }
        options.signal?.throwIfAborted();
        if (closed.aborted) throw new ClientClosedError(mayHaveHappened(call, error), error);
        if (!(error instanceof RpcError)) throw withOutcome(call, error);
        avoid = endpoint;
        await this.#afterFailure(call, error, endpoint, deadlineMs, options, metadata);
      }
    }
  }

  /** Waits for a connection, and no longer than the call may take. Then it is tried without. */
  async #connected(connecting: Promise<void>, deadlineMs: number, signal: AbortSignal | undefined): Promise<void> {
    const { clock, closed } = this.#options;
    const over = new AbortController();
    const waiting = sleep(clock, deadlineMs - clock.nowMs(), signal, closed, over.signal);
    // Its rejection matters only while it is waited for.
    waiting.catch(() => undefined);
    try {
      await Promise.race([connecting, waiting]);
    } finally {
      over.abort();
    }
  }

  /** Returns when the call is to be tried again, throws when it is not. */
  async #afterFailure(
    call: Call,
    error: RpcError,
    endpoint: Endpoint | undefined,
    deadlineMs: number,
    options: UnaryOptions,
    metadata: MetadataInit | undefined,
  ): Promise<void> {
    const { balancer, clock, closed, credentials, random } = this.#options;
    const failure = this.#classify(error, deadlineMs);
    call.trace?.failed(failure);
    const kind = error.code === StatusCode.DEADLINE_EXCEEDED ? "deadline" : failure.kind;
    endpoint?.failed(kind, clock.nowMs(), failure.reason === "transport");
    if (MEMBERSHIP_DOUBTS.has(failure.reason)) this.#options.onMembershipDoubt?.();
    if (failure.reason === "auth-not-enabled") credentials.forget();
    if (failure.outcome === "unknown" && call.operation !== "read") {
      call.outcome = "unknown";
      options.onUncertain?.();
    }
    const surface = (): never => {
      throw callError(call, error, failure, endpoint);
    };
    if (options.retry === "never") surface();
    const action = decide(failure.kind, call.operation);
    if (action === "surface") surface();
    // A member that comes back may have forgotten the tokens of its earlier life.
    if (failure.reason === "transport") call.refreshed = false;
    if (action === "refresh") {
      if (call.refreshed) surface();
      call.refreshed = true;
      // A client known by its certificate has no token to renew; the request itself picks up the new revision.
      const refreshed = await credentials.refresh(metadata).catch((cause: unknown) => {
        throw withOutcome(call, cause);
      });
      if (!refreshed && failure.kind !== "auth-revision") surface();
      return;
    }
    // Requests that never left cost the server nothing; all others are paid for, so that retries cannot become a storm.
    // Who asks for exactly-once pays to know the outcome; each such call still slows down by itself.
    const free = failure.kind === "not-sent" || call.operation === "once";
    if (!free && !this.#budget.spend()) surface();
    const waitMs = this.#waitMs(call, failure, action === "elsewhere" && balancer.endpoints.length > 1, random());
    if (clock.nowMs() + waitMs >= deadlineMs) surface();
    if (waitMs === 0) return;
    // A closed client is noticed by the loop, which also knows what may have happened so far.
    await sleep(clock, waitMs, options.signal, closed).catch(() => options.signal?.throwIfAborted());
  }

  /** An attempt that ran into its own limit, with time left over all, is a member that does not answer. */
  #classify(error: RpcError, deadlineMs: number): Failure {
    const failure = classify(error);
    if (failure.kind !== "deadline" || deadlineMs - this.#options.clock.nowMs() < 1) return failure;
    return { ...failure, kind: "interrupted" };
  }

  #waitMs(call: Call, failure: Failure, elsewhere: boolean, random: number): number {
    const retry = call.attempts - 1;
    // The first retry at another member costs nothing to try at once.
    if (elsewhere && retry === 0) return 0;
    const floorMs = failure.kind === "overload" ? OVERLOAD_WAIT_MS : 1;
    return Math.max(floorMs, backoffMs(DEFAULT_BACKOFF, retry, random));
  }
}

/** A token that cannot be had says nothing about an attempt before it, which may have taken effect. */
function withOutcome(call: Call, error: unknown): unknown {
  if (call.outcome !== "unknown" || !isEtcdError(error)) return error;
  const { code, reason, endpoint, method } = error;
  const { outcome, attempts } = call;
  return makeEtcdError(error.message, { code, reason, endpoint, method, outcome, attempts, cause: error });
}

function callError(call: Call, error: RpcError, failure: Failure, endpoint: Endpoint | undefined): EtcdError {
  return makeEtcdError(error.details, {
    code: failure.code,
    reason: failure.reason,
    outcome: call.outcome,
    endpoint: endpoint?.address,
    method: call.path,
    attempts: call.attempts,
    cause: error,
  });
}

function revisionFloor(consistency: Consistency | undefined): bigint {
  return typeof consistency === "object" ? toBigInt(consistency.atLeast, "atLeast") : 0n;
}

function mayHaveHappened(call: Call, error: unknown): Outcome {
  if (call.operation === "read") return "not-applied";
  return error instanceof RpcError && classify(error).outcome === "not-applied" ? call.outcome : "unknown";
}

async function* once<T>(item: T): AsyncGenerator<T, void, undefined> {
  yield item;
}
