/**
 * Saying where an instance of a service is, for as long as its process lives. `registration.ts` has how that is kept true,
 * `endpoint.ts` what is written. The idea is that of etcd's `naming/endpoints`, which leaves lease and repair to its caller.
 */
import { type CallOptions, type Client, type Codec, codec } from "@kvorum/client";
import { checkOwner } from "../../contention/checks.js";
import { clientOf, isSession, type Owner } from "../../contention/contend.js";
import { Interrupt, unlessAborted } from "../../interrupt.js";
import type { Session } from "../../session.js";
import { checkEndpoint, checkService, type Endpoint, type EndpointInit, endpointCodec, folderOf } from "./endpoint.js";
import { KeptKey, type Registration, type RegistrationState } from "./registration.js";

export interface RegistryOptions<M> {
  /** Metadata to JSON: `codec.schema(…)` or a codec of JSON text. Default: any JSON, unchecked. */
  readonly metadata?: Codec<unknown, M>;
}

export interface RegisterOptions extends Pick<CallOptions, "signal" | "timeout"> {
  /** Time to live in whole seconds: how long an instance is still found when its process has died. Default 10. */
  readonly ttl?: number;
  /**
   * What to do where the address is registered already, by another process or without a lease: `take-over` (default) replaces
   * it, and the other one ends with an `AddressTakenError`; `fail` rejects with that.
   */
  readonly ifTaken?: "take-over" | "fail";
}

const DEFAULT_TTL_SECONDS = 10;
/** Milliseconds that a registration which has failed waits at most until nothing is left of it. */
const CLEAN_UP_MS = 1_000;

/** Registers instances, each with a lease of its own, or all with that of a session. Disposing takes all of them out. */
export class ServiceRegistry<M = unknown> implements AsyncDisposable {
  readonly #client: Client;
  readonly #shared: Session | undefined;
  readonly #codec: Codec<Endpoint<unknown>, EndpointInit<M>>;
  readonly #registrations = new Map<string, Registration<M>>();

  /** With a session, registrations end when it does, and only their keys are repaired. */
  constructor(owner: Owner, options: RegistryOptions<M> = {}) {
    checkOwner(owner, "a registry");
    this.#client = clientOf(owner);
    this.#shared = isSession(owner) ? owner : undefined;
    this.#codec = endpointCodec(options.metadata ?? codec.json<unknown>());
  }

  /** What is registered here and has not ended. */
  get registrations(): readonly Registration<M>[] {
    return [...this.#registrations.values()];
  }

  /**
   * Resolves when the instance can be found. From then on it is kept in place until it is closed, whatever happens to its lease or
   * its key.
   *
   * Errors: `TypeError`, `RangeError` of a wrong argument, also of an address that is registered here already; `AddressTakenError`;
   * `TimeoutError` (10,000 ms by default); `SessionExpiredError`; `EtcdError`; `signal.reason`. Then nothing is left behind, or, where
   * nobody answers, nothing that outlives its lease.
   */
  async register(service: string, endpoint: EndpointInit<M>, options: RegisterOptions = {}): Promise<Registration<M>> {
    checkService(service);
    checkEndpoint(endpoint);
    const { ttl = DEFAULT_TTL_SECONDS, ifTaken = "take-over" } = options;
    if (!Number.isSafeInteger(ttl) || ttl < 1) {
      throw new RangeError(`ttl must be a whole number of seconds, at least 1, not ${ttl}`);
    }
    if (ifTaken !== "take-over" && ifTaken !== "fail") {
      throw new TypeError(`ifTaken must be "take-over" or "fail", not ${JSON.stringify(ifTaken)}`);
    }
    const { addr } = endpoint;
    const key = folderOf(service) + addr;
    if (this.#registrations.has(key)) throw new RangeError(`${JSON.stringify(key)} is registered here already`);
    const value = this.#codec.encode(endpoint);
    options.signal?.throwIfAborted();
    const init = { client: this.#client, shared: this.#shared, service, addr, ttl, key, value };
    const kept = new KeptKey({ ...init, takeOver: ifTaken === "take-over" });
    const registration = new EndpointRegistration<M>(service, endpoint, key, kept, this.#codec);
    this.#registrations.set(key, registration);
    kept.signal.addEventListener("abort", () => this.#registrations.delete(key), { once: true });
    try {
      await kept.write(undefined, "the registration", options);
    } catch (error) {
      // Where nobody answers, what was begun is taken back in the background.
      using patience = new Interrupt(this.#client.world, "", [], CLEAN_UP_MS);
      await unlessAborted(kept.close(), patience.signal).catch(() => undefined);
      throw error;
    }
    return registration;
  }

  /** Takes out everything that is registered here. Idempotent. */
  async close(): Promise<void> {
    await Promise.all(this.registrations.map((registration) => registration.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

class EndpointRegistration<M> implements Registration<M> {
  readonly service: string;
  readonly key: string;
  readonly #endpoint: EndpointInit<M>;
  readonly #kept: KeptKey;
  readonly #codec: Codec<Endpoint<unknown>, EndpointInit<M>>;

  constructor(
    service: string,
    endpoint: EndpointInit<M>,
    key: string,
    kept: KeptKey,
    endpoints: Codec<Endpoint<unknown>, EndpointInit<M>>,
  ) {
    this.service = service;
    this.#endpoint = endpoint;
    this.key = key;
    this.#kept = kept;
    this.#codec = endpoints;
  }

  get addr(): string {
    return this.#endpoint.addr;
  }

  get leaseId(): bigint {
    return this.#kept.leaseId;
  }

  get state(): RegistrationState {
    return this.#kept.state;
  }

  get signal(): AbortSignal {
    return this.#kept.signal;
  }

  async update(metadata: M, options?: Pick<CallOptions, "signal" | "timeout">): Promise<void> {
    const value = this.#codec.encode({ ...this.#endpoint, metadata });
    await this.#kept.write(value, "the update of a registration", options);
  }

  close(): Promise<void> {
    return this.#kept.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
