/** What names and options of locks must be, checked before anything is sent, and the keys below a name. */
import type { Key } from "@kvorum/client";
import { toBytes } from "../keys.js";

/** Errors: `TypeError` for what is no key, and for an empty one. */
export function nameBytes(name: Key): Uint8Array {
  if (typeof name !== "string" && !(name instanceof Uint8Array)) {
    throw new TypeError(`the name of a lock or election must be a string or bytes, not ${shown(name)}`);
  }
  const key = toBytes(name);
  if (key.length === 0) throw new TypeError("the name of a lock or election must not be empty");
  // A caller's buffer may change under us.
  return new Uint8Array(key);
}

/** The key `<name>/<suffix>`. */
export function below(name: Uint8Array, suffix: string): Uint8Array {
  const tail = toBytes(`/${suffix}`);
  const key = new Uint8Array(name.length + tail.length);
  key.set(name);
  key.set(tail, name.length);
  return key;
}

/** How a call or a wait may be ended. */
interface Ends {
  readonly signal?: AbortSignal;
  readonly timeout?: number;
}

/** Errors: `TypeError` for what is neither a session nor a client. */
export function checkOwner(owner: unknown, what: string): void {
  if (typeof owner !== "object" || owner === null || !("client" in owner || "lease" in owner)) {
    throw new TypeError(`the owner of ${what} must be a session or a client`);
  }
}

/** Errors: `TypeError` for what is neither a client nor a view of one. */
export function checkStore(store: unknown, what: string): void {
  if (typeof (store as { readonly withCodec?: unknown } | null | undefined)?.withCodec !== "function") {
    throw new TypeError(`the store of ${what} must be a client or a view of one, not ${shown(store)}`);
  }
}

/** Errors: `RangeError`. */
export function checkTtl(ttl: number | undefined): void {
  if (ttl !== undefined && (!Number.isSafeInteger(ttl) || ttl < 1)) {
    throw new RangeError(`ttl must be a whole number of seconds, at least 1, not ${ttl}`);
  }
}

/** Errors: `TypeError`, `RangeError`, naming the option and what was given. */
export function checkEnds({ signal, timeout }: Ends): void {
  if (signal !== undefined && typeof (signal as Partial<AbortSignal> | null)?.throwIfAborted !== "function") {
    throw new TypeError(`signal must be an AbortSignal, not ${shown(signal)}`);
  }
  if (timeout === undefined) return;
  if (typeof timeout !== "number") throw new TypeError(`timeout must be a number, not ${shown(timeout)}`);
  if (!Number.isFinite(timeout) || timeout <= 0) {
    throw new RangeError(`timeout must be a number of milliseconds above 0, not ${timeout}`);
  }
}

/** Errors: `TypeError`, `RangeError`: a whole number of at least 1. */
export function checkCount(value: unknown, argument: string): asserts value is number {
  if (typeof value !== "number") throw new TypeError(`${argument} must be a number, not ${shown(value)}`);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new RangeError(`${argument} must be a whole number of at least 1, not ${value}`);
  }
}

/** Errors: `TypeError`, `RangeError`: milliseconds from 0 to half of a time to live of `ttlSeconds`. */
export function checkLockDelay(value: unknown, ttlSeconds: number): void {
  if (typeof value !== "number") throw new TypeError(`lockDelay must be a number, not ${shown(value)}`);
  if (!Number.isFinite(value) || value < 0 || value > ttlSeconds * 500) {
    throw new RangeError(
      `lockDelay must be a number of milliseconds from 0 to half of the time to live (${ttlSeconds} s), not ${value}`,
    );
  }
}

/** A wrong argument in an error message. */
function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "object" && value !== null ? (value.constructor?.name ?? "object") : String(value);
}
