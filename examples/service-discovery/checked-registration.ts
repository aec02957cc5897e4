/**
 * One registered instance that is there while its health check passes. The registration is the library's: it keeps a lease alive,
 * puts the key back when it is lost, and ends when another process registers the same address. Should this process die, nobody
 * renews the lease, and the key goes after its time to live.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Registration, ServiceRegistry } from "@kvorum/concurrency/recipes";
import { addrOf, healthUrl, keyOf, type Service, serviceName } from "./service.js";

export interface RegistrationParts {
  readonly registry: ServiceRegistry;
  /** Seconds. */
  readonly ttl: number;
  /** Milliseconds between two health checks, and the longest that one may take. */
  readonly checkMs: number;
  readonly log: (line: string) => void;
}

const FAILURES_MAX = 3;

export class CheckedRegistration {
  readonly service: Service;
  /** Resolves when the instance is no longer registered from here. */
  readonly ended: Promise<void>;
  readonly #parts: RegistrationParts;
  readonly #registration: Registration;

  private constructor(service: Service, parts: RegistrationParts, registration: Registration) {
    this.service = service;
    this.#parts = parts;
    this.#registration = registration;
    this.ended = this.#check();
  }

  /** Resolves when the instance can be discovered. Errors: `EtcdError`. */
  static async open(service: Service, parts: RegistrationParts): Promise<CheckedRegistration> {
    const { registry, ttl } = parts;
    const registration = await registry.register(serviceName(service.type), { addr: addrOf(service) }, { ttl });
    return new CheckedRegistration(service, parts, registration);
  }

  /** Takes the instance out. */
  async close(): Promise<void> {
    await this.#registration.close();
    await this.ended;
  }

  /** Until it has failed too often, or the registration has ended otherwise. */
  async #check(): Promise<void> {
    const { checkMs, log } = this.#parts;
    const { signal } = this.#registration;
    const key = keyOf(this.service);
    for (let failures = 0; failures < FAILURES_MAX; ) {
      await pause(checkMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      const problem = await problemOf(this.service, checkMs);
      failures = problem === undefined ? 0 : failures + 1;
      if (problem !== undefined) log(`${key} failed its health check (${failures} of ${FAILURES_MAX}): ${problem}`);
    }
    log(signal.aborted ? `${key} has ended: ${(signal.reason as Error).message}` : `${key} is dropped`);
    await this.#registration.close();
  }
}

/** What is wrong with the service, if anything. */
async function problemOf(service: Service, timeoutMs: number): Promise<string | undefined> {
  try {
    const response = await fetch(healthUrl(service), { signal: AbortSignal.timeout(timeoutMs), redirect: "manual" });
    await response.body?.cancel();
    return response.ok ? undefined : `status ${response.status}`;
  } catch (error) {
    const { cause, message } = error as Error;
    return cause instanceof Error && cause.message !== "" ? cause.message : message;
  }
}
