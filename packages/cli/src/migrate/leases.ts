/**
 * Leases in the target under the ids that they have in the source, so that keys need no translation. While a migration follows, a lease
 * that the source still has is renewed in the target, whoever renews it there; what ends in the source ends here by the deletions
 * that follow from it, and its lease runs out.
 */
import { isEtcdError, type LeaseInfo } from "@kvorum/client";
import type { Side } from "./side.js";

/** Seconds for a lease that has ended in the source since its keys were read: its keys go soon, on both sides. */
const ENDED_TTL_SECONDS = 5;
/** Leases that are asked for or granted at once. */
const CONCURRENCY = 16;

/** `remaining`: what is left of it, for a copy that does not follow. `granted`: all of it, as after a change of the leader. */
export type LeaseTtl = "remaining" | "granted";

interface Held {
  ttlSeconds: number;
  /** When it is to be renewed, by `performance.now`. */
  dueMs: number;
}

export class TargetLeases {
  readonly #source: Side;
  readonly #target: Side;
  readonly #ttl: LeaseTtl;
  readonly #held = new Map<bigint, Held>();

  constructor(source: Side, target: Side, ttl: LeaseTtl) {
    this.#source = source;
    this.#target = target;
    this.#ttl = ttl;
  }

  get count(): number {
    return this.#held.size;
  }

  /** Grants those that the target does not have yet. */
  async ensure(ids: Iterable<bigint>): Promise<void> {
    const missing = [...ids].filter((id) => !this.#held.has(id));
    await inParallel(missing, (id) => this.#grant(id));
  }

  /** The target does not have them after all. */
  forget(ids: Iterable<bigint>): void {
    for (const id of ids) this.#held.delete(id);
  }

  /** Every lease of the source, also one without keys, as far as the user may see them. Those of keys come with the keys. */
  async copyAll(): Promise<void> {
    try {
      await this.ensure(await this.#source.patiently((client, options) => client.lease.list(options)));
    } catch (error) {
      if (!isEtcdError(error, "permission-denied")) throw error;
    }
  }

  /** Renews what has a third of its time behind it, if the source still has it. */
  async renewDue(nowMs: number = performance.now()): Promise<void> {
    const due = [...this.#held].filter(([, { dueMs }]) => dueMs <= nowMs).map(([id]) => id);
    await inParallel(due, (id) => this.#renew(id));
  }

  /** Renews all, so that clients that come over find full leases. */
  renewAll(): Promise<void> {
    return this.renewDue(Number.POSITIVE_INFINITY);
  }

  async #grant(id: bigint): Promise<void> {
    const info = await this.#inSource(id);
    const ttlSeconds =
      info === undefined ? ENDED_TTL_SECONDS : Math.max(1, this.#ttl === "remaining" ? info.ttl : info.grantedTtl);
    try {
      await this.#target.patiently((client, options) => client.lease.grant({ id, ttl: ttlSeconds, ...options }));
    } catch (error) {
      // From an earlier run, or from an attempt whose answer was lost.
      if (!isEtcdError(error, "lease-exists")) throw error;
    }
    this.#hold(id, ttlSeconds);
  }

  async #renew(id: bigint): Promise<void> {
    const info = await this.#inSource(id);
    if (info === undefined) {
      this.#held.delete(id);
      return;
    }
    try {
      const { ttl } = await this.#target.patiently((client, options) => client.lease.keepAliveOnce(id, options));
      this.#hold(id, ttl);
    } catch (error) {
      if (!isEtcdError(error, "lease-not-found")) throw error;
      this.#held.delete(id);
    }
  }

  async #inSource(id: bigint): Promise<LeaseInfo | undefined> {
    const info = await this.#source.patiently((client, options) => client.lease.timeToLive(id, options));
    return info === undefined || info.ttl < 0 ? undefined : info;
  }

  #hold(id: bigint, ttlSeconds: number): void {
    this.#held.set(id, { ttlSeconds, dueMs: performance.now() + (ttlSeconds * 1000) / 3 });
  }
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  const worker = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, items.length) }, worker));
}
