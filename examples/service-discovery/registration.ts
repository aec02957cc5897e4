/**
 * One registered instance: its key lives under a lease, and the lease is kept alive while the health check passes. Should
 * this process die, nobody renews the lease, and the key goes after its time to live.
 */
import type { Lease, LeaseApi, Store } from "@kvorum/client";
import { healthUrl, keyOf, type Service } from "./service.js";

export interface RegistrationParts {
  readonly store: Store<Service>;
  readonly lease: LeaseApi;
  /** Seconds. */
  readonly ttl: number;
  /** Milliseconds between two health checks, and the longest that one may take. */
  readonly checkMs: number;
  readonly log: (line: string) => void;
}

const FAILURES_MAX = 3;

export class Registration {
  readonly service: Service;
  /** Resolves when the instance is no longer registered. */
  readonly ended: Promise<void>;
  readonly #parts: RegistrationParts;
  readonly #stop = new AbortController();

  private constructor(service: Service, parts: RegistrationParts, lease: Lease) {
    this.service = service;
    this.#parts = parts;
    this.ended = this.#keep(lease);
  }

  /** Resolves when the instance can be discovered. Errors: `EtcdError`. */
  static async open(service: Service, parts: RegistrationParts): Promise<Registration> {
    return new Registration(service, parts, await announce(service, parts));
  }

  /** Takes the instance out. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }

  /** Checks until it fails too often. A lease that was lost, say because etcd was away, is replaced by a new one. */
  async #keep(first: Lease): Promise<void> {
    const { log } = this.#parts;
    const key = keyOf(this.service);
    let lease = first;
    for (let failures = 0; failures < FAILURES_MAX; ) {
      await pause(this.#parts.checkMs, this.#stop.signal);
      if (this.#stop.signal.aborted) break;
      const problem = await this.#check();
      failures = problem === undefined ? 0 : failures + 1;
      if (problem !== undefined) log(`${key} failed its health check (${failures} of ${FAILURES_MAX}): ${problem}`);
      if (failures === 0 && lease.state === "lost") {
        lease = await announce(this.service, this.#parts).catch(() => lease);
      }
    }
    log(`${key} is dropped`);
    // Where nobody answers, the lease runs out by itself.
    await lease.revoke().catch(() => lease.release());
  }

  async #check(): Promise<string | undefined> {
    try {
      const timeout = AbortSignal.timeout(this.#parts.checkMs);
      const response = await fetch(healthUrl(this.service), { signal: timeout, redirect: "manual" });
      await response.body?.cancel();
      return response.ok ? undefined : `status ${response.status}`;
    } catch (error) {
      const { cause, message } = error as Error;
      return cause instanceof Error && cause.message !== "" ? cause.message : message;
    }
  }
}

/** The key and its lease. */
async function announce(service: Service, { store, lease, ttl }: RegistrationParts): Promise<Lease> {
  const kept = await lease.keep({ ttl });
  try {
    await store.put(keyOf(service), service, { lease: kept });
    return kept;
  } catch (error) {
    await kept.revoke().catch(() => kept.release());
    throw error;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
