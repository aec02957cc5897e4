/**
 * One class of traffic to one member: keeps a stream open, for as long as the link lives, and feeds it from a bounded
 * queue. While there is no stream the queue holds what is sent, for one attempt to connect at most: what is older is of
 * no use to Raft, which is told of the loss instead.
 */
import { Peer, type PeerHandshake } from "@kvorum/proto";
import type { Channel } from "@kvorum/transport";
import type { Message } from "../../core/raft/types.js";
import type { Clock, Random } from "../../env.js";
import type { PeerBounds } from "./bounds.js";
import type { DialOptions } from "./dial.js";
import { FrameStream } from "./frame-stream.js";
import { type Refusal, refusalOf } from "./handshake.js";
import { MessageQueue } from "./message-queue.js";

export interface LinkOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly bounds: PeerBounds;
  readonly urls: readonly string[];
  /** What a connection begins with, as of now. */
  readonly handshake: () => PeerHandshake;
  readonly dial: (url: string, options: Pick<DialOptions, "signal">) => Promise<Channel>;
}

export interface LinkEvents {
  /** A frame was handed to the connection; bytes as the queue reckons them. */
  sent(bytes: number): void;
  /** So many messages will not be sent, or an attempt to connect has failed. */
  failedToSend(messages: number): void;
  /** The other side listens. */
  up(): void;
  /** A stream that was up has ended. */
  down(): void;
  /** Messages were lost, or may have been. */
  lost(): void;
  /** The queue that was full has been sent. */
  recovered(): void;
  /** An attempt ended without a welcome. */
  failed(url: string, error: unknown, refusal: Refusal | undefined): void;
}

/** An attempt that has waited for so long for a silent network may be replaced by a fresh one, in milliseconds. */
const NUDGE_AGE_MS = 250;

export class PeerLink {
  readonly #options: LinkOptions;
  readonly #events: LinkEvents;
  readonly #queue: MessageQueue;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  /** The attempt that runs, from its first step to the end of its stream. */
  #attempt: { readonly abort: AbortController; readonly startedMs: number; frames?: FrameStream } | undefined;
  #up = false;
  #overflowed = false;
  #endPause: (() => void) | undefined;

  constructor(options: LinkOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
    this.#queue = new MessageQueue(options.bounds);
    this.#running = this.#run();
  }

  /** Takes the message to its queue; loses it when that is full. */
  push(message: Message): void {
    if (this.#overflowed && this.#up && this.#queue.length === 0) {
      this.#overflowed = false;
      this.#events.recovered();
    }
    if (this.#queue.push(message)) return;
    this.#overflowed = true;
    this.#events.failedToSend(1);
    this.#events.lost();
  }

  /** Everything that leaves together has been pushed. */
  flush(): void {
    this.#attempt?.frames?.wake();
  }

  /** The connection is not to be trusted any more: it is replaced at once. */
  reset(): void {
    this.#attempt?.abort.abort(new Error("the member's control connection broke"));
    this.#endPause?.();
  }

  /** The member has been heard of: waiting for a later attempt makes no sense. */
  nudge(): void {
    this.#endPause?.();
    const attempt = this.#attempt;
    if (attempt === undefined || this.#up || this.#options.clock.nowMs() - attempt.startedMs < NUDGE_AGE_MS) return;
    attempt.abort.abort(new Error("the member has been heard of: trying anew"));
  }

  /** Ends the stream and resolves when nothing of it is left. */
  close(): Promise<void> {
    this.#closing.abort(new Error("the link is closed"));
    this.#attempt?.abort.abort(this.#closing.signal.reason);
    this.#endPause?.();
    return this.#running;
  }

  async #run(): Promise<void> {
    const { clock, urls, bounds } = this.#options;
    let failures = 0;
    for (let turn = 0; !this.#closing.signal.aborted; ) {
      const startedMs = clock.nowMs();
      const refusal = await this.#connect(urls[turn % urls.length] ?? "", startedMs);
      if (this.#closing.signal.aborted) break;
      const dropped = this.#queue.clear();
      // An attempt that failed counts too, or a member that is down and has nothing to be told would look well.
      if (dropped > 0 || refusal !== "none") this.#events.failedToSend(Math.max(1, dropped));
      if (dropped > 0) this.#events.lost();
      const lastedMs = clock.nowMs() - startedMs;
      if (refusal === "none" && lastedMs >= bounds.stableMs) failures = 0;
      else failures += 1;
      if (refusal !== "none") turn += 1;
      await this.#pause(this.#retryMs(failures, refusal) - (refusal === "none" ? 0 : lastedMs));
    }
  }

  /** Runs one stream to its end; "none" when it had been welcomed. */
  async #connect(url: string, startedMs: number): Promise<Refusal | "unreachable" | "none"> {
    const { clock, bounds, handshake } = this.#options;
    const abort = new AbortController();
    const frames = new FrameStream(handshake(), this.#queue, bounds.frameBytesMax, (bytes) => this.#events.sent(bytes));
    this.#attempt = { abort, startedMs, frames };
    const tooLate = new Error(`no welcome within ${bounds.welcomeTimeoutMs} ms`);
    const timer = clock.setTimer(bounds.welcomeTimeoutMs, () => abort.abort(tooLate));
    let channel: Channel | undefined;
    let failure: unknown = new Error("the stream ended without a welcome");
    try {
      channel = await this.#options.dial(url, { signal: abort.signal });
      for await (const _ of channel.stream(Peer.method.exchange, frames, { signal: abort.signal })) {
        if (this.#up) continue;
        timer.cancel();
        this.#up = true;
        this.#events.up();
        frames.open();
      }
    } catch (error) {
      failure = error;
    } finally {
      timer.cancel();
      this.#attempt = undefined;
      await channel?.close();
    }
    const refusal = refusalOf(failure);
    if (this.#up) {
      this.#up = false;
      if (!this.#closing.signal.aborted) this.#events.down();
      // A member may be refused later than at the door: it is removed while its stream is open.
      if (refusal === undefined) return "none";
    }
    if (!this.#closing.signal.aborted) this.#events.failed(url, failure, refusal);
    return refusal ?? "unreachable";
  }

  #retryMs(failures: number, refusal: Refusal | "unreachable" | "none"): number {
    const { random, bounds } = this.#options;
    const isFinal =
      refusal === "cluster" ||
      refusal === "format" ||
      refusal === "removed" ||
      refusal === "forgotten" ||
      refusal === "member";
    const longestMs = isFinal
      ? bounds.refusedRetryMs
      : Math.min(bounds.retryMsMax, bounds.retryMsFirst * 2 ** Math.min(failures, 16));
    // Half of it is jitter, so that members which lost each other at one moment do not come back in step.
    return longestMs / 2 + random.int(Math.ceil(longestMs / 2));
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimer(Math.max(0, delayMs), () => this.#endPause?.());
      this.#endPause = () => {
        timer.cancel();
        this.#endPause = undefined;
        resolve();
      };
    });
  }
}
