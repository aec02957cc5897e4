/**
 * Who the client is: the `token` header of every call. A password is turned into a token by one `Authenticate` at a time,
 * and again only when a server says that the token is no good; a token of the caller's own is asked for again instead.
 */
import { Auth } from "@kvorum/proto";
import { type MetadataInit, methodPath, RpcError } from "@kvorum/transport";
import { type Clock, sleep } from "../clock.js";
import { type EtcdError, makeEtcdError } from "../errors.js";
import type { Observer } from "../observe/observer.js";
import { classify, decide, type Failure } from "../retry.js";
import type { Balancer } from "./balancer.js";
import type { Endpoint } from "./endpoint.js";

export type AuthOptions =
  | { readonly username: string; readonly password: string }
  | { readonly token: string | (() => string | Promise<string>) };

/** Tokens are asked for at most this often. */
const REFRESH_INTERVAL_MS = 100;
const AUTHENTICATE_TIMEOUT_MS = 5_000;
/** The level of etcd's API that the client speaks; servers count clients by it. Frozen, so that a channel need not read it anew. */
const CLIENT_API: MetadataInit = Object.freeze({ "client-api-version": "3.6" });

export class Credentials {
  readonly #auth: AuthOptions | undefined;
  readonly #balancer: Balancer;
  readonly #clock: Clock;
  readonly #observer: Observer | undefined;
  #metadata: MetadataInit | undefined;
  #pending: Promise<MetadataInit> | undefined;
  #fetchedAtMs = Number.NEGATIVE_INFINITY;
  /** Why the last request for a token was refused for good. */
  #refused: EtcdError | undefined;

  constructor(auth: AuthOptions | undefined, balancer: Balancer, clock: Clock, observer?: Observer) {
    this.#auth = auth;
    this.#balancer = balancer;
    this.#clock = clock;
    this.#observer = observer;
    if (auth === undefined) this.#metadata = CLIENT_API;
  }

  /** The headers of a call; a promise only where a token has to be fetched first. */
  metadata(): MetadataInit | Promise<MetadataInit> {
    return this.#metadata ?? this.#fetch();
  }

  /** The cluster has no use for the token: auth is off. The next call asks whether that is still so. */
  forget(): void {
    if (this.#auth !== undefined) this.#metadata = undefined;
  }

  /**
   * Forgets the token and gets another. `refused`: the headers that the server did not take; when others are known by now,
   * they do. False where there is nothing to refresh: no credentials, or a fixed token.
   *
   * Errors: those of `Authenticate`, or of the caller's token function.
   */
  async refresh(refused?: MetadataInit): Promise<boolean> {
    if (this.#auth === undefined) return false;
    if ("token" in this.#auth && typeof this.#auth.token === "string") return false;
    if (refused !== undefined && this.#metadata !== undefined && this.#metadata !== refused) return true;
    if (this.#pending === undefined) {
      const waitMs = this.#fetchedAtMs + REFRESH_INTERVAL_MS - this.#clock.nowMs();
      this.#metadata = undefined;
      this.#pending = (waitMs > 0 ? sleep(this.#clock, waitMs) : Promise.resolve()).then(() => this.#load());
    }
    await this.#settle(this.#pending);
    return true;
  }

  #fetch(): Promise<MetadataInit> {
    // A password that was refused is not tried again by every call that comes along.
    if (this.#refused !== undefined && this.#clock.nowMs() < this.#fetchedAtMs + REFRESH_INTERVAL_MS) {
      return Promise.reject(this.#refused);
    }
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
    if (auth === undefined) return CLIENT_API;
    this.#observer?.token(this.#fetchedAtMs === Number.NEGATIVE_INFINITY ? "first" : "refused");
    this.#fetchedAtMs = this.#clock.nowMs();
    this.#refused = undefined;
    if ("token" in auth) return withToken(typeof auth.token === "string" ? auth.token : await auth.token());
    return this.#authenticate(auth.username, auth.password);
  }

  async #authenticate(name: string, password: string): Promise<MetadataInit> {
    let avoid: Endpoint | undefined;
    // Each member once and one of them twice: the call that needs the token has retries of its own.
    for (let left = this.#balancer.endpoints.length; ; left--) {
      const endpoint = this.#balancer.pick(this.#clock.nowMs(), avoid);
      const wire = { timeoutMs: AUTHENTICATE_TIMEOUT_MS, metadata: CLIENT_API };
      const line = endpoint.acquire(this.#clock.nowMs());
      try {
        const answer = await line.channel.unary(Auth.method.authenticate, { name, password }, wire);
        endpoint.succeeded(true);
        endpoint.learn(answer.header);
        return withToken(answer.token);
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        const failure = classify(error);
        // A cluster without auth takes calls without a token.
        if (failure.reason === "auth-not-enabled") return CLIENT_API;
        endpoint.failed(failure.kind, this.#clock.nowMs(), failure.reason === "transport");
        const final = decide(failure.kind, "read") === "surface";
        if (final) this.#refused = authError(error, failure, endpoint);
        if (final || left === 0) throw authError(error, failure, endpoint);
        avoid = endpoint;
      } finally {
        endpoint.release(line);
      }
    }
  }
}

function withToken(token: string): MetadataInit {
  return Object.freeze({ ...CLIENT_API, token });
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
