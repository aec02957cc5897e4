/** A caller's mistakes, found before anything is sent: which argument, and what was given. Values of items are never shown. */
import { checkWhole } from "../arguments.js";

/** Priorities are written as four hexadecimal digits, so that the order of keys is the order of urgency. */
export const PRIORITY_MAX = 0xffff;
/** The end of the time that a `Date` can name, in milliseconds since 1970: no item can be due later. */
const WALL_MAX_MS = 8.64e15;

/** Errors: `TypeError` for a name that is empty or no string. */
export function checkName(name: unknown): void {
  if (typeof name !== "string") throw new TypeError(`the name of a queue must be a string, not ${typeof name}`);
  if (name === "") throw new TypeError("the name of a queue must not be empty");
}

/** Errors: `TypeError`, `RangeError`. */
export function checkPriority(priority: number): void {
  checkWhole(priority, 0, "priority", PRIORITY_MAX);
}

/** Milliseconds of the wall clock at which a delay that starts now is over. Errors: `RangeError`. */
export function dueAt(wallMs: number, delayMs: number): number {
  const dueMs = Math.ceil(wallMs + delayMs);
  if (typeof delayMs === "number" && delayMs >= 0 && dueMs <= WALL_MAX_MS) return dueMs;
  throw new RangeError(`delayMs must be a number of milliseconds from 0 on, not ${String(delayMs)}`);
}

/** Errors: `TypeError`. */
export function checkKey(key: unknown): void {
  if (typeof key !== "string") throw new TypeError(`key must be a string, not ${typeof key}`);
  if (key === "") throw new TypeError("key must not be empty");
}
