/**
 * RangeStream, which servers have from etcd 3.7 on: one request, and the range in as many messages as it takes. Which members
 * lack it is remembered. What breaks a stream is told to nobody: the reader goes on where it stands, by pages, and those know
 * how to retry.
 */
import { KV, type KeyValue as WireKeyValue } from "@kvorum/proto";
import type { Clock } from "../clock.js";
import type { Streams } from "../net/streams.js";
import type { CallOptions } from "../options.js";
import type { RangeInit } from "./requests.js";

/** A member that lacked the method may have been upgraded after this many milliseconds. */
const ASK_AGAIN_MS = 600_000;

export interface RangeStreamsOptions {
  readonly streams: Streams;
  readonly clock: Clock;
  /** Milliseconds to wait for a message, where the call says nothing else. */
  readonly timeoutMs: number;
}

export class RangeStreams {
  readonly #options: RangeStreamsOptions;
  /** Address → when to ask again, in milliseconds. */
  readonly #missing = new Map<string, number>();

  constructor(options: RangeStreamsOptions) {
    this.#options = options;
  }

  /**
   * Yields the pairs of a range at a given revision, message by message, and returns whether they are all there. Leaving it
   * cancels on the server.
   *
   * Errors: those that asking again does not change, like `CompactedError`; `signal.reason`.
   */
  async *read(
    request: RangeInit & { readonly revision: bigint },
    options: Pick<CallOptions, "signal" | "timeout" | "endpoint">,
  ): AsyncGenerator<readonly WireKeyValue[], boolean, undefined> {
    const { clock, streams } = this.#options;
    const endpoint =
      options.endpoint === undefined ? await streams.pickConnected(options.signal) : streams.pinned(options.endpoint);
    if (clock.nowMs() < (this.#missing.get(endpoint.address) ?? 0)) return false;
    const silent = new AbortController();
    const signal = options.signal ? AbortSignal.any([silent.signal, options.signal]) : silent.signal;
    let release = (): void => undefined;
    try {
      const opened = await streams.open(KV.method.rangeStream, once(request), { signal, endpoint });
      release = opened.release;
      for await (const { rangeResponse } of this.#watched(opened.answers, options, silent)) {
        if (rangeResponse === undefined) continue;
        if (rangeResponse.kvs.length > 0) yield rangeResponse.kvs;
        // Only the last message has a header.
        if (rangeResponse.header !== undefined) return true;
      }
      return false;
    } catch (cause) {
      options.signal?.throwIfAborted();
      if (silent.signal.aborted) return false;
      const { action, error } = await streams.ended(KV.method.rangeStream, "read", endpoint, cause);
      if (error.code === "UNIMPLEMENTED") this.#missing.set(endpoint.address, clock.nowMs() + ASK_AGAIN_MS);
      else if (action === "surface" && error.reason !== "message-too-large") throw error;
      return false;
    } finally {
      release();
    }
  }

  /** Gives up a stream that is silent for too long. Time counts only while a message is waited for. */
  async *#watched<T>(
    answers: AsyncIterable<T>,
    options: Pick<CallOptions, "timeout">,
    silent: AbortController,
  ): AsyncGenerator<T, void, undefined> {
    const { clock, timeoutMs } = this.#options;
    const wait = (): (() => void) => clock.after(options.timeout ?? timeoutMs, () => silent.abort());
    let cancel = wait();
    try {
      for await (const answer of answers) {
        cancel();
        yield answer;
        cancel = wait();
      }
    } finally {
      cancel();
    }
  }
}

async function* once<T>(item: T): AsyncGenerator<T, void, undefined> {
  yield item;
}
