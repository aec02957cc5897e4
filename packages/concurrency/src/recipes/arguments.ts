/** What recipes are called and how their waits may be ended, checked before anything is sent. */
import type { Key } from "@kvorum/client";
import { toBytes } from "../keys.js";

/** How a call may be ended. */
export interface RecipeCallOptions {
  /** Aborting rejects with the signal's reason. A write that was already sent may still take effect. */
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole call. Default 10,000. */
  readonly timeout?: number;
}

/** How a wait for others may be ended. */
export interface RecipeWaitOptions {
  /** Aborting gives up waiting and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Milliseconds to wait at most, then `TimeoutError`. Default: as long as it takes. */
  readonly timeout?: number;
}

/** A name as bytes of our own. Errors: `TypeError` for what is no key, and for an empty one. */
export function recipeName(name: Key, recipe: string): Uint8Array {
  if (typeof name !== "string" && !(name instanceof Uint8Array)) {
    throw new TypeError(`the name of a ${recipe} must be a string or bytes, not ${typeof name}`);
  }
  if (name.length === 0) throw new TypeError(`the name of a ${recipe} must not be empty`);
  return Uint8Array.from(toBytes(name));
}

/** An amount from `least` on. Errors: `TypeError`, `RangeError`. */
export function checkWhole(
  value: number,
  least: number,
  argument: string,
  most: number = Number.MAX_SAFE_INTEGER,
): void {
  if (typeof value !== "number") throw new TypeError(`${argument} must be a number, not ${typeof value}`);
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`${argument} must be a whole number from ${least} to ${most}, not ${value}`);
}
