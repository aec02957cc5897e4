/**
 * One watch between the stream and its consumer: `cursor.ts` knows where it stands, `buffer.ts` holds what waits, and here
 * is decided what each step means: buffering, letting the server hold the rest, ending, trying again. The stream refers to
 * this and not to the `Watch` that the consumer holds.
 */
import { WatchCreateRequest_FilterType, type WatchResponse } from "@kvorum/proto";
import { RpcError, StatusCode } from "@kvorum/transport";
import { CompactedError, type EtcdError, type GrpcCode, makeEtcdError } from "../errors.js";
import type { WireRange } from "../keyspace.js";
import type { Interceptor } from "../observe/middleware.js";
import { WatchReport } from "../observe/watch-report.js";
import { toBigInt } from "../options.js";
import { reasonKind, type ServerReason, serverReason } from "../reasons.js";
import { decide } from "../retry.js";
import { type BufferEntry, WatchBuffer } from "./buffer.js";
import { type CursorStep, WatchCursor } from "./cursor.js";
import { checkWatchOptions, type WatchOptions } from "./options.js";
import type { HubSubscriber, WatchHub } from "./watch-hub.js";
import type { WatchCreateInit } from "./watch-stream.js";

interface Settle {
  resolve(revision: bigint): void;
  reject(reason: unknown): void;
}

export class Subscription implements HubSubscriber {
  readonly ready: Promise<bigint>;
  readonly hub: WatchHub;
  readonly #options: WatchOptions;
  readonly #range: WireRange;
  readonly #cursor: WatchCursor;
  readonly #buffer: WatchBuffer;
  readonly #settleReady: Settle;
  readonly #report: WatchReport | undefined;
  #forgetSignal: () => void = () => undefined;
  #closing: AbortController | undefined;
  #parked = false;
  #closed = false;
  #failed = false;

  constructor(
    hub: WatchHub,
    range: WireRange,
    options: WatchOptions,
    interceptor?: Interceptor,
    namespace?: Uint8Array,
  ) {
    checkWatchOptions(options);
    this.hub = options.requireLeader === false ? hub.leaderless : hub;
    this.#options = options;
    this.#range = range;
    const start = options.startRevision === undefined ? 0n : toBigInt(options.startRevision, "startRevision");
    if (start < 0n) throw new RangeError(`startRevision must not be negative: ${start}`);
    this.#cursor = new WatchCursor(start === 0n ? undefined : start);
    this.#buffer = new WatchBuffer(options.bufferSize);
    let settle: Settle = { resolve: () => undefined, reject: () => undefined };
    this.ready = new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
    // Whoever does not await `ready` learns of the failure from the iteration.
    this.ready.catch(() => undefined);
    this.#settleReady = settle;
    this.#report = hub.observer && new WatchReport(hub.observer, range);
    this.#start(options.signal, interceptor && ((attach) => this.#intercepted(interceptor, namespace, attach)));
  }

  get lag(): number {
    return this.#buffer.lag;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Closed by its owner, or failed. */
  get over(): boolean {
    return this.#closed || this.#failed;
  }

  /** Aborts when the watch ends from this side. */
  get closing(): AbortSignal {
    this.#closing ??= new AbortController();
    if (this.#closed) this.#closing.abort();
    return this.#closing.signal;
  }

  /** The next entry, waiting for it; undefined at the end. Throws the error of the watch, once. */
  async take(): Promise<BufferEntry | undefined> {
    const entry = await this.#buffer.take();
    if (this.#parked && this.#buffer.hasRoom && !this.#closed) {
      this.#parked = false;
      this.hub.attach(this);
    }
    return entry;
  }

  /** What was lost to compaction has been made up for until `revision`. */
  resume(revision: bigint): void {
    this.#cursor.skipTo(revision + 1n);
    if (!this.#closed) this.hub.attach(this);
  }

  finish(reason: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#report?.closed();
    this.#forgetSignal();
    this.#settleReady.reject(reason);
    this.#buffer.end();
    this.hub.detach(this);
    this.#closing?.abort();
  }

  // What the hub calls.

  get reported(): bigint {
    return this.#cursor.reported;
  }

  createRequest(): WatchCreateInit {
    const { onCompacted, only, prevKv } = this.#options;
    const { NOPUT, NODELETE } = WatchCreateRequest_FilterType;
    // Who may have to tell what changed in a gap must know of both kinds; the rest is left out when it is taken.
    const filtered = only !== undefined && onCompacted !== "resync";
    return {
      ...this.#range,
      startRevision: this.#cursor.startRevision,
      prevKv: prevKv ?? false,
      filters: filtered ? [only === "put" ? NODELETE : NOPUT] : [],
      // Keeps the cursor of an idle watch ahead of compaction.
      progressNotify: true,
      fragment: true,
    };
  }

  disconnected(): void {
    this.#report?.disconnected();
    this.#cursor.disconnected();
  }

  fail(error: EtcdError): void {
    this.#failed = true;
    this.#report?.closed(error);
    this.#forgetSignal();
    this.#settleReady.reject(error);
    this.#buffer.fail(error);
  }

  accept(response: WatchResponse): void {
    const step = this.#cursor.accept(response);
    switch (step.kind) {
      case "nothing":
        return;
      case "created":
        this.#report?.created(step.revision);
        this.#settleReady.resolve(step.revision);
        return;
      case "events":
        this.#buffer.pushEvents(step.events);
        this.#report?.events(step.events.length, this.#buffer.lag);
        if (this.#buffer.isFull) this.#park();
        return;
      case "progress":
        this.#buffer.push(step);
        return;
      case "compacted":
        this.#report?.compacted(step.compactRevision, step.requested);
        this.hub.detach(this);
        if (this.#options.onCompacted === "resync") this.#buffer.push(step);
        else this.fail(compactedError(step));
        return;
      case "canceled":
        this.#canceled(step.reason);
    }
  }

  #start(signal: AbortSignal | undefined, around?: (attach: () => void) => void): void {
    if (signal?.aborted) {
      this.finish(signal.reason);
      return;
    }
    if (signal !== undefined) this.#forgetSignal = this.hub.aborts.add(signal, () => this.finish(signal.reason));
    const attach = (): void => this.hub.attach(this);
    if (around === undefined) attach();
    else around(attach);
  }

  /** Middleware comes before the first attempt, and learns when the server has the watch. */
  #intercepted(interceptor: Interceptor, namespace: Uint8Array | undefined, attach: () => void): void {
    const { signal } = this.#options;
    const created = (): Promise<bigint> => {
      if (!this.#closed) attach();
      return this.ready;
    };
    interceptor.watch(this.createRequest(), namespace, signal && { signal }, created).catch((error: unknown) => {
      // Where the watch itself failed, this is the same error once more.
      if (this.over) return;
      this.hub.detach(this);
      this.fail(error as EtcdError);
    });
  }

  /** The consumer is slow: the server keeps the rest of the history until there is room. */
  #park(): void {
    this.#parked = true;
    this.#report?.parked(this.#buffer.lag);
    this.hub.detach(this);
  }

  /** Only the text says why. What a new token or another member can change is tried again, by the whole stream. */
  #canceled(text: string): void {
    const reason = serverReason(text);
    const action = reason === undefined ? "surface" : decide(reasonKind(reason), "watch");
    if (action === "surface") {
      this.hub.detach(this);
      this.fail(canceledError(text, reason));
      return;
    }
    const code = action === "refresh" ? StatusCode.UNAUTHENTICATED : StatusCode.UNAVAILABLE;
    this.hub.restart(new RpcError(code, text));
  }
}

function canceledError(text: string, reason: ServerReason | undefined): EtcdError {
  // A server says nothing at all when the start revision cannot be had.
  if (text === "") {
    const init = { code: "OUT_OF_RANGE", reason: "future-revision", outcome: "not-applied" } as const;
    return makeEtcdError("the server canceled the watch without a reason", init);
  }
  return makeEtcdError(text, { code: codeOf(reason), reason: reason ?? "unknown", outcome: "not-applied" });
}

function codeOf(reason: ServerReason | undefined): GrpcCode {
  if (reason === "permission-denied") return "PERMISSION_DENIED";
  return reason === "watch-range-empty" || reason === "watch-id-duplicate" ? "INVALID_ARGUMENT" : "UNKNOWN";
}

function compactedError(step: CursorStep & { readonly kind: "compacted" }): CompactedError {
  const { compactRevision, requested } = step;
  const known = compactRevision > 0n;
  const rest = known ? `: history starts at ${compactRevision}` : "";
  return new CompactedError(`revision ${requested} has been compacted${rest}`, {
    code: "OUT_OF_RANGE",
    reason: "compacted",
    outcome: "not-applied",
    requested,
    ...(known && { compactRevision }),
  });
}
