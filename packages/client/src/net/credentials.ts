/**
 * Who the client is: the `token` header of every call. A password is turned into a token by one `Authenticate` at a time,
 * and again only when a server says that the token is no good; a token of the caller's own is asked for again instead.
 */
import { Auth } from "@kvorum/proto";
import { type MetadataInit, methodPath, RpcError } from "@kvorum/transport";
import { type Clock, sleep } from "../clock.js";
import { type EtcdError, makeEtcdError } from "../errors.js";
import { classify, decide, type Failure } from "../retry.js";
import type { Balancer } from "./balancer.js";
import type { Endpoint } from "./endpoint.js";

export type AuthOptions =
  | { readonly username: string; readonly password: string }
  | { readonly token: string | (() => string | Promise<string>) };

/** Tokens are asked for at most this often. */
const REFRESH_INTERVAL_MS = 100;
const AUTHENTICATE_TIMEOUT_MS = 5_000;
const ANONYMOUS: MetadataInit = {};

export class Credentials {
  readonly #auth: AuthOptions | undefined;
  readonly #balancer: Balancer;
  readonly #clock: Clock;
  #metadata: MetadataInit | undefined;
  #pending: Promise<MetadataInit> | undefined;
  #fetchedAtMs = Number.NEGATIVE_INFINITY;

  constructor(auth: AuthOptions | undefined, balancer: Balancer, clock: Clock) {
    this.#auth = auth;
    this.#balancer = balancer;
    this.#clock = clock;
    if (auth === undefined) this.#metadata = ANONYMOUS;
  }

  /** The headers of a call; a promise only where a token has to be fetched first. */
  metadata(): MetadataInit | Promise<MetadataInit> {
    return this.#metadata ?? this.#fetch();
  }

  /** Forgets the token and gets another. False where there is nothing to refresh: no credentials, or a fixed token. */
  async refresh(): Promise<boolean> {
    if (this.#auth === undefined) return false;
    if ("token" in this.#auth && typeof this.#auth.token === "string") return false;
    if (this.#pending === undefined) {
      const waitMs = this.#fetchedAtMs + REFRESH_INTERVAL_MS - this.#clock.nowMs();
      this.#metadata = undefined;
      this.#pending = (waitMs > 0 ? sleep(this.#clock, waitMs) : Promise.resolve()).then(() => this.#load());
    }
    await this.#settle(this.#pending);
    return true;
  }

  #fetch(): Promise<MetadataInit> {
    this.#pending ??= this.#load();
    return this.#settle(this.#pending);
  }

  /** All who wait share one request; whoever sees it end clears the way for the next. */
  async #settle(pending: Promise<MetadataInit>): Promise<MetadataInit> {
    try {
      this.#metadata = await pending;
      return this.#metadata;
    } finally {
      if (this.#pending === pending) this.#pending = undefined;
    }
  }

  async #load(): Promise<MetadataInit> {
    const auth = this.#auth;
    if (auth === undefined) return ANONYMOUS;
    this.#fetchedAtMs = this.#clock.nowMs();
    if ("token" in auth) return { token: typeof auth.token === "string" ? auth.token : await auth.token() };
    return this.#authenticate(auth.username, auth.password);
  }

  async #authenticate(name: string, password: string): Promise<MetadataInit> {
    let avoid: Endpoint | undefined;
    // Each member once and one of them twice: the call that needs the token has retries of its own.
    for (let left = this.#balancer.endpoints.length; ; left--) {
      const endpoint = this.#balancer.pick(this.#clock.nowMs(), avoid);
      const wire = { timeoutMs: AUTHENTICATE_TIMEOUT_MS };
      try {
        return { token: (await endpoint.channel.unary(Auth.method.authenticate, { name, password }, wire)).token };
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        const failure = classify(error);
        // A cluster without auth takes calls without a token.
        if (failure.reason === "auth-not-enabled") return ANONYMOUS;
        endpoint.failed(failure.kind, this.#clock.nowMs());
        if (left === 0 || decide(failure.kind, "read") === "surface") throw authError(error, failure, endpoint);
        avoid = endpoint;
      }
    }
  }
}

function authError(error: RpcError, failure: Failure, endpoint: Endpoint): EtcdError {
  return makeEtcdError(error.details, {
    code: failure.code,
    reason: failure.reason,
    outcome: "not-applied",
    endpoint: endpoint.address,
    method: methodPath(Auth.method.authenticate),
    cause: error,
  });
}
