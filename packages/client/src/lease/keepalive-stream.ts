/**
 * One keepalive stream to one member. The server answers the requests of a stream in order, so an answer belongs to the
 * oldest request of its lease that is unanswered, and an error that ends the stream was raised by the oldest of all.
 */
import { Lease as LeaseService } from "@kvorum/proto";
import type { Channel } from "@kvorum/transport";
import type { Endpoint } from "../net/endpoint.js";
import { RequestQueue } from "../net/request-queue.js";
import type { Streams } from "../net/streams.js";
import type { Instant } from "./deadline.js";

export interface KeepAliveAnswer {
  readonly leaseId: bigint;
  /** Seconds; 0 or less: the lease is gone. */
  readonly ttl: number;
  /** When the request was sent that this answers. */
  readonly sentAt: Instant;
}

export interface KeepAliveListener {
  answered(stream: KeepAliveStream, answer: KeepAliveAnswer): void;
  /** The stream is over, unless `close` ended it. `unanswered` is the lease whose turn it was. */
  ended(stream: KeepAliveStream, reason: unknown, unanswered: bigint | undefined): void;
}

export interface KeepAliveTarget {
  readonly endpoint: Endpoint;
  /** Do not use the endpoint's shared connection, which may be what is broken. */
  readonly ownConnection: boolean;
  readonly openedAtMs: number;
}

export class KeepAliveStream {
  readonly endpoint: Endpoint;
  readonly openedAtMs: number;
  /** Ends when the stream does. Never rejects. */
  readonly done: Promise<void>;
  readonly #requests = new RequestQueue<{ ID: bigint }>();
  readonly #abort = new AbortController();
  /** Oldest first. */
  readonly #inFlight: { readonly leaseId: bigint; readonly at: Instant }[] = [];
  readonly #ownChannel: Channel | undefined;

  constructor(streams: Streams, target: KeepAliveTarget, listener: KeepAliveListener) {
    this.endpoint = target.endpoint;
    this.openedAtMs = target.openedAtMs;
    this.#ownChannel = target.ownConnection ? target.endpoint.open() : undefined;
    this.done = this.#run(streams, listener);
  }

  send(leaseId: bigint, at: Instant): void {
    this.#inFlight.push({ leaseId, at });
    this.#requests.push({ ID: leaseId });
  }

  close(): void {
    this.#requests.end();
    this.#abort.abort();
  }

  async #run(streams: Streams, listener: KeepAliveListener): Promise<void> {
    let reason: unknown;
    try {
      const opened = await streams.open(LeaseService.method.leaseKeepAlive, this.#requests, {
        signal: this.#abort.signal,
        endpoint: this.endpoint,
        ...(this.#ownChannel && { channel: this.#ownChannel }),
      });
      try {
        for await (const answer of opened.answers) {
          this.endpoint.succeeded();
          const sentAt = this.#takeSent(answer.ID);
          if (sentAt !== undefined) listener.answered(this, { leaseId: answer.ID, ttl: Number(answer.TTL), sentAt });
        }
      } finally {
        opened.release();
      }
    } catch (error) {
      reason = error;
    }
    this.#requests.end();
    const closed = this.#abort.signal.aborted;
    await this.#ownChannel?.close();
    if (!closed) listener.ended(this, reason, this.#inFlight[0]?.leaseId);
  }

  #takeSent(leaseId: bigint): Instant | undefined {
    const index = this.#inFlight.findIndex((sent) => sent.leaseId === leaseId);
    return index < 0 ? undefined : this.#inFlight.splice(index, 1)[0]?.at;
  }
}
