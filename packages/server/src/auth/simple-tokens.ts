/**
 * Simple tokens: random text that a client gets for its password. The command that makes one goes through the log, so every
 * member learns it at the same entry and serves its holder; from then on each member ages it by itself. Nothing of it is
 * stored: a member that restarts has forgotten them, and clients log in again.
 *
 * The table is keyed by a digest of the token. So the text itself is kept nowhere, and how long a look-up takes tells
 * nothing about the tokens that exist.
 */
import { createHash, randomBytes } from "node:crypto";
import type { TokenSink } from "../core/auth/token-sink.js";
import type { Clock, Timer } from "../env.js";

/** Tokens of one user at a time; the one that was unused for longest makes way. */
export const TOKENS_PER_USER_MAX = 4096;
/** Calls that wait for a token of an entry that is not applied here yet. */
const WAITERS_MAX = 1024;
const WAIT_MS = 1000;
const TTL_MS_DEFAULT = 300_000;
/** 128 bits, as letters and digits. */
const RANDOM_BYTES = 16;
/** Longer than any token of ours; what is longer is not looked at. */
const LENGTH_MAX = 128;

export interface SimpleTokensOptions {
  readonly clock: Pick<Clock, "nowMs" | "setTimer">;
  /** How long a token that nobody uses lives. Default 300,000. */
  readonly ttlMs?: number | undefined;
}

interface Entry {
  readonly user: string;
  expiresMs: number;
}

export class SimpleTokens implements TokenSink {
  readonly #options: SimpleTokensOptions;
  readonly #ttlMs: number;
  /** By digest; who was used last stands last, which is also the order in which they expire. */
  readonly #entries = new Map<string, Entry>();
  /** The same digests by user, in the same order. */
  readonly #byUser = new Map<string, Set<string>>();
  readonly #waiters = new Map<string, Set<() => void>>();
  #waiting = 0;

  constructor(options: SimpleTokensOptions) {
    this.#options = options;
    this.#ttlMs = options.ttlMs ?? TTL_MS_DEFAULT;
  }

  /** Tokens that are kept, for tests and metrics. */
  get size(): number {
    return this.#entries.size;
  }

  /** The random part of a new token. `.` and the index of its entry follow when that is applied (etcd's form). */
  newText(): string {
    return randomBytes(RANDOM_BYTES).toString("hex");
  }

  /**
   * Whose token it is; undefined when it is unknown or too old. A token that names an entry which is not applied here yet
   * is waited for, a second at most. Use makes it live for another `ttlMs`.
   */
  userOf(token: string, appliedIndex: number): string | undefined | Promise<string | undefined> {
    if (token.length > LENGTH_MAX) return undefined;
    const digest = digestOf(token);
    const user = this.#use(digest);
    if (user !== undefined || !isAhead(token, appliedIndex) || this.#waiting >= WAITERS_MAX) return user;
    return this.#arrivalOf(digest).then(() => this.#use(digest));
  }

  onToken(user: string, text: string, index: number): void {
    this.#dropExpired();
    const digest = digestOf(`${text}.${index}`);
    const own = this.#byUser.get(user) ?? new Set();
    this.#byUser.set(user, own);
    const [oldest] = own;
    if (own.size >= TOKENS_PER_USER_MAX && oldest !== undefined) this.#drop(oldest, user);
    this.#entries.delete(digest);
    this.#entries.set(digest, { user, expiresMs: this.#options.clock.nowMs() + this.#ttlMs });
    own.add(digest);
    for (const arrived of this.#waiters.get(digest) ?? []) arrived();
  }

  onUserInvalidated(user: string): void {
    for (const digest of this.#byUser.get(user) ?? []) this.#entries.delete(digest);
    this.#byUser.delete(user);
  }

  onAllInvalidated(): void {
    this.#entries.clear();
    this.#byUser.clear();
  }

  #use(digest: string): string | undefined {
    const entry = this.#entries.get(digest);
    if (entry === undefined) return undefined;
    const nowMs = this.#options.clock.nowMs();
    if (entry.expiresMs <= nowMs) {
      this.#drop(digest, entry.user);
      return undefined;
    }
    entry.expiresMs = nowMs + this.#ttlMs;
    this.#entries.delete(digest);
    this.#entries.set(digest, entry);
    const own = this.#byUser.get(entry.user);
    own?.delete(digest);
    own?.add(digest);
    return entry.user;
  }

  #dropExpired(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const [digest, { user, expiresMs }] of this.#entries) {
      if (expiresMs > nowMs) return;
      this.#drop(digest, user);
    }
  }

  #drop(digest: string, user: string): void {
    this.#entries.delete(digest);
    const own = this.#byUser.get(user);
    own?.delete(digest);
    if (own?.size === 0) this.#byUser.delete(user);
  }

  #arrivalOf(digest: string): Promise<void> {
    return new Promise((resolve) => {
      const waiters = this.#waiters.get(digest) ?? new Set();
      this.#waiters.set(digest, waiters);
      this.#waiting++;
      let timer: Timer | undefined;
      const done = (): void => {
        timer?.cancel();
        this.#waiting--;
        waiters.delete(done);
        if (waiters.size === 0) this.#waiters.delete(digest);
        resolve();
      };
      waiters.add(done);
      timer = this.#options.clock.setTimer(WAIT_MS, done);
    });
  }
}

/** Whether another member may have applied the token's entry before this one. */
function isAhead(token: string, appliedIndex: number): boolean {
  const index = /^[0-9A-Za-z]+\.([0-9]{1,15})$/.exec(token)?.[1];
  return index !== undefined && Number(index) > appliedIndex;
}

function digestOf(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}
