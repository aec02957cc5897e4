/**
 * One client of a recorded run that lives with leases: it grants one, hangs keys on it, renews it for a while, asks what is left, and
 * then revokes it or lets it run out. It has one call in flight at a time; what it asked and heard goes into the history of leases,
 * its puts into that of the store.
 */
import { Lease } from "@kvorum/proto";
import { RpcError, StatusCode } from "@kvorum/transport";
import { pick } from "../../support/random.js";
import type { Operation, Request } from "../checker/history.js";
import type { LeaseCall, LeaseCallKind, LeaseOutcome } from "../checker/lease-history.js";
import { call, text, toNumber } from "../wire.js";
import { Connection, type ConnectionOptions, isRefusal } from "./connection.js";

export interface LeaseClientOptions extends ConnectionOptions {
  readonly number: number;
  readonly random: () => number;
  readonly record: (operation: Operation) => void;
  readonly recordLease: (call: LeaseCall) => void;
  /** After this long a call counts as lost. */
  readonly timeoutMs: number;
  /** Milliseconds from an answer to the next call, at most. */
  readonly thinkMs: number;
}

/** Keys are `e/<client>/0`, …: the same for every lease of a client, so that they move from one to the next. */
export const LEASE_KEYS_PREFIX = "e/";

const KEYS = 4;
const TTL_SECONDS_MAX = 10;
const RETRY_MS = 50;
/** A lease is renewed so often at most, so that a run sees many of them. */
const RENEWALS_MAX = 6;

export class LeaseClient {
  readonly #options: LeaseClientOptions;
  readonly #connection: Connection;
  #values = 0;
  #leases = 0;

  constructor(options: LeaseClientOptions) {
    this.#options = options;
    this.#connection = new Connection(options);
  }

  /** Works until the signal aborts; the call in flight then is awaited. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) await this.#live(signal);
    } finally {
      await this.#connection.close();
    }
  }

  /** One lease from its grant to the end of this client's interest in it. */
  async #live(signal: AbortSignal): Promise<void> {
    const { number, random } = this.#options;
    // Of this client's own choice, so that a grant without an answer is known as well.
    const lease = BigInt((number + 1) * 1_000_000 + ++this.#leases);
    const askedSeconds = 1 + Math.floor(random() * TTL_SECONDS_MAX);
    const granted = await this.#ask("grant", lease, askedSeconds);
    if (granted.status !== "found") return;
    const keys = 1 + Math.floor(random() * KEYS);
    for (let key = 0; key < keys && !signal.aborted; key++) await this.#put(lease, key);
    const everyMs = ((granted.ttlSeconds ?? askedSeconds) * 1000) / 3;
    const renewals = Math.floor(random() * (RENEWALS_MAX + 1));
    for (let i = 0; i < renewals && !signal.aborted; i++) {
      await this.#options.environment.pause(everyMs * (0.5 + random()));
      if (signal.aborted) return;
      const outcome = await this.#ask(random() < 0.3 ? "time-to-live" : "keep-alive", lease);
      if (outcome.status === "gone") return;
      if (random() < 0.2) await this.#put(lease, Math.floor(random() * KEYS));
    }
    if (signal.aborted) return;
    if (random() < 0.3) await this.#ask("revoke", lease);
    else await this.#options.environment.pause(random() * 2 * (granted.ttlSeconds ?? askedSeconds) * 1000);
    // Of those that are left alone some are asked for near their end.
    if (!signal.aborted && random() < 0.5) await this.#ask(pick(random, ["keep-alive", "time-to-live"]), lease);
  }

  async #put(lease: bigint, key: number): Promise<void> {
    const { environment, number, record, timeoutMs } = this.#options;
    await this.#think();
    const value = `${number}.${++this.#values}`;
    const request: Request = { kind: "put", key: `${LEASE_KEYS_PREFIX}${number}/${key}`, value, lease };
    const invoke = environment.nowMs();
    const recorded = (outcome: Operation["outcome"]): void =>
      record({ client: number, invoke, return: environment.nowMs(), request, outcome });
    try {
      recorded({ status: "acknowledged", ...(await call(this.#connection.channel, request, { timeoutMs })) });
    } catch (error) {
      recorded({ status: isRefusal(error) ? "refused" : "unknown" });
      if (!isRefusal(error)) await this.#startOver();
    }
  }

  async #ask(kind: LeaseCallKind, lease: bigint, askedSeconds?: number): Promise<LeaseOutcome> {
    const { environment, number, recordLease } = this.#options;
    await this.#think();
    const invoke = environment.nowMs();
    const asked = askedSeconds === undefined ? {} : { askedSeconds };
    let outcome: LeaseOutcome;
    let failed = false;
    try {
      outcome = await this.#send(kind, lease, askedSeconds);
    } catch (error) {
      failed = !isRefusal(error);
      const notFound = error instanceof RpcError && error.code === StatusCode.NOT_FOUND && kind === "revoke";
      outcome = { status: notFound ? "gone" : failed ? "unknown" : "refused" };
    }
    recordLease({ client: number, invoke, return: environment.nowMs(), kind, lease, ...asked, outcome });
    if (failed) await this.#startOver();
    return outcome;
  }

  async #send(kind: LeaseCallKind, ID: bigint, askedSeconds: number | undefined): Promise<LeaseOutcome> {
    const options = { timeoutMs: this.#options.timeoutMs };
    const channel = this.#connection.channel;
    if (kind === "grant") {
      const { TTL } = await channel.unary(Lease.method.leaseGrant, { ID, TTL: BigInt(askedSeconds ?? 0) }, options);
      return { status: "found", ttlSeconds: toNumber(TTL) };
    }
    if (kind === "revoke") {
      await channel.unary(Lease.method.leaseRevoke, { ID }, options);
      return { status: "found" };
    }
    if (kind === "time-to-live") {
      const { TTL, grantedTTL, keys } = await channel.unary(Lease.method.leaseTimeToLive, { ID, keys: true }, options);
      if (TTL < 0n) return { status: "gone" };
      const told = { ttlSeconds: toNumber(TTL), grantedTtlSeconds: toNumber(grantedTTL) };
      return { status: "found", ...told, keys: keys.map(text).sort() };
    }
    for await (const { TTL } of channel.stream(Lease.method.leaseKeepAlive, once({ ID }), options)) {
      return TTL > 0n ? { status: "found", ttlSeconds: toNumber(TTL) } : { status: "gone" };
    }
    // The stream ended without an answer.
    return { status: "unknown" };
  }

  async #think(): Promise<void> {
    const { environment, random, thinkMs } = this.#options;
    await environment.pause(random() * thinkMs);
  }

  /** Turns to another member after a pause. */
  async #startOver(): Promise<void> {
    await this.#connection.close();
    await this.#options.environment.pause(RETRY_MS);
  }
}

async function* once<T>(request: T): AsyncGenerator<T, void, undefined> {
  yield request;
}
