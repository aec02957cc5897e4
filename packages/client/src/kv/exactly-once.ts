/**
 * Writes that may be sent again after an unknown outcome and are applied once. Read `once-marks.ts` for what is sent,
 * `once-session.ts` for what keeps copies apart, and `once-recovery.ts` for the answer of an attempt whose answer was lost.
 * This file is one write from its ticket to its answer, and the session that all writes of a client share.
 */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { KV, type TxnRequest, TxnRequestSchema, type TxnResponse, TxnResponseSchema } from "@kvorum/proto";
import { type Clock, sleep } from "../clock.js";
import { ClientClosedError, EtcdError, isEtcdError, makeEtcdError, ResultLostError } from "../errors.js";
import { prefixEnd } from "../keys.js";
import type { Lease } from "../lease/lease.js";
import type { Caller } from "../net/caller.js";
import { type CallOptions, checkCallOptions } from "../options.js";
import { innerAnswer, type Marks, onceRequest, readMarks, type Ticket } from "./once-marks.js";
import { overlap, recoverAnswer } from "./once-recovery.js";
import { OnceSession } from "./once-session.js";
import { toHeader } from "./results.js";

/** Seconds that the markers outlive a client that is gone, and that a client may be cut off without losing its session. */
const SESSION_TTL = 60;
/** Sessions that one write may see ending under it, before it gives up. */
const SESSIONS_MAX = 3;

export interface ExactlyOnceOptions {
  readonly caller: Caller;
  readonly clock: Clock;
  /** Grants a lease that is kept alive until the client closes. */
  readonly keep: (options: { readonly ttl: number; readonly timeout: number }) => Promise<Lease>;
  /** Of a call that says nothing else. */
  readonly timeoutMs: number;
  /** Where sessions and markers lie; in no namespace. */
  readonly prefix: Uint8Array;
}

export class ExactlyOnce {
  readonly #options: ExactlyOnceOptions;
  #session: OnceSession | undefined;
  #opening: Promise<OnceSession> | undefined;
  #cleaning: Promise<void> | undefined;

  constructor(options: ExactlyOnceOptions) {
    this.#options = options;
  }

  /**
   * Runs a txn that writes.
   *
   * Errors: `RangeError` where it deletes the markers' own range; `ResultLostError` where it was applied and its answer cannot
   * be had any more; else `EtcdError`, with the outcome `unknown` where the time ran out before the outcome could be learnt.
   */
  async txn(init: MessageInitShape<typeof TxnRequestSchema>, options: CallOptions = {}): Promise<TxnResponse> {
    checkCallOptions(options);
    options.signal?.throwIfAborted();
    const { clock, timeoutMs } = this.#options;
    const deadlineMs = clock.nowMs() + (options.timeout ?? timeoutMs);
    const request = create(TxnRequestSchema, init);
    this.#refuseMarkersDeleted(request);
    const remaining = (): CallOptions => ({ ...options, timeout: Math.max(1, deadlineMs - clock.nowMs()) });
    for (let round = 0; round < SESSIONS_MAX; round++) {
      const session = await this.#usableSession(remaining());
      const ticket = session.take();
      try {
        const answer = await this.#attempt(session, ticket, request, remaining);
        if (answer !== undefined) return answer;
      } finally {
        if (session.settle(ticket)) this.#clean(session);
      }
    }
    throw sessionLost("not-applied");
  }

  /** Waits for what runs in the background. The lease of the session ends with the client's other leases. */
  async close(): Promise<void> {
    await this.#cleaning;
  }

  /** Undefined when the session was gone before the write: it was not applied and another session may try. */
  async #attempt(
    session: OnceSession,
    ticket: Ticket,
    request: TxnRequest,
    remaining: () => CallOptions,
  ): Promise<TxnResponse | undefined> {
    const { caller, timeoutMs } = this.#options;
    let uncertain = false;
    const answer = await caller.unary(KV.method.txn, onceRequest(request, ticket), "once", {
      ...remaining(),
      onUncertain: () => {
        uncertain = true;
      },
    });
    const inner = innerAnswer(answer);
    if (inner !== undefined) return inner;
    const marks = readMarks(answer, ticket);
    if (marks !== undefined) return this.#recover(request, ticket, marks, answer, remaining);
    // A session refuses no number that is open: its key is gone, with its lease or by another hand, and all marks with it.
    await session.end(timeoutMs);
    if (uncertain) throw sessionLost("unknown");
    return undefined;
  }

  async #recover(
    request: TxnRequest,
    ticket: Ticket,
    marks: Marks,
    answer: TxnResponse,
    remaining: () => CallOptions,
  ): Promise<TxnResponse> {
    const { caller } = this.#options;
    try {
      const recovered = await recoverAnswer(request, ticket, marks, (range) =>
        caller.unary(KV.method.range, range, "read", remaining()),
      );
      const { clusterId, memberId, raftTerm } = toHeader(answer.header);
      const header = { clusterId, memberId, raftTerm, revision: marks.revision };
      return create(TxnResponseSchema, { ...recovered, header });
    } catch (cause) {
      remaining().signal?.throwIfAborted();
      throw new ResultLostError(marks.revision, marks.branches.get("") ?? false, cause);
    }
  }

  /** The one session, opened at the first use, and again when it has ended. Waiting for it ends with the call. */
  async #usableSession(options: CallOptions): Promise<OnceSession> {
    if (this.#session?.usable) return this.#session;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    const over = new AbortController();
    const late = sleep(this.#options.clock, options.timeout ?? 0, options.signal, over.signal).then(() => {
      throw notSent("no session for exactly-once writes could be opened in time", "timeout");
    });
    try {
      return await Promise.race([this.#opening, late]);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isEtcdError(error) || error.outcome === "not-applied") throw error;
      // Whatever may have happened, it was not the write.
      if (error.reason === "closed") throw new ClientClosedError("not-applied", error);
      throw notSent(error.message, error.reason, error);
    } finally {
      over.abort();
    }
  }

  async #open(): Promise<OnceSession> {
    const { caller, keep, prefix, timeoutMs } = this.#options;
    const session = new OnceSession(prefix, await keep({ ttl: SESSION_TTL, timeout: timeoutMs }));
    try {
      await caller.unary(KV.method.txn, session.openRequest(), "once");
    } catch (error) {
      await session.end(timeoutMs);
      throw error;
    }
    this.#session = session;
    return session;
  }

  /** Failing is no harm: the next round removes these markers as well, and the lease all of them. */
  #clean(session: OnceSession): void {
    if (this.#cleaning !== undefined || !session.usable) return;
    this.#cleaning = this.#options.caller
      .unary(KV.method.txn, session.cleanRequest(), "once")
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => {
        this.#cleaning = undefined;
      });
  }

  /** etcd refuses a txn that puts what it deletes, and here the marker would be both. */
  #refuseMarkersDeleted(request: TxnRequest): void {
    const { prefix } = this.#options;
    const markers = { key: prefix, rangeEnd: prefixEnd(prefix) };
    for (const { request: inner } of [...request.success, ...request.failure]) {
      if (inner.case === "requestTxn") this.#refuseMarkersDeleted(inner.value);
      if (inner.case === "requestDeleteRange" && overlap(inner.value, markers)) {
        throw new RangeError(
          'retry "exactly-once" cannot delete a range that holds its own markers; set markerPrefix to a key outside of it',
        );
      }
    }
  }
}

function sessionLost(outcome: "not-applied" | "unknown"): EtcdError {
  const message = "the session for exactly-once writes ended before the outcome of the write was known";
  return new EtcdError(message, { code: "ABORTED", reason: "session-lost", outcome });
}

function notSent(message: string, reason: EtcdError["reason"], cause?: EtcdError): EtcdError {
  const code = cause?.code ?? "DEADLINE_EXCEEDED";
  return makeEtcdError(message, { code, reason, outcome: "not-applied", attempts: 0, cause });
}
