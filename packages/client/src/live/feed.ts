/**
 * The watch behind a live view: a subscription that also tells whether the server has it now, at which revision it was
 * created, and, in their place among the events, the answers to progress requests. Events come out as they were sent;
 * whoever takes them decodes. When the history is gone it says so, and goes on from where it is told.
 */
import type { WatchResponse } from "@kvorum/proto";
import type { EtcdError } from "../errors.js";
import type { WireRange } from "../keyspace.js";
import type { BufferEntry } from "../watch/buffer.js";
import { Subscription } from "../watch/subscription.js";
import type { WatchHub } from "../watch/watch-hub.js";

export interface FeedListener {
  /** The server has the watch, or no longer has it. */
  turned(): void;
  /** Every change up to `revision` has been taken. Only after `askProgress`. */
  progressed(revision: bigint): void;
}

export class Feed extends Subscription {
  readonly #listener: FeedListener;
  #createdAt: bigint | undefined;
  #creations = 0;
  /** Up to here the server has sent every change, though not all of them may be taken. */
  #sent = 0n;
  /** Is the consumer done with all that it took? */
  #waiting = false;

  /** Watches from `startRevision` on. */
  constructor(hub: WatchHub, range: WireRange, startRevision: bigint, listener: FeedListener) {
    super(hub, range, { startRevision, onCompacted: "resync" });
    this.#listener = listener;
  }

  /** The store's revision when the server created the watch; undefined while it has none. */
  get createdAt(): bigint | undefined {
    return this.#createdAt;
  }

  /** How often it was created. */
  get creations(): number {
    return this.#creations;
  }

  /** The member that serves it. */
  get endpoint(): string | undefined {
    return this.hub.endpointOf(this)?.address;
  }

  /** Asks how far the server is, which the listener is told in its place among the events; the result stops listening. */
  askProgress(): () => void {
    const remove = this.hub.listen((revision, synced) => {
      if (!synced || this.#createdAt === undefined) return;
      this.#sent = revision;
      // An entry may be on its way from the buffer to the consumer: it takes microtasks, so a timer comes after it.
      this.hub.clock.after(0, () => {
        if (this.#waiting) this.#announce();
      });
    });
    this.hub.ask(true);
    return remove;
  }

  /** As for every subscription. Asking for an entry says that the last one is dealt with. */
  override async take(): Promise<BufferEntry | undefined> {
    this.#announce();
    this.#waiting = true;
    try {
      return await super.take();
    } finally {
      this.#waiting = false;
    }
  }

  override accept(response: WatchResponse): void {
    super.accept(response);
    if (response.created && !response.canceled) this.#turn(response.header?.revision ?? 0n);
  }

  override disconnected(): void {
    super.disconnected();
    this.#turn(undefined);
  }

  override fail(error: EtcdError): void {
    super.fail(error);
    // A closed client refuses it while it is being made.
    if (#listener in this) this.#turn(undefined);
  }

  #turn(createdAt: bigint | undefined): void {
    if (createdAt === undefined && this.#createdAt === undefined) return;
    this.#createdAt = createdAt;
    if (createdAt !== undefined) this.#creations += 1;
    this.#listener.turned();
  }

  #announce(): void {
    if (this.#sent === 0n || this.lag > 0) return;
    this.#listener.progressed(this.#sent);
    this.#sent = 0n;
  }
}
