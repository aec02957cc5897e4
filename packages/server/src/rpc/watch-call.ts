/**
 * One call of Watch. One loop serves both directions, so responses leave in the order the core hands them out, and are pulled
 * only as fast as the connection takes them; what the client does not read stays in the core, bounded there.
 *
 * The loop runs only where something has to be waited for. What is ready is handed out without it: a change that ten thousand
 * watch is as many answers, and a promise for each would be most of the work.
 */
import type { WatchRequest } from "@kvorum/proto";
import type { CallContext, ReadyIterator } from "@kvorum/transport";
import { ServerError } from "../core/errors.js";
import type { WatchStream } from "../core/watch/types.js";
import { requiresLeader } from "./guard.js";
import type { RpcParts } from "./parts.js";
import type { StreamEnds } from "./stream-ends.js";
import { Inbox, Wakeup } from "./wakeup.js";
import type { WatchMessage, WatchMessages } from "./watch-messages.js";
import { WatchSendTimes } from "./watch-send-times.js";

/** Puts a request of the client into effect; a promise only where that takes time. */
export type TakeRequest = (request: WatchRequest, stream: WatchStream) => void | Promise<void>;

export interface WatchCallOptions {
  readonly parts: Pick<RpcParts, "node" | "metrics" | "observing"> & { readonly ends: Pick<StreamEnds, "add"> };
  readonly messages: Pick<WatchMessages, "of">;
  readonly requests: AsyncIterable<WatchRequest>;
  readonly context: CallContext;
  readonly take: TakeRequest;
}

export class WatchCall implements AsyncIterableIterator<WatchMessage, undefined>, ReadyIterator<WatchMessage> {
  readonly #options: WatchCallOptions;
  readonly #sends: WatchSendTimes;
  readonly #answers: AsyncGenerator<WatchMessage, undefined, undefined>;
  /** While the loop runs, or has been left where it may go on. */
  #open: { readonly stream: WatchStream; readonly inbox: Inbox<WatchRequest> } | undefined;
  /** Why the call has to end. */
  #end: { readonly error: unknown } | undefined;

  constructor(options: WatchCallOptions) {
    this.#options = options;
    this.#sends = new WatchSendTimes(options.parts.observing.clock, options.parts.metrics.calls);
    this.#answers = this.#run();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<WatchMessage, undefined>> {
    return this.#answers.next();
  }

  return(): Promise<IteratorResult<WatchMessage, undefined>> {
    return this.#answers.return(undefined);
  }

  ready(): WatchMessage | undefined {
    // The loop is for what may fail or take time. While the stream is full, requests wait.
    if (this.#open === undefined || this.#end !== undefined) return undefined;
    const { stream, inbox } = this.#open;
    const nowMs = this.#sends.ended();
    if (inbox.hasNews && !stream.full) return undefined;
    try {
      return this.#pull(stream, nowMs);
    } catch (error) {
      this.#end = { error };
      return undefined;
    }
  }

  async *#run(): AsyncGenerator<WatchMessage, undefined, undefined> {
    const { parts, requests, context } = this.#options;
    const wakeup = new Wakeup();
    const wake = (): void => wakeup.wake();
    const finish = (error: ServerError): void => {
      this.#end ??= { error };
      wake();
    };
    const canceled = (): void => finish(new ServerError("watchCanceled"));
    const stream = parts.node.watch.openStream(wake);
    const forget = parts.ends.add(requiresLeader(context), finish);
    context.signal.addEventListener("abort", canceled, { once: true });
    const inbox = new Inbox(requests, wake, () => {
      if (!context.signal.aborted) parts.metrics.calls.streamFailures.of("receive", "watch").add();
    });
    this.#open = { stream, inbox };
    try {
      if (context.signal.aborted) canceled();
      for (;;) {
        if (this.#end !== undefined) throw this.#end.error;
        await this.#takeRequests(stream, inbox);
        const message = this.#pull(stream);
        // A client that has sent its last request still gets its events, so the end of requests is no end of the stream.
        if (message === undefined) await wakeup.wait();
        else {
          yield message;
          this.#sends.ended();
        }
      }
    } finally {
      this.#open = undefined;
      context.signal.removeEventListener("abort", canceled);
      forget();
      inbox.close();
      stream.close();
    }
  }

  /** While the stream is full, requests wait too: each of them may put another response into it. */
  async #takeRequests(stream: WatchStream, inbox: Inbox<WatchRequest>): Promise<void> {
    while (!stream.full) {
      const request = inbox.take();
      if (request === undefined) return;
      await this.#options.take(request, stream);
    }
  }

  #pull(stream: WatchStream, nowMs?: number): WatchMessage | undefined {
    const response = stream.next();
    if (response === undefined) return undefined;
    this.#sends.began(response, nowMs);
    return this.#options.messages.of(response);
  }
}
