/** The session that a worker's claims are attached to: the one that was given, or one that is opened for the first claim. */
import type { Client } from "@kvorum/client";
import { isSession, type Owner } from "../../contention/contend.js";
import { unlessAborted } from "../../interrupt.js";
import { createSession, type Session } from "../../session.js";

export class WorkerSession {
  readonly #owner: Owner;
  readonly #ttl: number | undefined;
  #opened: Promise<Session> | undefined;
  #current: Session | undefined;
  #closed = false;

  constructor(owner: Owner, ttl: number | undefined) {
    this.#owner = owner;
    this.#ttl = ttl;
  }

  /** A session that lives. Errors: `SessionExpiredError` where the one that was given does not; `EtcdError`. */
  async usable(signal: AbortSignal): Promise<Session> {
    if (this.#closed) throw new DOMException("the work queue was closed", "AbortError");
    if (isSession(this.#owner)) {
      this.#owner.assertActive();
      return this.#owner;
    }
    const opened = await unlessAborted(this.#open(this.#owner), signal);
    if (opened.remaining() > 0) return opened;
    this.renew(opened);
    return this.usable(signal);
  }

  /** The next claim opens another session: this one is over. */
  renew(over: Session): void {
    if (this.#current === over) this.#opened = undefined;
    // What it had claimed is claimable as soon as the server hears of it; else when the lease runs out.
    void over.close().catch(() => undefined);
  }

  /** Ends the session that was opened here: what it has claimed is claimable by others. */
  async close(): Promise<void> {
    this.#closed = true;
    const opened = await this.#opened?.catch(() => undefined);
    await opened?.close();
  }

  #open(client: Client): Promise<Session> {
    if (this.#opened === undefined) {
      const opening = createSession(client, this.#ttl === undefined ? {} : { ttl: this.#ttl });
      this.#opened = opening;
      opening.then(
        (session) => {
          this.#current = session;
        },
        () => {
          this.#opened = undefined;
        },
      );
    }
    return this.#opened;
  }
}
