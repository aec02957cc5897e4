/** What is told of one lease that is kept alive: its states once each, whoever happens to notice them. */
import type { Observer } from "./observer.js";

export class LeaseReport {
  readonly #observer: Observer;
  readonly #lease: bigint;
  #suspect = false;

  constructor(observer: Observer, lease: bigint, ttl: number) {
    this.#observer = observer;
    this.#lease = lease;
    observer.lease(lease, { event: "granted", ttl });
  }

  renewed(ttl: number): void {
    const recovered = this.#suspect;
    this.#suspect = false;
    if (recovered || this.#observer.countsRenewals) {
      this.#observer.lease(this.#lease, { event: "renewed", ttl, recovered });
    }
  }

  suspect(remainingMs: number, error: unknown): void {
    if (this.#suspect) return;
    this.#suspect = true;
    this.#observer.lease(this.#lease, { event: "suspect", remainingMs, error });
  }

  over(how: "revoked" | "released"): void {
    this.#observer.lease(this.#lease, { event: how });
  }

  lost(error: unknown): void {
    this.#observer.lease(this.#lease, { event: "lost", error });
  }
}
